#include "expunge/solvers/lsqr.hpp"

#include <doctest/doctest.h>

#include "dense.hpp"
#include "expunge/solvers/conjugate_gradients.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;

struct Size {
  Index rows, cols;
};

std::vector<SolveStatus> solve(DenseOperator a, const Vectors& b, const PerMember& damping,
                               SolverConfig config, Vectors& x) {
  B backend(1);
  Lsqr<B> solver(backend, b.members, a.rows(), a.cols());
  return solver(backend, config, a, b, damping, x.view());
}

DenseOperator random_operator(Index members, Index rows, Index cols) {
  DenseOperator a;
  for (Index m = 0; m < members; ++m)
    a.matrices.push_back(random_matrix(rows, cols, static_cast<std::uint32_t>(m)));
  return a;
}

/// The damped least squares solution; of damping 0 the one of least norm.
DenseVector dense_solution(const DenseMatrix& a, const DenseVector& b, double damping) {
  DenseMatrix stacked(a.rows() + a.cols(), a.cols());
  stacked << a, std::sqrt(damping) * DenseMatrix::Identity(a.cols(), a.cols());
  DenseVector right = DenseVector::Zero(a.rows() + a.cols());
  right.head(a.rows()) = b;
  return stacked.completeOrthogonalDecomposition().solve(right);
}

double slope(const DenseMatrix& a, const DenseVector& b, double damping, const DenseVector& x) {
  return (a.transpose() * (b - a * x) - damping * x).norm() / (a.transpose() * b).norm();
}

/// (A'A + damping) as an operator of conjugate gradients.
DenseOperator normal_equations(const DenseOperator& a, double damping) {
  DenseOperator normal;
  for (const DenseMatrix& matrix : a.matrices)
    normal.matrices.push_back(matrix.transpose() * matrix +
                              damping * DenseMatrix::Identity(a.cols(), a.cols()));
  return normal;
}

const double quiet_nan = std::nan("");

}  // namespace

TEST_CASE("the solution is that of damped dense least squares, one damping per member") {
  for (const Size& size : {Size{9, 4}, {4, 9}, {5, 5}, {1, 1}, {1, 3}})
    for (const PerMember& damping : {PerMember{0, 0, 0}, {0.1, 10, 0}}) {
      CAPTURE(size.rows);
      CAPTURE(size.cols);
      const DenseOperator a = random_operator(3, size.rows, size.cols);
      const Vectors b = Vectors::random(3, size.rows, 50);
      Vectors x(3, size.cols, 77);  // the start is 0, whatever stands there
      const auto statuses = solve(a, b, damping, {.iterations = 60, .tolerance = 1e-12}, x);
      for (Index m = 0; m < 3; ++m) {
        const std::size_t at = static_cast<std::size_t>(m);
        const DenseVector expected = dense_solution(a.matrices[at], b[m], damping[at]);
        CHECK(relative_difference(x[m], expected) <= 1e-8);
        CHECK(statuses[at].outcome == SolveOutcome::converged);
        CHECK(slope(a.matrices[at], b[m], damping[at], x[m]) <= 1e-11);
      }
    }
}

TEST_CASE("after every number of steps it is where conjugate gradients on A'A + damping are") {
  B backend(1);
  for (const double damping : {0.0, 0.5})
    for (const Size& size : {Size{12, 7}, {7, 12}}) {
      const DenseOperator a = random_operator(2, size.rows, size.cols);
      DenseOperator normal = normal_equations(a, damping);
      const Vectors b = Vectors::random(2, size.rows, 50);
      Vectors right(2, size.cols);
      for (Index m = 0; m < 2; ++m)
        right.set(m, a.matrices[static_cast<std::size_t>(m)].transpose() * b[m]);
      for (Index iterations = 1; iterations <= 5; ++iterations) {
        Vectors x(2, size.cols), y(2, size.cols);
        const auto statuses = solve(a, b, {damping, damping}, {.iterations = iterations}, x);
        ConjugateGradients<B> gradients(backend, 2, size.cols);
        IdentityPreconditioner none;
        const auto others =
            gradients(backend, {.iterations = iterations}, normal, none, right, y.view());
        CHECK(relative_difference(x.data, y.data) <= 1e-9);
        for (std::size_t m = 0; m < 2; ++m) {
          CHECK(statuses[m].residual == doctest::Approx(others[m].residual).epsilon(1e-8));
          CHECK(statuses[m].iterations == iterations);
          CHECK(statuses[m].outcome == SolveOutcome::used_up);
        }
      }
    }
}

