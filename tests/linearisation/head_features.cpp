#include "expunge/linearisation/head_features.hpp"

#include <doctest/doctest.h>

#include "explicit.hpp"
#include "expunge/nn/conv_net.hpp"
#include "expunge/train/evaluate_logits.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;

DenseMatrix features_of(const Array<double, 2>& array) {
  DenseMatrix features(static_cast<Index>(array.shape()[0]), static_cast<Index>(array.shape()[1]));
  for (Index i = 0; i < features.rows(); ++i)
    for (Index j = 0; j < features.cols(); ++j) features(i, j) = array(i, j);
  return features;
}

}  // namespace

TEST_CASE("inner products of head features are the kernel of the head, for every member") {
  using M = Mlp<5, 4, 3>;
  Linearised<M> bench{3};
  auto models = Ensemble<M, double>::uninitialised(3);
  std::copy(bench.theta.data.begin(), bench.theta.data.end(), models.theta.data());
  const Dataset chosen = select_rows(bench.data, bench.points);
  for (Index m = 0; m < 3; ++m) {
    const DenseMatrix a = features_of(head_features(bench.backend, models, m, view(chosen.inputs)));
    REQUIRE(a.cols() == 5);
    CHECK(a.col(4) == DenseVector::Ones(a.rows()));
    const DenseMatrix head = bench.dense(m).rightCols(4 * 3 + 3);
    const DenseMatrix kernel = head * head.transpose();
    for (Index o = 0; o < 3; ++o)
      for (Index i = 0; i < a.rows(); ++i)
        for (Index j = 0; j < a.rows(); ++j)
          CHECK(a.row(i).dot(a.row(j)) == doctest::Approx(kernel(3 * i + o, 3 * j + o)));
  }
}

TEST_CASE("a convolutional network has head features too, of which its logits are linear") {
  using M = ConvNet<3, 2, Shape<1, 8, 8>>;
  B backend(1);
  const Dataset data = clouds(20, 64, 3);
  const auto models = initialise<M, double>(1, 2);
  const Array<double, 3> logits = evaluate_logits<double>(backend, models, view(data.inputs));
  constexpr Index width = 4 * 2 * 2;
  for (Index m = 0; m < 2; ++m) {
    const DenseMatrix a = features_of(head_features(backend, models, m, view(data.inputs)));
    REQUIRE(a.cols() == width + 1);
    const double* head = &models.theta(m, M::parameters - 3 * (width + 1));
    for (Index i = 0; i < 20; ++i)
      for (Index c = 0; c < 3; ++c) {
        double logit = head[3 * width + c];
        for (Index j = 0; j < width; ++j) logit += head[c * width + j] * a(i, j);
        CHECK(logits(m, i, c) == doctest::Approx(logit).epsilon(1e-10));
      }
  }
}

TEST_CASE("of a model of one layer the head features are the inputs and a one, in any number") {
  B backend(1);
  const Dataset data = clouds(600, 4, 3);
  const auto models = initialise<Mlp<4, 3>, double>(1, 2);
  const Array<double, 2> features = head_features(backend, models, 1, view(data.inputs));
  REQUIRE(features.shape()[0] == 600);
  REQUIRE(features.shape()[1] == 5);
  Index wrong = 0;
  for (Index i = 0; i < 600; ++i) {
    for (Index j = 0; j < 4; ++j) wrong += features(i, j) != double{data.inputs(i, j)};
    wrong += features(i, 4) != 1;
  }
  CHECK(wrong == 0);
}
