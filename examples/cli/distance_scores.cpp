#include "cli/distance_scores.hpp"

#include <algorithm>

#include "expunge/report/number.hpp"

namespace expunge::cli {

namespace {

SampleDistancesConfig distances_config(const KlomConfig& klom) {
  SampleDistancesConfig config;
  config.direction = klom.direction;
  config.threads = klom.threads;
  return config;
}

using Values = Array<double, 1> SampleDistances::*;
constexpr std::pair<const char*, Values> all_distances[] = {
    {"ks", &SampleDistances::ks},           {"welch_t", &SampleDistances::welch_t},
    {"welch_p", &SampleDistances::welch_p}, {"wasserstein", &SampleDistances::wasserstein},
    {"renyi2", &SampleDistances::renyi2},   {"renyi5", &SampleDistances::renyi5},
    {"renyi10", &SampleDistances::renyi10}, {"jensen_shannon", &SampleDistances::jensen_shannon}};

void copy_block(const SampleDistances& block, Index first, SampleDistances& all) {
  for (const auto& [name, values] : all_distances)
    std::copy((block.*values).begin(), (block.*values).end(), (all.*values).begin() + first);
  std::copy(block.bad.begin(), block.bad.end(), all.bad.begin() + first);
  all.bad_points += block.bad_points;
  add_runaways(all.runaways, block.runaways, first);
}

report::Table distance_table() {
  report::Table table;
  table.title = "Other distances over points, and what other oracles score (floor)";
  table.columns = {{"", "split", true}, {"", "distance", true}, {"", "median"}, {"", "floor"},
                   {"", "p95"},         {"", "floor"}};
  return table;
}

/// A row for each distance of a split.
void add_rows(const std::string& split, const DistanceSummary& score, const DistanceSummary& floor,
              report::Table& table) {
  using Part = Summary DistanceSummary::*;
  const std::pair<const char*, Part> parts[] = {
      {"Kolmogorov-Smirnov", &DistanceSummary::ks},
      {"Wasserstein 1", &DistanceSummary::wasserstein},
      {"Renyi 2", &DistanceSummary::renyi2},
      {"Renyi 5", &DistanceSummary::renyi5},
      {"Renyi 10", &DistanceSummary::renyi10},
      {"Jensen-Shannon", &DistanceSummary::jensen_shannon},
      {"Welch's |t|", &DistanceSummary::welch_size}};
  const auto number = [](double value) { return report::Cell{report::fixed(value, 3)}; };
  for (const auto& [name, part] : parts)
    table.rows.push_back({{split},
                          {name},
                          number((score.*part).p50),
                          number((floor.*part).p50),
                          number((score.*part).p95),
                          number((floor.*part).p95)});
}

Json summary_json(const DistanceSummary& s) {
  const auto of = [](const Summary& x) {
    return Json{{"p95", report::number_json(x.p95)},
                {"p50", report::number_json(x.p50)},
                {"mean", report::number_json(x.mean)}};
  };
  return {{"ks", of(s.ks)},
          {"wasserstein", of(s.wasserstein)},
          {"renyi2", of(s.renyi2)},
          {"renyi5", of(s.renyi5)},
          {"renyi10", of(s.renyi10)},
          {"jensen_shannon", of(s.jensen_shannon)},
          {"welch_size", of(s.welch_size)},
          {"welch_significant", report::number_json(s.significant)},
          {"bad_points", s.ks.bad}};
}

}  // namespace

SampleDistances distance_points(const ModelOutputs& oracle, const ModelOutputs& unlearned,
                                const KlomSettings& settings, const Progress& progress) {
  const SampleDistancesConfig config = distances_config(settings.klom);
  SampleDistances all =
      unset_distances(oracle.points(), oracle.models(), unlearned.models(), config);
  for_each_block(oracle, unlearned, config.threads, progress,
                 [&](Index first, const auto& o, const auto& u) {
                   copy_block(sample_distances(o, u, config), first, all);
                 });
  return all;
}

void add_distances(Document& document, const ModelOutputs& oracle, const SampleDistances& distances,
                   const std::vector<Split>& splits, const KlomSettings& settings) {
  const SampleDistancesConfig config = distances_config(settings.klom);
  const FloorConfig floor_config{distances.oracle_models, distances.unlearned_models, 1,
                                 settings.seed};
  report::Table table = distance_table();
  Json list = Json::array();
  for (const Split& split : splits) {
    const DistanceSummary score = summarise(distances, split.points);
    const std::vector<Index> sample = floor_sample(split, settings);
    const DistanceSummary floor = with_precision(oracle.precision(), [&]<class T>(T) {
      return distances_floor(oracle.read_margins_at<T>(sample, config.threads), floor_config,
                             config);
    });
    add_rows(split.name, score, floor, table);
    document.remarks.push_back(
        sentence(split.name, ": Welch's p < 0.05 at ", report::percent_text(score.significant),
                 " % of the points (floor ", report::percent_text(floor.significant), " %)."));
    list.push_back(
        {{"name", split.name}, {"score", summary_json(score)}, {"floor", summary_json(floor)}});
  }
  document.tables.push_back(std::move(table));
  document.results["distances"] = list;
  document.remarks.push_back(distances.label() + ".");
}

NamedArrays distance_arrays(const SampleDistances& distances) {
  NamedArrays arrays;
  for (const auto& [name, values] : all_distances) arrays.emplace_back(name, distances.*values);
  return arrays;
}

}  // namespace expunge::cli
