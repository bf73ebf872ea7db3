// Priors of the weights' move against the dense matrices that they stand for.
#include <doctest/doctest.h>

#include "dense_kronecker.hpp"
#include "explicit.hpp"
#include "expunge/core/sample.hpp"
#include "expunge/linearisation/kronecker_prior.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;
using Small = Mlp<5, 4, 3>;

Vectors random_signs(Index members, Index rows) {
  Vectors signs = Vectors::random(members, rows, 60);
  for (double& x : signs.data) x = x < 0 ? -1 : 1;
  return signs;
}

/// A prior's metric at the weights of the bench, for one mu per member.
template <class W, class Bench>
struct Measured {
  using JacobianType = decltype(Bench::jacobian);
  static_assert(WeightPrior<W, JacobianType, B>);

  Bench& bench;
  Vectors signs, pulled;  // J'signs
  typename W::template Metric<JacobianType, B> metric;

  Measured(Bench& bench_, const W& prior, Index from, const PerMember& mu)
      : bench(bench_),
        signs(random_signs(bench.members, bench.rows())),
        pulled(bench.members, bench.jacobian.cols(), 77),
        metric(bench.backend, prior, bench.jacobian) {
    bench.linearise();
    metric.measure(bench.backend, signs, from, pulled.view());
    metric.set(bench.backend, mu);
  }

  template <class F>
  Vectors moved(const Vectors& v, F&& f) {
    Vectors result = v;
    f(metric, bench.backend, result.view());
    return result;
  }
  Vectors p(const Vectors& v) {
    return moved(v, [](auto& m, B& b, MatrixView<double> x) { m.apply(b, x); });
  }
  Vectors inverse(const Vectors& v) {
    return moved(v, [](auto& m, B& b, MatrixView<double> x) { m.apply_inverse(b, x); });
  }
  Vectors root(const Vectors& v) {
    return moved(v, [](auto& m, B& b, MatrixView<double> x) { m.apply_root(b, x); });
  }
  Vectors root_transpose(const Vectors& v) {
    return moved(v, [](auto& m, B& b, MatrixView<double> x) { m.apply_root_transpose(b, x); });
  }

  /// The matrices of a call, column by column.
  template <class F>
  std::vector<DenseMatrix> dense(F&& call) {
    const Index n = bench.jacobian.cols();
    std::vector<DenseMatrix> result(static_cast<std::size_t>(bench.members), DenseMatrix(n, n));
    for (Index j = 0; j < n; ++j) {
      Vectors unit(bench.members, n);
      for (Index m = 0; m < bench.members; ++m) unit.view()(m, j) = 1;
      const Vectors column = call(unit);
      for (Index m = 0; m < bench.members; ++m)
        result[static_cast<std::size_t>(m)].col(j) = column[m];
    }
    return result;
  }
};

template <class W, class Bench>
Measured(Bench&, const W&, Index, const PerMember&) -> Measured<W, Bench>;

/// mu P^-1 of member m of a network Small under KroneckerPrior{points}, from its layers' inputs and
/// slopes at the points from `from` on.
template <class F>
DenseMatrix dense_penalty(Linearised<Small, F>& bench, Index m, const Vectors& signs, Index from,
                          double points, double mu) {
  return bench.after_forward(m, [&](auto own, auto in, auto& space, auto z) {
    const Index n = bench.count() - from;
    DenseMatrix x(n, 5), hidden(n, 4), d1(n, 4), d2 = DenseMatrix::Zero(n, 3), w2(3, 4);
    const auto seen = Small::head_inputs(in, space);
    for (Index o = 0; o < 3; ++o)
      for (Index i = 0; i < 4; ++i) w2(o, i) = own.theta(0, 24 + o * 4 + i);
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < 5; ++j) x(i, j) = in(0, from + i, j);
      for (Index j = 0; j < 4; ++j) hidden(i, j) = seen(0, from + i, j);
      DenseVector cotangent = DenseVector::Zero(3);
      const DenseVector own_signs = signs[m].segment((from + i) * bench.outputs, bench.outputs);
      F{}.pullback(z.row(0, from + i), Index{3}, bench.label(from + i), own_signs.data(),
                   cotangent.data());
      d2.row(i) = cotangent.transpose();
    }
    d1 = (d2 * w2).cwiseProduct(DenseMatrix((hidden.array() > 0).template cast<double>()));
    const auto moment = [&](const DenseMatrix& rows) {
      return DenseMatrix(rows.transpose() * rows / static_cast<double>(n));
    };
    DenseMatrix penalty = DenseMatrix::Zero(Small::parameters, Small::parameters);
    penalty.topLeftCorner(24, 24) = dense_prior(moment(with_ones(x)), moment(d1), points, mu);
    penalty.bottomRightCorner(15, 15) =
        dense_prior(moment(with_ones(hidden)), moment(d2), points, mu);
    return penalty;
  });
}

