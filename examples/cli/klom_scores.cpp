#include "cli/klom_scores.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

#include "cli/input_checks.hpp"
#include "cli/session.hpp"
#include "expunge/report/number.hpp"

namespace expunge::cli {

namespace {

KlomResult all_points(const ModelOutputs& oracle, const ModelOutputs& unlearned, Index points,
                      const KlomConfig& config) {
  return {make_array<double>(points),
          std::vector<std::uint8_t>(static_cast<std::size_t>(points)),
          0,
          oracle.models(),
          unlearned.models(),
          config};
}

void copy_block(const KlomResult& block, Index first, KlomResult& all) {
  std::copy(block.per_point.begin(), block.per_point.end(), all.per_point.begin() + first);
  std::copy(block.bad.begin(), block.bad.end(), all.bad.begin() + first);
  all.bad_points += block.bad_points;
  add_runaways(all.runaways, block.runaways, first);
}

void refuse_bad_points(const KlomScores& scores, const std::string& name) {
  for (std::size_t x = 0; x < scores.forward.bad.size(); ++x)
    if (scores.forward.bad[x] || scores.reverse.bad[x])
      throw io_error(name, 0,
                     sentence("point ", x,
                              " has no score (a margin that is not finite, or models "
                              "lost at the clip), one of ",
                              scores.forward.bad_points, " such points"));
}

void refuse_runaways(const KlomScores& scores, const std::string& name) {
  if (scores.forward.runaways.any())
    throw io_error(name,
                   runaway_sentence(scores.forward.runaways, {"point", "oracle", "unlearned"}));
}

/// At most `most` of the points, drawn at random; all if most is 0.
std::vector<Index> sample_of(const std::vector<Index>& points, Index most, std::uint64_t seed,
                             std::uint32_t which) {
  if (most == 0 || static_cast<Index>(points.size()) <= most) return points;
  std::vector<Index> sample = random_sample(seed, {Purpose::point_sample, which}, points, most);
  std::sort(sample.begin(), sample.end());  // files are read in order
  return sample;
}

ScoreOfSplit score_of(const KlomResult& result, const KlomInterval& interval,
                      const KlomFloor& floor, const Split& split) {
  const Summary s = summarise(result, split.points);
  return {s, interval.p95.around(s.p95), interval.mean.around(s.mean), floor};
}

/// In [0, ceiling], where every score lies; NaN stays NaN.
report::Interval shown(const BootstrapEstimate& estimate, double ceiling) {
  const auto clamped = [&](double x) { return std::isnan(x) ? x : std::clamp(x, 0.0, ceiling); };
  return {clamped(estimate.centred.low), clamped(estimate.centred.high)};
}

report::Table klom_table(const std::vector<KlomOfSplit>& splits, const KlomConfig& config) {
  report::Table table;
  table.title = "KLoM in nats; lower is better";
  const std::string forward(direction_name(config.direction));
  const std::string reverse(direction_name(reversed(config.direction)));
  table.columns = {{"", "split", true}, {"", "points"},       {"", "bad"},
                   {forward, "p95"},    {forward, "95 % CI"}, {forward, "floor"},
                   {forward, "mean"},   {forward, "floor"},   {reverse, "p95"},
                   {reverse, "floor"},  {"Gaussian", "p95"},  {"Gaussian", "floor"}};
  for (const KlomOfSplit& s : splits) {
    const auto score = [](double value) { return report::Cell{report::fixed(value, 3), value}; };
    const auto plain = [](double value) { return report::Cell{report::fixed(value, 3)}; };
    const report::Interval ci = shown(s.forward.p95, config.ceiling());
    table.rows.push_back(
        {{s.name},
         {std::to_string(s.points)},
         {std::to_string(s.bad_points())},
         score(s.forward.summary.p95),
         {sentence("[", report::fixed(ci.low, 2), ", ", report::fixed(ci.high, 2), "]")},
         plain(s.forward.floor.p95),
         score(s.forward.summary.mean),
         plain(s.forward.floor.mean),
         score(s.reverse.summary.p95),
         plain(s.reverse.floor.p95),
         score(s.gaussian.summary.p95),
         plain(s.gaussian.floor.p95)});
  }
  return table;
}

Json score_json(const ScoreOfSplit& score, double ceiling) {
  const auto interval = [&](const BootstrapEstimate& e) {
    const report::Interval i = shown(e, ceiling);
    return Json::array({report::number_json(i.low), report::number_json(i.high)});
  };
  const Summary& s = score.summary;
  return {{"p95", report::number_json(s.p95)},
          {"p95_interval", interval(score.p95)},
          {"mean", report::number_json(s.mean)},
          {"mean_interval", interval(score.mean)},
          {"p5", report::number_json(s.p5)},
          {"p50", report::number_json(s.p50)},
          {"p99", report::number_json(s.p99)},
          {"worst", report::number_json(s.worst)},
          {"bad_points", s.bad},
          {"runaway_points", s.runaway},
          {"floor_p95", report::number_json(score.floor.p95)},
          {"floor_mean", report::number_json(score.floor.mean)},
          {"floor_method", floor_method_name(score.floor.method)}};
}

Json klom_json(const std::vector<KlomOfSplit>& splits, const KlomSettings& settings) {
  const KlomConfig& config = settings.klom;
  Json list = Json::array();
  for (const KlomOfSplit& s : splits)
    list.push_back({{"name", s.name},
                    {"points", s.points},
                    {"forward", score_json(s.forward, config.ceiling())},
                    {"reverse", score_json(s.reverse, config.ceiling())},
                    {"gaussian", score_json(s.gaussian, config.ceiling())},
                    {"interval_points", s.interval_points},
                    {"floor_points", s.floor_points},
                    {"floor_left_out", s.floor_left_out},
                    {"oracle_fingerprint", s.fingerprints.oracle},
                    {"points_fingerprint", s.fingerprints.points}});
  return {{"preset", config.name},
          {"direction", direction_name(config.direction)},
          {"bins", config.bins},
          {"last_edge", config.last_edge == LastEdge::closed ? "closed" : "dropped"},
          {"renormalised", config.renormalised},
          {"oracle_models", splits.front().oracle_models},
          {"unlearned_models", splits.front().unlearned_models},
          {"interval_level", settings.bootstrap.level},
          {"interval_replicates", settings.bootstrap.replicates},
          {"floor_repeats", settings.floor_repeats},
          {"seed", settings.seed},
          {"splits", list}};
}

/// How many points of the largest split a bootstrap or a floor looked at.
std::string looked_at(Index sample, Index points) {
  return sample < points ? sentence(sample, " random points of a split at most")
                         : std::string("all points of a split");
}

void add_remarks(Document& document, const std::vector<KlomOfSplit>& splits,
                 const KlomSettings& settings) {
  const KlomOfSplit& s = splits.front();
  Index interval_points = 0, floor_points = 0, points = 0;
  for (const KlomOfSplit& split : splits) {
    interval_points = std::max(interval_points, split.interval_points);
    floor_points = std::max(floor_points, split.floor_points);
    points = std::max(points, split.points);
  }
  document.remarks = {
      klom_label(settings.klom, s.oracle_models, s.unlearned_models) +
          "; 0 is perfect, the worst is " + report::fixed(settings.klom.ceiling(), 2) + ".",
      sentence("Floor: what ", s.oracle_models, " oracles score against ", s.unlearned_models,
               " other oracles, by ", floor_method_name(s.forward.floor.method), ", on ",
               looked_at(floor_points, points),
               ". Scores of other numbers of models do not compare."),
      sentence("CI: bootstrap over models, ", settings.bootstrap.replicates, " replicates on ",
               looked_at(interval_points, points), ", centred on the score."),
      "Read both directions and the Gaussian KL together: one direction alone can be pleased by "
      "models that are spread too wide or too narrow."};
}

void add_floor_warnings(Document& document, const KlomOfSplit& s) {
  const Index looked_at = s.floor_points + s.floor_left_out;
  if (s.floor_left_out > 0)
    document.warnings.push_back(
        sentence(s.name, ": the floor leaves out ", s.floor_left_out, " of ", looked_at,
                 " points, where an oracle's margin is NaN or infinite, or ran away",
                 s.floor_points == 0 ? "; no point is left, so there is no floor." : "."));
  const double p95 = s.forward.summary.p95, floor = s.forward.floor.p95;
  if (std::isfinite(p95) && std::isfinite(floor) && p95 < floor / 2)
    document.warnings.push_back(sentence(s.name, ": p95 ", report::fixed(p95, 3),
                                         " is far below the floor of ", report::fixed(floor, 3),
                                         ": do the two sides share models?"));
}

void add_warnings(Document& document, const std::vector<KlomOfSplit>& splits) {
  for (const KlomOfSplit& s : splits)
    if (s.bad_points() > 0)
      document.warnings.push_back(
          sentence(s.name, ": ", s.bad_points(), " of ", s.points,
                   " points have no score (a margin that is NaN or infinite, or models lost at the "
                   "clip) and count as the worst."));
  for (const KlomOfSplit& s : splits)
    if (s.runaway_points() > 0)
      document.warnings.push_back(sentence(s.name, ": a model ran away at ", s.runaway_points(),
                                           " of ", s.points, " points."));
  for (const KlomOfSplit& s : splits) add_floor_warnings(document, s);
  const Index fewest = std::min(splits.front().oracle_models, splits.front().unlearned_models);
  if (fewest < 80)
    document.warnings.push_back(sentence(
        "With ", fewest, " models the floor is high: differences below it cannot be seen."));
}

}  // namespace

std::string runaway_consequence(const KlomConfig& config) {
  return config.runaways == RunawayPoints::score_ceiling
             ? "These points score the ceiling."
             : "The preset " + config.name +
                   " keeps the scores of these points, which are too good; the Gaussian KL and "
                   "--preset paper score the ceiling there.";
}

std::string_view floor_method_name(FloorMethod method) {
  if (method == FloorMethod::split) return "split";
  return method == FloorMethod::bootstrap ? "smoothed bootstrap" : "simulation";
}

KlomScores score_points(const ModelOutputs& oracle, const ModelOutputs& unlearned,
                        const KlomSettings& settings, const Progress& progress) {
  const Index points = oracle.points();
  require_same_points(oracle, unlearned, "the oracles");
  for (const ModelOutputs* models : {&oracle, &unlearned})
    if (models->models() < 2)
      throw io_error(models->name(),
                     "1 model, at least 2 are needed for a distribution: give a folder, a pattern, "
                     "or an array [models][points]");
  KlomConfig other = settings.klom;
  other.direction = reversed(other.direction);
  KlomScores scores{all_points(oracle, unlearned, points, settings.klom),
                    all_points(oracle, unlearned, points, other),
                    all_points(oracle, unlearned, points, settings.klom)};
  for_each_block(oracle, unlearned, settings.klom.threads, progress,
                 [&](Index first, const auto& o, const auto& u) {
                   const KlomScores block = klom_scores(o, u, settings.klom);
                   copy_block(block.forward, first, scores.forward);
                   copy_block(block.reverse, first, scores.reverse);
                   copy_block(block.gaussian, first, scores.gaussian);
                 });
  if (settings.strict) refuse_bad_points(scores, unlearned.name());
  if (settings.strict) refuse_runaways(scores, unlearned.name());
  return scores;
}

std::vector<Index> floor_sample(const Split& split, const KlomSettings& settings) {
  return sample_of(split.points, settings.floor_points, settings.seed, 1);
}

KlomOfSplit score_split(const ModelOutputs& oracle, const ModelOutputs& unlearned,
                        const ModelOutputs& floor_oracles, const KlomScores& scores,
                        const Split& split, const KlomSettings& settings) {
  KlomOfSplit result;
  result.name = split.name;
  result.points = static_cast<Index>(split.points.size());
  result.oracle_models = oracle.models();
  result.unlearned_models = unlearned.models();
  const std::vector<Index> few =
      sample_of(split.points, settings.interval_points, settings.seed, 0);
  const std::vector<Index> more = floor_sample(split, settings);
  result.interval_points = static_cast<Index>(few.size());
  const int threads = settings.klom.threads;
  result.fingerprints = {oracle_fingerprint(oracle, split.points, threads),
                         points_fingerprint(split.points)};
  const FloorConfig floor{oracle.models(), unlearned.models(), settings.floor_repeats,
                          settings.seed};
  with_precision(common_precision(oracle, unlearned), [&]<class T>(T) {
    const KlomFloors floors =
        klom_floors(floor_oracles.read_margins_at<T>(more, threads), floor, settings.klom);
    result.floor_points = floors.forward.points;
    result.floor_left_out = floors.forward.left_out;
    const KlomIntervals intervals = klom_intervals(oracle.read_margins_at<T>(few, threads),
                                                   unlearned.read_margins_at<T>(few, threads),
                                                   settings.klom, settings.bootstrap);
    result.forward = score_of(scores.forward, intervals.forward, floors.forward, split);
    result.reverse = score_of(scores.reverse, intervals.reverse, floors.reverse, split);
    result.gaussian = score_of(scores.gaussian, intervals.gaussian, floors.gaussian, split);
  });
  return result;
}

void add_klom(Document& document, const std::vector<KlomOfSplit>& splits,
              const KlomSettings& settings) {
  document.tables.push_back(klom_table(splits, settings.klom));
  document.results = klom_json(splits, settings);
  add_remarks(document, splits, settings);
  add_warnings(document, splits);
}

void add_klom_options(CLI::App& command, KlomSettings& settings) {
  add_bootstrap_options(command, settings.bootstrap, "models");
  command
      .add_option("--interval-points", settings.interval_points,
                  "points of a split that the intervals look at; 0 = all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--floor-points", settings.floor_points,
                  "points of a split that the noise floor looks at; 0 = all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command.add_flag("--strict", settings.strict,
                   "a point without a score, or a model that ran away, is an error");
}

NamedArrays per_point_arrays(const KlomScores& scores, const std::string& prefix) {
  Array<double, 1> bad = make_array<double>(static_cast<Index>(scores.forward.bad.size()));
  for (std::size_t x = 0; x < bad.size(); ++x)
    bad(x) = scores.forward.bad[x] | scores.reverse.bad[x];
  return {{prefix + "forward", scores.forward.per_point},
          {prefix + "reverse", scores.reverse.per_point},
          {prefix + "gaussian", scores.gaussian.per_point},
          {prefix + "bad", bad}};
}

}  // namespace expunge::cli
