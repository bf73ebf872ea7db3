#include "expunge/solvers/conjugate_gradients.hpp"

#include <doctest/doctest.h>

#include "dense.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;

/// z = P r with a dense P per member.
struct DensePreconditioner {
  DenseOperator inverse;
  void apply(B& backend, MatrixView<const double> r, MatrixView<double> z) {
    inverse.apply(backend, r, z);
  }
};

struct Equations {
  DenseOperator a;
  Vectors b, solution;

  Equations(Index members, Index n) : b(Vectors::random(members, n, 50)), solution(members, n) {
    for (Index m = 0; m < members; ++m) {
      const DenseMatrix matrix = definite_matrix(n, static_cast<std::uint32_t>(m));
      a.matrices.push_back(matrix);
      solution.set(m, matrix.fullPivLu().solve(b[m]));
    }
  }

  DensePreconditioner inverse_diagonals() const {
    DensePreconditioner preconditioner;
    for (const DenseMatrix& matrix : a.matrices)
      preconditioner.inverse.matrices.push_back(matrix.diagonal().cwiseInverse().asDiagonal());
    return preconditioner;
  }
};

template <class P>
std::vector<SolveStatus> solve(Equations& problem, SolverConfig config, P preconditioner,
                               Vectors& x, bool x_is_zero = false) {
  B backend(1);
  ConjugateGradients<B> solver(backend, problem.b.members, problem.b.n);
  return solver(backend, config, problem.a, preconditioner, problem.b, x.view(), x_is_zero);
}

constexpr SolverConfig to_the_end{.iterations = 200, .tolerance = 1e-12};

}  // namespace

TEST_CASE("the solution is that of a dense solve, for members with different matrices") {
  for (const Index members : {1, 4})
    for (const Index n : {1, 2, 7, 30}) {
      CAPTURE(n);
      Equations problem(members, n);
      Vectors plain(members, n), preconditioned(members, n);
      const auto statuses = solve(problem, to_the_end, IdentityPreconditioner{}, plain);
      const auto others =
          solve(problem, to_the_end, problem.inverse_diagonals(), preconditioned, true);
      CHECK(relative_difference(plain.data, problem.solution.data) <= 1e-9);
      CHECK(relative_difference(preconditioned.data, problem.solution.data) <= 1e-9);
      for (std::size_t m = 0; m < statuses.size(); ++m) {
        CHECK(statuses[m].outcome == SolveOutcome::converged);
        CHECK(others[m].outcome == SolveOutcome::converged);
        CHECK(statuses[m].residual <= 1e-12);
      }
    }
}

TEST_CASE("n steps are enough in n dimensions, and one with an exact preconditioner") {
  Equations problem(3, 2);
  Vectors x(3, 2), at_once(3, 2);
  const auto statuses = solve(problem, {.iterations = 2}, IdentityPreconditioner{}, x);
  CHECK(relative_difference(x.data, problem.solution.data) <= 1e-13);
  for (const SolveStatus& status : statuses) CHECK(status.iterations <= 2);
  DensePreconditioner exact;
  for (const DenseMatrix& matrix : problem.a.matrices)
    exact.inverse.matrices.push_back(matrix.inverse());
  solve(problem, {.iterations = 1}, exact, at_once);
  CHECK(relative_difference(at_once.data, problem.solution.data) <= 1e-13);
}

TEST_CASE("the tolerance is honoured: the true residual is within it, and was not a step before") {
  Equations problem(1, 30);
  const SolverConfig config{.iterations = 100, .tolerance = 1e-3};
  Vectors x(1, 30);
  const SolveStatus status = solve(problem, config, IdentityPreconditioner{}, x)[0];
  const auto true_residual = [&](const Vectors& at) {
    return (problem.b[0] - problem.a.matrices[0] * at[0]).norm() / problem.b[0].norm();
  };
  REQUIRE(status.outcome == SolveOutcome::converged);
  REQUIRE(status.iterations > 1);
  CHECK(status.iterations < 100);
  CHECK(true_residual(x) <= 1e-3);
  CHECK(status.residual == doctest::Approx(true_residual(x)).epsilon(1e-9));

  Vectors before(1, 30);
  const SolverConfig one_less{.iterations = status.iterations - 1, .tolerance = 1e-3};
  const SolveStatus open = solve(problem, one_less, IdentityPreconditioner{}, before)[0];
  CHECK(open.outcome == SolveOutcome::used_up);
  CHECK(open.iterations == status.iterations - 1);
  CHECK(true_residual(before) > 1e-3);
}

