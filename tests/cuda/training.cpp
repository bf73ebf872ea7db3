// Training, answers and running statistics on the GPU against the CPU.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "cuda/device_array.hpp"
#include "small_data.hpp"

using namespace expunge;

namespace {

using Flat = Mlp<6, 9, 3>;
using Dropped =
    Sequential<Linear<6, 9>, Relu<9>, Dropout<Shape<9>, std::ratio<1, 4>>, Linear<9, 3>>;
using Images = ConvNet<3, 4, Shape<1, 8, 8>>;
using Residuals = ResNet9<3, 2, Shape<3, 12, 12>>;

template <class Model, class B>
auto trained(B& backend, const Recipe<>& recipe) {
  const Dataset data = clouds(40, Model::Input::size, 3);
  return train<Model>(backend, recipe, data, fixed_size_subsets(3, 5, 40, 0.75));
}

template <class Model>
Recipe<> recipe_of() {
  return {.descent = {.learning_rate = 0.02, .epochs = 2, .seed = 11}, .batch = 3};  // recorded
}

/// Of weights and of answers.
template <class Model, class Real>
void check_training(const Recipe<>& recipe, double tolerance) {
  Cpu<Real> cpu(1);
  const Ensemble<Model, Real> expected = trained<Model>(cpu, recipe);
  const Dataset points = clouds(300, Model::Input::size, 3, 1);
  const auto logits = evaluate_logits<Real>(cpu, expected, view(points.inputs));
  for (const Index cohort : {0, 1, 3}) {
    CAPTURE(cohort);
    Cuda<Real> gpu(0, cohort);
    const Ensemble<Model, Real> models = trained<Model>(gpu, recipe);
    CHECK(relative_difference(models.theta, expected.theta) <= tolerance);
    if (Model::statistics > 0)
      CHECK(relative_difference(models.stats, expected.stats) <= tolerance);
    CHECK(relative_difference(evaluate_logits<Real>(gpu, models, view(points.inputs)), logits) <=
          10 * tolerance);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("training gives the CPU's weights and answers", Model, Flat, Dropped, Images) {
  check_training<Model, double>(recipe_of<Model>(), 1e-10);
}

TEST_CASE("in float too") {
  check_training<Images, float>(recipe_of<Images>(), 2e-5);
}

TEST_CASE("so does that of a residual network, with augmentation, weight decay and momentum") {
  Recipe<> recipe = recipe_of<Residuals>();
  recipe.optimizer = {.momentum = 0.9, .weight_decay = 5e-3};
  recipe.descent.augmentation = {.flip = true, .crop = 2, .cutout = 3};
  check_training<Residuals, double>(recipe, 1e-9);
}

TEST_CASE("images lie on the device as bytes and give what floats give, to the bit") {
  const ImageDataset images = image_clouds(40, 3, 144, 3), points = image_clouds(300, 3, 144, 3, 1);
  {
    Cuda<float> gpu;
    const Cuda<float>::ResidentScope scope(gpu);
    const InputsView there = kept_inputs(gpu, images.inputs());
    CHECK(there.are_bytes());
    CHECK(detail::on_device(there.bytes.data));
    CHECK(detail::on_device(there.values.data));
  }
  Recipe<> recipe = recipe_of<Residuals>();
  for (const bool augment : {false, true}) {
    if (augment) recipe.descent.augmentation = {.flip = true, .crop = 2, .cutout = 3};
    const auto run = [&](DatasetView data, DatasetView asked) {
      Cuda<float> gpu;
      const SubsetMasks masks = fixed_size_subsets(3, 3, 40, 0.75);
      auto models = train<Residuals>(gpu, recipe, data, masks);
      reestimate_statistics(gpu, models, data.inputs, masks, 8);
      return std::pair(models, evaluate_margins(gpu, models, asked));
    };
    const auto [models, answers] = run(images, points);
    const auto [expected, expected_answers] = run(as_floats(images), as_floats(points));
    CHECK(same_bytes(models.theta, expected.theta));
    CHECK(same_bytes(models.stats, expected.stats));
    CHECK(same_bytes(answers, expected_answers));
  }
}

TEST_CASE("batches of other sizes, and evaluation between epochs, do not disturb recorded steps") {
  const Dataset data = clouds(50, Images::Input::size, 3);
  const auto run = [&](auto&& backend, LastBatch last) {
    auto models = initialise<Images, double>(1, 3);
    const MarginRecorder<Images, std::remove_cvref_t<decltype(backend)>> recorder(3, 3, data);
    descend(backend, {.learning_rate = 0.02, .epochs = 3, .last_batch = last}, data,
            LabelObjective<CrossEntropy>{all_indices(50), data, {}, 4}, Sgd{}, ConstantRate{},
            models, recorder);
    return models;
  };
  for (const LastBatch last : {LastBatch::keep, LastBatch::drop, LastBatch::merge}) {
    const auto expected = run(Cpu<double>(1), last), models = run(Cuda<double>(), last);
    CHECK(relative_difference(models.theta, expected.theta) <= 1e-10);
  }
}

TEST_CASE("margins, and outputs of other kinds, come from the device chunk by chunk") {
  const Dataset points = clouds(300, 6, 3);  // more than a chunk
  const auto models = initialise<Flat, double>(1, 5);
  Cpu<double> cpu(1);
  const auto logits = evaluate_logits<double>(cpu, models, view(points.inputs));
  const Array<double, 2> expected = margins(logits, points.labels.data());
  CHECK(same_bytes(evaluate_margins(cpu, models, points), expected));
  for (const Index cohort : {0, 2}) {
    Cuda<double> gpu(0, cohort);
    CHECK(relative_difference(evaluate_margins(gpu, models, points), expected) < 1e-12);
  }
  Cuda<double> gpu;
  CohortWeights<Flat, Cuda<double>> weights(gpu, 5);
  weights.load(gpu, models, 0);
  Evaluator<Flat, Cuda<double>> evaluate(gpu, 5);
  Array<double, 3> again = make_array<double>(5, 300, 3), few = make_array<double>(5, 300, 1);
  evaluate(gpu, weights.view(), points, Logits{}, view(again));
  CHECK(relative_difference(again, logits) < 1e-12);
  CHECK_THROWS_WITH(evaluate(gpu, weights.view(), points, Logits{}, view(few)),
                    "Evaluator: outputs of 5 members at 300 points into [5][300][1]");
}

TEST_CASE("the same seed gives the same bytes twice") {
  Cuda<float> gpu;
  const auto once = trained<Images>(gpu, recipe_of<Images>());
  const auto twice = trained<Images>(gpu, recipe_of<Images>());
  CHECK(same_bytes(once.theta, twice.theta));
  CHECK(same_bytes(once.stats, twice.stats));
}

TEST_CASE("losses and divergence are reported") {
  const Dataset data = clouds(40, 6, 3);
  const auto run = [&](auto&& backend, double rate) {
    auto models = initialise<Flat, double>(1, 3);
    return descend(backend, {.learning_rate = rate, .epochs = 3}, data,
                   LabelObjective<CrossEntropy>{{1, 2, 5, 7, 11}, data, {}, 2}, Sgd{},
                   ConstantRate{}, models);
  };
  const DescentReport expected = run(Cpu<double>(1), 0.01), report = run(Cuda<double>(), 0.01);
  for (std::size_t m = 0; m < 3; ++m)
    CHECK(report.losses[m] == doctest::Approx(expected.losses[m]).epsilon(1e-10));
  CHECK(report.samples == expected.samples);
  CHECK(report.diverged() == 0);
  CHECK(run(Cuda<double>(), 1e200).diverged() == 3);
}

TEST_CASE("running statistics are estimated anew") {
  const Dataset data = clouds(40, Images::Input::size, 3);
  Cpu<double> cpu(1);
  Cuda<double> gpu;
  auto expected = trained<Images>(cpu, recipe_of<Images>());
  auto models = expected;
  reestimate_statistics(cpu, expected, view(data.inputs), 12);
  reestimate_statistics(gpu, models, view(data.inputs), 12);
  CHECK(relative_difference(models.stats, expected.stats) <= 1e-12);
  CHECK(same_bytes(models.theta, expected.theta));
}
