#include "score_tables.hpp"

#include "expunge/core/check.hpp"
#include "expunge/report/gnuplot.hpp"
#include "expunge/report/number.hpp"

namespace frontier {

using namespace expunge;
using report::Cell;
using report::Column;

namespace {

std::vector<Column> measure_columns(Measure end) {
  const std::vector<Column> all{
      {"forget", "fwd"},       {"forget", "rev"},      {"forget", "Gauss"},   {"retain", "fwd"},
      {"retain", "rev"},       {"retain", "Gauss"},    {"validation", "fwd"}, {"validation", "rev"},
      {"validation", "Gauss"}, {"both", "directions"}, {"compute", "%"},      {"", "seconds"}};
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(end)};
}

/// "0.72 [0.61, 0.83]"; a dash where nothing was measured.
Cell estimate_cell(const Estimate& found) {
  if (std::isnan(found.mean)) return {"-"};
  const std::string interval = report::interval_text(found.interval);
  return {report::score_text(found.mean) + (interval.empty() ? "" : " " + interval)};
}

void add_measures(std::vector<Cell>& row, const Observations& observations, const std::string& set,
                  const std::string& method, Measure end) {
  for (std::size_t m = 0; m < end; ++m)
    row.push_back(estimate_cell(over_seeds(observations, set, method, static_cast<Measure>(m))));
}

}  // namespace

report::Table score_table(const Observations& observations, const std::string& title) {
  report::Table table;
  table.title = title;
  table.columns = {{"", "forget set", true}, {"", "method", true}};
  for (const Column& column : measure_columns(measure_count)) table.columns.push_back(column);
  table.columns.push_back({"", "diverged"});
  std::vector<std::string> sets = distinct(observations, &Observation::set);
  sets.push_back(all_sets);
  for (const std::string& set : sets)
    for (const std::string& method : distinct(observations, &Observation::method)) {
      std::vector<Cell> row{{set}, {method}};
      add_measures(row, observations, set, method, measure_count);
      row.push_back({std::to_string(diverged_models(observations, set, method))});
      table.rows.push_back(std::move(row));
    }
  return table;
}

report::Table short_table(const Observations& observations, const std::string& title, Measure end) {
  report::Table table;
  table.title = title;
  table.columns = {{"", "method", true}};
  for (const Column& column : measure_columns(end)) table.columns.push_back(column);
  const std::vector<std::string> sets = distinct(observations, &Observation::set);
  for (const std::string& set : sets) table.columns.push_back({"both,", set});
  for (const std::string& method : distinct(observations, &Observation::method)) {
    std::vector<Cell> row{{method}};
    add_measures(row, observations, all_sets, method, end);
    for (const std::string& set : sets)
      row.push_back(estimate_cell(over_seeds(observations, set, method, both_directions)));
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string csv_text(const Observations& observations) {
  std::string text = "seed,set,method";
  for (const Column& column : measure_columns(measure_count))
    text += "," + (column.group.empty() ? "" : column.group + " ") + column.name;
  text += ",diverged\n";
  for (const Observation& o : observations) {
    text += sentence(o.seed, ",\"", o.set, "\",\"", o.method, "\"");
    for (const double value : o.values) text += "," + report::detail::number(value);
    text += sentence(",", o.diverged, "\n");
  }
  return text;
}

}  // namespace frontier
