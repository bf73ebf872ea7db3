// What happens to members that converge early, break down, or were given nothing to solve.
#include <doctest/doctest.h>

#include "dense.hpp"
#include "expunge/solvers/conjugate_gradients.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;
const double quiet_nan = std::nan("");

std::vector<SolveStatus> solve(std::vector<DenseMatrix> matrices, const Vectors& b,
                               SolverConfig config, Vectors& x) {
  B backend(1);
  DenseOperator a{std::move(matrices)};
  ConjugateGradients<B> solver(backend, b.members, b.n);
  IdentityPreconditioner none;
  return solver(backend, config, a, none, b, x.view());
}

DenseVector dense_solution(const DenseMatrix& a, const DenseVector& b) {
  return a.fullPivLu().solve(b);
}

/// The status and solution of one system alone.
std::pair<SolveStatus, DenseVector> alone(const DenseMatrix& matrix, const DenseVector& b,
                                          SolverConfig config, const DenseVector& start) {
  Vectors right(1, b.size()), x(1, b.size());
  right.set(0, b);
  x.set(0, start);
  const SolveStatus status = solve({matrix}, right, config, x)[0];
  return {status, x[0]};
}

}  // namespace

TEST_CASE("a member that converges earlier stands still, bit for bit, and leaves the rest alone") {
  const Index n = 10;
  const SolverConfig config{.iterations = 50, .tolerance = 1e-9};
  const DenseMatrix easy = 3 * DenseMatrix::Identity(n, n), hard = definite_matrix(n, 1);
  const Vectors b = Vectors::random(2, n, 2);
  Vectors x(2, n);
  const auto statuses = solve({easy, hard}, b, config, x);
  CHECK(statuses[0].iterations == 1);
  CHECK(statuses[1].iterations > 5);
  for (Index m = 0; m < 2; ++m) {
    const auto [status, own] = alone(m == 0 ? easy : hard, b[m], config, DenseVector::Zero(n));
    CHECK(x[m] == own);
    CHECK(statuses[static_cast<std::size_t>(m)].iterations == status.iterations);
    CHECK(statuses[static_cast<std::size_t>(m)].residual == status.residual);
    CHECK(statuses[static_cast<std::size_t>(m)].outcome == SolveOutcome::converged);
  }
}

TEST_CASE("a matrix that is not definite or holds NaN breaks its member down, and no other") {
  const Index n = 4;
  const SolverConfig config{.iterations = 50, .tolerance = 1e-10};
  const DenseMatrix good = definite_matrix(n, 1);
  DenseMatrix with_nan = good, with_infinity = good;
  with_nan(1, 2) = quiet_nan;
  with_infinity(0, 0) = std::numeric_limits<double>::infinity();
  const DenseMatrix zero = DenseMatrix::Zero(n, n);
  for (const DenseMatrix& bad :
       {DenseMatrix(-good), with_nan, with_infinity, zero, DenseMatrix(zero * quiet_nan)}) {
    const Vectors b = Vectors::random(3, n, 2);
    Vectors x(3, n);
    const auto statuses = solve({good, bad, good}, b, config, x);
    CHECK(statuses[1].outcome == SolveOutcome::broken_down);
    CHECK(statuses[1].iterations == 0);
    CHECK(x[1] == DenseVector::Zero(n));
    for (const Index m : {0, 2}) {
      CHECK(statuses[static_cast<std::size_t>(m)].outcome == SolveOutcome::converged);
      CHECK(x[m] == alone(good, b[m], config, DenseVector::Zero(n)).second);
    }
  }
}

TEST_CASE("an indefinite matrix that shows itself late leaves the last finite solution") {
  DenseMatrix matrix = DenseMatrix::Identity(3, 3);
  matrix(2, 2) = -0.01;
  Vectors b(1, 3, 1), x(1, 3);
  const SolveStatus status = solve({matrix}, b, {.iterations = 50, .tolerance = 1e-10}, x)[0];
  CHECK(status.outcome == SolveOutcome::broken_down);
  CHECK(status.iterations == 1);
  CHECK(x[0].allFinite());
  CHECK(x[0].norm() > 0);
  CHECK(status.residual == doctest::Approx((b[0] - matrix * x[0]).norm() / b[0].norm()));
}

TEST_CASE(
    "NaN or infinity in b or in the start breaks that member down, never with a good residual") {
  const DenseMatrix good = definite_matrix(4, 1);
  for (const double bad : {quiet_nan, std::numeric_limits<double>::infinity()}) {
    Vectors b = Vectors::random(3, 4, 2), x(3, 4, 0.5);
    b.data[1] = bad;
    x.data[4 + 2] = bad;
    const Vectors start = x;
    const auto statuses = solve({good, good, good}, b, {.iterations = 50, .tolerance = 1e-10}, x);
    for (const std::size_t m : {0u, 1u}) {
      CHECK(statuses[m].outcome == SolveOutcome::broken_down);
      CHECK(!(statuses[m].residual <= 1));
    }
    CHECK(std::equal(x.data.begin(), x.data.begin() + 6, start.data.begin()));
    CHECK(statuses[2].outcome == SolveOutcome::converged);
    CHECK(relative_difference(x[2], dense_solution(good, b[2])) <= 1e-8);
  }
}

TEST_CASE("a right-hand side of zero is solved by zero without a step") {
  Vectors b(1, 4), x(1, 4);
  const SolveStatus status = solve({definite_matrix(4, 1)}, b, {.iterations = 10}, x)[0];
  CHECK(status.outcome == SolveOutcome::converged);
  CHECK(status.iterations == 0);
  CHECK(status.residual == 0);
  CHECK(x[0] == DenseVector::Zero(4));
}

TEST_CASE("from another start, a right-hand side of zero still leads towards zero") {
  Vectors b(1, 2), x(1, 2, 1.0);
  const SolveStatus status = solve({definite_matrix(2, 1)}, b, {.iterations = 2}, x)[0];
  CHECK(status.outcome != SolveOutcome::broken_down);
  CHECK(x[0].norm() <= 1e-14);
}

TEST_CASE("a solved system is no breakdown, however many iterations are left") {
  for (const Index n : {1, 2, 3}) {
    Vectors b = Vectors::random(1, n, 2), x(1, n);
    const DenseMatrix matrix = 1e-3 * definite_matrix(n, 1);
    const SolveStatus status = solve({matrix}, b, {.iterations = 500, .tolerance = 0}, x)[0];
    CHECK(status.outcome != SolveOutcome::broken_down);
    CHECK(relative_difference(x[0], dense_solution(matrix, b[0])) <= 1e-12);
  }
}