TEST_CASE("a warm start goes on from there, and from the solution takes no step") {
  Equations problem(2, 12);
  Vectors cold(2, 12), warm = problem.solution, exact = problem.solution;
  const SolverConfig config{.iterations = 100, .tolerance = 1e-8};
  for (double& value : warm.data) value *= 1 + 1e-6;
  const auto from_zero = solve(problem, config, IdentityPreconditioner{}, cold);
  const auto from_near = solve(problem, config, IdentityPreconditioner{}, warm);
  const auto from_there = solve(problem, config, IdentityPreconditioner{}, exact);
  for (std::size_t m = 0; m < 2; ++m) {
    CHECK(from_near[m].iterations < from_zero[m].iterations);
    CHECK(from_there[m].iterations == 0);
    CHECK(from_there[m].outcome == SolveOutcome::converged);
  }
  CHECK(relative_difference(warm.data, problem.solution.data) <= 1e-6);
  CHECK(same_bytes(exact.data, problem.solution.data));
}

TEST_CASE("a start that is known to be zero saves one product and changes nothing") {
  Equations problem(2, 6);
  Vectors x(2, 6), saved(2, 6);
  solve(problem, {.iterations = 4}, IdentityPreconditioner{}, x);
  CHECK(problem.a.products == 5);
  problem.a.products = 0;
  solve(problem, {.iterations = 4}, IdentityPreconditioner{}, saved, true);
  CHECK(problem.a.products == 4);
  CHECK(same_bytes(x.data, saved.data));
}

TEST_CASE("the residual that the solver keeps is b - A x") {
  B backend(1);
  Equations problem(2, 9);
  Vectors x = Vectors::random(2, 9, 60);
  ConjugateGradients<B> solver(backend, 2, 9);
  IdentityPreconditioner none;
  solver(backend, {.iterations = 3}, problem.a, none, problem.b, x.view());
  for (Index m = 0; m < 2; ++m) {
    const DenseVector r = problem.b[m] - problem.a.matrices[static_cast<std::size_t>(m)] * x[m];
    CHECK(relative_difference(solver.residual().row(m), r.data(), 9) <= 1e-12);
  }
}

TEST_CASE("a solver that is used twice starts afresh") {
  B backend(1);
  Equations problem(2, 9);
  Vectors first(2, 9), second(2, 9);
  ConjugateGradients<B> solver(backend, 2, 9);
  IdentityPreconditioner none;
  solver(backend, {.iterations = 5}, problem.a, none, problem.b, first.view());
  solver(backend, {.iterations = 5}, problem.a, none, problem.b, second.view());
  CHECK(same_bytes(first.data, second.data));
}

TEST_CASE("sizes and settings that make no sense are refused with their numbers") {
  B backend(1);
  Equations problem(2, 3);
  Vectors x(2, 3), long_x(2, 4), one_x(1, 3);
  ConjugateGradients<B> solver(backend, 2, 3), larger(backend, 2, 4);
  IdentityPreconditioner none;
  CHECK_THROWS_WITH(solver(backend, {}, problem.a, none, problem.b, long_x.view()),
                    "ConjugateGradients: made for 2 systems of 3, the operator is 3 x 3, b is "
                    "[2][3], x is [2][4]");
  CHECK_THROWS_WITH(larger(backend, {}, problem.a, none, long_x, long_x.view()),
                    "ConjugateGradients: made for 2 systems of 4, the operator is 3 x 3, b is "
                    "[2][4], x is [2][4]");
  CHECK_THROWS_AS(solver(backend, {}, problem.a, none, one_x, x.view()), std::invalid_argument);
  CHECK_THROWS_WITH(solver(backend, {.iterations = 0}, problem.a, none, problem.b, x.view()),
                    "SolverConfig: iterations is 0, below 1");
  CHECK_THROWS_WITH(SolverConfig{.tolerance = -1}.validate(),
                    "SolverConfig: tolerance is -1, not in [0, 1)");
  CHECK_THROWS(SolverConfig{.tolerance = 1}.validate());
  CHECK_THROWS(SolverConfig{.tolerance = std::nan("")}.validate());
}
