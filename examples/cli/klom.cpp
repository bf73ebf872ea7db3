// expunge klom: how far unlearned models are from oracles, from files of margins or logits.
#include "cli/commands.hpp"
#include "cli/distance_scores.hpp"
#include "cli/input_checks.hpp"
#include "cli/runaway_report.hpp"

namespace expunge::cli {

namespace {

struct KlomOptions {
  std::string oracle, unlearned, labels, per_point;
  std::vector<std::string> splits;
  std::string preset = "paper", direction;
  Index bins = 0;
  bool distances = false;
  KlomSettings settings;
};

KlomConfig preset_config(const std::string& preset) {
  if (preset == "paper_code") return KlomConfig::paper_code();
  if (preset == "unlearning_bench") return KlomConfig::unlearning_bench();
  return preset == "easydub" ? KlomConfig::easydub() : KlomConfig::paper();
}

KlomConfig klom_config(const KlomOptions& options, const Session& session) {
  KlomConfig config = preset_config(options.preset);
  const KlomConfig preset = config;
  if (options.direction == "oracle-unlearned") config.direction = KlDirection::oracle_to_unlearned;
  if (options.direction == "unlearned-oracle") config.direction = KlDirection::unlearned_to_oracle;
  if (options.bins > 0) config.bins = options.bins;
  if (config.direction != preset.direction || config.bins != preset.bins)
    config.name += ", changed";
  config.threads = session.threads;
  return config;
}

Document run_klom(Session& session, KlomOptions& options) {
  if (!options.per_point.empty() && !options.per_point.ends_with(".npy") &&
      !options.per_point.ends_with(".npz"))
    throw usage_error("--per-point " + options.per_point + ": a name in .npy or .npz was expected");
  ModelOutputs oracle(options.oracle, session.completed);
  ModelOutputs unlearned(options.unlearned, session.completed);
  if (!options.labels.empty()) {
    oracle.set_labels(options.labels);
    unlearned.set_labels(options.labels);
  }
  KlomSettings& settings = options.settings;
  settings.klom = klom_config(options, session);
  settings.seed = settings.bootstrap.seed = session.seed;
  const std::vector<Split> splits = read_splits(options.splits, oracle.points());
  const KlomScores scores = score_points(oracle, unlearned, settings, session.progress("score"));
  std::vector<KlomOfSplit> scored;
  const Progress progress = session.progress("floors and intervals");
  for (const Split& split : splits) {
    scored.push_back(score_split(oracle, unlearned, oracle, scores, split, settings));
    if (progress) progress(static_cast<Index>(scored.size()), static_cast<Index>(splits.size()));
  }
  Document document;
  document.kind = "klom";
  document.title = "KLoM: how far unlearned models are from models that never saw the forget set";
  document.facts = {{"oracle", oracle.name() + ": " + oracle.shape_text()},
                    {"unlearned", unlearned.name() + ": " + unlearned.shape_text()}};
  add_klom(document, scored, settings);
  for (const ModelOutputs* models : {&oracle, &unlearned})
    warn_of_outputs(document, *models, session.threads);
  warn_of_kept_splits(document, scored);
  const RunawayReport ran_away{
      scores.forward.runaways, {"point", "oracle", "unlearned"}, oracle, &unlearned};
  ran_away.warn(document, "", runaway_consequence(settings.klom));
  document.results["runaways"] = ran_away.json();
  NamedArrays arrays = per_point_arrays(scores, "");
  if (options.distances) {
    const SampleDistances distances =
        distance_points(oracle, unlearned, settings, session.progress("other distances"));
    add_distances(document, oracle, distances, splits, settings);
    for (auto& array : distance_arrays(distances)) arrays.push_back(std::move(array));
  }
  if (!options.per_point.empty()) make_folder_of(options.per_point);
  if (options.per_point.ends_with(".npz")) write_npz(options.per_point, arrays);
  if (options.per_point.ends_with(".npy")) write_npy(options.per_point, scores.forward.per_point);
  return document;
}

}  // namespace

void add_klom_command(CLI::App& app, Session& session) {
  const auto options = std::make_shared<KlomOptions>();
  CLI::App* command = add_command(
      app, session, "klom",
      "How far the margins of unlearned models are from those of oracles, models that never saw "
      "the forget set: KL divergence of histograms, point by point.",
      "expunge klom --oracle oracle.npy --unlearned unlearned.npy --split forget=forget.npy --json "
      "klom.json",
      [&session, options] { return run_klom(session, *options); });
  session
      .reads(command->add_option(
          "--oracle", options->oracle,
          "margins [models][points]: a file, a folder or pattern of one file a model"))
      ->required();
  session
      .reads(
          command->add_option("--unlearned", options->unlearned, "the same of the models to score"))
      ->required();
  session.reads(
      command->add_option("--labels", options->labels,
                          "labels [points]: the files hold logits [models][points][classes]"));
  session.reads(command->add_option(
      "--split", options->splits, "NAME=indices.npy: score these points apart (may be repeated)"));
  command
      ->add_option("--preset", options->preset,
                   "the published definition: paper, paper_code, easydub, unlearning_bench")
      ->capture_default_str()
      ->check(one_of({"paper", "paper_code", "easydub", "unlearning_bench"}));
  command
      ->add_option("--direction", options->direction,
                   "instead of the preset's: oracle-unlearned or unlearned-oracle")
      ->check(one_of({"oracle-unlearned", "unlearned-oracle"}));
  command->add_option("--bins", options->bins, "instead of the preset's")
      ->check(CLI::Range(1, 1000));
  session.writes(
      command->add_option("--per-point", options->per_point,
                          "write the score of every point: OUT.npy, or OUT.npz with all of them"));
  command->add_flag("--distances", options->distances,
                    "also Kolmogorov-Smirnov, Welch, Wasserstein, Renyi and Jensen-Shannon");
  add_completed_option(*command, session);
  add_klom_options(*command, options->settings);
}

}  // namespace expunge::cli
