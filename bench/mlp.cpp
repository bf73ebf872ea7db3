// Case 5: 16 MLPs 784-256-256-10, batch 256, 200 steps of SGD, fp32, one model per core.
//
//   bench_mlp --data DIR [--threads T] [--repeats R]
//
// DIR holds inputs.npy [n][784], labels.npy [n], theta0.npy [16][p] and order.npy [200][256], as
// bench/peers/mlp_torch.py makes them. Writes theta_ours.npy there and prints images per second,
// the best of R runs after a warm-up.
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "clock.hpp"
#include "expunge/io/npy.hpp"
#include "expunge/nn/mlp.hpp"
#include "given_batches.hpp"

namespace {

using namespace expunge;

using Net = Mlp<784, 256, 256, 10>;
using Models = Ensemble<Net, float>;

struct Arguments {
  std::filesystem::path data;
  int threads = 0;
  int repeats = 5;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--data")) arguments.data = argv[i + 1];
    if (!std::strcmp(argv[i], "--threads")) arguments.threads = std::atoi(argv[i + 1]);
    if (!std::strcmp(argv[i], "--repeats")) arguments.repeats = std::atoi(argv[i + 1]);
  }
  require(!arguments.data.empty(), "bench_mlp: --data DIR is missing");
  return arguments;
}

}  // namespace

int main(int argc, char** argv) try {
  const Arguments arguments = parse(argc, argv);
  Dataset data{read_npy<float, 2>(arguments.data / "inputs.npy"), {}};
  for (const Index label : read_npy<Index, 1>(arguments.data / "labels.npy"))
    data.labels.push_back(static_cast<Label>(label));
  const Array<float, 2> theta0 = read_npy<float, 2>(arguments.data / "theta0.npy");
  const Array<Index, 2> order = read_npy<Index, 2>(arguments.data / "order.npy");
  const auto steps = static_cast<Index>(order.shape()[0]);
  const DescentConfig config{.learning_rate = 0.05, .epochs = steps};
  const bench::GivenBatches objective{order, data.labels.data()};

  Cpu<float> backend(arguments.threads);
  Models models = Models::uninitialised(static_cast<Index>(theta0.shape()[0]));
  const double best = bench::best_of(
      arguments.repeats, [&] { models.theta = theta0; },
      [&] {
        descend(backend, config, data, objective, Sgd{.weight_decay = 5e-4}, ConstantRate{},
                models);
      });
  write_npy(arguments.data / "theta_ours.npy", models.theta);
  const double images = static_cast<double>(models.members()) * static_cast<double>(order.size());
  std::printf("expunge  float32  %d threads  %td models  %.3f s  %.0f images/s\n",
              backend.threads(), models.members(), best, images / best);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_mlp: " << error.what() << "\n";
  return 1;
}
