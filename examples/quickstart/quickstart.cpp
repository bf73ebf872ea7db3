// The whole method on real data: train, attribute, unlearn, measure, report.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <csignal>
#include <ctime>
#include <fstream>
#include <iostream>

#include "attribution.hpp"
#include "curves.hpp"
#include "expunge/report/html.hpp"
#include "expunge/report/table_text.hpp"
#include "results_json.hpp"
#include "rows.hpp"
#include "settings.hpp"
#include "support/machine.hpp"
#include "support/progress_bar.hpp"
#include "support/version.hpp"

namespace {

using namespace expunge;
using namespace quickstart;

struct Options {
  std::string out = "out/quickstart";
  std::string data = "/usr/share/datasets/fashion-mnist";
  std::uint64_t seed = 0;
  int threads = 0;
  double scale = 1;
  bool fresh = false;
};

std::string today() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d", std::gmtime(&now));
  return text;
}

Sizes sizes_of(double scale) {
  const auto scaled = [scale](double size, Index least) {
    return std::max(least, static_cast<Index>(std::llround(scale * size)));
  };
  Sizes sizes{
      .models = scaled(100, 40), .subset_models = scaled(2000, 160), .held_out = scaled(200, 40)};
  sizes.starts = std::max<Index>(2, sizes.subset_models / 40);
  return sizes;
}

report::Run describe_run(const Options& options, const Lab& lab, const std::string& command) {
  report::Run run;
  run.version = support::version_text();
  run.command = command;
  run.machine = support::machine_name() + ", " + support::proc_value("/proc/meminfo", "MemTotal") +
                " memory, g++ or clang++ " + __VERSION__;
  run.threads = lab.threads();
  run.seed = options.seed;
  run.date = today();
  const Recipe<> how = recipe(0);
  run.settings = {
      {"data", sentence("Fashion-MNIST, ", lab.workload.train.size(), " training and ",
                        lab.workload.validation.size(), " validation images, pooled to 14 x 14")},
      {"network", "Mlp<196, 64, 10>, float32"},
      {"recipe", sentence("SGD ", how.descent.learning_rate, " falling linearly to 0, momentum ",
                          how.optimizer.momentum, ", weight decay ", how.optimizer.weight_decay,
                          ", batch ", how.batch, ", ", how.descent.epochs, " epochs")},
      {"models (N)",
       sentence(lab.sizes.models, " trained on everything; per forget set ", lab.sizes.models,
                " oracles to compare with and as many others for "
                "the floor and as OM's targets")},
      {"subset models (M)",
       sentence(lab.sizes.subset_models, " on fixed-size subsets of ", 100 * lab.sizes.alpha,
                " %, from ", lab.sizes.starts, " shared starts, and ", lab.sizes.held_out,
                " held out for the LDS")},
      {"KLoM",
       "20 bins over each point's joint range, last bin closed, floor 1e-5, margins clipped "
       "to +-100; forward is KL(oracle || unlearned)"},
      {"attribution",
       sentence("datamodels of every class logit: LASSO at the plug-in penalty of ",
                chosen_standard_errors, " standard errors, multiplier ", chosen_multiplier)}};
  return run;
}

