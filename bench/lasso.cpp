// LASSO on one Gram matrix of masks, seconds: the parts of a stage, best of RUNS (5) after a
// warm-up.
//
//   lasso MASKS.npy OUTPUTS.npy single LAMBDA WEIGHTS.npy [RUNS]         one penalty for all
//   targets lasso MASKS.npy OUTPUTS.npy path LAMBDAS RATIO WEIGHTS.npy [RUNS]    a path of each
//   target
//
// MASKS: bool [models][examples]; OUTPUTS: float32 [models][targets]. Weights are written in
// standardised columns, [targets][examples] or [targets][lambdas][examples].
#include <cstdio>
#include <filesystem>
#include <string>

#include "clock.hpp"
#include "expunge/attribution/lasso.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/io/npy.hpp"

using namespace expunge;

namespace {

/// X~'y / m [targets][examples].
Array<float, 2> correlations_of(const Cpu<float>& backend, const MaskColumns& columns,
                                const Array<float, 2>& outputs) {
  const MatrixView<const float> y = view(outputs);
  Array<float, 2> correlations = make_array<float>(y.cols, columns.examples());
  for_each_target_block<float>(
      "bench", backend.threads(), y, BitPanels(columns), [&](int, const TargetBlock<float>& block) {
        for (Index t = 0; t < block.count(); ++t) {
          float* const row = &correlations(static_cast<std::size_t>(block.first() + t), 0);
          detail::write_correlations(columns, block, t, row);
          const float unit = static_cast<float>(block.scale(t));
          for (Index i = 0; i < columns.examples(); ++i) row[i] *= unit;
        }
      });
  return correlations;
}

void report(const char* part, double seconds) {
  std::printf("%s: %.4f s\n", part, seconds);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 6) {
    std::fprintf(stderr,
                 "lasso MASKS.npy OUTPUTS.npy single LAMBDA WEIGHTS.npy [RUNS]\n"
                 "lasso MASKS.npy OUTPUTS.npy path LAMBDAS RATIO WEIGHTS.npy [RUNS]\n");
    return 2;
  }
  const bool single = std::string(arguments[3]) == "single";
  const int runs = count > (single ? 6 : 7) ? std::stoi(arguments[single ? 6 : 7]) : 5;
  const Cpu<float> backend;
  const SubsetMasks masks = from_bool(read_npy<bool, 2>(std::filesystem::path(arguments[1])));
  const Array<float, 2> outputs = read_npy<float, 2>(std::filesystem::path(arguments[2]));
  std::printf("%s, %d threads, float32, %td models, %td examples, %zu targets\n",
              bench::processor().c_str(), backend.threads(), masks.models(), masks.examples(),
              outputs.shape()[1]);
  const MaskColumns columns(masks, backend.threads());
  Array<float, 2> gram, correlations;
  report("gram",
         bench::best_of(runs, [&] { gram = mask_correlations(backend, MaskColumns(masks)); }));
  report("products X'Y",
         bench::best_of(runs, [&] { correlations = correlations_of(backend, columns, outputs); }));
  const MatrixView<const float> g(gram.data(), columns.examples(), columns.examples());
  const MatrixView<const float> c = view(std::as_const(correlations));
  if (single) {
    Array<float, 1> lambda = make_array<float>(c.rows);
    lambda.fill(std::stof(arguments[4]));
    LassoSolution<float> solution;
    report("solve", bench::best_of(runs, [&] { solution = solve_lasso(backend, g, c, lambda); }));
    std::printf("%td of %td targets converged, %.1f sweeps a target\n", solution.targets_converged,
                c.rows, static_cast<double>(solution.sweeps) / static_cast<double>(c.rows));
    write_npy(arguments[5], solution.weights);
  } else if (count >= 7) {
    LassoPath<float> path;
    report("solve", bench::best_of(runs, [&] {
             path = lasso_path(backend, g, c, std::stol(arguments[4]), std::stod(arguments[5]));
           }));
    std::printf("%td of %td targets converged\n", path.targets_converged, c.rows);
    write_npy(arguments[6], path.weights);
  }
  return 0;
}
