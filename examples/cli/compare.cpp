// expunge compare: the KLoM results of several runs in one table, from what `expunge klom --json`
// and `expunge easydub --json` wrote. Results that cannot be compared are refused.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "cli/commands.hpp"
#include "cli/saved_results.hpp"
#include "expunge/core/check.hpp"
#include "expunge/report/number.hpp"

namespace expunge::cli {

namespace {

struct CompareOptions {
  std::vector<std::string> files, names;
};

/// How a run stands among those of a split. Nothing is called the best that cannot be told from
/// another run, or from other oracles, or in which a model ran away.
enum class Standing { best, tied, at_floor, worse, runaways, no_value };

std::string standing_text(Standing standing) {
  if (standing == Standing::best) return "best";
  if (standing == Standing::tied) return "tied";
  if (standing == Standing::at_floor) return "at the floor";
  if (standing == Standing::runaways) return "runaways";
  return standing == Standing::worse ? "" : "no value";
}

/// Refuses two results of which one field differs.
template <class T>
void require_same(const SavedKlom& a, const SavedKlom& b, const std::string& field, const T& x,
                  const T& y) {
  if (x == y) return;
  throw io_error(b.file, sentence(field, " is ", y, ", of ", a.file, " it is ", x,
                                  ": such scores do not compare"));
}

void require_comparable(const SavedKlom& a, const SavedKlom& b) {
  require_same(a, b, "results.preset", a.preset, b.preset);
  require_same(a, b, "results.direction", a.direction, b.direction);
  require_same(a, b, "results.bins", a.bins, b.bins);
  require_same(a, b, "results.last_edge", a.last_edge, b.last_edge);
  require_same(a, b, "results.renormalised", a.renormalised, b.renormalised);
  require_same(a, b, "results.oracle_models", a.oracle_models, b.oracle_models);
  require_same(a, b, "results.unlearned_models", a.unlearned_models, b.unlearned_models);
  require_same(a, b, "results.interval_level", a.interval_level, b.interval_level);
  require_same(a, b, "the number of results.splits", a.splits.size(), b.splits.size());
  for (std::size_t s = 0; s < a.splits.size(); ++s) {
    const std::string at = sentence("results.splits[", s, "].");
    require_same(a, b, at + "name", a.splits[s].name, b.splits[s].name);
    require_same(a, b, at + "points", a.splits[s].points, b.splits[s].points);
    require_same(a, b, "other positions: " + at + "points_fingerprint",
                 a.splits[s].points_fingerprint, b.splits[s].points_fingerprint);
    require_same(a, b, "other oracles: " + at + "oracle_fingerprint",
                 a.splits[s].oracle_fingerprint, b.splits[s].oracle_fingerprint);
  }
}

/// The name of each row: as given, or the file's without folder and extension where these differ.
std::vector<std::string> row_names(const CompareOptions& options) {
  if (!options.names.empty()) {
    if (options.names.size() != options.files.size())
      throw usage_error(sentence("--names has ", options.names.size(), " names for ",
                                 options.files.size(), " files"));
    return options.names;
  }
  std::vector<std::string> names;
  for (const std::string& file : options.files)
    names.push_back(std::filesystem::path(file).stem().string());
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return options.files;
  return names;
}

/// Whether a score, or its interval if it has one, reaches down to its floor.
bool is_at_floor(const SavedScore& score) {
  return score.p95 <= score.floor_p95 || score.p95_interval.low <= score.floor_p95;
}

/// Whether the intervals of two scores touch. A run without an interval cannot be told from any.
bool are_tied(const SavedScore& a, const SavedScore& b) {
  const bool apart =
      a.p95_interval.low > b.p95_interval.high || b.p95_interval.low > a.p95_interval.high;
  return !apart;
}

/// Whether models of either side ran away at some point: their scores may be far too good.
bool has_runaways(const SavedSplit& split) {
  return split.forward.runaway_points > 0 || split.reverse.runaway_points > 0 ||
         split.gaussian.runaway_points > 0;
}

/// Of every run on split s. Runs with runaways are compared with nothing.
std::vector<Standing> standings(const std::vector<SavedKlom>& runs, std::size_t s) {
  const auto score = [&](std::size_t r) -> const SavedScore& { return runs[r].splits[s].forward; };
  const auto counts = [&](std::size_t r) {
    return std::isfinite(score(r).p95) && !has_runaways(runs[r].splits[s]);
  };
  std::size_t best = runs.size();
  for (std::size_t r = 0; r < runs.size(); ++r)
    if (counts(r) && (best == runs.size() || score(r).p95 < score(best).p95)) best = r;
  std::vector<Standing> found;
  bool alone = true;  // no other run is tied with the best
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const bool tied = best < runs.size() && are_tied(score(r), score(best));
    alone = alone && (r == best || !counts(r) || !tied);
    found.push_back(!std::isfinite(score(r).p95)      ? Standing::no_value
                    : has_runaways(runs[r].splits[s]) ? Standing::runaways
                    : is_at_floor(score(r))           ? Standing::at_floor
                    : tied                            ? Standing::tied
                                                      : Standing::worse);
  }
  if (alone && best < runs.size() && found[best] == Standing::tied) found[best] = Standing::best;
  return found;
}

std::vector<report::Column> split_columns(const std::string& split, double level) {
  const std::string interval = report::fixed(100 * level, 0) + " % CI";
  return {{split, "p95"},       {split, interval}, {split, "floor"},    {split, "", true},
          {split, "other way"}, {split, "floor"},  {split, "Gaussian"}, {split, "floor"}};
}

std::vector<report::Cell> split_cells(const SavedSplit& split, Standing standing) {
  const auto plain = [](double value) { return report::Cell{report::fixed(value, 3)}; };
  return {{report::fixed(split.forward.p95, 3), split.forward.p95},
          {report::interval_text(split.forward.p95_interval)},
          plain(split.forward.floor_p95),
          {standing_text(standing)},
          {report::fixed(split.reverse.p95, 3), split.reverse.p95},
          plain(split.reverse.floor_p95),
          plain(split.gaussian.p95),
          plain(split.gaussian.floor_p95)};
}

report::Table comparison(const std::vector<SavedKlom>& runs,
                         const std::vector<std::string>& names) {
  report::Table table;
  table.title = sentence("KLoM in nats, p95 over points, ", runs[0].direction,
                         " and the other way; lower is better");
  table.columns = {{"", "run", true}};
  for (const std::string& name : names) table.rows.push_back({{name}});
  for (std::size_t s = 0; s < runs[0].splits.size(); ++s) {
    const std::vector<Standing> standing = standings(runs, s);
    for (const report::Column& column :
         split_columns(runs[0].splits[s].name, runs[0].interval_level))
      table.columns.push_back(column);
    for (std::size_t r = 0; r < runs.size(); ++r)
      for (const report::Cell& cell : split_cells(runs[r].splits[s], standing[r]))
        table.rows[r].push_back(cell);
  }
  return table;
}

Json score_json(const SavedScore& score) {
  return {{"p95", report::number_json(score.p95)},
          {"p95_interval", Json::array({report::number_json(score.p95_interval.low),
                                        report::number_json(score.p95_interval.high)})},
          {"mean", report::number_json(score.mean)},
          {"floor_p95", report::number_json(score.floor_p95)},
          {"bad_points", score.bad_points},
          {"runaway_points", score.runaway_points}};
}

Json comparison_json(const std::vector<SavedKlom>& runs, const std::vector<std::string>& names) {
  Json rows = Json::array();
  for (std::size_t r = 0; r < runs.size(); ++r) {
    Json splits = Json::array();
    for (std::size_t s = 0; s < runs[r].splits.size(); ++s) {
      const SavedSplit& split = runs[r].splits[s];
      splits.push_back({{"name", split.name},
                        {"points", split.points},
                        {"standing", standing_text(standings(runs, s)[r])},
                        {"forward", score_json(split.forward)},
                        {"reverse", score_json(split.reverse)},
                        {"gaussian", score_json(split.gaussian)}});
    }
    rows.push_back({{"name", names[r]}, {"file", runs[r].file}, {"splits", splits}});
  }
  const SavedKlom& first = runs[0];
  return {{"preset", first.preset},
          {"direction", first.direction},
          {"bins", first.bins},
          {"last_edge", first.last_edge},
          {"renormalised", first.renormalised},
          {"oracle_models", first.oracle_models},
          {"unlearned_models", first.unlearned_models},
          {"interval_level", first.interval_level},
          {"runs", rows}};
}

void add_warnings(Document& document, const std::vector<SavedKlom>& runs,
                  const std::vector<std::string>& names) {
  for (std::size_t r = 0; r < runs.size(); ++r)
    for (const SavedSplit& split : runs[r].splits) {
      const Index bad = std::max(split.forward.bad_points, split.reverse.bad_points);
      if (bad > 0)
        document.warnings.push_back(sentence(names[r], ", ", split.name, ": ", bad, " of ",
                                             split.points,
                                             " points have no score and count as the worst."));
      if (split.forward.runaway_points > 0)
        document.warnings.push_back(sentence(
            names[r], ", ", split.name, ": a model ran away at ", split.forward.runaway_points,
            " of ", split.points, " points; ",
            runs[r].preset.starts_with("paper") && !runs[r].preset.starts_with("paper_code")
                ? "they score the ceiling."
                : "the preset keeps their scores, which are too good."));
      if (split.forward.p95 < split.forward.floor_p95 / 2)
        document.warnings.push_back(
            sentence(names[r], ", ", split.name, ": p95 ", report::fixed(split.forward.p95, 3),
                     " is far below its floor of ", report::fixed(split.forward.floor_p95, 3),
                     ": do the two sides share models?"));
    }
}

Document run_compare(const CompareOptions& options) {
  const std::vector<std::string> names = row_names(options);
  std::vector<SavedKlom> runs;
  for (const std::string& file : options.files) {
    runs.push_back(read_saved_klom(file));
    require_comparable(runs.front(), runs.back());
  }
  const SavedKlom& first = runs[0];
  Document document;
  document.kind = "compare";
  document.title = sentence("KLoM of ", runs.size(), " runs");
  document.facts = {
      {"preset", first.preset},
      {"direction", first.direction},
      {"bins", sentence(first.bins, ", last edge ", first.last_edge)},
      {"models", sentence(first.oracle_models, " oracle, ", first.unlearned_models, " unlearned")}};
  for (std::size_t r = 0; r < runs.size(); ++r)
    document.facts.emplace_back("run " + names[r], runs[r].file);
  document.tables.push_back(comparison(runs, names));
  document.results = comparison_json(runs, names);
  add_warnings(document, runs, names);
  document.remarks = {
      "\"best\": the lowest score, and no other run's interval touches its own; \"tied\": the "
      "interval touches that of the lowest score, so these models cannot tell the two apart; \"at "
      "the "
      "floor\": the interval reaches the floor, so the run cannot be told from other oracles; "
      "\"runaways\": a model ran away, so that the score "
      "may be far too good, and the run is left out of these comparisons.",
      "A score at its floor is what other oracles get. Read both directions and the Gaussian KL "
      "together."};
  return document;
}

}  // namespace

void add_compare_command(CLI::App& app, Session& session) {
  const auto options = std::make_shared<CompareOptions>();
  CLI::App* command = add_command(
      app, session, "compare",
      "Puts KLoM results of several runs into one table; refuses those that differ in preset, "
      "direction, bins, numbers of models, oracles, splits or their points.",
      "expunge compare nothing.json method.json --names nothing --names method --json table.json",
      [options] { return run_compare(*options); });
  session
      .reads(
          command->add_option("results", options->files, "what klom or easydub wrote with --json"))
      ->required()
      ->expected(2, std::numeric_limits<int>::max());
  command->add_option("--names", options->names, "of the rows, one a file (may be repeated)");
}

}  // namespace expunge::cli