const PerMember three_mus = {0.3, 2e-3, 40};

}  // namespace

TEST_CASE_TEMPLATE("measuring a prior gives J'signs", W, KroneckerPrior, IsotropicPrior) {
  for (const Index batch : {1, 2, 100}) {
    Linearised<Small, Margin> bench{3, batch};
    const Measured measured(bench, W{}, 2, three_mus);
    for (Index m = 0; m < 3; ++m)
      CHECK(relative_difference(measured.pulled[m], DenseVector(bench.dense(m).transpose() *
                                                                measured.signs[m])) <= 1e-12);
  }
}

TEST_CASE("the isotropic prior leaves every move as it is") {
  Linearised<Small> bench{3};
  Measured measured(bench, IsotropicPrior{}, 2, three_mus);
  const Vectors v = Vectors::random(3, Small::parameters, 5);
  for (const Vectors& moved :
       {measured.p(v), measured.inverse(v), measured.root(v), measured.root_transpose(v)})
    CHECK(same_bytes(moved.data, v.data));
  CHECK(measured.metric.flops() == 0);
}

TEST_CASE_TEMPLATE("the Kronecker prior is the product of the layers' damped second moments", F,
                   Logits, Margin, Prediction) {
  for (const Index batch : {2, 100})
    for (const Index from : {0, 2, 4})
      for (const double points : {100.0, 0.7}) {
        CAPTURE(batch);
        CAPTURE(from);
        Linearised<Small, F> bench{3, batch};
        Measured measured(bench, KroneckerPrior{.points = points}, from, three_mus);
        const auto inverse = measured.dense([&](const Vectors& v) { return measured.inverse(v); });
        for (Index m = 0; m < 3; ++m) {
          const double mu = three_mus[static_cast<std::size_t>(m)];
          const DenseMatrix expected = dense_penalty(bench, m, measured.signs, from, points, mu);
          const DenseMatrix penalty = mu * inverse[static_cast<std::size_t>(m)];
          CHECK(relative_difference(penalty, expected) <= 1e-11);
        }
      }
}

TEST_CASE("without retain points the moments are those of all points") {
  Linearised<Small> bench{3};
  Measured measured(bench, KroneckerPrior{}, bench.count(), three_mus);
  const auto inverse = measured.dense([&](const Vectors& v) { return measured.inverse(v); });
  for (Index m = 0; m < 3; ++m) {
    const double mu = three_mus[static_cast<std::size_t>(m)];
    const DenseMatrix expected =
        dense_penalty(bench, m, measured.signs, 0, KroneckerPrior{}.points, mu);
    CHECK(relative_difference(DenseMatrix(mu * inverse[static_cast<std::size_t>(m)]), expected) <=
          1e-11);
  }
}

