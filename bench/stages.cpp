// The demonstration's stages, one after the other, with the counts and settings of
// bench/peers/quickstart_torch.py: the same work, clock for clock. These are not the settings that
// the demonstration chose: effects are the thresholded difference of means, and DMM uses batch 64.
//
//   bench_stages [--threads T] [--data DIR of Fashion-MNIST] [--share DIR]
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include "clock.hpp"
#include "expunge/attribution/difference_of_means.hpp"
#include "expunge/data/forget_sets.hpp"
#include "expunge/io/npy.hpp"
#include "methods.hpp"
#include "score.hpp"

namespace {

using namespace expunge;
using namespace quickstart;

/// Prints the seconds since the last call under a name.
class Clock {
 public:
  void stage(const char* name) {
    const double seconds = bench::seconds_since(last_);
    std::printf("  %-22s%9.3f s\n", name, seconds);
    std::fflush(stdout);
    total_ += seconds;
    last_ = bench::now();
  }
  double total() const { return total_; }

 private:
  bench::Time last_ = bench::now();
  double total_ = 0;
};

void print_score(const char* name, const QuickScore& score) {
  std::printf("  %-22s%8.3f%8.3f%8.3f\n", name, score.forget.forward.p95, score.retain.forward.p95,
              score.validation.forward.p95);
}

Array<float, 3> oracle_logits(Lab& lab, const std::vector<Index>& forget) {
  const SubsetMasks masks = all_but(lab.sizes.models, lab.train_size(), forget);
  const Models oracles =
      train<Net>(lab.backend, recipe(lab.group_seed(7)), lab.workload.train, masks);
  return evaluate_logits<float>(lab.backend, oracles, view(lab.workload.points.inputs));
}

struct Arguments {
  std::filesystem::path data = "/usr/share/datasets/fashion-mnist";
  std::filesystem::path share;  // where the peer finds our images and forget set
  int threads = 0;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    require((name == "--data" || name == "--threads" || name == "--share") && i + 1 < argc,
            "usage: bench_stages [--threads T] [--data DIR] [--share DIR]");
    if (name == "--data") arguments.data = argv[i + 1];
    if (name == "--share") arguments.share = argv[i + 1];
    if (name == "--threads") arguments.threads = std::atoi(argv[i + 1]);
  }
  return arguments;
}

/// Writes what the peer must share with us: points.npy [3000][196], labels.npy, forget.npy.
void share_points(const std::filesystem::path& folder, const Lab& lab,
                  const std::vector<Index>& forget) {
  const std::vector<Label>& labels = lab.workload.points.labels;
  Array<Index, 1> label_array = make_array<Index>(labels.size());
  std::copy(labels.begin(), labels.end(), label_array.begin());
  Array<Index, 1> forget_array = make_array<Index>(forget.size());
  std::copy(forget.begin(), forget.end(), forget_array.begin());
  write_npy(folder / "points.npy", lab.workload.points.inputs);
  write_npy(folder / "labels.npy", label_array);
  write_npy(folder / "forget.npy", forget_array);
}

}  // namespace

int main(int argc, char** argv) try {
  const Arguments arguments = parse(argc, argv);
  Lab lab{make_device(arguments.threads),
          load_workload(arguments.data, 0),
          Sizes{.held_out = 0},
          0,
          StageStore(""),
          [](const std::string&) { return Progress{}; }};
  const std::vector<Index> forget = random_forget_set(9, lab.train_size(), 100);
  const Splits splits = splits_of(lab, forget);
  std::printf("expunge, %d threads, fp32, %td subset models, %td full models, forget 100\n",
              lab.threads(), lab.sizes.subset_models, lab.sizes.models);

  if (!arguments.share.empty()) share_points(arguments.share, lab, forget);

  Clock clock;
  const SubsetModels subset = train_subset_models(lab);
  clock.stage("subset models");
  const FullModels full = train_full_models(lab);
  clock.stage("full models");
  const Array<float, 2> oracle = margins_of(lab, oracle_logits(lab, forget));
  clock.stage("oracles");
  const LogitDatamodels datamodels =
      fit_datamodels(lab.backend, DifferenceOfMeans{}, subset.masks, subset.logits);
  clock.stage("difference of means");

  const ForgetProblem problem =
      make_problem(lab.workload.train, forget, full.models, view(full.logits));
  const DmDirect<LogitDatamodels> direct{datamodels};
  const Dmm method{.target = direct,
                   .learning_rate = 3e-3,
                   .epochs = 5,
                   .batch = 64,
                   .retain_multiple = 10,
                   .forget_multiple = 2};
  const MethodRun dmm = run(lab, problem, method);
  clock.stage("DMM");
  const MethodRun ascent = run(lab, problem, GradientAscent<>{});
  clock.stage("GA");
  const MethodRun scrub =
      run(lab, problem, Scrub<>{.learning_rate = 5e-3, .epochs = 3, .max_steps = 2});
  clock.stage("SCRUB");

  const auto score = [&](const Array<float, 3>& logits) {
    return quick_score(oracle, margins_of(lab, logits), splits, lab.threads());
  };
  const QuickScore scores[] = {
      score(full.logits), score(dmm.logits), score(ascent.logits), score(scrub.logits),
      score(direct.targets(TensorView<const float>(view(full.logits)), forget))};
  clock.stage("KLoM of five");
  std::printf("  %-22s%9.3f s\n", "total", clock.total());
  std::printf("KLoM p95, KL(oracle || unlearned), forget / retain / validation\n");
  const char* names[] = {"do nothing", "DMM", "GA", "SCRUB", "DM-Direct"};
  for (int i = 0; i < 5; ++i) print_score(names[i], scores[i]);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_stages: " << error.what() << "\n";
  return 1;
}
