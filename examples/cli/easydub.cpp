// expunge easydub: the table of EasyDUB's eval_pretrain.py from its data set as it lies on disk.
//
//   forget_sets/cifar10/forget_set_K.npy
//   margins/cifar10/oracle/forget_K/{retain|forget|val}/resnet9/id_I_epoch_E.npy
//   margins/cifar10/pretrain/{retain|val}/resnet9/..., margins/cifar10/pretrain/forget_K/resnet9/...
//
// Pretrain retain files hold all training points: those of the forget set are left out here.
#include <filesystem>

#include "cli/commands.hpp"
#include "cli/klom_scores.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

struct EasyDubOptions {
  std::string data, unlearned, per_point;
  Index forget_set = 0, models = 100;
  KlomSettings settings;
};

/// The first `count` models of a folder resnet9, one file each; id_I of the last epoch on disk.
ModelOutputs first_models(const fs::path& folder, Index count) {
  std::error_code failure;
  if (!fs::is_directory(folder, failure))
    throw io_error(folder.string(), 0, "there is no such folder");
  std::vector<std::string> files;
  std::string last_id;
  for (const std::string& file : list_files(folder.string())) {
    const std::string name = fs::path(file).filename().string();
    const std::string id = name.substr(0, name.find("_epoch_"));
    if (id == last_id) files.pop_back();  // natural order: a later epoch of the same model
    files.push_back(file);
    last_id = id;
  }
  if (static_cast<Index>(files.size()) < count)
    throw io_error(folder.string(), 0,
                   sentence(count, " models were asked for, it has ", files.size()));
  files.resize(static_cast<std::size_t>(count));
  return {files, folder.string()};
}

/// Where the unlearned models of a split lie: in the layout of oracles under `unlearned`, or the
/// pretrained models.
fs::path unlearned_folder(const EasyDubOptions& options, const std::string& split) {
  const std::string forget = sentence("forget_", options.forget_set);
  if (options.unlearned.empty()) {
    const fs::path pretrain = fs::path(options.data) / "margins/cifar10/pretrain";
    return pretrain / (split == "forget" ? forget : split) / "resnet9";
  }
  std::error_code ignored;
  const fs::path root = options.unlearned;
  for (const fs::path& folder : {root / forget / split / "resnet9", root / split / "resnet9"})
    if (fs::is_directory(folder, ignored)) return folder;
  return root / split;
}

/// Leaves the forget set out of files that hold all training points.
void leave_out_forget_set(ModelOutputs& models, const ModelOutputs& oracle,
                          const std::vector<Index>& forget) {
  if (models.points() != oracle.points() + static_cast<Index>(forget.size())) return;
  std::vector<bool> out(static_cast<std::size_t>(models.points()));
  for (const Index i : forget) out[static_cast<std::size_t>(i)] = true;
  std::vector<Index> kept;
  for (Index i = 0; i < models.points(); ++i)
    if (!out[static_cast<std::size_t>(i)]) kept.push_back(i);
  models.keep_points(std::move(kept));
}

void check_set_up(Document& document, const std::vector<KlomOfSplit>& splits) {
  for (const KlomOfSplit& split : splits) {
    if (split.name == "forget") continue;
    const DoNothingStatus status = do_nothing_check(split.forward.summary.p95, split.forward.floor);
    if (status.broken) document.warnings.push_back(split.name + ": " + status.message + ".");
  }
}

Document run_easydub(Session& session, EasyDubOptions& options) {
  if (!options.per_point.empty() && !options.per_point.ends_with(".npz"))
    throw usage_error("--per-point " + options.per_point + ": a name in .npz was expected");
  const fs::path root = options.data;
  const std::string forget_file =
      (root / "forget_sets/cifar10" / sentence("forget_set_", options.forget_set, ".npy")).string();
  KlomSettings& settings = options.settings;
  settings.klom = KlomConfig::easydub();
  settings.klom.threads = session.threads;
  settings.seed = settings.bootstrap.seed = session.seed;
  std::vector<KlomOfSplit> scored;
  NamedArrays arrays;
  Document document;
  for (const std::string split : {"retain", "forget", "val"}) {
    const fs::path oracles = root / "margins/cifar10/oracle" /
                             sentence("forget_", options.forget_set) / split / "resnet9";
    ModelOutputs oracle = first_models(oracles, options.models);
    ModelOutputs models = first_models(unlearned_folder(options, split), options.models);
    if (split == "retain" && models.points() != oracle.points())
      leave_out_forget_set(models, oracle, read_positions(forget_file, models.points()));
    const KlomScores scores = score_points(oracle, models, settings, session.progress(split));
    scored.push_back(
        score_split(oracle, models, scores, {split, all_indices(oracle.points())}, settings));
    document.facts.emplace_back(split, models.name() + ": " + models.shape_text());
    for (auto& array : per_point_arrays(scores, split + "_")) arrays.push_back(std::move(array));
  }
  if (!options.per_point.empty()) write_npz(options.per_point, arrays);
  document.kind = "easydub";
  document.title = sentence(
      "EasyDUB, forget set ", options.forget_set, ", ", options.models,
      options.unlearned.empty() ? " pretrained models (nothing unlearned)" : " unlearned models");
  add_klom(document, scored, settings);
  if (options.unlearned.empty()) check_set_up(document, scored);
  return document;
}

}  // namespace

void add_easydub_command(CLI::App& app, Session& session) {
  const auto options = std::make_shared<EasyDubOptions>();
  CLI::App* command = add_command(
      app, session, "easydub",
      "The KLoM table of EasyDUB from its data set on disk, with noise floors and intervals: of "
      "the pretrained models, or of yours.",
      "expunge easydub --data-dir EasyDUB-dataset --forget-set 2 --n-models 100",
      [&session, options] { return run_easydub(session, *options); });
  command->add_option("--data-dir", options->data, "the data set: forget_sets/, margins/")
      ->required();
  command->add_option("--forget-set", options->forget_set, "number of the forget set")
      ->required()
      ->check(CLI::NonNegativeNumber);
  command->add_option("--n-models", options->models, "how many models of each kind")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000000));
  command->add_option(
      "--unlearned", options->unlearned,
      "your models, in the layout of oracles: DIR/[forget_K/]SPLIT[/resnet9]/*.npy");
  command->add_option("--per-point", options->per_point,
                      "write every score as OUT.npz: retain_forward, forget_reverse, ...");
  add_klom_options(*command, options->settings);
}

}  // namespace expunge::cli
