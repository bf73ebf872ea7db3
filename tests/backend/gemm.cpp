#include "expunge/backend/gemm.hpp"

#include <doctest/doctest.h>

#include "backend/gemm_case.hpp"
#include "comparators.hpp"

using namespace expunge;

namespace {

/// The product by its definition.
template <class Real>
void naive_gemm(Op op_a, Op op_b, Real alpha, TensorView<const Real> a, TensorView<const Real> b,
                Real beta, TensorView<Real> c) {
  const Index inner = op_a == Op::none ? a.features : a.rows;
  for (Index m = 0; m < c.members; ++m)
    for (Index i = 0; i < c.rows; ++i)
      for (Index j = 0; j < c.features; ++j) {
        Real sum = 0;
        for (Index l = 0; l < inner; ++l)
          sum += (op_a == Op::none ? a(m, i, l) : a(m, l, i)) *
                 (op_b == Op::none ? b(m, l, j) : b(m, j, l));
        c(m, i, j) = alpha * sum + (beta == Real(0) ? Real(0) : beta * c(m, i, j));
      }
}

template <class Real>
void check(const GemmCase& t, double tolerance) {
  CAPTURE(t.members);
  CAPTURE(t.rows);
  CAPTURE(t.inner);
  CAPTURE(t.cols);
  CAPTURE(t.share_a);
  CAPTURE(t.share_b);
  CAPTURE(t.alpha);
  CAPTURE(t.beta);
  const std::vector<Real> a = normals<Real>(t.members * t.rows * t.inner, 1);
  const std::vector<Real> b = normals<Real>(t.members * t.inner * t.cols, 2);
  std::vector<Real> c = normals<Real>(t.members * t.rows * t.cols, 3), expected = c;
  const auto av = gemm_operand(a.data(), t.op_a, t.share_a, t.members, t.rows, t.inner);
  const auto bv = gemm_operand(b.data(), t.op_b, t.share_b, t.members, t.inner, t.cols);
  const Real alpha = static_cast<Real>(t.alpha), beta = static_cast<Real>(t.beta);
  gemm(Cpu<Real>(1), t.op_a, t.op_b, alpha, av, bv, beta,
       TensorView<Real>(c.data(), t.members, t.rows, t.cols));
  naive_gemm(t.op_a, t.op_b, alpha, av, bv, beta,
             TensorView<Real>(expected.data(), t.members, t.rows, t.cols));
  CHECK(relative_difference(c, expected) <= tolerance);
}

}  // namespace

TEST_CASE("gemm is the sum of products, for all four op combinations and scalars") {
  for (const Op op_a : {Op::none, Op::transpose})
    for (const Op op_b : {Op::none, Op::transpose})
      for (const double alpha : {1.0, -0.7})
        for (const double beta : {0.0, 1.0, 0.3}) {
          check<double>({op_a, op_b, 3, 5, 7, 4, false, false, alpha, beta}, 1e-14);
          check<float>({op_a, op_b, 2, 33, 65, 17, false, false, alpha, beta}, 2e-6);
        }
}

TEST_CASE("gemm lets members share A or B or both") {
  for (const Op op_a : {Op::none, Op::transpose})
    for (const Op op_b : {Op::none, Op::transpose})
      for (const bool share_a : {false, true})
        for (const bool share_b : {false, true})
          check<double>({op_a, op_b, 4, 6, 3, 5, share_a, share_b, 1, 0.5}, 1e-14);
}

TEST_CASE("gemm takes single rows, single columns and an empty inner extent") {
  check<double>({Op::none, Op::none, 2, 1, 40, 1, false, false, 1, 0}, 1e-13);
  check<double>({Op::none, Op::transpose, 1, 1, 9, 30, false, false, 1, 0}, 1e-13);
  check<double>({Op::transpose, Op::none, 3, 30, 1, 2, false, false, 1, 1}, 1e-13);
  check<double>({Op::none, Op::none, 2, 3, 0, 4, false, false, 1, 0.5}, 1e-13);
}

TEST_CASE("gemm with beta 0 forgets what C held, a NaN too") {
  const std::vector<double> a = {2}, b = {3};
  std::vector<double> c = {std::nan("")};
  gemm(Cpu<double>(1), Op::none, Op::none, 1, TensorView<const double>(a.data(), 1, 1, 1),
       TensorView<const double>(b.data(), 1, 1, 1), 0, TensorView<double>(c.data(), 1, 1, 1));
  CHECK(c[0] == 6);
}

TEST_CASE("gemm leaves what lies between the members of C alone") {
  const std::vector<double> a = {1, 2}, b = {1, 1};
  std::vector<double> c = {7, 8, 9, 10};
  for (const double beta : {0.0, 1.0, 2.0})
    gemm(Cpu<double>(1), Op::none, Op::none, 1, TensorView<const double>(a.data(), 2, 1, 1),
         TensorView<const double>(b.data(), 2, 1, 1), beta,
         TensorView<double>(c.data(), 2, 1, 1, 2));
  // 1 and 2 after beta 0, 2 and 4 after beta 1, 5 and 10 after beta 2
  CHECK(c == std::vector<double>{5, 8, 10, 10});
}

TEST_CASE("gemm says all extents when they do not fit") {
  const std::vector<double> x(1000);
  std::vector<double> y(1000);
  const auto in = [&](Index m, Index r, Index k) {
    return TensorView<const double>(x.data(), m, r, k);
  };
  const auto product = [&](Op op_a, Op op_b, TensorView<const double> a, TensorView<const double> b,
                           Index m, Index r, Index k) {
    gemm(Cpu<double>(1), op_a, op_b, 1, a, b, 0, TensorView<double>(y.data(), m, r, k));
  };
  CHECK_THROWS_WITH_AS(product(Op::none, Op::none, in(2, 3, 4), in(2, 5, 6), 2, 3, 6),
                       "gemm: op(A) is [2][3][4], op(B) is [2][5][6], C is [2][3][6]",
                       std::invalid_argument);
  CHECK_THROWS_WITH(product(Op::transpose, Op::transpose, in(2, 3, 4), in(2, 6, 3), 2, 3, 6),
                    "gemm: op(A) is [2][4][3], op(B) is [2][3][6], C is [2][3][6]");
  CHECK_THROWS_WITH(product(Op::none, Op::none, in(2, 3, 4), in(2, 4, 6), 2, 3, 5),
                    "gemm: op(A) is [2][3][4], op(B) is [2][4][6], C is [2][3][5]");
  CHECK_THROWS_WITH(product(Op::none, Op::none, in(1, 3, 4), in(2, 4, 6), 2, 3, 6),
                    "gemm: op(A) is [1][3][4], op(B) is [2][4][6], C is [2][3][6]");
  CHECK_THROWS_WITH(product(Op::none, Op::none, in(2, 3, 4), in(3, 4, 6), 2, 3, 6),
                    "gemm: op(A) is [2][3][4], op(B) is [3][4][6], C is [2][3][6]");
}
