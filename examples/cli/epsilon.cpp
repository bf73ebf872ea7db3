// expunge epsilon: the epsilon, forgetting quality and score of the NeurIPS 2023 unlearning
// challenge, from files of margins or logits of unlearned and of retrained models.
#include <algorithm>

#include "cli/commands.hpp"
#include "cli/epsilon_scores.hpp"
#include "cli/input_checks.hpp"
#include "cli/klom_scores.hpp"
#include "cli/npz.hpp"
#include "cli/runaway_report.hpp"
#include "expunge/report/number.hpp"

namespace expunge::cli {

namespace {

struct EpsilonOptions {
  std::string unlearned, retrained, labels, per_point, intervals = "published";
  std::vector<std::string> splits;
  std::vector<double> retain_accuracy, test_accuracy;  // unlearned, retrained
  EpsilonConfig epsilon;
  BootstrapConfig bootstrap{1000, 0.95, 0};
};

struct Accuracies {
  AccuracyPair retain, test;
};

constexpr std::array<const char*, 5> attack_names = {"none", "threshold", "interval", "narrow",
                                                     "not_finite"};

/// Both accuracies, or none; ratios are checked here, before a file is read.
std::optional<Accuracies> read_accuracies(const EpsilonOptions& options) {
  const auto pair = [](const char* name, const std::vector<double>& values) {
    if (values.size() != 2)
      throw usage_error(sentence(name,
                                 ": two accuracies U,R were expected, unlearned and "
                                 "retrained; there are ",
                                 values.size()));
    const AccuracyPair accuracies{values[0], values[1]};
    checked_usage([&] { accuracies.ratio(); }, name);
    return accuracies;
  };
  if (options.retain_accuracy.empty() && options.test_accuracy.empty()) return {};
  if (options.retain_accuracy.empty() || options.test_accuracy.empty())
    throw usage_error(
        "--retain-accuracy and --test-accuracy make the score together: one is "
        "missing");
  return Accuracies{pair("--retain-accuracy", options.retain_accuracy),
                    pair("--test-accuracy", options.test_accuracy)};
}

double score_of(const EpsilonOfSplit& split, const Accuracies& accuracies) {
  return challenge_score(std::min(split.figures.quality, 1.0), accuracies.retain, accuracies.test);
}

report::Table epsilon_table(const std::vector<EpsilonOfSplit>& splits,
                            const std::optional<Accuracies>& accuracies, double level) {
  report::Table table;
  table.title = "Forgetting quality, 1 is perfect; epsilon in nats, lower is better";
  table.columns = {{"", "split", true},
                   {"", "points"},
                   {"", "bad"},
                   {"forgetting quality", "mean H"},
                   {"forgetting quality", report::fixed(100 * level, 0) + " % CI"},
                   {"forgetting quality", "floor"},
                   {"epsilon", "mean"},
                   {"epsilon", "p50"},
                   {"epsilon", "p95"},
                   {"examples by attack", "threshold"},
                   {"examples by attack", "interval"},
                   {"examples by attack", "narrow"},
                   {"examples by attack", "none"}};
  if (accuracies) table.columns.push_back({"challenge", "score"});
  const auto text = [](double value, int decimals = 3) {
    return report::Cell{report::fixed(value, decimals)};
  };
  for (const EpsilonOfSplit& s : splits) {
    const SplitFigures& f = s.figures;
    table.rows.push_back({{s.name},
                          {std::to_string(s.points)},
                          {std::to_string(s.bad_points)},
                          text(f.quality),
                          {sentence("[", report::fixed(f.interval.low, 3), ", ",
                                    report::fixed(f.interval.high, 3), "]")},
                          text(s.floor ? s.floor->quality : report::not_measured),
                          text(f.epsilon.mean, 2),
                          text(f.epsilon.p50, 2),
                          text(f.epsilon.p95, 2)});
    for (const int attack : {1, 2, 3, 0})
      table.rows.back().push_back({std::to_string(s.attacks[static_cast<std::size_t>(attack)])});
    if (accuracies) table.rows.back().push_back(text(score_of(s, *accuracies), 4));
  }
  return table;
}

Json figures_json(const SplitFigures& figures) {
  return {{"forgetting_quality", report::number_json(figures.quality)},
          {"forgetting_quality_interval",
           {report::number_json(figures.interval.low), report::number_json(figures.interval.high)}},
          {"h_zero", figures.h_zero},
          {"epsilon_mean", report::number_json(figures.epsilon.mean)},
          {"epsilon_p50", report::number_json(figures.epsilon.p50)},
          {"epsilon_p95", report::number_json(figures.epsilon.p95)}};
}

Json split_json(const EpsilonOfSplit& split, const std::optional<Accuracies>& accuracies) {
  Json json = {{"name", split.name}, {"points", split.points}, {"bad_points", split.bad_points}};
  json.update(figures_json(split.figures));
  json["floor"] = split.floor ? figures_json(*split.floor) : Json();
  json["floor_left_out"] = split.floor_left_out;
  for (std::size_t a = 0; a < attack_names.size(); ++a)
    json["attacks"][attack_names[a]] = split.attacks[a];
  if (accuracies) json["challenge_score"] = report::number_json(score_of(split, *accuracies));
  return json;
}

Json results_json(const Epsilons& all, const std::vector<EpsilonOfSplit>& splits,
                  const std::optional<Accuracies>& accuracies, const EpsilonOptions& options) {
  const EpsilonResult& result = all.result;
  const Index models = std::min(result.retrained_models, result.unlearned_models);
  Json json = {{"retrained_models", result.retrained_models},
               {"unlearned_models", result.unlearned_models},
               {"floor_method", floor_method_name(all.method)},
               {"delta", result.config.delta},
               {"intervals", options.intervals},
               {"epsilon_cap", result.config.cap},
               {"epsilon_of_h_zero", epsilon_limit(models)},
               {"interval_level", options.bootstrap.level},
               {"interval_replicates", options.bootstrap.replicates}};
  if (accuracies)
    for (const auto& [name, pair] : {std::pair{"retain_accuracy", accuracies->retain},
                                     std::pair{"test_accuracy", accuracies->test}})
      json[name] = {{"unlearned", pair.unlearned}, {"retrained", pair.retrained}};
  json["splits"] = Json::array();
  for (const EpsilonOfSplit& split : splits)
    json["splits"].push_back(split_json(split, accuracies));
  return json;
}

void add_remarks(Document& document, const Epsilons& all,
                 const std::optional<Accuracies>& accuracies, const EpsilonOptions& options) {
  const EpsilonResult& r = all.result;
  const Index models = std::min(r.retrained_models, r.unlearned_models);
  document.remarks = {
      sentence("Models: ", r.retrained_models, " retrained, ", r.unlearned_models,
               " unlearned. H(epsilon) = 2^-floor(2 epsilon), 0 from epsilon ",
               epsilon_limit(models), " on; delta ", r.config.delta, "."),
      options.intervals == "published"
          ? "Intervals: those that the published scorer can try; scores compare with the "
            "competition's."
          : "Intervals: all; stricter than the published scorer, so scores do not compare with the "
            "competition's."};
  document.remarks.push_back(sentence(
      "Floor: the quality of ", r.retrained_models, " models against ", r.unlearned_models,
      " others that differ from the retrained ones in nothing, by ", floor_method_name(all.method),
      ". It is not 1, as the best of many attacks finds something in noise; models that were "
      "unlearned perfectly have it but for chance."));
  document.remarks.push_back(sentence("CI: bootstrap over examples, ", options.bootstrap.replicates,
                                      " replicates; it does not hold the noise of the models."));
  if (accuracies)
    document.remarks.push_back(sentence(
        "Score: quality x ", report::fixed(accuracies->retain.ratio(), 4),
        " (retain accuracy, unlearned : retrained) x ", report::fixed(accuracies->test.ratio(), 4),
        " (test accuracy). A ratio above 1 raises it, as published."));
}

void add_warnings(Document& document, const Epsilons& all,
                  const std::vector<EpsilonOfSplit>& splits) {
  for (const EpsilonOfSplit& s : splits)
    if (s.bad_points > 0)
      document.warnings.push_back(sentence(s.name, ": ", s.bad_points, " of ", s.points,
                                           " points have a margin that is NaN or infinite; they "
                                           "have the worst epsilon and H = 0."));
  for (const EpsilonOfSplit& s : splits)
    if (s.floor_left_out > 0)
      document.warnings.push_back(
          sentence(s.name, ": the floor leaves out ", s.floor_left_out, " of ", s.points,
                   " points, where a retrained model's margin is NaN or infinite, or ran away."));
  const EpsilonResult& r = all.result;
  if (r.retrained_models != r.unlearned_models)
    document.warnings.push_back(sentence("The numbers of models differ, ", r.retrained_models,
                                         " retrained and ", r.unlearned_models,
                                         " unlearned: H is by the smaller."));
}

NamedArrays per_point_arrays(const Epsilons& all) {
  const Index n = static_cast<Index>(all.points.size());
  Array<double, 1> point = make_array<double>(n), attack = make_array<double>(n);
  for (std::size_t i = 0; i < all.points.size(); ++i) {
    point(i) = static_cast<double>(all.points[i]);
    attack(i) = static_cast<double>(all.result.attack[i]);
  }
  NamedArrays arrays = {
      {"point", point}, {"epsilon", all.result.epsilon}, {"h", all.result.h}, {"attack", attack}};
  arrays.emplace_back("floor_epsilon", all.floor.epsilon);
  arrays.emplace_back("floor_h", all.floor.h);
  return arrays;
}

Document run_epsilon(Session& session, EpsilonOptions& options) {
  require_npz("--per-point", options.per_point);
  const std::optional<Accuracies> accuracies = read_accuracies(options);
  options.epsilon.intervals =
      options.intervals == "all" ? IntervalFamily::all : IntervalFamily::published;
  options.epsilon.threads = session.threads;
  options.bootstrap.seed = session.seed;
  checked_usage([&] {
    options.epsilon.validate();
    options.bootstrap.validate();
  });
  ModelOutputs retrained(options.retrained, session.completed);
  ModelOutputs unlearned(options.unlearned, session.completed);
  if (!options.labels.empty()) {
    retrained.set_labels(options.labels);
    unlearned.set_labels(options.labels);
  }
  check_models(retrained, unlearned);
  Document document;
  document.facts = {{"retrained", retrained.name() + ": " + retrained.shape_text()},
                    {"unlearned", unlearned.name() + ": " + unlearned.shape_text()}};
  const std::vector<Split> splits = read_splits(options.splits, retrained.points());
  for (const ModelOutputs* models : {&retrained, &unlearned})
    warn_of_outputs(document, *models, session.threads);
  const Epsilons all = epsilon_points(retrained, unlearned, points_of(splits), options.epsilon,
                                      session.seed, session.progress("attack"));
  std::vector<EpsilonOfSplit> scored;
  for (const Split& split : splits) scored.push_back(score_split(all, split, options.bootstrap));
  if (!options.per_point.empty()) write_npz(options.per_point, per_point_arrays(all));
  document.kind = "epsilon";
  document.title = "Epsilon: how surely unlearned models are told from retrained ones";
  document.tables.push_back(epsilon_table(scored, accuracies, options.bootstrap.level));
  document.results = results_json(all, scored, accuracies, options);
  add_remarks(document, all, accuracies, options);
  add_warnings(document, all, scored);
  Runaways found = all.result.runaways;
  if (found.any()) found.worst.point = all.points[static_cast<std::size_t>(found.worst.point)];
  const RunawayReport ran_away{found, {"point", "retrained", "unlearned"}, retrained, &unlearned};
  ran_away.warn(document, "", "Their margins are attacked like any others.");
  document.results["runaways"] = ran_away.json();
  return document;
}

void add_files(CLI::App& command, EpsilonOptions& options, Session& session) {
  session
      .reads(command.add_option(
          "--unlearned", options.unlearned,
          "margins [models][points]: a file, a folder or pattern of one file a model"))
      ->required();
  session
      .reads(command.add_option("--retrained", options.retrained,
                                "the same of models that never saw the forget set"))
      ->required();
  session.reads(
      command.add_option("--labels", options.labels,
                         "labels [points]: the files hold logits [models][points][classes]"));
  session.reads(
      command.add_option("--split", options.splits,
                         "NAME=indices.npy: these points, the forget set say (may be repeated)"));
  session.writes(command.add_option(
      "--per-point", options.per_point,
      "write OUT.npz: point, epsilon, h, attack (0 none, 1 threshold, 2 interval, "
      "3 narrow, 4 not finite), floor_epsilon, floor_h"));
  add_completed_option(command, session);
}

void add_settings(CLI::App& command, EpsilonOptions& options) {
  command.add_option("--delta", options.epsilon.delta, "of (epsilon, delta)")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 0.999999));
  command
      .add_option("--intervals", options.intervals,
                  "which intervals attack: published, as in the competition, or all, stricter")
      ->capture_default_str()
      ->check(one_of({"published", "all"}));
  command
      .add_option("--retain-accuracy", options.retain_accuracy,
                  "U,R: mean accuracy of unlearned and of retrained models, in 0 .. 1")
      ->delimiter(',');
  command
      .add_option("--test-accuracy", options.test_accuracy,
                  "U,R on the test set; with both, the challenge's score is printed")
      ->delimiter(',');
  add_bootstrap_options(command, options.bootstrap, "examples");
}

}  // namespace

void add_epsilon_command(CLI::App& app, Session& session) {
  const auto options = std::make_shared<EpsilonOptions>();
  CLI::App* command = add_command(
      app, session, "epsilon",
      "The score of the NeurIPS 2023 unlearning challenge: how surely an attacker tells unlearned "
      "from retrained models by one margin, example by example.",
      "expunge epsilon --unlearned unlearned.npy --retrained oracle.npy --split "
      "forget=forget.npy --retain-accuracy 0.97,0.99 --test-accuracy 0.88,0.90",
      [&session, options] { return run_epsilon(session, *options); });
  add_files(*command, *options, session);
  add_settings(*command, *options);
}

}  // namespace expunge::cli
