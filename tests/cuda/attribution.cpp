// Datamodels on the GPU against the CPU's.
#include <doctest/doctest.h>

#include "attribution/lockstep_cases.hpp"
#include "comparators.hpp"
#include "expunge/expunge_cuda.cuh"
#include "small_data.hpp"

using namespace expunge;

TEST_CASE("LASSO on the GPU is the CPU's, whatever products round to") {
  test::check_lockstep_lasso(Cuda<double>(), 1e-9, 1e-6);
  test::check_lockstep_lasso(Cuda<float>(), 1e-4, 2e-3);
  test::check_lockstep_lasso(Cuda<float, Bf16>(), 1e-4, 2e-3);
}

TEST_CASE("Ridge on the GPU has the CPU's correlations") {
  const test::LockstepProblem<float> problem(120, 40, 6);
  const Ridge ridge{{.lambda = 0.1}};
  const Effects<float> effects = ridge.fit(Cuda<float, Tf32>(), problem.masks, problem.outputs);
  CHECK(relative_difference(effects.weights,
                            ridge.fit(Cpu<float>(1), problem.masks, problem.outputs).weights) <
        1e-5);
}

namespace {

/// Effects on logits, from two checkpoints.
template <class Model, class B>
auto trak_effects(B&& backend, Index examples = 30) {
  const Dataset data = clouds(examples, Model::Input::size, 3);
  const Dataset points = clouds(7, Model::Input::size, 3, 1);
  const auto models = initialise<Model, typename std::remove_cvref_t<B>::Real>(3, 2);
  const TrakConfig config{.sketch = {.dimensions = 40}, .lambda = 0.01};
  return trak(backend, config, models, data, points, Logits{}).weights;
}

}  // namespace

TEST_CASE("TRAK on the GPU is the CPU's") {
  using Flat = Mlp<6, 9, 3>;
  using Images = ResNet9<3, 2, Shape<3, 12, 12>>;
  CHECK(relative_difference(trak_effects<Flat>(Cuda<double>()),
                            trak_effects<Flat>(Cpu<double>(2))) < 1e-10);
  CHECK(relative_difference(trak_effects<Flat>(Cuda<float>()), trak_effects<Flat>(Cpu<float>(2))) <
        1e-3);
  CHECK(relative_difference(trak_effects<Flat>(Cuda<double>(0, 1), 700),  // two batches
                            trak_effects<Flat>(Cpu<double>(2), 700)) < 1e-10);
  CHECK(relative_difference(trak_effects<Images>(Cuda<double>()),
                            trak_effects<Images>(Cpu<double>(2))) < 1e-9);
}

TEST_CASE("TRAK on the GPU takes images as bytes") {
  using Images = ResNet9<3, 2, Shape<3, 12, 12>>;
  const ImageDataset images = image_clouds(12, 3, 144, 3);
  const Dataset floats = as_floats(images);
  const auto models = initialise<Images, float>(3, 2);
  const auto effects = [&](DatasetView data) {
    Cuda<float> gpu;
    return trak(gpu, {.sketch = {.dimensions = 16}}, models, data, data).weights;
  };
  CHECK(same_bytes(effects(images), effects(floats)));
}
