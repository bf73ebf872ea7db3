// expunge lds: how well the scores of an attribution predict the outputs of models that were
// trained on other subsets, from files. Targets are read and scored by blocks.
#include <algorithm>
#include <array>

#include "cli/commands.hpp"
#include "cli/masks.hpp"
#include "cli/model_outputs.hpp"
#include "cli/runaway_report.hpp"
#include "expunge/attribution/effects.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/core/ties.hpp"
#include "expunge/evaluation/lds.hpp"
#include "expunge/evaluation/percentile.hpp"
#include "expunge/report/number.hpp"

namespace expunge::cli {

namespace {

struct LdsOptions {
  std::string scores, masks, outputs, axes, per_target;
  Index first_model = 0;  // row of the files
  bool negate = false;
  LdsConfig lds;
};

/// Attribution scores in either order of axes.
struct Scores {
  NpyView file;
  bool examples_first;

  Index examples() const { return file.extent(examples_first ? 0 : 1); }
  Index targets() const { return file.extent(examples_first ? 1 : 0); }

  /// The largest relative error of a score that was rounded to the type of the file.
  double unit_of_type() const {
    const std::string type = file.header().type();
    if (type == "f2") return unit_roundoff<Half>;
    return type == "f4" ? unit_roundoff<float> : unit_roundoff<double>;
  }

