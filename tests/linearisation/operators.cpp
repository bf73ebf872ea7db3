// Kernels and Gauss-Newton matrices, by products, against dense ones.
#include <doctest/doctest.h>

#include "explicit.hpp"
#include "expunge/linearisation/gauss_newton_operator.hpp"
#include "expunge/linearisation/kernel_operator.hpp"
#include "expunge/loss/cross_entropy.hpp"
#include "expunge/loss/squared_error.hpp"
#include "expunge/train/objective.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;
using Small = Mlp<5, 4, 3>;

/// Positive numbers, other ones for every member and row.
Vectors positive(Index members, Index n) {
  Vectors shift = Vectors::random(members, n, 30);
  for (double& value : shift.data) value = 0.5 + value * value;
  return shift;
}

/// Products of the Gauss-Newton matrix with v.
template <class L, class Target, class Bench>
Vectors gauss_newton(Bench& bench, const L& loss, const Target& target, double damping,
                     const Vectors& v) {
  GaussNewtonOperator<L, Target, decltype(bench.jacobian), B> g(bench.backend, loss, target,
                                                                bench.jacobian, damping);
  CHECK(g.rows() == v.n);
  CHECK(g.cols() == v.n);
  Vectors y(v.members, v.n, 77);
  g.apply(bench.backend, v, y.view());
  return y;
}

/// 1/points sum_i J_i'H_i J_i + damping I, with H_i built here: diag(p) - p p', or 2/k.
template <class Bench>
DenseMatrix dense_gauss_newton(Bench& bench, Index m, bool cross_entropy, double damping) {
  const DenseMatrix j = bench.dense(m), z = bench.logits(m);
  const Index k = z.cols(), points = z.rows();
  DenseMatrix g = damping * DenseMatrix::Identity(j.cols(), j.cols());
  for (Index i = 0; i < points; ++i) {
    DenseVector p = z.row(i).array().exp();
    p /= p.sum();
    DenseMatrix h = 2.0 / static_cast<double>(k) * DenseMatrix::Identity(k, k);
    if (cross_entropy) h = DenseMatrix(p.asDiagonal()) - p * p.transpose();
    const DenseMatrix ji = j.middleRows(i * k, k);
    g += ji.transpose() * h * ji / static_cast<double>(points);
  }
  return g;
}

}  // namespace

TEST_CASE_TEMPLATE("the kernel operator is J J' + diag(shift), which may change", F, Logits, Margin,
                   Prediction) {
  for (const Index batch : {2, 100}) {
    Linearised<Small, F> bench{3, batch};
    bench.linearise();
    Vectors shift = positive(3, bench.rows());
    KernelOperator<decltype(bench.jacobian), B> kernel(bench.backend, bench.jacobian, shift);
    CHECK(kernel.rows() == bench.rows());
    CHECK(kernel.cols() == bench.rows());
    const Vectors a = Vectors::random(3, bench.rows(), 3);
    for (const double factor : {1.0, 0.0}) {
      for (double& value : shift.data) value *= factor;
      Vectors y(3, bench.rows(), 77);
      kernel.apply(bench.backend, a, y.view());
      for (Index m = 0; m < 3; ++m) {
        const DenseMatrix j = bench.dense(m);
        const DenseVector expected =
            j * (j.transpose() * a[m]) + DenseVector(shift[m].cwiseProduct(a[m]));
        CHECK(relative_difference(y[m], expected) <= 1e-12);
      }
    }
  }
}

TEST_CASE("with a metric the kernel operator is J P J' + diag(shift)") {
  struct DenseMetric {
    std::vector<DenseMatrix> p;
    void apply(B&, MatrixView<double> v) {
      for (Index m = 0; m < v.rows; ++m) {
        Eigen::Map<DenseVector> own(v.row(m), v.cols);
        own = (p[static_cast<std::size_t>(m)] * own).eval();
      }
    }
  };
  for (const Index batch : {2, 100}) {
    Linearised<Small> bench{3, batch};
    bench.linearise();
    const Vectors shift = positive(3, bench.rows());
    DenseMetric metric;
    for (std::uint32_t m = 0; m < 3; ++m)
      metric.p.push_back(definite_matrix(Small::parameters, 80 + m));
    KernelOperator<decltype(bench.jacobian), B, DenseMetric> kernel(bench.backend, bench.jacobian,
                                                                    shift, metric);
    const Vectors a = Vectors::random(3, bench.rows(), 3);
    for (const double factor : {1.0, 0.3}) {  // the metric may change
      for (DenseMatrix& p : metric.p) p *= factor;
      Vectors y(3, bench.rows(), 77);
      kernel.apply(bench.backend, a, y.view());
      for (Index m = 0; m < 3; ++m) {
        const DenseMatrix j = bench.dense(m), &p = metric.p[static_cast<std::size_t>(m)];
        const DenseVector expected =
            j * (p * (j.transpose() * a[m])) + DenseVector(shift[m].cwiseProduct(a[m]));
        CHECK(relative_difference(y[m], expected) <= 1e-12);
      }
    }
  }
}

