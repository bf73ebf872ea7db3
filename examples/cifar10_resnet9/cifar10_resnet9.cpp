// The paper's network on the paper's images: ResNet-9 on CIFAR-10 forgets, and is scored against
// networks that never saw the forget set.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "experiment.hpp"
#include "expunge/report/table_text.hpp"
#include "support/device_option.hpp"
#include "support/progress_bar.hpp"

namespace {

using namespace expunge;
using namespace cifar10;

/// EXPUNGE_WIDTHS: those that CMake compiles a file each for.
const std::vector<Index> cpu_widths = {EXPUNGE_WIDTHS}, gpu_widths = {8, 64};

bool has(const std::vector<Index>& widths, Index width) {
  return std::find(widths.begin(), widths.end(), width) != widths.end();
}

/// Where to run; throws std::invalid_argument if the width is not compiled for it.
support::Device device_for(const Options& options) {
  const Index width = options.settings.width;
  const bool gpu_first = options.device != support::Device::automatic || has(gpu_widths, width);
  const support::Device device = gpu_first ? support::choose(options.device) : support::Device::cpu;
  const bool on_gpu = device == support::Device::cuda;
  const std::vector<Index>& widths = on_gpu ? gpu_widths : cpu_widths;
  std::string list;
  for (const Index w : widths) list += (list.empty() ? "" : ", ") + std::to_string(w);
  require(has(widths, width), "--width ", width, ": this program was compiled for ",
          on_gpu ? "the GPU" : "the CPU", " with ", list,
          on_gpu ? "" : "; -DEXPUNGE_CIFAR10_WIDTHS=... chooses others");
  return device;
}

template <Index... Widths>
std::vector<ScoredRun> run_on_cpu(Lab& lab, std::integer_sequence<Index, Widths...>) {
  Cpu<float> cpu(lab.options.threads);
  std::vector<ScoredRun> rows;
  ((lab.settings().width == Widths && (rows = run_experiment<Widths>(lab, cpu), true)) || ...);
  return rows;
}

std::vector<ScoredRun> run_on(support::Device device, Lab& lab) {
#ifdef EXPUNGE_WITH_CUDA
  if (device == support::Device::cuda) return run_on_gpu(lab);
#else
  static_cast<void>(device);
#endif
  return run_on_cpu(lab, std::integer_sequence<Index, EXPUNGE_WIDTHS>{});
}

std::string title_of(const Lab& lab) {
  const Settings& s = lab.settings();
  const Recipe<>& how = s.recipe;
  return sentence("ResNet9<10, ", s.width, "> on ", s.images, " + ", s.validation, " images, ",
                  how.descent.epochs, " epochs, batch ", how.batch, ", rate ",
                  how.descent.learning_rate, ", weight decay ", how.optimizer.weight_decay,
                  "; N = ", s.models, ", M = ", s.subset_models, " (alpha ", s.attribution.alpha,
                  "); forget ", s.forget,
                  lab.options.forget_class < 0 ? std::string(" at random")
                                               : sentence(" of class ", lab.options.forget_class),
                  "; p95 KLoM in nats");
}

int run_program(const Options& options) {
  StageBars bars;
  bars.start("read images");
  std::filesystem::create_directories(options.out);
  const Settings& settings = options.settings;
  require(settings.forget >= 1 && settings.forget < settings.images, "--forget ", settings.forget,
          ": at least 1 and fewer than the ", settings.images, " training images");
  const support::Device device = device_for(options);
  Lab lab{options,
          support::name_of(device),
          Cpu<float>(options.threads),
          load_images(options),
          StageStore(std::filesystem::path(options.out) / "store",
                     [&bars](const std::string& why) { bars.say(why); }),
          [&bars](const std::string& name) { return bars.start(name); }};
  const std::vector<ScoredRun> rows = run_on(device, lab);
  bars.finish();
  write_results(std::filesystem::path(options.out) / "results.json", lab, rows);
  std::cout << "\n" << report::table_text(table_of(title_of(lab), rows)) << "\n";
  std::cout << report::wrapped(
      "The floor is what two groups of oracles score against each other: the best to expect with "
      "this many models. fwd is KL(oracle || unlearned), rev the other direction; read both with "
      "the Gaussian figure. compute is of one full training; the datamodels of DM-Direct and DMM "
      "and the oracles of OM are not counted.",
      0);
  return 0;
}

std::vector<BatchNorm> modes_of(const std::string& name) {
  std::vector<BatchNorm> modes;
  for (const BatchNorm mode : {BatchNorm::train, BatchNorm::frozen, BatchNorm::reestimate})
    if (name == "compare" || name == name_of(mode)) modes.push_back(mode);
  return modes;
}

}  // namespace

int main(int argc, char** argv) try {
  Options options;
  Settings& settings = options.settings;
  std::string batch_norm = "train";
  bool paper = false;
  CLI::App app(
      "Trains narrow ResNet-9s on part of CIFAR-10, unlearns a forget set by Datamodel Matching "
      "and "
      "by baselines, and scores every method against networks that never saw it.");
  for (int i = 0; i < argc; ++i) {
    options.command += (i > 0 ? " " : "") + std::string(argv[i]);
    if (std::string(argv[i]) == "--paper") paper = true;
  }
  if (paper) settings = paper_settings();  // before other options, which change them
  bool flag = false;
  app.add_option("--data", options.data,
                 "folder of data_batch_*.bin and test_batch.bin (or train*.bin and test*.bin)")
      ->required();
  app.add_option("--out", options.out, "folder of results.json and of a store of trained models")
      ->capture_default_str();
  app.add_flag("--paper", flag,
               "the paper's settings, which other options change one by one. On a CPU one such "
               "network takes hours, and this trains 1600");
  app.add_option("--width", settings.width, "channels of the first layer; the paper has 64")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--images", settings.images, "training images")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000000));
  app.add_option("--validation", settings.validation, "test images")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  app.add_option("--models", settings.models, "N: full models, and oracles twice")
      ->capture_default_str()
      ->check(CLI::Range(2, 100000));
  app.add_option("--subset-models", settings.subset_models,
                 "M: models that datamodels are fitted to")
      ->capture_default_str()
      ->check(CLI::Range(4, 1000000));
  app.add_option("--epochs", settings.recipe.descent.epochs, "of training")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  app.add_option("--forget", settings.forget, "images to forget")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  app.add_option("--forget-class", options.forget_class, "draw them from this class alone (0 .. 9)")
      ->check(CLI::Range(0, 9));
  app.add_option("--forget-seed", options.forget_seed, "which of them are drawn")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40));
  app.add_option("--batch-norm", batch_norm, "running statistics while unlearning")
      ->capture_default_str()
      ->check(CLI::IsMember({"train", "frozen", "reestimate", "compare"}));
  app.add_option("--seed", options.seed, "of images, models and forget set")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40));
  app.add_option("--threads", options.threads, "0 = all")
      ->capture_default_str()
      ->check(CLI::Range(0, 100000));
  support::add_device_option(app, options.device);
  CLI11_PARSE(app, argc, argv);
  expunge::require(flag == paper, "write --paper alone, without a value");
  options.modes = modes_of(batch_norm);
  return run_program(options);
} catch (const std::exception& error) {
  std::cerr << "cifar10_resnet9: " << error.what() << "\n";
  return 1;
}
