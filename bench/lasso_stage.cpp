// The whole LASSO stage and its parts, seconds: penalties chosen on a tenth of the models along 100
// penalties, then the final fit. Beside it the two matrix products alone, and one penalty for all.
//
//   lasso_stage make FOLDER MODELS EXAMPLES TARGETS
//       masks.npy (half of the examples each) and outputs.npy (50 planted effects a target, from
//       Student's t with 3 degrees of freedom, and noise of the same variance: R^2 = .5)
//   lasso_stage run FOLDER LAMBDA [RUNS]
//       best of RUNS (3); writes ours.npy, weights in standardised columns [targets][examples] of
//       the plain solve at LAMBDA (of each target's lambda_max)
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>

#include "clock.hpp"
#include "expunge/attribution/lasso.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/core/random.hpp"
#include "expunge/io/npy.hpp"

using namespace expunge;

namespace {

namespace fs = std::filesystem;

/// Student's t with 3 degrees of freedom.
double heavy(std::uint32_t target, std::uint64_t effect) {
  const auto normal = [&](std::uint64_t k) {
    return random_normal(1, {Purpose::test, target}, 4 * effect + k);
  };
  const double square = normal(1) * normal(1) + normal(2) * normal(2) + normal(3) * normal(3);
  return normal(0) / std::sqrt(square / 3);
}

void make(const fs::path& folder, Index models, Index examples, Index targets) {
  const Cpu<float> backend;
  const SubsetMasks masks = fixed_size_subsets(1, models, examples, 0.5);
  Effects<float> effects = zero_effects<float>(examples, targets);
  Array<float, 1> noise = make_array<float>(targets);
  parallel_for(backend.threads(), targets, [&](int, Index t) {
    const std::uint32_t stream = static_cast<std::uint32_t>(t);
    std::vector<Index> order;
    random_permutation(2, {Purpose::test, stream}, 0, examples, order);
    double variance = 0;
    for (Index k = 0; k < std::min<Index>(50, examples); ++k) {
      const double effect = heavy(stream, static_cast<std::uint64_t>(k));
      effects.weights.data()[order[static_cast<std::size_t>(k)] * targets + t] =
          static_cast<float>(effect);
      variance += effect * effect / 4;
    }
    noise.data()[t] = static_cast<float>(std::sqrt(variance));
  });
  const Array<double, 2> predicted = predict(backend, effects, masks);
  Array<float, 2> outputs = make_array<float>(models, targets);
  parallel_for(backend.threads(), targets, [&](int, Index t) {
    for (Index m = 0; m < models; ++m)
      outputs.data()[m * targets + t] =
          static_cast<float>(predicted.data()[m * targets + t]) +
          noise.data()[t] *
              static_cast<float>(random_normal(3, {Purpose::test, static_cast<std::uint32_t>(t)},
                                               static_cast<std::uint64_t>(m)));
  });
  write_npy(folder / "masks.npy", to_bool(masks));
  write_npy(folder / "outputs.npy", outputs);
}

/// The smallest times of the parts over the runs.
struct Times {
  double gram = 1e300, products = 1e300, single = 1e300, choice = 1e300, final = 1e300,
         stage = 1e300;
};

/// X'X, X'Y, and the solution at lambda = fraction * lambda_max of each target.
void plain(const Cpu<float>& backend, const SubsetMasks& masks, MatrixView<const float> y,
           float fraction, Times& best, LassoSolution<float>& solution) {
  bench::Time start = bench::now();
  const MaskColumns columns(masks, backend.threads());
  const Array<float, 2> gram = mask_correlations(backend, columns);
  best.gram = std::min(best.gram, bench::seconds_since(start));
  start = bench::now();
  Array<float, 2> c = make_array<float>(y.cols, columns.examples());
  for_each_target_block<float>(
      "bench", backend.threads(), y, BitPanels(columns), [&](int, const TargetBlock<float>& block) {
        for (Index t = 0; t < block.count(); ++t) {
          float* const row = c.data() + (block.first() + t) * columns.examples();
          detail::write_correlations(columns, block, t, row);
          const float unit = static_cast<float>(block.scale(t));
          for (Index i = 0; i < columns.examples(); ++i) row[i] *= unit;
        }
      });
  best.products = std::min(best.products, bench::seconds_since(start));
  start = bench::now();
  Array<float, 1> lambda = make_array<float>(y.cols);
  for (Index t = 0; t < y.cols; ++t) {
    const float* row = c.data() + t * columns.examples();
    float largest = 0;
    for (Index i = 0; i < columns.examples(); ++i) largest = std::max(largest, std::abs(row[i]));
    lambda.data()[t] = fraction * largest;
  }
  solution = solve_lasso(backend, view(gram), view(std::as_const(c)), lambda);
  best.single = std::min(best.single, bench::seconds_since(start));
}

/// The stage; returns what it chose and fitted.
Effects<float> stage(const Cpu<float>& backend, const SubsetMasks& masks, MatrixView<const float> y,
                     Times& best) {
  const bench::Time start = bench::now();
  LassoPenaltyChoice<float> choice(backend, masks, {.validation_models = masks.models() / 10});
  const LassoPenalties<float> chosen = choice.choose(backend, y);
  const double chose = bench::seconds_since(start);
  Effects<float> effects =
      std::move(choice).regression(backend, masks).fit(backend, y, chosen.lambda);
  const double all = bench::seconds_since(start);
  best.choice = std::min(best.choice, chose);
  best.final = std::min(best.final, all - chose);
  best.stage = std::min(best.stage, all);
  return effects;
}

int run(const fs::path& folder, float fraction, int runs) {
  const Cpu<float> backend;
  const SubsetMasks masks = from_bool(read_npy<bool, 2>(folder / "masks.npy"));
  const Array<float, 2> outputs = read_npy<float, 2>(folder / "outputs.npy");
  const MatrixView<const float> y = view(outputs);
  std::printf("%s, %d threads, float32, %td models, %td examples, %td targets, best of %d\n",
              bench::processor().c_str(), backend.threads(), masks.models(), masks.examples(),
              y.cols, runs);
  Times best;
  LassoSolution<float> solution;
  Effects<float> effects;
  for (int i = 0; i < runs; ++i) {
    plain(backend, masks, y, fraction, best, solution);
    effects = stage(backend, masks, y, best);
  }
  write_npy(folder / "ours.npy", solution.weights);
  std::printf("product X'X: %.4f s\nproduct X'Y: %.4f s\nsolve at one lambda: %.4f s\n", best.gram,
              best.products, best.single);
  std::printf("choice of lambda: %.4f s\nfinal fit: %.4f s\nwhole stage: %.4f s\n", best.choice,
              best.final, best.stage);
  float residual = 0;
  for (const float r : effects.kkt_residual) residual = r <= residual ? residual : r;
  std::printf("the stage's largest KKT residual / lambda_max %.1e; %td of %td targets converged\n",
              static_cast<double>(residual), effects.targets_converged, y.cols);
  const bool good = effects.targets_converged == y.cols && solution.targets_converged == y.cols;
  return good && residual <= 1e-3F ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string command = count > 1 ? arguments[1] : "";
  if (command == "make" && count == 6) {
    make(arguments[2], std::stol(arguments[3]), std::stol(arguments[4]), std::stol(arguments[5]));
    return 0;
  }
  if (command == "run" && count >= 4)
    return run(arguments[2], std::stof(arguments[3]), count > 4 ? std::stoi(arguments[4]) : 3);
  std::fprintf(stderr,
               "lasso_stage make FOLDER MODELS EXAMPLES TARGETS\n"
               "lasso_stage run FOLDER LAMBDA [RUNS]\n");
  return 2;
}