report::Results run_pipeline(const Options& options, Lab& lab, const std::string& command) {
  report::Results results;
  results.title = "Machine unlearning on Fashion-MNIST";
  results.summary = {
      sentence(lab.sizes.models, " small networks were trained on ", lab.train_size(),
               " images, and for each of four forget sets as many that never saw it (oracles)."),
      sentence(
          "From ", lab.sizes.subset_models,
          " networks trained on random subsets, datamodels predict what a network would answer "
          "without the forget set (DM-Direct); Datamodel Matching (DMM) fine-tunes the networks "
          "until they answer that."),
      "KLoM measures how far the unlearned networks' answers are from the oracles': the floor is "
      "what "
      "two groups of oracles score against each other, the best that can be expected."};
  results.run = describe_run(options, lab, command);

  const FullModels full = train_full_models(lab);
  const SubsetModels subset = train_subset_models(lab);
  const LogitDatamodels datamodels = fit_attribution(lab, subset, chosen_standard_errors);
  const Array<float, 1>& kkt = datamodels.effects().kkt_residual;
  results.run.settings.emplace_back(
      "LASSO optimality", sentence("largest KKT residual of ", kkt.size(), " targets: ",
                                   *std::max_element(kkt.begin(), kkt.end()), " of lambda_max"));
  lab.stage("find forget sets");
  const std::vector<NamedForgetSet> sets =
      reported_forget_sets(lab, train_by_train_effects(lab, subset));

  constexpr std::size_t shown = 1;  // random 100: the set of the curves and figures
  for (std::size_t s = 0; s < sets.size(); ++s) {
    ForgetSetRun done =
        run_forget_set(lab, full, datamodels, sets[s], static_cast<std::uint64_t>(s), s == shown);
    if (s == shown) {
      lab.stage("draw curves");
      results.missing_targets = run_missing_targets(lab, full, datamodels, sets[s], done.oracles);
      results.models_curves = models_curves(lab, subset, full, done.oracles, sets[s].members);
      results.histograms = image_margins(lab, sets[s].members, done.oracles.margins,
                                         {{"full", full.margins}, {"DMM", done.dmm_margins}});
    }
    results.forget_sets.push_back(std::move(done.result));
  }
  results.remarks = {
      "The settings of every method, baselines included, were chosen by one rule on six forget "
      "sets that are not reported here (random 50, random 100, 50 of Pullover, 50 of Coat, the "
      "top 50 of PC3, the top 20 of PC4): the lowest geometric mean over sets of p95 KLoM, itself "
      "the mean over splits and both directions, at no more than a fifth of a full training "
      "(select_settings). SCRUB+R takes SCRUB's settings, and the length of partial retraining is "
      "about half.",
      "Read forward, reverse and Gaussian together. KL(oracle || unlearned) alone rewards models "
      "that are too spread out; the reverse direction exposes them.",
      "p95 over a forget set of 50 points is about its third largest value: the mean stands beside "
      "it.",
      "OM uses real oracles, which unlearning is meant to avoid; it shows what perfect targets "
      "reach."};
  if (lab.sizes.models < 80)
    results.remarks.push_back(sentence(
        "With ", lab.sizes.models,
        " models per group the noise floor is far above that of 100: "
        "small differences are not visible, and a forget set may look solved that is not."));
  return results;
}

/// The figures, or none and a remark where gnuplot is missing or fails.
std::vector<report::Figure> draw_figures(report::Results& results) {
  try {
    return report::figures(results);
  } catch (const std::exception& error) {
    results.remarks.push_back(std::string("There are no figures: ") + error.what());
    return {};
  }
}

void write_report(const std::filesystem::path& out, report::Results& results) {
  write_results_json(out / "results.json", results);
  const std::vector<report::Figure> figures = draw_figures(results);
  for (const report::Figure& figure : figures) report::write_figure(figure, out);
  report::write_text_file(out / "report.html", report::html_report(results, figures));
}

int run_program(const Options& options, const std::string& command) {
  require(options.scale >= 0.05 && options.scale <= 20, "--scale is ", options.scale,
          ", not in 0.05 .. 20");
  require(!options.out.empty(), "--out needs a folder");
  require(options.threads >= 0, "--threads is ", options.threads, ", not a whole number from 0");
  const std::filesystem::path out = options.out;
  const std::filesystem::path store = out / "store";
  std::filesystem::create_directories(out);
  if (options.fresh) std::filesystem::remove_all(store);
  StageBars bars;
  bars.start("read data");
  Lab lab{make_device(options.threads),
          load_workload(options.data, options.seed),
          sizes_of(options.scale),
          options.seed,
          StageStore(store, [&bars](const std::string& why) { bars.say(why); }),
          [&bars](const std::string& name) { return bars.start(name); }};
  report::Results results = run_pipeline(options, lab, command);
  bars.finish();
  results.run.stages = bars.stages();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  results.run.peak_memory_bytes = 1024.0 * static_cast<double>(usage.ru_maxrss);
  write_report(out, results);
  std::cout << "\n" << report::text_table(results) << "\n";
  std::cout << "report   " << (out / "report.html").string() << "\n"
            << "numbers  " << (out / "results.json").string() << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that grows beyond ulimit -f is an error with a sentence
  Options options;
  CLI::App app(
      "Trains small networks on Fashion-MNIST, unlearns four forget sets by Datamodel Matching and "
      "by baselines, and scores every method against networks that never saw them.");
  app.add_option("--out", options.out,
                 "folder of the report, and of a store of trained models (0.5 GB)")
      ->capture_default_str();
  app.add_option("--data", options.data, "folder of the Fashion-MNIST files")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of data, models and forget sets")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40));
  app.add_option("--threads", options.threads, "0 = all")->capture_default_str();
  app.add_option("--scale", options.scale, "numbers of models, relative to 100 and 2000")
      ->capture_default_str();
  app.add_flag("--fresh", options.fresh, "train again what an earlier run left in OUT/store");
  CLI11_PARSE(app, argc, argv);
  std::string command = "quickstart";
  for (int i = 1; i < argc; ++i) command += std::string(" ") + argv[i];
  return run_program(options, command);
} catch (const std::exception& error) {
  std::cerr << "quickstart: " << error.what() << "\n";
  return 1;
}
