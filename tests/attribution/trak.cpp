// TRAK against PyTorch's gradients and NumPy's formula, and its parts against their definitions.
#include "expunge/attribution/trak.hpp"

#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/attribution/datamodels.hpp"
#include "expunge/linearisation/jacobian.hpp"
#include "expunge/nn/conv_net.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/nn/resnet9.hpp"
#include "expunge/output/evaluate.hpp"
#include "expunge/train/train.hpp"
#include "golden_arrays.hpp"
#include "small_data.hpp"

using namespace expunge;

namespace {

using Net = Mlp<12, 9, 7, 4>;
constexpr Index examples = 40;

struct Golden {
  Dataset train, points;
  Ensemble<Net, double> models;
};

Golden golden_problem() {
  Golden problem;
  const Dataset all{converted<float>(golden<2>("trak/inputs")), [] {
                      const auto labels = golden_integers<std::int64_t, 1>("trak/labels");
                      return std::vector<Label>(labels.begin(), labels.end());
                    }()};
  std::vector<Index> first, rest;
  for (Index i = 0; i < all.size(); ++i) (i < examples ? first : rest).push_back(i);
  problem.train = select_rows(all, first);
  problem.points = select_rows(all, rest);
  problem.models.theta = golden<2>("trak/thetas");
  problem.models.stats = make_array<double>(problem.models.theta.shape()[0], 0);
  return problem;
}

const TrakConfig golden_config{.sketch = {.dimensions = 20, .seed = 77}, .lambda = 1e-2};

/// The matrix that a sketch multiplies by: what it makes of the rows of the identity.
Array<double, 2> matrix_of(Cpu<double>& cpu, const SketchConfig& config, Index number,
                           Index columns) {
  Array<double, 2> identity = make_array<double>(columns, columns);
  identity.fill(0);
  for (Index j = 0; j < columns; ++j) identity(j, j) = 1;
  Array<double, 2> matrix = make_array<double>(columns, config.dimensions);
  Sketch<Cpu<double>>(cpu, config, number, columns)(cpu, MatrixView<const double>(view(identity)),
                                                    view(matrix));
  return matrix;
}

/// Features by the Jacobian's products, one output at a time.
template <class Model, class F>
Array<double, 2> features_by_jacobian(Cpu<double>& cpu, const SketchConfig& config,
                                      const Ensemble<Model, double>& models, const Dataset& data,
                                      const F& f) {
  constexpr Index outputs = F::outputs(Model::classes);
  const Array<double, 2> signs = matrix_of(cpu, config, 5, Model::parameters);
  std::vector<Index> all;
  for (Index i = 0; i < data.size(); ++i) all.push_back(i);
  Jacobian<Model, Cpu<double>, F> jacobian(cpu, f, data, all, 1, data.size());
  CohortWeights<Model, Cpu<double>> weights(cpu, 1);
  weights.load(cpu, models, 0);
  const Index rows = data.size() * outputs;
  Array<double, 2> values = make_array<double>(1, rows), unit = make_array<double>(1, rows);
  jacobian.linearise(cpu, weights.view(), view(values));
  Array<double, 2> features = make_array<double>(rows, config.dimensions);
  Array<double, 2> gradient = make_array<double>(1, Model::parameters);
  for (Index r = 0; r < rows; ++r) {
    unit.fill(0);
    unit(0, r) = 1;
    jacobian.apply_transpose(cpu, MatrixView<const double>(view(unit)), view(gradient));
    for (Index c = 0; c < config.dimensions; ++c) {
      features(r, c) = 0;
      for (Index j = 0; j < Model::parameters; ++j) features(r, c) += gradient(0, j) * signs(j, c);
    }
  }
  return features;
}

template <class Model, class F>
void check_features(const F& f) {
  Cpu<double> cpu;
  const Dataset data = clouds(9, Model::Input::size, Model::classes);
  const auto models = initialise<Model, double>(3, 1);
  const SketchConfig config{.dimensions = 150, .seed = 4};
  CohortWeights<Model, Cpu<double>> weights(cpu, 1);
  weights.load(cpu, models, 0);
  Array<double, 2> features =
      make_array<double>(data.size() * F::outputs(Model::classes), config.dimensions);
  gradient_features<Model>(cpu, config, 5, weights.view(), data, f, view(features));
  CHECK(relative_difference(features, features_by_jacobian(cpu, config, models, data, f)) < 1e-12);
}

}  // namespace