TEST_CASE("the status's residual is that of the normal equations, and ends within the tolerance") {
  const DenseOperator a = random_operator(1, 40, 25);
  const Vectors b = Vectors::random(1, 40, 50);
  for (const double damping : {0.0, 2.0}) {
    Vectors x(1, 25);
    const SolverConfig config{.iterations = 100, .tolerance = 1e-4};
    const SolveStatus status = solve(a, b, {damping}, config, x)[0];
    CHECK(status.outcome == SolveOutcome::converged);
    CHECK(status.iterations > 1);
    CHECK(status.iterations < 100);
    CHECK(status.residual <= 1e-4);
    CHECK(status.residual ==
          doctest::Approx(slope(a.matrices[0], b[0], damping, x[0])).epsilon(1e-6));
    Vectors before(1, 25);
    const SolverConfig one_less{.iterations = status.iterations - 1, .tolerance = 1e-4};
    CHECK(solve(a, b, {damping}, one_less, before)[0].outcome == SolveOutcome::used_up);
    CHECK(slope(a.matrices[0], b[0], damping, before[0]) > 1e-4);
  }
}

TEST_CASE("NaN breaks its own member down, whose residual is not good, and leaves the rest alone") {
  const DenseOperator good = random_operator(3, 6, 4);
  const Vectors b = Vectors::random(3, 6, 50);
  const SolverConfig config{.iterations = 40, .tolerance = 1e-10};
  Vectors expected(3, 4);
  solve(good, b, {0.1, 0.1, 0.1}, config, expected);
  for (const double bad : {quiet_nan, std::numeric_limits<double>::infinity()})
    for (const bool in_matrix : {false, true}) {
      DenseOperator a = good;
      Vectors right = b, x(3, 4);
      (in_matrix ? a.matrices[1](2, 3) : right.view()(1, 2)) = bad;
      const auto statuses = solve(a, right, {0.1, 0.1, 0.1}, config, x);
      CHECK(statuses[1].outcome == SolveOutcome::broken_down);
      CHECK(!(statuses[1].residual < 1));
      CHECK(x[1] == DenseVector::Zero(4));
      for (const Index m : {0, 2}) {
        CHECK(statuses[static_cast<std::size_t>(m)].outcome == SolveOutcome::converged);
        CHECK(x[m] == expected[m]);
      }
    }
}

TEST_CASE("where b or A'b is zero the solution is zero, without a step") {
  DenseOperator a = random_operator(2, 3, 2);
  a.matrices[1] << 1, 0, 0, 1, 0, 0;
  Vectors b(2, 3), x(2, 2, 77);
  b.view()(1, 2) = 5;
  for (const SolveStatus& status : solve(a, b, {0, 1}, {.iterations = 10}, x)) {
    CHECK(status.outcome == SolveOutcome::converged);
    CHECK(status.iterations == 0);
    CHECK(status.residual == 0);
  }
  CHECK(x.data == std::vector<double>(4));
}

TEST_CASE("a member that converges earlier stands still, bit for bit") {
  DenseOperator a = random_operator(2, 8, 8), first, second;
  a.matrices[0] = 2 * DenseMatrix::Identity(8, 8);
  const Vectors b = Vectors::random(2, 8, 50);
  const SolverConfig config{.iterations = 60, .tolerance = 1e-10};
  Vectors x(2, 8);
  const auto statuses = solve(a, b, {0, 0}, config, x);
  CHECK(statuses[0].iterations == 1);
  CHECK(statuses[1].iterations >= 8);
  for (Index m = 0; m < 2; ++m) {
    Vectors right(1, 8), own(1, 8);
    right.set(0, b[m]);
    solve({{a.matrices[static_cast<std::size_t>(m)]}}, right, {0}, config, own);
    CHECK(x[m] == own[0]);
  }
}

TEST_CASE("a solved problem is no breakdown, however many iterations are left") {
  for (const Size& size : {Size{1, 1}, {3, 2}, {2, 3}})
    for (const double damping : {0.0, 0.1}) {
      const DenseOperator a = random_operator(1, size.rows, size.cols);
      const Vectors b = Vectors::random(1, size.rows, 50);
      Vectors x(1, size.cols);
      const SolveStatus status = solve(a, b, {damping}, {.iterations = 500}, x)[0];
      CHECK(status.outcome != SolveOutcome::broken_down);
      CHECK(relative_difference(x[0], dense_solution(a.matrices[0], b[0], damping)) <= 1e-9);
    }
}

TEST_CASE("sizes that do not fit are refused with their numbers") {
  B backend(1);
  DenseOperator a = random_operator(2, 3, 4);
  const Vectors b(2, 3);
  Vectors x(2, 4), short_x(2, 3);
  Lsqr<B> solver(backend, 2, 3, 4);
  CHECK_THROWS_WITH(solver(backend, {}, a, b, {0, 0}, short_x.view()),
                    "Lsqr: made for 2 problems of 3 x 4, the operator is 3 x 4, b is [2][3], x is "
                    "[2][3]");
  CHECK_THROWS_WITH(solver(backend, {}, a, b, {0, 0, 0}, x.view()),
                    "Lsqr: 3 dampings for 2 problems");
  CHECK_THROWS_WITH(solver(backend, {}, a, b, {0, -0.5}, x.view()),
                    "Lsqr: damping is -0.5, negative");
  CHECK_THROWS_WITH(solver(backend, {.iterations = 0}, a, b, {0, 0}, x.view()),
                    "SolverConfig: iterations is 0, below 1");
}
