// Case 6, the whole training step of ResNet-9 at batch 64, float32: forward in train mode, cross
// entropy, backward, SGD with momentum and weight decay.
//
//   --data DIR [--threads T] [--steps S] [--warm-up U]
//
// DIR holds inputs.npy [n][3072], labels.npy [n], theta0.npy [1][p] and order.npy [batches][64], as
// bench/peers/training_step_torch.py makes them. T members of the same weights, one per thread, do
// U + S steps each on the batches in turn. Writes theta_ours.npy, stats_ours.npy and loss_ours.npy
// (of the last step) of the first member, and prints the time of a step: of each of the S the
// slowest member's, and of those the quickest.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

#include "clock.hpp"
#include "expunge/io/npy.hpp"
#include "given_batches.hpp"

namespace bench {

using namespace expunge;

struct TrainingArguments {
  std::filesystem::path data;
  int threads = 1;
  Index steps = 5, warm_up = 2;
};

inline TrainingArguments parse_training(int argc, char** argv) {
  TrainingArguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--data")) arguments.data = argv[i + 1];
    if (!std::strcmp(argv[i], "--threads")) arguments.threads = std::atoi(argv[i + 1]);
    if (!std::strcmp(argv[i], "--steps")) arguments.steps = std::atoi(argv[i + 1]);
    if (!std::strcmp(argv[i], "--warm-up")) arguments.warm_up = std::atoi(argv[i + 1]);
  }
  require(!arguments.data.empty() && arguments.threads > 0 && arguments.steps > 0,
          "--data DIR is missing, or no threads, or no steps");
  return arguments;
}

/// When each member finished each step.
struct StepTimes {
  std::vector<std::vector<Time>>& ends;  // [members][steps]
  template <class B, class Real>
  void operator()(B&, const EpochEnd<Real>& end) const {
    ends[static_cast<std::size_t>(end.first_member)].push_back(now());
  }
};

/// Seconds of the quickest step after the warm-up, a step being as slow as its slowest member.
/// Without warm-up the first step has no beginning and does not count.
inline double quickest_step(const std::vector<std::vector<Time>>& ends, Index warm_up) {
  double best = 0;
  for (auto step = static_cast<std::size_t>(std::max<Index>(warm_up, 1)); step < ends[0].size();
       ++step) {
    double slowest = 0;
    for (const auto& member : ends)
      slowest =
          std::max(slowest, std::chrono::duration<double>(member[step] - member[step - 1]).count());
    if (best == 0 || slowest < best) best = slowest;
  }
  return best;
}

/// Trains as the arguments say, writes the results and returns seconds per step.
template <class Net, class Optimizer = Sgd>
double training_step(const TrainingArguments& arguments, const Optimizer& optimizer) {
  Dataset data{read_npy<float, 2>(arguments.data / "inputs.npy"), {}};
  for (const Index label : read_npy<Index, 1>(arguments.data / "labels.npy"))
    data.labels.push_back(static_cast<Label>(label));
  const auto theta0 = read_npy<float, 2>(arguments.data / "theta0.npy");
  const auto order = read_npy<Index, 2>(arguments.data / "order.npy");
  require(theta0.size() == Net::parameters, "theta0.npy has ", theta0.size(),
          " numbers, the model ", Net::parameters);

  auto models = initialise<Net, float>(0, arguments.threads);  // for the running statistics
  for (Index m = 0; m < models.members(); ++m)
    std::copy_n(theta0.data(), Net::parameters, models.theta.data() + m * Net::parameters);
  std::vector<std::vector<Time>> ends(static_cast<std::size_t>(arguments.threads));
  const GivenBatches objective{order, data.labels.data()};
  Cpu<float> backend(arguments.threads);
  const DescentReport report =
      descend(backend, {.learning_rate = 0.02, .epochs = arguments.warm_up + arguments.steps}, data,
              objective, optimizer, ConstantRate{}, models, StepTimes{ends});

  auto loss = make_array<double>(1);
  loss(0) = report.losses[0];
  write_npy(arguments.data / "theta_ours.npy", models.theta);
  write_npy(arguments.data / "stats_ours.npy", models.stats);
  write_npy(arguments.data / "loss_ours.npy", loss);
  return quickest_step(ends, arguments.warm_up);
}

/// The program that does this for ResNet9<10>, written by `name` in what it prints.
template <class Net>
int run_training_step(const char* name, int argc, char** argv) try {
  const TrainingArguments arguments = parse_training(argc, argv);
  const double seconds = training_step<Net>(arguments, Sgd{.weight_decay = 5e-4});
  std::printf("%s %d %.6f s per step\n", name, arguments.threads, seconds);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s: %s\n", std::filesystem::path(argv[0]).filename().c_str(), error.what());
  return 1;
}

}  // namespace bench
