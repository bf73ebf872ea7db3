#include "expunge/backend/cholesky.hpp"

#include <doctest/doctest.h>

#include <Eigen/LU>

#include "comparators.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;
using EigenMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

EigenMatrix random_matrix(Index rows, Index cols, std::uint32_t stream) {
  const std::vector<double> values = normals<double>(rows * cols, stream);
  return Eigen::Map<const EigenMatrix>(values.data(), rows, cols);
}

EigenMatrix definite_matrix(Index n, std::uint32_t stream) {
  const EigenMatrix root = random_matrix(n, n, stream);
  return root * root.transpose() + EigenMatrix::Identity(n, n);
}

}  // namespace

TEST_CASE("solve_cholesky gives what a dense solve gives, for every member and column") {
  B backend(1);
  for (const Index n : {1, 2, 5, 40})
    for (const Index columns : {1, 3}) {
      const Index members = 3, stride = n * n + 5, x_stride = n * columns + 2;
      std::vector<double> a(static_cast<std::size_t>(members * stride), 77);
      std::vector<double> x(static_cast<std::size_t>(members * x_stride), 77);
      const TensorView<double> matrices(a.data(), members, n, n, stride);
      const TensorView<double> solutions(x.data(), members, n, columns, x_stride);
      std::vector<EigenMatrix> expected;
      for (Index m = 0; m < members; ++m) {
        const EigenMatrix matrix = definite_matrix(n, static_cast<std::uint32_t>(m));
        const EigenMatrix right = random_matrix(n, columns, static_cast<std::uint32_t>(10 + m));
        std::copy_n(matrix.data(), n * n, matrices.row(m, 0));
        std::copy_n(right.data(), n * columns, solutions.row(m, 0));
        expected.push_back(matrix.fullPivLu().solve(right));
      }
      CHECK(cholesky(backend, matrices) == std::vector<char>(3, 1));
      solve_cholesky(backend, matrices, solutions);
      for (Index m = 0; m < members; ++m) {
        const EigenMatrix& solution = expected[static_cast<std::size_t>(m)];
        CHECK(relative_difference(solutions.row(m, 0), solution.data(), n * columns) <= 1e-11);
        for (Index j = n * columns; j < x_stride; ++j) CHECK(solutions.row(m, 0)[j] == 77);
      }
    }
}

TEST_CASE("half a solve is that with L, the other half that with L', together the whole") {
  B backend(1);
  for (const Index n : {1, 2, 5, 40})
    for (const Index columns : {1, 3}) {
      const Index members = 3, stride = n * n + 5, x_stride = n * columns + 2;
      std::vector<double> l(static_cast<std::size_t>(members * stride), 77);
      const TensorView<double> factors(l.data(), members, n, n, stride);
      std::vector<EigenMatrix> lower, right;
      for (Index m = 0; m < members; ++m) {
        const EigenMatrix matrix = definite_matrix(n, static_cast<std::uint32_t>(m));
        std::copy_n(matrix.data(), n * n, factors.row(m, 0));
        lower.push_back(matrix.llt().matrixL());
        right.push_back(random_matrix(n, columns, static_cast<std::uint32_t>(10 + m)));
      }
      cholesky(backend, factors);
      const auto check = [&](auto&& solve, auto&& matrix) {
        std::vector<double> x(static_cast<std::size_t>(members * x_stride), 77);
        const TensorView<double> solutions(x.data(), members, n, columns, x_stride);
        for (Index m = 0; m < members; ++m)
          std::copy_n(right[static_cast<std::size_t>(m)].data(), n * columns, solutions.row(m, 0));
        solve(solutions);
        for (Index m = 0; m < members; ++m) {
          const auto at = static_cast<std::size_t>(m);
          const EigenMatrix expected = EigenMatrix(matrix(lower[at])).fullPivLu().solve(right[at]);
          CHECK(relative_difference(solutions.row(m, 0), expected.data(), n * columns) <= 1e-10);
          for (Index j = n * columns; j < x_stride; ++j) CHECK(solutions.row(m, 0)[j] == 77);
        }
      };
      const auto by = [&](Solve which) {
        return [&, which](TensorView<double> x) { solve_cholesky(backend, factors, x, which); };
      };
      check(by(Solve::half), [](const EigenMatrix& root) { return root; });
      check(by(Solve::half_transpose),
            [](const EigenMatrix& root) { return EigenMatrix(root.transpose()); });
      check(by(Solve::whole),
            [](const EigenMatrix& root) { return EigenMatrix(root * root.transpose()); });
      check(
          [&](TensorView<double> x) {
            by(Solve::half)(x);
            by(Solve::half_transpose)(x);
          },
          [](const EigenMatrix& root) { return EigenMatrix(root * root.transpose()); });
    }
}

TEST_CASE("matrices that are not positive definite are flagged, and the others factored") {
  B backend(1);
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  std::vector<double> a = {4,   0,   0,   9,    // fine
                           1,   2,   2,   1,    // indefinite
                           -1,  0,   0,   1,    // negative
                           1,   1,   1,   1,    // singular
                           nan, 0,   0,   1,    // NaN on the diagonal
                           1,   0,   0,   nan,  //
                           1,   nan, nan, 1,    // NaN beside it
                           inf, 0,   0,   1,    //
                           1,   inf, inf, 1,    //
                           0,   0,   0,   0,    //
                           2,   1,   1,   2};   // fine
  const std::vector<char> definite = cholesky(backend, TensorView<double>(a.data(), 11, 2, 2));
  CHECK(definite == std::vector<char>{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  CHECK(a[0] == 2);
  CHECK(a[3] == 3);
}

TEST_CASE("sizes that do not fit are refused with their numbers") {
  B backend(1);
  std::vector<double> a(12), x(12);
  CHECK_THROWS_WITH(cholesky(backend, TensorView<double>(a.data(), 1, 3, 4)),
                    "cholesky: matrices are 3 x 4");
  CHECK_THROWS_WITH(solve_cholesky(backend, TensorView<double>(a.data(), 1, 3, 3),
                                   TensorView<double>(x.data(), 1, 4, 1)),
                    "solve_cholesky: factors are [1][3][3], right-hand sides [1][4][1]");
  CHECK_THROWS_AS(solve_cholesky(backend, TensorView<double>(a.data(), 2, 2, 2),
                                 TensorView<double>(x.data(), 3, 2, 1)),
                  std::invalid_argument);
}
