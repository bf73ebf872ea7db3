// A Jacobian in which every member has its own points, against those of one member each.
#include <doctest/doctest.h>

#include "explicit.hpp"
#include "expunge/linearisation/jacobian.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;
using Small = Mlp<5, 4, 3>;

const std::vector<Index> lists = {7, 2, 11, 3, 0,   //
                                  4, 5, 2,  8, 10,  //
                                  9, 1, 6,  0, 3};

template <class F>
struct OwnPoints {
  using JacobianType = Jacobian<Small, B, F>;
  B backend{1};
  Dataset data = clouds(12, 5, 3);
  Vectors theta = Vectors::random(3, Small::parameters, 1);
  JacobianType jacobian;
  Vectors values;

  explicit OwnPoints(Index batch)
      : jacobian(backend, F{}, data, MatrixView<const Index>(lists.data(), 3, 5), 3, batch),
        values(3, jacobian.rows()) {
    jacobian.linearise(backend, {theta, {}}, values.view());
  }

  /// Calls use(jacobian, values) with that of member m alone.
  template <class Use>
  void alone(Index m, Index batch, Use&& use) {
    const std::vector<Index> own(lists.begin() + m * 5, lists.begin() + (m + 1) * 5);
    JacobianType one(backend, F{}, data, own, 1, batch);
    Vectors at(1, one.rows());
    const MatrixView<const double> all = theta;
    one.linearise(backend, {all.row_range(m, 1), {}}, at.view());
    use(one, at);
  }
};

Vectors member(const Vectors& v, Index m) {
  Vectors one(1, v.n);
  one.set(0, v[m]);
  return one;
}

}  // namespace

TEST_CASE_TEMPLATE("members with their own points are linearised as if each were alone", F, Logits,
                   Margin, HardMargin, Prediction) {
  for (const Index batch : {1, 3, 5, 100}) {
    CAPTURE(batch);
    OwnPoints<F> own(batch);
    auto& jacobian = own.jacobian;
    CHECK(jacobian.points() == 5);
    CHECK(jacobian.members() == 3);
    const Vectors v = Vectors::random(3, jacobian.cols(), 2);
    const Vectors a = Vectors::random(3, jacobian.rows(), 3);
    Vectors jv(3, a.n, 77), jta(3, v.n, 77);
    jacobian.apply(own.backend, v, jv.view());
    jacobian.apply_transpose(own.backend, a, jta.view());
    for (Index m = 0; m < 3; ++m)
      own.alone(m, batch, [&](auto& one, const Vectors& values) {
        Vectors y(1, a.n), back(1, v.n);
        one.apply(own.backend, member(v, m), y.view());
        one.apply_transpose(own.backend, member(a, m), back.view());
        CHECK(relative_difference(own.values[m], values[0]) <= 1e-13);
        CHECK(relative_difference(jv[m], y[0]) <= 1e-13);
        CHECK(relative_difference(jta[m], back[0]) <= 1e-13);
        CHECK(one.work() == jacobian.work());
      });
    for (Index m = 1; m < 3; ++m) CHECK(relative_difference(jv[m], jv[0]) > 0.01);
  }
}

TEST_CASE_TEMPLATE("so are their moments", F, Logits, Margin) {
  for (const Index batch : {2, 100})
    for (const Index from : {0, 2, 3}) {
      OwnPoints<F> own(batch);
      const Vectors a = Vectors::random(3, own.jacobian.rows(), 3);
      Vectors jta(3, Small::parameters, 77), plain = jta;
      Small::KroneckerFactors<B> moments(own.backend, 3);
      const double before = own.jacobian.work();
      own.jacobian.apply_transpose_with_moments(own.backend, a, from, moments, jta.view());
      const double work = own.jacobian.work() - before;
      own.jacobian.apply_transpose(own.backend, a, plain.view());
      CHECK(same_bytes(jta.data, plain.data));
      CHECK(work == (batch == 100 ? 2.5 : 5));
      for (Index m = 0; m < 3; ++m)
        own.alone(m, batch, [&](auto& one, const Vectors&) {
          Small::KroneckerFactors<B> expected(own.backend, 1);
          Vectors back(1, Small::parameters);
          one.apply_transpose_with_moments(own.backend, member(a, m), from, expected, back.view());
          for (const std::size_t layer : {std::size_t{0}, std::size_t{2}}) {
            const auto check = [&](TensorView<double> x, TensorView<double> y) {
              CHECK(relative_difference(x.row(m, 0), y.row(0, 0), x.rows * x.features) <= 1e-13);
            };
            check(moments.input(layer), expected.input(layer));
            check(moments.output(layer), expected.output(layer));
          }
        });
    }
}

TEST_CASE("points of another number of members are refused, and those that are not in the data") {
  B backend(1);
  const Dataset data = clouds(12, 5, 3);
  const auto make = [&](const std::vector<Index>& points, Index rows, Index members) {
    const MatrixView<const Index> own(points.data(), rows,
                                      static_cast<Index>(points.size()) / rows);
    return Jacobian<Small, B>(backend, Logits{}, data, own, members, 4);
  };
  CHECK_THROWS_WITH(make({1, 2, 3, 4}, 2, 3), "Jacobian: points of 2 members for 3");
  CHECK_THROWS_WITH(make({1, 2, 3, 4}, 4, 3), "Jacobian: points of 4 members for 3");
  CHECK_THROWS_WITH(make({}, 3, 3), "Jacobian: there are no points");
  CHECK_THROWS_WITH(make({1, 2, 3, 12}, 2, 2), "Jacobian: point 12 of 12");
  CHECK_THROWS_WITH(make({1, 2, -1, 4}, 2, 2), "Jacobian: point -1 of 12");
  CHECK(make({1, 2, 3, 4}, 2, 2).points() == 2);
  CHECK(make({1, 2, 3, 4}, 1, 2).points() == 4);
}
