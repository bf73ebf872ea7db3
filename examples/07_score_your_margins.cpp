// Scoring models that were trained elsewhere: margins as .npy files, one row per model.
//
//   07_score_your_margins oracle.npy unlearned.npy [forget_set.npy]
//
// Both files are [models][points], f2, f4 or f8; the forget set holds positions among the points
// (without it, all points are scored). Without any file the program makes up two, with a forget set
// whose margins are half a standard deviation too high.
#include <cstdio>
#include <filesystem>
#include <numeric>

#include "expunge/expunge.hpp"

using namespace expunge;

namespace {

struct Files {
  std::filesystem::path oracle, unlearned, forget;
};

Array<float, 2> made_up_margins(Index models, std::uint32_t stream, float shift) {
  Array<float, 2> margins = make_array<float>(models, 400);
  for (Index m = 0; m < models; ++m)
    for (Index x = 0; x < 400; ++x)
      margins(m, x) = static_cast<float>(random_normal(7, {Purpose::synthetic_data, stream},
                                                       static_cast<std::uint64_t>(m * 400 + x))) +
                      (x < 100 ? shift : 0.0f);
  return margins;
}

Files make_up_files() {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / "expunge_example_07";
  std::filesystem::create_directories(folder);
  const Files files{folder / "oracle.npy", folder / "unlearned.npy", folder / "forget_set.npy"};
  write_npy(files.oracle, made_up_margins(200, 0, 0));
  write_npy(files.unlearned, made_up_margins(100, 1, 0.5f));
  Array<std::int64_t, 1> forget = make_array<std::int64_t>(100);
  std::iota(forget.begin(), forget.end(), std::int64_t{0});
  write_npy(files.forget, forget);
  return files;
}

}  // namespace

int main(int argc, char** argv) try {
  const Files files = argc < 3 ? make_up_files() : Files{argv[1], argv[2], argc > 3 ? argv[3] : ""};
  const auto oracle = read_npy<float, 2>(files.oracle);
  const auto unlearned = read_npy<float, 2>(files.unlearned);
  const Index points = view(oracle).cols;
  const std::vector<Index> split =
      files.forget.empty() ? all_indices(points) : read_index_file(files.forget, points);

  // Forward, reverse and Gaussian together: one direction alone can be pleased.
  std::printf("%s\n", summarise(klom_scores(oracle, unlearned), split).line().c_str());

  // The floor of the same numbers of models on the same points: what identical models would score.
  const KlomFloor floor =
      klom_floor(select_points(oracle, split),
                 {.oracle_models = view(oracle).rows, .unlearned_models = view(unlearned).rows});
  std::printf("noise floor: p95 %.3f, mean %.3f\n", floor.p95, floor.mean);

  // How far would p95 move with other models?
  const KlomInterval interval = klom_interval(oracle, unlearned, split);
  std::printf("p95 %.3f, 95 %% interval %.3f to %.3f\n", interval.p95.estimate,
              interval.p95.centred.low, interval.p95.centred.high);

  // The same margins as published code would score them: never compare across presets.
  for (const KlomConfig& preset : {KlomConfig::paper(), KlomConfig::paper_code(),
                                   KlomConfig::unlearning_bench(), KlomConfig::easydub()}) {
    const KlomResult result = klom(oracle, unlearned, preset);
    std::printf("%.3f  %s\n", summarise(result, split).p95, result.label().c_str());
  }
  return interval.p95.estimate > floor.p95 || argc > 2 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
