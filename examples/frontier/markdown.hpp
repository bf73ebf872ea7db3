// A table of a report as Markdown that can also be read as it stands: columns are aligned.
#pragma once

#include <string>
#include <vector>

#include "expunge/report/table_text.hpp"

namespace frontier {

namespace detail {

using expunge::report::detail::padded;

inline std::string heading(const expunge::report::Column& column) {
  return column.group.empty() ? column.name : column.group + " " + column.name;
}

inline std::string line_of(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += " " + cell + " |";
  return line + "\n";
}

/// "----" or, for a column aligned to the right, "---:".
inline std::string rule(std::size_t width, bool left) {
  return std::string(width - 1, '-') + (left ? "-" : ":");
}

}  // namespace detail

/// Title as a heading, then the table.
inline std::string markdown_table(const expunge::report::Table& table) {
  std::vector<std::string> names, rules;
  std::vector<std::size_t> widths = expunge::report::detail::column_widths(table);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const std::string name = detail::heading(table.columns[c]);
    widths[c] = std::max({widths[c], expunge::report::detail::width(name), std::size_t{3}});
    names.push_back(detail::padded(name, widths[c], table.columns[c].text));
    rules.push_back(detail::rule(widths[c], table.columns[c].text));
  }
  std::string text = "## " + table.title + "\n\n" + detail::line_of(names) + detail::line_of(rules);
  for (const std::vector<expunge::report::Cell>& row : table.rows) {
    std::vector<std::string> cells;
    for (std::size_t c = 0; c < row.size(); ++c)
      cells.push_back(detail::padded(row[c].text, widths[c], table.columns[c].text));
    text += detail::line_of(cells);
  }
  return text;
}

}  // namespace frontier
