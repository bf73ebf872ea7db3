// Cases 9 to 11 and 14: networks trained and unlearned on a GPU, against what the GPU can do.
//
//   bench_gpu [--images N] [--mlps M] [--resnets R] [--unlearn U]
//
// First what the machine reaches in products of 8192 x 8192. Then the GPU's results against the
// CPU's; the program ends with 1 if they differ. Then a line for each network, number of members
// and rounding: the time of a step, images per second, and the share of the products' rate. A time
// is that of epochs of one run after its first: transfers and allocations do not count. Then U
// networks forget: an epoch over the retain set, their margins on all images, KLoM of all points,
// with everything that comes and goes between host and GPU. Inputs are random numbers: times depend
// on extents alone.
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "clock.hpp"
#include "gpu_ceilings.cuh"

namespace {

using namespace expunge;
using bench::math_name, bench::product_rate, bench::uniform_data;

using Perceptron = Mlp<784, 256, 256, 10>;

struct Arguments {
  Index images = 16384, mlps = 1000, resnets = 8, unlearn = 100;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--images")) arguments.images = std::atol(argv[i + 1]);
    if (!std::strcmp(argv[i], "--mlps")) arguments.mlps = std::atol(argv[i + 1]);
    if (!std::strcmp(argv[i], "--resnets")) arguments.resnets = std::atol(argv[i + 1]);
    if (!std::strcmp(argv[i], "--unlearn")) arguments.unlearn = std::atol(argv[i + 1]);
  }
  require(arguments.images >= 512 && arguments.mlps >= 1 && arguments.resnets >= 1 &&
              arguments.unlearn >= 1,
          "bench_gpu: --images must be at least 512, --mlps, --resnets and --unlearn at least 1");
  return arguments;
}

/// Operations of one trained image: forward, and both products of the backward pass where they are
/// needed.
template <class Net>
constexpr double operations = 0;
template <>
constexpr double operations<Perceptron> = 1.21e6;
template <>
constexpr double operations<ResNet9<10>> = 1.744e9;

Recipe<> recipe_of(Index epochs, Index batch) {
  return {.descent = {.learning_rate = 0.01,
                      .epochs = epochs,
                      .last_batch = LastBatch::drop,
                      .seed = 1},
          .batch = batch,
          .optimizer = {.momentum = 0.9, .weight_decay = 5e-4}};
}

/// The largest difference of weights after some steps, relative to the largest weight.
template <class Net>
double difference_from_cpu() {
  const Dataset data = uniform_data(128, Net::Input::size);
  const SubsetMasks masks = all_but(2, 128, {});
  Cpu<float> cpu;
  Cuda<float> gpu;
  const auto expected = train<Net>(cpu, recipe_of(2, 32), data, masks);
  const auto models = train<Net>(gpu, recipe_of(2, 32), data, masks);
  return bench::largest_difference(models.theta, expected.theta);
}

template <class Net>
bool agrees(const char* name, double tolerance) {
  const double difference = difference_from_cpu<Net>();
  const bool fine = difference <= tolerance;
  std::printf("%s after 8 steps: weights differ by %.1e of the largest, %s\n", name, difference,
              fine ? "fine" : "TOO MUCH");
  return fine;
}

template <class Net, class Math>
void time_training(const char* name, const Dataset& data, Index members, Index batch,
                   double ceiling) {
  Cuda<float, Math> gpu(0, members);
  const auto first = initialise<Net, float>(1, 1);  // for all: to draw each would take longer
  auto models = Ensemble<Net, float>::uninitialised(members);
  for (Index m = 0; m < members; ++m) {
    copy_rows(Cpu<float>(1), view(first.theta), view(models.theta).row_range(m, 1));
    copy_rows(Cpu<float>(1), view(first.stats), view(models.stats).row_range(m, 1));
  }
  const Index epochs = members < 16 ? 8 : 2;  // timed, after one that loads kernels and records
  const Recipe<> recipe = recipe_of(1 + epochs, batch);
  std::vector<bench::Time> ends;
  descend(gpu, recipe.descent, data,
          LabelObjective<CrossEntropy>{all_indices(data.size()), data, {}, batch}, recipe.optimizer,
          ConstantRate{}, models, [&](auto&, const auto&) { ends.push_back(bench::now()); });
  const double epoch = std::chrono::duration<double>(ends.back() - ends.front()).count() /
                       static_cast<double>(epochs);
  const double steps = static_cast<double>(data.size() / batch);
  const double images = steps * static_cast<double>(batch * members);
  const double rate = images * operations<Net> / epoch;
  std::printf(
      "%-10s %5td members, batch %3td, %-9s %9.3f ms a step %12.0f images/s %7.2f TFLOP/s %5.1f "
      "%%\n",
      name, members, batch, math_name<Math>, 1e3 * epoch / steps, images / epoch, rate / 1e12,
      100 * rate / ceiling);
  std::fflush(stdout);
}

struct Ceilings {
  double float32, tf32, bf16;
};

template <class Net>
void time_all(const char* name, const Dataset& data, Index members, Index batch,
              const Ceilings& to) {
  time_training<Net, Ieee>(name, data, members, batch, to.float32);
  time_training<Net, Tf32>(name, data, members, batch, to.tf32);
  time_training<Net, Bf16>(name, data, members, batch, to.bf16);
}

template <class Math>
void time_unlearning(const Dataset& images, Index members) {
  Cuda<float, Math> gpu;
  const auto models = initialise<ResNet9<10>, float>(1, members);
  const Array<float, 3> logits = evaluate_logits<float>(gpu, models, view(images.inputs));
  std::vector<Index> forget;
  for (Index i = 0; i < 100; ++i) forget.push_back(i);
  const auto problem = make_problem(images, forget, models, view(logits));
  const bench::Time start = bench::now();
  const auto unlearned = unlearn(gpu, GradientDescent<>{.epochs = 1}, problem);
  const Array<float, 2> after = evaluate_margins(gpu, unlearned.models, images);
  const KlomResult klom_of_all =
      klom(gpu, margins(logits, images.labels.data(), gpu.threads()), after);
  std::printf("unlearning %5td ResNet-9, %td images, %-9s %9.3f s with KLoM (%td bad points)\n",
              members, images.size(), math_name<Math>, bench::seconds_since(start),
              klom_of_all.bad_points);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) try {
  const Arguments arguments = parse(argc, argv);
  constexpr Index side = 8192;
  const Ceilings to{product_rate(Cuda<float>(), side), product_rate(Cuda<float, Tf32>(), side),
                    product_rate(Cuda<float, Bf16>(), side)};
  const bool fine =
      agrees<Perceptron>("MLP", 1e-4) && agrees<ResNet9<10, 8>>("narrow ResNet-9", 1e-3);
  if (!fine) return 1;
  const Dataset digits = uniform_data(arguments.images, 784);
  for (const Index members : {Index{1}, Index{16}, Index{100}, arguments.mlps})
    time_all<Perceptron>("MLP", digits, members, 256, to);
  const Dataset images = uniform_data(std::min<Index>(arguments.images, 4096), 3072);
  for (Index members = 1; members <= arguments.resnets; members *= 2)
    time_all<ResNet9<10>>("ResNet-9", images, members, 256, to);
  time_unlearning<Tf32>(images, arguments.unlearn);
  time_unlearning<Bf16>(images, arguments.unlearn);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_gpu: " << error.what() << "\n";
  return 1;
}
