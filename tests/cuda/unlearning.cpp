// Every method of unlearning on the GPU against the CPU.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "cuda/device_array.hpp"
#include "unlearning/small_problem.hpp"

using namespace expunge;

namespace {

template <class Method>
void check_method(const Method& method, double tolerance) {
  SmallProblem small;
  const auto expected = unlearn(small.backend, method, small.problem);
  for (const Index cohort : {0, 2}) {
    CAPTURE(cohort);
    Cuda<double> gpu(0, cohort);
    const auto unlearned = unlearn(gpu, method, small.problem);
    CHECK(relative_difference(unlearned.models.theta, expected.models.theta) <= tolerance);
    CHECK(relative_difference(unlearned.models.theta, small.models.theta) > 1e-6);
  }
}

const FixedChange attribution = fixed_change(60, 3);

template <class Prior>
GaussNewtonMatching<DmDirect<FixedChange>, UniformRetain, Prior> matching() {
  return {.target = {attribution},
          .damping = 3e-2,
          .iterations = 4,
          .retain_count = 20,
          .retain_multiple = 0};
}

}  // namespace

TEST_CASE("gradient methods, in steps that are recorded") {
  check_method(GradientAscent<>{.epochs = 2, .batch = 1}, 1e-10);
  check_method(AscentDescent<>{.forget_batch = 1, .retain_batch = 4}, 1e-10);
  check_method(Scrub<>{.epochs = 2, .max_steps = 1, .forget_batch = 1, .retain_batch = 4}, 1e-10);
}

TEST_CASE("gradient methods") {
  check_method(GradientAscent<>{}, 1e-10);
  check_method(GradientDescent<>{}, 1e-10);
  check_method(AscentDescent<>{}, 1e-10);
  check_method(Scrub<>{.epochs = 2, .max_steps = 1}, 1e-10);
}

TEST_CASE("forgetting takes images as bytes") {
  using Net = ResNet9<3, 2, Shape<3, 12, 12>>;
  const ImageDataset images = image_clouds(20, 3, 144, 3);
  const Dataset floats = as_floats(images);
  const auto models = initialise<Net, double>(1, 2);
  const auto forgotten = [&](DatasetView data) {
    Cuda<double> gpu;
    const auto logits = evaluate_logits<double>(gpu, models, data.inputs);
    const auto problem = make_problem(data, {2, 3}, models, view(logits));
    return unlearn(gpu, GradientDescent<>{.epochs = 1, .batch = 6}, problem).models.theta;
  };
  CHECK(same_bytes(forgotten(images), forgotten(floats)));
}

TEST_CASE("matching by descent, with a pull towards theta0") {
  DatamodelMatching<FixedChange> method{.target = {attribution}, .epochs = 2, .batch = 2};
  method.retain_multiple = 2;
  method.distance_penalty = 1e-3;
  method.retain_sample = RetainSample::each_epoch;
  check_method(method, 1e-9);
}

TEST_CASE("Gauss-Newton matching with every prior") {
  check_method(matching<IsotropicPrior>(), 1e-7);
  check_method(matching<KroneckerPrior>(), 1e-7);
}

TEST_CASE("margins are recorded after every epoch, and SCRUB rewinds") {
  SmallProblem small;
  Cuda<double> gpu;
  MarginRecorder<SmallModel, Cpu<double>> expected(2, 3, small.data);
  MarginRecorder<SmallModel, Cuda<double>> recorder(2, 3, small.data);
  const GradientDescent<> method{.epochs = 2};
  unlearn(small.backend, method, small.problem, expected);
  unlearn(gpu, method, small.problem, recorder);
  CHECK(relative_difference(recorder.margins(), expected.margins()) <= 1e-5);
}