TEST_CASE("P, its inverse and its root belong together, and P is positive definite") {
  Linearised<Small> bench{3};
  Measured measured(bench, KroneckerPrior{}, 1, three_mus);
  const Vectors v = Vectors::random(3, Small::parameters, 5);
  const Vectors there = measured.inverse(measured.p(v)), back = measured.p(measured.inverse(v));
  const Vectors by_root = measured.root(measured.root_transpose(v)), whole = measured.p(v);
  const auto p = measured.dense([&](const Vectors& x) { return measured.p(x); });
  const auto r = measured.dense([&](const Vectors& x) { return measured.root(x); });
  const auto rt = measured.dense([&](const Vectors& x) { return measured.root_transpose(x); });
  for (Index m = 0; m < 3; ++m) {
    const auto at = static_cast<std::size_t>(m);
    CHECK(relative_difference(there[m], v[m]) <= 1e-10);
    CHECK(relative_difference(back[m], v[m]) <= 1e-10);
    CHECK(relative_difference(by_root[m], whole[m]) <= 1e-10);
    CHECK(relative_difference(rt[at], DenseMatrix(r[at].transpose())) <= 1e-12);
    CHECK(relative_difference(p[at], DenseMatrix(p[at].transpose())) <= 1e-12);
    CHECK(p[at].llt().info() == Eigen::Success);
    CHECK(relative_difference(whole[m], v[m]) > 0.1);  // and P is not I
  }
}

TEST_CASE("a prior of next to no points lets all weights move alike") {
  Linearised<Small> bench{3};
  Measured measured(bench, KroneckerPrior{.points = 1e-12}, 1, {1, 1, 1});
  const Vectors v = Vectors::random(3, Small::parameters, 5);
  for (const Vectors& moved : {measured.p(v), measured.inverse(v)})
    for (Index m = 0; m < 3; ++m) CHECK(relative_difference(moved[m], v[m]) <= 1e-4);
}

TEST_CASE("a layer whose slopes or inputs are all zero still has a prior") {
  Linearised<Small> bench{2};
  DenseVector dead = bench.theta[1];
  dead.segment(20, 4).setConstant(-1e3);  // no hidden unit is on
  bench.theta.set(1, dead);
  Measured measured(bench, KroneckerPrior{}, 1, {0.1, 0.1});
  const Vectors v = Vectors::random(2, Small::parameters, 5);
  const Vectors back = measured.inverse(measured.p(v));
  for (Index m = 0; m < 2; ++m) CHECK(relative_difference(back[m], v[m]) <= 1e-10);
  CHECK(relative_difference(DenseVector(measured.p(v)[1].head(24)), DenseVector(v[1].head(24))) >
        0.1);  // the moments of x are there, those of the slopes are 0
}

TEST_CASE("for one linear layer and many points the penalty is nearly mu I + points mean J'J") {
  using M = Mlp<4, 3>;
  const Index n = 2000;
  Linearised<M> bench{1, 5000, all_indices(n), 1, clouds(n, 4, 3)};
  const double mu = 1e-7, points = 50;
  Measured measured(bench, KroneckerPrior{.points = points}, 0, {mu});
  const DenseMatrix penalty =
      mu * measured.dense([&](const Vectors& v) { return measured.inverse(v); })[0];
  const DenseMatrix j = bench.dense(0);
  const DenseMatrix expected = mu * DenseMatrix::Identity(M::parameters, M::parameters) +
                               points / static_cast<double>(n) * (j.transpose() * j);
  CHECK((penalty - expected).norm() <= 0.05 * expected.norm());
}

TEST_CASE("a metric counts its operations, and bad settings are named") {
  Linearised<Small> bench{1};
  Measured measured(bench, KroneckerPrior{}, 1, {0.1});
  const Vectors v = Vectors::random(1, Small::parameters, 5);
  const double start = measured.metric.flops();
  CHECK(start > 0);
  measured.p(v);
  const double product = 2 * (6 * 4 * (6 + 4) + 5 * 3 * (5 + 3));
  CHECK(measured.metric.flops() == doctest::Approx(start + product));
  measured.inverse(v);
  CHECK(measured.metric.flops() == doctest::Approx(start + 2 * product));
  measured.root(v);
  measured.root_transpose(v);
  CHECK(measured.metric.flops() == doctest::Approx(start + 3 * product));
  CHECK_THROWS_WITH(KroneckerPrior{.points = 0}.validate(),
                    "KroneckerPrior: points is 0, not positive and finite");
  CHECK_THROWS_WITH(KroneckerPrior{.points = std::nan("")}.validate(),
                    "KroneckerPrior: points is nan, not positive and finite");
  CHECK_NOTHROW(KroneckerPrior{}.validate());
  CHECK_NOTHROW(IsotropicPrior{}.validate());
}