  /// [examples][count] of targets [first, first + count).
  Array<double, 2> read(Index first, Index count, int threads) const {
    Array<double, 2> values = make_array<double>(examples(), count);
    if (examples_first) {
      parallel_for(threads, examples(), [&](int, Index i) {
        file.read(std::array<Index, 2>{i, first}, count, values.data() + i * count);
      });
      return values;
    }
    parallel_for(threads, count, [&](int, Index t) {
      std::vector<double> row(static_cast<std::size_t>(examples()));
      file.read(std::array<Index, 2>{first + t, 0}, examples(), row.data());
      for (std::size_t i = 0; i < row.size(); ++i)
        values.data()[static_cast<Index>(i) * count + t] = row[i];
    });
    return values;
  }
};

bool examples_come_first(const NpyView& file, const std::string& axes, Index examples) {
  if (!axes.empty()) return axes == "examples-targets";
  if (file.extent(0) == examples && file.extent(1) == examples)
    throw usage_error(sentence("--scores ", file.name(), " is square, ", examples, " x ", examples,
                               ": say --scores-axes examples-targets or targets-examples"));
  return file.extent(0) == examples || file.extent(1) != examples;
}

Scores open_scores(const LdsOptions& options, Index examples, Index targets) {
  NpyView file = open_array(options.scores);
  if (file.axes() != 2)
    throw io_error(options.scores, sentence("scores [examples][targets] or [targets][examples] "
                                            "were expected, the array is ",
                                            brackets(file.header().shape)));
  if (file.elements() == 0) throw io_error(options.scores, "the array is empty");
  const bool first = examples_come_first(file, options.axes, examples);
  Scores scores{std::move(file), first};
  if (scores.examples() != examples || scores.targets() != targets)
    throw io_error(options.scores, sentence("scores of ", scores.examples(), " examples and ",
                                            scores.targets(), " targets, the masks have ", examples,
                                            " examples and the outputs ", targets, " targets"));
  return scores;
}

/// The first held-out model, a row of the files, among those that are left.
Index first_held_out(const LdsOptions& options, const std::vector<bool>& completed, Index models) {
  Index first = options.first_model;
  if (!completed.empty())
    first = std::count(
        completed.begin(),
        completed.begin() + std::min<Index>(first, static_cast<Index>(completed.size())), true);
  if (models - first < 2)
    throw usage_error(sentence("--first-model ", options.first_model, ": of ", models, " models ",
                               std::max<Index>(models - first, 0),
                               " are left, at least 2 are needed"));
  return first;
}

/// A target with a score that is no number has no prediction at all, whoever saw the example.
void spoil_targets(const Array<double, 2>& scores, Array<double, 2>& predicted) {
  const std::size_t targets = scores.shape()[1];
  std::vector<bool> bad(targets);
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (!std::isfinite(scores.data()[i])) bad[i % targets] = true;
  for (std::size_t i = 0; i < predicted.size(); ++i)
    if (bad[i % targets]) predicted.data()[i] = report::not_measured;
}

/// Sums of the scores of each model's examples, [models][count]; those that differ by rounding
/// alone are equal.
Array<double, 2> predict_block(const Scores& scores, const SubsetMasks& masks, Index first,
                               Index count, const LdsOptions& options) {
  Effects<double> effects = zero_effects<double>(masks.examples(), count);
  effects.weights = scores.read(first, count, options.lds.threads);
  Array<double, 2> predicted = predict(Cpu<double>(options.lds.threads), effects, masks);
  merge_ties(predicted, sum_tolerances(effects.weights, scores.unit_of_type()),
             options.lds.threads);
  if (options.negate) predicted *= -1.0;
  spoil_targets(effects.weights, predicted);
  return predicted;
}

/// Outputs of models [first_model, models), [those][count].
Array<double, 2> read_outputs(const ModelOutputs& outputs, Index first_model, Index first,
                              Index count, int threads) {
  const Array<double, 2> all = outputs.read_columns<double>(first, count, threads);
  Array<double, 2> held_out = make_array<double>(outputs.models() - first_model, count);
  std::copy(all.data() + first_model * count, all.data() + all.size(), held_out.data());
  return held_out;
}

/// Spearman and p-value of every target; the mean and its interval over all of them.
LdsResult score_targets(const Scores& scores, const SubsetMasks& masks, const ModelOutputs& outputs,
                        Index first_model, const LdsOptions& options, const Progress& progress) {
  constexpr Index block_bytes = Index{64} << 20;
  const Index targets = scores.targets(), lanes = panel_lanes<double>;
  const Index bytes_a_target = 8 * (masks.examples() + 3 * outputs.models());
  const Index width = std::max(lanes, block_bytes / bytes_a_target / lanes * lanes);
  LdsScores all{make_array<double>(targets), make_array<double>(targets)};
  for (Index first = 0; first < targets; first += width) {
    const Index count = std::min(width, targets - first);
    const int threads = options.lds.threads;
    const LdsScores block =
        lds_scores(predict_block(scores, masks, first, count, options),
                   read_outputs(outputs, first_model, first, count, threads), threads);
    std::copy(block.score.begin(), block.score.end(), all.score.begin() + first);
    std::copy(block.p_value.begin(), block.p_value.end(), all.p_value.begin() + first);
    Runaways found = block.runaways;  // of the held-out models: numbered as in the files
    found.first.insert(found.first.begin(), static_cast<std::size_t>(first_model), 0);
    found.worst.model += first_model;
    add_runaways(all.runaways, found, first);
    if (progress) progress(first + count, targets);
  }
  return summarise_lds(std::move(all), options.lds.bootstrap);
}

/// p5, p50 and p95 over targets, those without a score as 0.
std::array<double, 3> percentiles_of(const LdsResult& result) {
  const std::vector<double> sorted = ascending(lds_values(result.score));
  return {percentile_of_sorted(sorted, 5), percentile_of_sorted(sorted, 50),
          percentile_of_sorted(sorted, 95)};
}

void add_results(Document& document, const LdsResult& result, Index models,
                 const LdsOptions& options) {
  const auto text = [](double value) { return report::Cell{report::fixed(value, 4)}; };
  const std::array<double, 3> p = percentiles_of(result);
  const Index targets = static_cast<Index>(result.score.size());
  const std::string level = report::fixed(100 * options.lds.bootstrap.level, 0) + " % CI";
  document.tables.push_back(
      {"LDS: Spearman correlation of predicted and true outputs, 1 is perfect",
       {{"", "models", true},
        {"", "targets"},
        {"", "without score"},
        {"", "mean"},
        {"", level},
        {"over targets", "p5"},
        {"over targets", "p50"},
        {"over targets", "p95"}},
       {{{std::to_string(models)},
         {std::to_string(targets)},
         {std::to_string(result.without_score)},
         text(result.mean),
         {sentence("[", report::fixed(result.interval.low, 4), ", ",
                   report::fixed(result.interval.high, 4), "]")},
         text(p[0]),
         text(p[1]),
         text(p[2])}}});
  document.results = {
      {"mean", report::number_json(result.mean)},
      {"interval",
       {report::number_json(result.interval.low), report::number_json(result.interval.high)}},
      {"interval_level", options.lds.bootstrap.level},
      {"interval_replicates", options.lds.bootstrap.replicates},
      {"models", models},
      {"targets", targets},
      {"without_score", result.without_score},
      {"p5", report::number_json(p[0])},
      {"p50", report::number_json(p[1])},
      {"p95", report::number_json(p[2])},
      {"first_model", options.first_model},
      {"negated", options.negate}};
}

void add_words(Document& document, const LdsResult& result, const LdsOptions& options) {
  const std::size_t targets = result.score.size();
  if (result.without_score > 0)
    document.warnings.push_back(
        sentence(result.without_score, " of ", targets,
                 " targets have no rank correlation (constant, NaN or infinite predictions or "
                 "outputs) and count as 0."));
  if (result.interval.high < 0)
    document.warnings.push_back(
        "The scores predict the opposite of the outputs: if these are losses, say --negate.");
  document.remarks.push_back(
      options.negate ? "Predictions were negated: outputs are losses, effects are of the margin."
                     : "Scores are taken to predict the output itself: a larger sum, a larger "
                       "output (--negate for losses).");
  document.remarks.push_back(
      sentence("CI: bootstrap over targets, ", options.lds.bootstrap.replicates, " replicates."));
  if (options.first_model == 0)
    document.remarks.push_back(
        "All models were used: the figure is of held-out models only if none of them made the "
        "scores (--first-model).");
}

Document run_lds(Session& session, LdsOptions& options) {
  if (!options.per_target.empty() && !options.per_target.ends_with(".npy"))
    throw usage_error("--per-target " + options.per_target + ": a name in .npy was expected");
  options.lds.threads = session.threads;
  options.lds.bootstrap.seed = session.seed;
  const ModelOutputs outputs(options.outputs, session.completed);
  const SubsetMasks all = read_masks(options.masks, outputs.completed());
  if (all.models() != outputs.models())
    throw io_error(options.masks,
                   sentence("masks of ", all.models(), " models, ", options.outputs, " has ",
                            outputs.models(), ": both need one row for each model"));
  const Scores scores = open_scores(options, all.examples(), outputs.columns());
  const Index first = first_held_out(options, outputs.completed(), outputs.models());
  const SubsetMasks masks = model_range(all, first, all.models() - first);
  const LdsResult result =
      score_targets(scores, masks, outputs, first, options, session.progress("targets"));
  if (!options.per_target.empty()) make_folder_of(options.per_target);
  if (!options.per_target.empty()) write_npy(options.per_target, result.score);
  Document document;
  document.kind = "lds";
  document.title = "LDS: how well an attribution predicts models trained on other subsets";
  document.facts = {
      {"scores", sentence(options.scores, ": ", scores.examples(), " examples x ", scores.targets(),
                          " targets, ", scores.examples_first ? "examples" : "targets", " first, ",
                          scores.file.header().type())},
      {"masks",
       sentence(options.masks, ": ", masks.models(), " models of ", masks.examples(), " examples")},
      {"outputs", outputs.name() + ": " + outputs.shape_text()}};
  for (const std::string& warning : outputs.warnings()) document.warnings.push_back(warning);
  add_results(document, result, masks.models(), options);
  add_words(document, result, options);
  const RunawayReport ran_away{result.runaways, {"target", "", ""}, outputs};
  ran_away.warn(document, "", "Ranks hardly mind one such output, but regressions on it do.");
  document.results["runaways"] = ran_away.json();
  return document;
}

}  // namespace

void add_lds_command(CLI::App& app, Session& session) {
  const auto options = std::make_shared<LdsOptions>();
  CLI::App* command = add_command(
      app, session, "lds",
      "Linear datamodelling score: rank correlation, over held-out models, of the outputs that "
      "attribution scores predict with the true ones.",
      "expunge lds --scores fitted/effects.npy --masks masks.npy --outputs subset_margins.npy "
      "--first-model 270",
      [&session, options] { return run_lds(session, *options); });
  session
      .reads(command->add_option("--scores", options->scores,
                                 "attribution scores, [examples][targets] or [targets][examples]"))
      ->required();
  session
      .reads(
          command->add_option("--masks", options->masks, "bool [models][examples], 1 = trained on"))
      ->required();
  session
      .reads(command->add_option(
          "--outputs", options->outputs,
          "outputs [models][targets], or [models][points][classes]: each a target"))
      ->required();
  command
      ->add_option("--scores-axes", options->axes,
                   "examples-targets or targets-examples; if not given, as the shapes say")
      ->check(one_of({"examples-targets", "targets-examples"}));
  command
      ->add_option("--first-model", options->first_model,
                   "first row of the files to use: those before made the scores")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--negate", options->negate, "outputs are losses: a larger sum, a smaller one");
  session.writes(command->add_option("--per-target", options->per_target,
                                     "write the score of every target [targets] as OUT.npy"));
  add_completed_option(*command, session);
  add_bootstrap_options(*command, options->lds.bootstrap, "targets");
}

}  // namespace expunge::cli
