// Case 12: the LASSO of all targets on a GPU, seconds.
//
//   bench_gpu_lasso FOLDER [STANDARD_ERRORS]
//
// FOLDER has masks.npy and outputs.npy (bench_lasso_stage make). At one penalty for each target,
// which is so many standard errors of a correlation (default 2): the correlation matrix, and the
// fit of all targets. Then the whole stage, penalties chosen on a tenth of the models. The first 64
// targets are fitted on the CPU as well; the program ends with 1 if their effects differ. Writes
// lambda.npy and ours.npy, weights in standardised columns [targets][examples] at the one penalty,
// for a peer.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "clock.hpp"
#include "expunge/expunge_cuda.cuh"
#include "expunge/io/npy.hpp"

using namespace expunge;

namespace {

/// The largest difference of the first targets' effects, relative to the largest effect; infinity
/// if one is not finite.
double difference(const Effects<float>& all, const Effects<float>& some) {
  double largest = 0, scale = 0;
  for (Index i = 0; i < some.examples(); ++i)
    for (Index t = 0; t < some.targets(); ++t) {
      const double a = static_cast<double>(all.weights(i, t));
      const double b = static_cast<double>(some.weights(i, t));
      if (!std::isfinite(a) || !std::isfinite(b)) return std::numeric_limits<double>::infinity();
      largest = std::max(largest, std::abs(a - b));
      scale = std::max(scale, std::abs(b));
    }
  return largest / scale;
}

void write_standardised(const std::filesystem::path& file, const MaskColumns& columns,
                        const Effects<float>& effects) {
  Array<float, 2> weights = make_array<float>(effects.targets(), effects.examples());
  for (Index i = 0; i < effects.examples(); ++i)
    for (Index t = 0; t < effects.targets(); ++t)
      weights(t, i) =
          static_cast<float>(static_cast<double>(effects.weights(i, t)) * columns.sd(i));
  write_npy(file, weights);
}

void print(const char* part, double seconds) {
  std::printf("%-28s %9.3f s\n", part, seconds);
  std::fflush(stdout);
}

int run(const std::filesystem::path& folder, double standard_errors) {
  const SubsetMasks masks = from_bool(read_npy<bool, 2>(folder / "masks.npy"));
  const Array<float, 2> outputs = read_npy<float, 2>(folder / "outputs.npy");
  const Index targets = view(outputs).cols;
  std::printf("float32, %td models, %td examples, %td targets\n", masks.models(), masks.examples(),
              targets);
  const Cuda<float> gpu;
  const PlugInLassoConfig config{.standard_errors = standard_errors};
  const SubsetMasks few = model_range(masks, 0, std::min<Index>(masks.models(), 128));
  PlugInLasso{config}.fit(gpu, few, view(outputs).row_range(0, few.models()).columns(0, 1));

  bench::Time start = bench::now();
  const PlugInLassoRegression<float> regression(gpu, masks, config);
  const double gram = bench::seconds_since(start);
  print("correlation matrix", gram);
  const Effects<float> effects = regression.fit(gpu, outputs);
  const double all = bench::seconds_since(start);
  print("fit at one penalty", all - gram);
  print("both", all);
  start = bench::now();
  const Effects<float> chosen =
      Lasso{{.validation_models = masks.models() / 10}}.fit(gpu, masks, outputs);
  print("whole stage", bench::seconds_since(start));
  std::printf("%td and %td of %td targets converged\n", effects.targets_converged,
              chosen.targets_converged, targets);

  write_standardised(folder / "ours.npy", MaskColumns(masks), effects);
  write_npy(folder / "lambda.npy", effects.lambda);
  const Effects<float> on_cpu =
      regression.fit(Cpu<float>(), view(outputs).columns(0, std::min<Index>(64, targets)));
  const double apart = difference(effects, on_cpu);
  const bool fine =
      apart <= 1e-3 && effects.targets_converged == targets && chosen.targets_converged == targets;
  std::printf("effects differ from the CPU's by %.1e of the largest: %s\n", apart,
              fine ? "fine" : "TOO MUCH, or targets did not converge");
  return fine ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) try {
  if (count < 2) {
    std::fprintf(stderr, "bench_gpu_lasso FOLDER [STANDARD_ERRORS]\n");
    return 2;
  }
  return run(arguments[1], count > 2 ? std::atof(arguments[2]) : 2.0);
} catch (const std::exception& error) {
  std::cerr << "bench_gpu_lasso: " << error.what() << "\n";
  return 1;
}
