// The tables of a report as cells: one model that text and HTML share (table_text.hpp,
// table_html.hpp). Rows are methods; the first row is the noise floor, oracles against other
// oracles, which is the best score that a perfect method can expect with this many models.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "expunge/report/number.hpp"
#include "expunge/report/results.hpp"

namespace expunge::report {

struct Cell {
  std::string text;
  double score = not_measured;  // a KLoM score that a picture of the cell may shade
  std::string note{};           // small print: the settings of a method
};

struct Column {
  std::string group;  // heading over neighbouring columns; may be empty
  std::string name;
  bool text = false;  // aligned to the left
};

/// Rows of cells under columns. The first `floor_rows` rows are what the others are compared with.
struct Table {
  std::string title;
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
  std::size_t floor_rows = 0;
};

namespace detail {

inline Cell score_cell(const Row& row, double score) {
  if (row.diverged) return {"diverged"};
  return {score_text(score), score};
}

inline Cell share_cell(const Row& row, double share) {
  if (row.diverged) return {"diverged"};
  return {percent_text(share)};
}

inline Index bad_points(const PerSplit<SplitScores>& scores) {
  return scores.forget.bad_points + scores.retain.bad_points + scores.validation.bad_points;
}

/// The floor as a row among the others.
inline Row floor_row(const ForgetSetResult& result) {
  Row row;
  row.method = "floor (oracles)";
  row.settings = "oracles against other oracles";
  row.scores = result.floor;
  return row;
}

inline std::vector<Cell> klom_cells(const Row& row, bool is_floor) {
  std::vector<Cell> cells;
  cells.push_back({row.method, not_measured, row.settings});
  cells.push_back({is_floor ? "" : compute_text(row.compute_fraction)});
  cells.push_back({is_floor ? "" : seconds_text(row.seconds)});
  const Score& forget = row.scores.forget.forward;
  cells.push_back(score_cell(row, forget.p95));
  cells.push_back({row.diverged ? "" : interval_text(forget.p95_interval)});
  cells.push_back(score_cell(row, forget.mean));
  for (const SplitScores* split : {&row.scores.retain, &row.scores.validation}) {
    cells.push_back(score_cell(row, split->forward.p95));
    cells.push_back(score_cell(row, split->forward.mean));
  }
  return cells;
}

inline std::vector<Cell> check_cells(const Row& row) {
  const PerSplit<SplitScores>& s = row.scores;
  std::vector<Cell> cells{{row.method, not_measured, row.settings}};
  for (const SplitScores* split : {&s.forget, &s.retain, &s.validation})
    cells.push_back(score_cell(row, split->reverse.p95));
  for (const SplitScores* split : {&s.forget, &s.retain, &s.validation})
    cells.push_back(score_cell(row, split->gaussian.p95));
  for (const SplitScores* split : {&s.forget, &s.retain, &s.validation})
    cells.push_back(share_cell(row, split->accuracy));
  cells.push_back({std::to_string(bad_points(s))});
  return cells;
}

}  // namespace detail

/// Compute, seconds, and KLoM in the paper's direction on the three splits.
inline Table klom_table(const ForgetSetResult& result) {
  Table table;
  table.title = result.name + ": KLoM, KL(oracle || unlearned), in nats; lower is better";
  table.columns = {{"", "method", true},  {"cost", "compute"},   {"cost", "time"},
                   {"forget", "p95"},     {"forget", "95 % CI"}, {"forget", "mean"},
                   {"retain", "p95"},     {"retain", "mean"},    {"validation", "p95"},
                   {"validation", "mean"}};
  table.floor_rows = 1;
  table.rows.push_back(detail::klom_cells(detail::floor_row(result), true));
  for (const Row& row : result.rows) table.rows.push_back(detail::klom_cells(row, false));
  return table;
}

/// The second opinions: the reverse direction, the Gaussian KL, accuracy and points without a
/// finite margin.
inline Table check_table(const ForgetSetResult& result) {
  Table table;
  table.title = result.name + ": second opinions, p95 over points; accuracy in percent";
  table.columns = {{"", "method", true}};
  for (const char* group : {"KL(unlearned || oracle)", "KL of Gaussians", "accuracy %"})
    for (const char* split : {"forget", "retain", "valid."})
      table.columns.push_back({group, split});
  table.columns.push_back({"", "not finite"});
  table.floor_rows = 1;
  table.rows.push_back(detail::check_cells(detail::floor_row(result)));
  for (const Row& row : result.rows) table.rows.push_back(detail::check_cells(row));
  return table;
}

/// Seconds by stage, and their sum.
inline Table stage_table(const Run& run) {
  Table table;
  table.title = "Time by stage";
  table.columns = {{"", "stage", true}, {"", "time"}};
  double total = 0;
  for (const Stage& stage : run.stages) {
    table.rows.push_back({{stage.name}, {seconds_text(stage.seconds)}});
    total += stage.seconds;
  }
  table.rows.push_back({{"total"}, {seconds_text(total)}});
  return table;
}

}  // namespace expunge::report
