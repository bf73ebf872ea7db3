// Case 8: TRAK features of examples of an MLP 784-256-256-10, k = 512: gradients of the margin, one
// for each example, made short.
//
//   bench_trak --data DIR [--threads T] [--dimensions K]
//
// DIR holds inputs.npy [n][784], labels.npy [n] and theta.npy [1][p], as
// bench/peers/trak_features.py makes them. Writes features_ours.npy [n][k] there. Prints the
// seconds of features as a whole, and of the sketch of gradients that lie in memory; the best of
// three runs.
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "clock.hpp"
#include "expunge/attribution/gradient_features.hpp"
#include "expunge/io/npy.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/output/margin.hpp"
#include "expunge/train/ensemble.hpp"

namespace {

using namespace expunge;

using Net = Mlp<784, 256, 256, 10>;

struct Arguments {
  std::filesystem::path data;
  int threads = 0;
  Index dimensions = 512;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--data")) arguments.data = argv[i + 1];
    if (!std::strcmp(argv[i], "--threads")) arguments.threads = std::atoi(argv[i + 1]);
    if (!std::strcmp(argv[i], "--dimensions")) arguments.dimensions = std::atol(argv[i + 1]);
  }
  require(!arguments.data.empty(), "bench_trak: --data DIR is missing");
  return arguments;
}

/// Numbers [rows][p] as gradients are, all in memory, made short by all threads.
double seconds_of_sketch(Cpu<float>& cpu, const SketchConfig& config, Index rows) {
  Array<float, 2> gradients = make_array<float>(rows, Net::parameters);
  for (std::size_t i = 0; i < gradients.size(); ++i)
    gradients.data()[i] = static_cast<float>(i % 1009) - 500.0f;
  const MatrixView<const float> from = view(gradients);
  Array<float, 2> features = make_array<float>(rows, config.dimensions);
  const Index pieces = cpu.threads();
  return bench::best_of(3, [&] {
    for_each_cohort(cpu, pieces, 0, [&](Cpu<float>& worker, Index piece, Index count) {
      const Index first = piece * rows / pieces, end = (piece + count) * rows / pieces;
      const Sketch<Cpu<float>> sketch(worker, config, 0, Net::parameters);
      sketch(worker, from.row_range(first, end - first),
             view(features).row_range(first, end - first));
    });
  });
}

}  // namespace

int main(int argc, char** argv) try {
  const Arguments arguments = parse(argc, argv);
  const auto labels = read_npy<std::int64_t, 1>(arguments.data / "labels.npy");
  const Dataset data{read_npy<float, 2>(arguments.data / "inputs.npy"),
                     std::vector<Label>(labels.begin(), labels.end())};
  Ensemble<Net, float> model{read_npy<float, 2>(arguments.data / "theta.npy"),
                             make_array<float>(1, 0)};
  Cpu<float> cpu(arguments.threads);
  CohortWeights<Net, Cpu<float>> weights(cpu, 1);
  weights.load(cpu, model, 0);
  const SketchConfig config{.dimensions = arguments.dimensions};
  Array<float, 2> features = make_array<float>(data.size(), config.dimensions);
  const double seconds = bench::best_of(3, [&] {
    gradient_features<Net>(cpu, config, 0, weights.view(), data, Margin{}, view(features));
  });
  write_npy(arguments.data / "features_ours.npy", features);
  std::printf("expunge, features: %.4f s\n", seconds);
  std::printf("expunge, sketch: %.4f s\n", seconds_of_sketch(cpu, config, data.size()));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_trak: " << error.what() << "\n";
  return 1;
}
