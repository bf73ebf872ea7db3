#include <doctest/doctest.h>

#include "explicit.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;
using Small = Mlp<5, 4, 3>;

/// J v and J'a of every member against the Jacobian in full.
template <class Bench>
void check_products(Bench& bench) {
  const Vectors v = Vectors::random(bench.members, bench.jacobian.cols(), 2);
  const Vectors a = Vectors::random(bench.members, bench.jacobian.rows(), 3);
  Vectors jv(bench.members, bench.jacobian.rows(), 77), jta(bench.members, v.n, 77);
  bench.jacobian.apply(bench.backend, v, jv.view());
  bench.jacobian.apply_transpose(bench.backend, a, jta.view());
  for (Index m = 0; m < bench.members; ++m) {
    const DenseMatrix j = bench.dense(m);
    CHECK(relative_difference(jv[m], DenseVector(j * v[m])) <= 1e-12);
    CHECK(relative_difference(jta[m], DenseVector(j.transpose() * a[m])) <= 1e-12);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("products are those of the Jacobian in full, whatever the batch", F, Logits,
                   Margin, HardMargin, Prediction) {
  for (const Index members : {1, 3})
    for (const Index batch : {1, 3, 5, 100}) {
      CAPTURE(batch);
      Linearised<Small, F> bench{members, batch};
      bench.linearise();
      CHECK(bench.jacobian.rows() == bench.rows());
      CHECK(bench.jacobian.cols() == Small::parameters);
      check_products(bench);
    }
}

TEST_CASE_TEMPLATE("linearise writes the outputs at the weights", F, Logits, Margin, Prediction) {
  for (const Index batch : {1, 3, 100}) {
    Linearised<Small, F> bench{3, batch};
    bench.linearise();
    for (Index m = 0; m < 3; ++m) {
      const DenseMatrix z = bench.logits(m);
      for (Index i = 0; i < bench.count(); ++i) {
        const DenseVector row = z.row(i);
        std::vector<double> out(3);
        F{}.value(row.data(), 3, bench.label(i), out.data());
        for (Index o = 0; o < bench.outputs; ++o)
          CHECK(bench.values[m](i * bench.outputs + o) ==
                doctest::Approx(out[static_cast<std::size_t>(o)]).epsilon(1e-12));
      }
    }
  }
}

TEST_CASE("products are those of the last linearise") {
  for (const Index batch : {2, 100}) {
    Linearised<Small, Margin> bench{3, batch};
    bench.linearise();
    const Vectors v = Vectors::random(3, Small::parameters, 2);
    Vectors before(3, bench.rows()), after(3, bench.rows());
    bench.jacobian.apply(bench.backend, v, before.view());
    bench.theta = Vectors::random(3, Small::parameters, 40);
    bench.linearise();
    check_products(bench);
    bench.jacobian.apply(bench.backend, v, after.view());
    for (Index m = 0; m < 3; ++m) CHECK(relative_difference(after[m], before[m]) > 0.01);
  }
}

TEST_CASE("a model of one layer has the same Jacobian at all weights") {
  Linearised<Mlp<4, 3>> bench{2};
  bench.linearise();
  check_products(bench);
  CHECK(bench.dense(0) == bench.dense(1));
}

TEST_CASE("work counts half an example for each pass, and forward passes that are repeated") {
  const Vectors v(2, Small::parameters, 1);
  Vectors y(2, 15), back(2, Small::parameters);
  const auto work_of = [&](Index batch) {
    Linearised<Small> bench{2, batch};
    std::vector<double> work = {bench.jacobian.work()};
    bench.linearise();
    work.push_back(bench.jacobian.work());
    bench.jacobian.apply(bench.backend, v, y.view());
    work.push_back(bench.jacobian.work());
    bench.jacobian.apply_transpose(bench.backend, y, back.view());
    work.push_back(bench.jacobian.work());
    return work;
  };
  CHECK(work_of(5) == std::vector<double>{0, 2.5, 5, 7.5});
  CHECK(work_of(100) == work_of(5));
  CHECK(work_of(3) == std::vector<double>{0, 2.5, 7.5, 12.5});
  CHECK(work_of(1) == work_of(3));
}

TEST_CASE("what cannot be linearised is refused with its numbers") {
  B backend(1);
  const Dataset data = clouds(12, 5, 3), narrow = clouds(12, 4, 3);
  const auto make = [&](DatasetView from, const std::vector<Index>& points, Index batch) {
    return Jacobian<Small, B>(backend, Logits{}, from, points, 2, batch);
  };
  CHECK_THROWS_WITH(make(data, {}, 4), "Jacobian: there are no points");
  CHECK_THROWS_WITH(make(data, {1, 2}, 0), "Jacobian: batch is 0, below 1");
  CHECK_THROWS_WITH(make(data, {1, 2}, -3), "Jacobian: batch is -3, below 1");
  CHECK_THROWS_WITH(make(data, {3, 12}, 4), "Jacobian: point 12 of 12");
  CHECK_THROWS_WITH(make(data, {-1}, 4), "Jacobian: point -1 of 12");
  CHECK_THROWS_WITH(make(narrow, {1, 2}, 4), "Jacobian: inputs have 4 features, the model takes 5");

  auto jacobian = make(data, {1, 2}, 4);
  const Vectors theta = Vectors::random(3, Small::parameters, 1), two(2, Small::parameters);
  Vectors values(2, 6), wrong(2, 5);
  CHECK_THROWS_WITH(jacobian.linearise(backend, {theta, {}}, values.view()),
                    "Jacobian::linearise: weights of 3 members into [2][6], made for 2 members and "
                    "6 rows");
  CHECK_THROWS_WITH(jacobian.linearise(backend, {two, {}}, wrong.view()),
                    "Jacobian::linearise: weights of 2 members into [2][5], made for 2 members and "
                    "6 rows");
}