TEST_CASE("TRAK is PyTorch's gradients in NumPy's formula") {
  const Golden problem = golden_problem();
  Cpu<double> cpu;
  CohortWeights<Net, Cpu<double>> weights(cpu, 1);
  weights.load(cpu, problem.models, 0);
  Array<double, 2> features = make_array<double>(examples, 20);
  gradient_features<Net>(cpu, golden_config.sketch, 0, weights.view(), problem.train, Margin{},
                         view(features));
  CHECK(relative_difference(features, golden<2>("trak/features")) < 1e-12);
  TrakConfig config = golden_config;
  for (const char* curvature : {"logistic", "identity"}) {
    CAPTURE(curvature);
    const std::string name = sentence("trak/effects_", curvature);
    const auto of_margins = trak(cpu, config, problem.models, problem.train, problem.points);
    CHECK(relative_difference(of_margins.weights, golden<2>(name + "_margin")) < 1e-9);
    const auto of_logits =
        trak(cpu, config, problem.models, problem.train, problem.points, Logits{});
    CHECK(relative_difference(of_logits.weights, golden<2>(name + "_logits")) < 1e-9);
    const Datamodels<double> attribution(of_logits, problem.points.size(), 4);
    CHECK(attribution.predicted_change({3})(2, 1) == -of_logits.weights(3, 4 * 2 + 1));
    config.curvature = Curvature::identity;
  }
  Ensemble<Net, float> single{converted<float>(problem.models.theta), make_array<float>(3, 0)};
  Cpu<float> everyday;
  CHECK(relative_difference(
            converted<double>(
                trak(everyday, golden_config, single, problem.train, problem.points).weights),
            golden<2>("trak/effects_logistic_margin")) < 1e-4);
}

TEST_CASE("features are projected gradients, example by example") {
  check_features<Mlp<6, 9, 3>>(Logits{});
  check_features<Mlp<6, 9, 3>>(Margin{});
  check_features<ConvNet<3, 4, Shape<1, 8, 8>>>(Margin{});
  check_features<ResNet9<3, 2, Shape<3, 12, 12>>>(HardMargin{});
}

TEST_CASE("effects depend on no thread, to the byte, and not on other points") {
  using Model = Mlp<6, 9, 3>;
  const Dataset data = clouds(310, 6, 3), points = clouds(105, 6, 3, 1);  // more than a batch
  const auto models = initialise<Model, double>(3, 2);
  const TrakConfig config{.sketch = {.dimensions = 400}};  // more than examples
  const auto run = [&](Cpu<double> cpu) {
    return trak(cpu, config, models, data, points, Logits{}).weights;
  };
  const auto expected = run(Cpu<double>(1));
  CHECK(same_bytes(run(Cpu<double>(3)), expected));
  CHECK(same_bytes(run(Cpu<double>(2, 2)), expected));
  Cpu<double> cpu(2);
  const auto part = trak(cpu, config, models, data, select_rows(points, {104}), Logits{});
  for (Index i = 0; i < 310; ++i)
    for (Index o = 0; o < 3; ++o)
      CHECK(part.weights(i, o) == doctest::Approx(expected(i, 3 * 104 + o)).epsilon(1e-9));
}

TEST_CASE("a sketch puts every number, with a sign, into one sum") {
  Cpu<double> cpu;
  for (const Index columns : {1, 7, 8, 9, 30, 300}) {
    CAPTURE(columns);
    const Array<double, 2> matrix = matrix_of(cpu, {.dimensions = 8, .seed = 9}, 0, columns);
    for (Index j = 0; j < columns; ++j) {
      Index entries = 0;
      for (Index c = 0; c < 8; ++c) {
        if (matrix(j, c) == 0) continue;
        ++entries;
        CHECK(std::abs(matrix(j, c)) == 1);
        for (Index i = j / 8 * 8; i < j; ++i) CHECK(matrix(i, c) == 0);  // of the same piece
      }
      CHECK(entries == 1);
    }
  }
}

