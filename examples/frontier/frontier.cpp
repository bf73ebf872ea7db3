// Compares all methods on five forget sets and several seeds: scores with intervals, and figures of
// KLoM against compute.
//
//   frontier [--data DIR] [--store DIR] [--seeds 3] [--threads N] [--models 100]
//            [--subset-models 2000] [--out DIR] [--attribution] [--variants] [--trak]
//            [--no-methods]
//
// Settings are those of the demonstration (../quickstart/settings.hpp), chosen on other forget
// sets. Scores are p95 KLoM; a seed draws data, models and forget sets anew. An interval is the 95
// % one of the mean over seeds (student_t.hpp). Models that diverge count with the ceiling of KLoM.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "expunge/report/figure.hpp"
#include "frontier_figure.hpp"
#include "markdown.hpp"
#include "score_tables.hpp"
#include "study.hpp"
#include "support/machine.hpp"
#include "support/progress_bar.hpp"
#include "support/version.hpp"

namespace {

using namespace expunge;
using namespace frontier;

/// Bars on a terminal, nothing elsewhere.
quickstart::StartStage progress_of(StageBars& bars, std::uint64_t seed) {
  if (isatty(fileno(stderr)) != 1) return [](const std::string&) { return Progress{}; };
  return [&bars, seed](const std::string& name) {
    return bars.start(sentence("seed ", seed, ": ", name));
  };
}

std::string preamble(const Options& options, const std::string& command) {
  std::string seeds;
  for (std::uint64_t s = 0; s < options.seeds; ++s) seeds += sentence(s == 0 ? "" : ", ", s);
  return sentence("    ", command, "\n\n- machine: ", support::machine_name(), ", ",
                  quickstart::make_device(options.threads).threads(), " threads\n- expunge ",
                  support::version_text(), "\n- seeds: ", seeds, "\n- ", options.models,
                  " models per group, ", options.subset_models,
                  " subset models\n- p95 KLoM in nats: fwd is KL(oracle || unlearned), rev the "
                  "other direction, Gauss the plug-in KL; both directions is the mean of fwd and "
                  "rev over the three splits; [low, high] is the 95 % interval over seeds\n");
}

void print_tables(const Findings& found) {
  if (!found.methods.empty())
    std::cout << "\n" << markdown_table(score_table(found.methods, "Methods"));
  if (!found.attribution.empty())
    std::cout << "\n"
              << markdown_table(short_table(found.attribution,
                                            "Attribution: DM-Direct over all forget sets",
                                            compute_percent));
  if (!found.variants.empty())
    std::cout << "\n"
              << markdown_table(
                     short_table(found.variants, "Variants of DMM, Gauss-Newton", measure_count));
  if (!found.trak.empty())
    std::cout << "\n"
              << markdown_table(short_table(found.trak, "Datamodels and TRAK", measure_count));
}

void write_csv(const std::filesystem::path& out, const Findings& found) {
  if (out.empty()) return;
  const auto write = [&](const char* name, const Observations& observations) {
    if (!observations.empty()) report::write_text_file(out / name, csv_text(observations));
  };
  write("methods.csv", found.methods);
  write("attribution.csv", found.attribution);
  write("variants.csv", found.variants);
  write("trak.csv", found.trak);
}

void write_figures(const std::filesystem::path& out, const Observations& methods) {
  if (out.empty() || methods.empty()) return;
  const auto write = [&](Measure measure, const std::string& name) {
    report::write_figure(report::detail::drawn(frontier_drawing(methods, measure, name), {}), out);
  };
  write(forget_forward, "frontier_forward");
  write(forget_reverse, "frontier_reverse");
}

int run_program(const Options& options, const std::string& command) {
  options.validate();
  if (!options.out.empty()) std::filesystem::create_directories(options.out);
  Findings found;
  StageBars bars;
  for (std::uint64_t seed = 0; seed < options.seeds; ++seed) {
    study_seed(
        options, seed, progress_of(bars, seed), [&bars](const std::string& why) { bars.say(why); },
        found);
    write_csv(options.out, found);  // what is done stays if a later seed fails
  }
  bars.finish();
  std::cout << preamble(options, command);
  print_tables(found);
  std::cout.flush();
  write_figures(options.out, found.methods);
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  Options options;
  bool no_methods = false;
  CLI::App app("Compares all methods of unlearning on five forget sets and several seeds.");
  app.add_option("--data", options.data, "folder of the Fashion-MNIST files")
      ->capture_default_str();
  app.add_option("--store", options.store,
                 "folder to keep trained models in (default: none); up to 2.5 GB a seed");
  const CLI::Option* seeds =
      app.add_option("--seeds", options.seeds, "how many, from 0")->capture_default_str();
  app.add_option("--threads", options.threads, "0 = all")->capture_default_str();
  app.add_option("--models", options.models, "full models, and oracles per forget set (twice)")
      ->capture_default_str();
  app.add_option("--subset-models", options.subset_models, "that datamodels are fitted to")
      ->capture_default_str();
  app.add_option("--out", options.out, "folder of figures and CSV files (default: none)");
  app.add_flag("--attribution", options.attribution,
               "compare attribution too, on seed 0, or on all if --seeds is given");
  app.add_flag("--variants", options.variants,
               "compare retain points, priors, steps and iterations of Gauss-Newton too");
  app.add_flag("--trak", options.trak,
               "compare TRAK of some of the full models with datamodels too");
  app.add_flag("--no-methods", no_methods, "leave out the comparison of methods");
  CLI11_PARSE(app, argc, argv);
  options.methods = !no_methods;
  if (seeds->count() > 0) options.attribution_seeds = options.seeds;
  std::string command = "frontier";
  for (int i = 1; i < argc; ++i) command += std::string(" ") + argv[i];
  return run_program(options, command);
} catch (const std::exception& error) {
  std::cerr << "frontier: " << error.what() << "\n";
  return 1;
}