TEST_CASE("a shift of the wrong size is refused") {
  Linearised<Small> bench{3};
  const Vectors shift(3, 14);
  using Kernel = KernelOperator<decltype(bench.jacobian), B>;
  CHECK_THROWS_WITH(Kernel(bench.backend, bench.jacobian, shift),
                    "KernelOperator: shift is [3][14], the Jacobian has 3 members and 15 rows");
}

TEST_CASE("the Gauss-Newton operator is the mean of J'H J, damped, for labels and vectors") {
  for (const Index batch : {1, 3, 100})
    for (const double damping : {0.0, 0.3}) {
      Linearised<Small> bench{3, batch};
      bench.linearise();
      const std::vector<Label> labels = bench.labels();
      const Vectors v = Vectors::random(3, Small::parameters, 2), targets(3, bench.rows());
      const LabelTarget by_label{labels.data()};
      const VectorTarget<double> by_vector{{targets.data.data(), 3, bench.count(), 3}};
      const Vectors cross = gauss_newton(bench, CrossEntropy{}, by_label, damping, v);
      const Vectors squared = gauss_newton(bench, SquaredError{}, by_label, damping, v);
      const Vectors to_vector = gauss_newton(bench, SquaredError{}, by_vector, damping, v);
      for (Index m = 0; m < 3; ++m) {
        const DenseVector of_cross = dense_gauss_newton(bench, m, true, damping) * v[m];
        const DenseVector of_squared = dense_gauss_newton(bench, m, false, damping) * v[m];
        CHECK(relative_difference(cross[m], of_cross) <= 1e-12);
        CHECK(relative_difference(squared[m], of_squared) <= 1e-12);
        CHECK(relative_difference(to_vector[m], of_squared) <= 1e-12);
      }
    }
}

TEST_CASE("for a linear softmax model the Gauss-Newton matrix is the Hessian, for a deep one not") {
  const auto compare = [](auto&& bench) {
    bench.linearise();
    const std::vector<Label> labels = bench.labels();
    const Vectors v = Vectors::random(1, bench.theta.n, 2);
    const Vectors product = gauss_newton(bench, CrossEntropy{}, LabelTarget{labels.data()}, 0, v);
    const double step = 1e-5;
    const DenseVector start = bench.theta[0];
    const auto gradient = [&](double t) {
      bench.theta.set(0, start + t * v[0]);
      const DenseMatrix j = bench.dense(0), z = bench.logits(0);
      DenseVector slopes = DenseVector::Zero(j.rows());
      for (Index i = 0; i < z.rows(); ++i) {
        const DenseVector row = z.row(i);
        CrossEntropy{}(row.data(), z.cols(), bench.label(i), 1.0 / static_cast<double>(z.rows()),
                       slopes.data() + i * z.cols());
      }
      return DenseVector(j.transpose() * slopes);
    };
    const DenseVector hessian = (gradient(step) - gradient(-step)) / (2 * step);
    return relative_difference(product[0], hessian);
  };
  CHECK(compare(Linearised<Mlp<4, 3>>{1}) <= 1e-7);
  CHECK(compare(Linearised<Small>{1}) > 1e-3);
}

TEST_CASE("a negative damping is refused") {
  Linearised<Small> bench{1};
  using Operator = GaussNewtonOperator<CrossEntropy, LabelTarget, decltype(bench.jacobian), B>;
  CHECK_THROWS_WITH(
      Operator(bench.backend, CrossEntropy{}, LabelTarget{nullptr}, bench.jacobian, -0.5),
      "GaussNewtonOperator: damping is -0.5, negative");
}
