// expunge easydub: the table of EasyDUB's eval_pretrain.py from its data set as it lies on disk.
//
//   forget_sets/cifar10/forget_set_K.npy
//   margins/cifar10/oracle/forget_K/{retain|forget|val}/resnet9/id_I_epoch_E.npy
//   margins/cifar10/pretrain/{retain|val}/resnet9/...,
//   margins/cifar10/pretrain/forget_K/resnet9/...
//
// Models are ids 0 .. N-1 of one epoch E. Pretrain retain files hold all training points: those of
// the forget set are left out here. Where oracles N .. 2N-1 lie there too, the noise floor is a
// split of all 2N.
#include <cmath>
#include <filesystem>

#include "cli/commands.hpp"
#include "cli/input_checks.hpp"
#include "cli/listing.hpp"
#include "cli/runaway_report.hpp"
#include "cli/suggest.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

struct EasyDubOptions {
  std::string data, unlearned, per_point;
  Index forget_set = 0, models = 100, epoch = 23;
  KlomSettings settings;
};

/// The models of one split of one side, and what to say of them.
struct Chosen {
  ModelOutputs models;
  std::string which;
};

fs::path model_file(const fs::path& folder, Index id, Index epoch) {
  return folder / sentence("id_", id, "_epoch_", epoch, ".npy");
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// Throws io_error with the first folder on the way that is not there, and what is there in its
/// place.
void require_folder(const fs::path& folder) {
  std::error_code ignored;
  if (fs::is_directory(folder, ignored)) return;
  fs::path missing = folder;
  while (missing.has_parent_path() && missing.parent_path() != missing &&
         !fs::is_directory(missing.parent_path(), ignored))
    missing = missing.parent_path();
  const fs::path parent = missing.parent_path();
  std::vector<std::string> others;
  if (fs::is_directory(parent, ignored)) others = names_in(parent);
  throw io_error(missing.string(),
                 "there is no such folder" + did_you_mean(missing.filename().string(), others) +
                     (parent.empty() ? "" : "; beside it there is " + listed(others)));
}

/// Ids 0 .. count - 1 of the epoch. Throws io_error with the name of the first that is missing.
Chosen models_by_id(const fs::path& folder, Index count, Index epoch) {
  require_folder(folder);
  std::vector<std::string> files;
  for (Index id = 0; id < count; ++id) {
    const fs::path file = model_file(folder, id, epoch);
    if (!is_file(file))
      throw io_error(file.string(),
                     sentence("there is no such file, and ids 0 .. ", count - 1, " of epoch ",
                              epoch, " were asked for (--n-models, --epoch); the folder has ",
                              npy_names_in(folder).size(), " files"));
    files.push_back(file.string());
  }
  return {{files, folder.string()}, sentence("ids 0 .. ", count - 1, " of epoch ", epoch)};
}

std::string name_of(const std::string& file) {
  return fs::path(file).filename().string();
}

/// Refuses two epochs of one model among these files, which are in natural order.
void require_one_epoch(const std::vector<std::string>& files) {
  const auto id = [](const std::string& file) {
    return name_of(file).substr(0, name_of(file).find("_epoch_"));
  };
  for (std::size_t i = 1; i < files.size(); ++i)
    if (id(files[i]) == id(files[i - 1]))
      throw io_error(files[i], sentence("another epoch of the model of ", name_of(files[i - 1]),
                                        ": name the epoch (--epoch)"));
}

/// By id if there is an id 0 of that epoch, else the first files in natural order.
Chosen own_models(const fs::path& folder, Index count, Index epoch) {
  require_folder(folder);
  if (is_file(model_file(folder, 0, epoch))) return models_by_id(folder, count, epoch);
  std::vector<std::string> files = list_files(folder.string());
  if (static_cast<Index>(files.size()) < count)
    throw io_error(folder.string(),
                   sentence(count, " models were asked for, it has ", files.size(),
                            " files, and none is ", model_file("", 0, epoch).string()));
  files.resize(static_cast<std::size_t>(count));
  require_one_epoch(files);
  return {{files, folder.string()},
          sentence("files ", name_of(files.front()), " .. ", name_of(files.back()))};
}

/// How many oracles the floor may draw from: 2 count if the next ids are all there, else count.
Index floor_models(const fs::path& folder, Index count, Index epoch) {
  for (Index id = count; id < 2 * count; ++id)
    if (!is_file(model_file(folder, id, epoch))) return count;
  return 2 * count;
}

/// Where the models to score of a split lie: in the layout of oracles under `unlearned`, or the
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

Chosen models_to_score(const EasyDubOptions& options, const std::string& split) {
  const fs::path folder = unlearned_folder(options, split);
  return options.unlearned.empty() ? models_by_id(folder, options.models, options.epoch)
                                   : own_models(folder, options.models, options.epoch);
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

/// Whether doing nothing scores as it should where nothing should change.
void check_set_up(Document& document, const KlomOfSplit& split) {
  if (split.name == "forget") return;
  if (split.bad_points() > 0) {
    document.warnings.push_back(sentence(split.name, ": ", split.bad_points(), " of ", split.points,
                                         " points of doing nothing have no score: the set-up is "
                                         "broken."));
    return;
  }
  if (!std::isfinite(split.forward.floor.p95)) {
    document.warnings.push_back(split.name +
                                ": doing nothing cannot be checked, there is no floor.");
    return;
  }
  const DoNothingStatus status = do_nothing_check(split.forward.summary.p95, split.forward.floor);
  if (status.broken) document.warnings.push_back(split.name + ": " + status.message + ".");
}

/// Scores, per-point arrays and facts of one split.
KlomOfSplit run_split(Session& session, const EasyDubOptions& options, const std::string& split,
                      Document& document, NamedArrays& arrays, Json& runaways) {
  const fs::path root = options.data;
  const fs::path oracles =
      root / "margins/cifar10/oracle" / sentence("forget_", options.forget_set) / split / "resnet9";
  const Chosen oracle = models_by_id(oracles, options.models, options.epoch);
  Chosen scored = models_to_score(options, split);
  if (split == "retain" && scored.models.points() != oracle.models.points()) {
    const fs::path forget =
        root / "forget_sets/cifar10" / sentence("forget_set_", options.forget_set, ".npy");
    require_no_pipe(forget);
    leave_out_forget_set(scored.models, oracle.models,
                         read_positions(forget.string(), scored.models.points()));
  }
  const KlomSettings& settings = options.settings;
  const KlomScores scores =
      score_points(oracle.models, scored.models, settings, session.progress(split));
  const RunawayReport ran_away{
      scores.forward.runaways, {"point", "oracle", "unlearned"}, oracle.models, &scored.models};
  ran_away.warn(document, split, runaway_consequence(settings.klom));
  runaways.push_back({{"name", split}, {"runaways", ran_away.json()}});
  const Index most = floor_models(oracles, options.models, options.epoch);
  const Chosen floor = models_by_id(oracles, most, options.epoch);
  const Index points = oracle.models.points();
  KlomOfSplit result = score_split(oracle.models, scored.models, floor.models, scores,
                                   {split, all_indices(points)}, settings);
  result.fingerprints.points = fingerprint_of(
      {static_cast<std::uint64_t>(options.forget_set), static_cast<std::uint64_t>(points)});
  document.facts.emplace_back(
      split, sentence(scored.models.name(), ": ", scored.models.shape_text(), ", ", scored.which));
  document.facts.emplace_back(split + " oracles",
                              sentence(oracle.which, "; floor from ", floor.which));
  for (auto& array : per_point_arrays(scores, split + "_")) arrays.push_back(std::move(array));
  return result;
}

Document run_easydub(Session& session, EasyDubOptions& options) {
  require_npz("--per-point", options.per_point);
  KlomSettings& settings = options.settings;
  settings.klom = KlomConfig::easydub();
  settings.klom.threads = session.threads;
  settings.seed = settings.bootstrap.seed = session.seed;
  std::vector<KlomOfSplit> scored;
  NamedArrays arrays;
  Json runaways = Json::array();
  Document document;
  for (const std::string split : {"retain", "forget", "val"})
    scored.push_back(run_split(session, options, split, document, arrays, runaways));
  if (!options.per_point.empty()) write_npz(options.per_point, arrays);
  document.kind = "easydub";
  document.title = sentence(
      "EasyDUB, forget set ", options.forget_set, ", ", options.models,
      options.unlearned.empty() ? " pretrained models (nothing unlearned)" : " unlearned models");
  add_klom(document, scored, settings);
  document.results["runaways"] = runaways;
  if (options.unlearned.empty())
    for (const KlomOfSplit& split : scored) check_set_up(document, split);
  else
    warn_of_kept_splits(document, scored);
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
  session
      .reads(
          command->add_option("--data-dir", options->data, "the data set: forget_sets/, margins/"))
      ->required();
  command->add_option("--forget-set", options->forget_set, "number of the forget set")
      ->required()
      ->check(CLI::NonNegativeNumber);
  command->add_option("--n-models", options->models, "how many models of each kind")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000000));
  command->add_option("--epoch", options->epoch, "of the files id_I_epoch_E.npy")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  session.reads(command->add_option(
      "--unlearned", options->unlearned,
      "your models, in the layout of oracles: DIR/[forget_K/]SPLIT[/resnet9]/*.npy"));
  session.writes(
      command->add_option("--per-point", options->per_point,
                          "write every score as OUT.npz: retain_forward, forget_reverse, ..."));
  add_klom_options(*command, options->settings);
}

}  // namespace expunge::cli