TEST_CASE("inner products stay in the mean, with the variance of dense signs") {
  Cpu<double> cpu;
  const Index columns = 500, k = 25, sketches = 4000;
  const std::vector<double> numbers = normals<double>(2 * columns, 1);
  const MatrixView<const double> rows(numbers.data(), 2, columns);
  double xx = 0, yy = 0, xy = 0, mean = 0, squares = 0;
  for (Index j = 0; j < columns; ++j) {
    xx += rows(0, j) * rows(0, j);
    yy += rows(1, j) * rows(1, j);
    xy += rows(0, j) * rows(1, j);
  }
  Array<double, 2> out = make_array<double>(2, k);
  for (Index number = 0; number < sketches; ++number) {
    Sketch<Cpu<double>>(cpu, {.dimensions = k, .seed = 2}, number, columns)(cpu, rows, view(out));
    double inner = 0;
    for (Index c = 0; c < k; ++c) inner += out(0, c) * out(1, c);
    mean += (inner - xy) / sketches;
    squares += (inner - xy) * (inner - xy) / sketches;
  }
  const double expected = (xx * yy + xy * xy) / k;  // less 2 / k sum x^2 y^2, and a little more
  CHECK(std::abs(mean) < 5 * std::sqrt(expected / sketches));
  CHECK(squares == doctest::Approx(expected).epsilon(0.1));
}

TEST_CASE("examples help themselves, and their class more than the others") {
  const Dataset data = clouds(60, 6, 3);
  Cpu<float> cpu;
  const Recipe<> recipe{.descent = {.learning_rate = 0.05, .epochs = 20}, .batch = 10};
  const auto models = train<Mlp<6, 9, 3>>(cpu, recipe, data, all_but(5, 60, {}));
  const auto effects = trak(cpu, {.sketch = {.dimensions = 64}}, models, data, data);
  double own = 0, others = 0;  // sums of mean effects
  for (Index t = 0; t < 60; ++t) {
    for (Index i = 0; i < 60; ++i) {
      const bool same = data.labels[std::size_t(i)] == data.labels[std::size_t(t)];
      (same ? own : others) += static_cast<double>(effects.weights(i, t)) / (same ? 20 : 40);
    }
    CHECK(effects.weights(t, t) > 0);
  }
  CHECK(own > 2 * std::abs(others));
}

TEST_CASE("settings and extents that do not fit are refused") {
  const Golden problem = golden_problem();
  Cpu<float> cpu;
  const Ensemble<Net, float> single{converted<float>(problem.models.theta),
                                    make_array<float>(3, 0)};
  const auto run = [&](const TrakConfig& config, const Dataset& points) {
    return trak(cpu, config, single, problem.train, points);
  };
  CHECK_THROWS_WITH(run({.sketch = {.dimensions = 0}}, problem.points),
                    "SketchConfig: dimensions is 0, not in 1 .. 2^31");
  CHECK_THROWS_WITH(run({.lambda = -1}, problem.points),
                    "TrakConfig: lambda is -1, not a number from 0");
  CHECK_THROWS_WITH(run({}, clouds(4, 6, 3)), "trak: points have 6 features, the model takes 12");
  Dataset wrong = problem.points;
  wrong.labels[2] = 4;
  CHECK_THROWS_WITH(run({}, wrong), "trak: the label of point 2 is 4, the model has 4 classes");
  CHECK_THROWS_WITH(
      run({.sketch = {.dimensions = 200}, .lambda = 0}, problem.points),
      "trak: lambda 0 is too small for 200 dimensions of 40 examples in this scalar type; "
      "take fewer dimensions, or a lambda near 1");
  Ensemble<Net, float> diverged = single;
  diverged.theta(1, 0) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(trak(cpu, {}, diverged, problem.train, problem.points),
                    "trak: checkpoint 1 gives example 0 a margin that is not finite: look at its "
                    "weights and at the example's inputs");
  Dataset broken = problem.points;
  broken.inputs(3, 4) = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(run({}, broken),
                    "trak: the effects on point 3 are not finite: look at its inputs");
  Ensemble<Net, float> sure = single;
  for (float& w : sure.theta) w *= 1000;
  const Dataset agreed = [&] {  // labelled by the network
    Dataset data = problem.train;
    const auto logits = evaluate_logits(cpu, sure, view(data.inputs));
    std::vector<Index> kept;
    for (Index i = 0; i < data.size(); ++i) {
      const float* z = &logits(0, i, 0);
      data.labels[std::size_t(i)] = static_cast<Label>(std::max_element(z, z + 4) - z);
      if (margins(logits, data.labels.data())(0, std::size_t(i)) > 200) kept.push_back(i);
    }
    return select_rows(data, kept);
  }();
  Ensemble<Net, float> first = Ensemble<Net, float>::uninitialised(1);
  std::copy_n(sure.theta.data(), first.theta.size(), first.theta.data());
  CHECK_THROWS_WITH(trak(cpu, {}, first, agreed, problem.points),
                    "trak: the gradients of checkpoint 0 are all zero when weighted by p (1 - p): "
                    "is it sure of every example? See Curvature::identity");
}
