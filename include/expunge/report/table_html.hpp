// Tables for a page: the cells of table.hpp with a faint bar behind every KLoM score, full at its
// ceiling.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/report/html_text.hpp"
#include "expunge/report/number.hpp"
#include "expunge/report/table.hpp"

namespace expunge::report {

/// ln(1e5): the KLoM of a point whose distributions share no bin, at the floor of 1e-5.
inline constexpr double klom_ceiling = 11.512925464970229;

namespace detail {

inline std::string cell_html(const Cell& cell, const Column& column) {
  std::string kind = column.text ? "text" : "";
  std::string style;
  if (cell.text == "diverged" || cell.text == words_for(INFINITY)) {
    kind = "bad";
  } else if (cell.text == words_for(not_measured)) {
    kind = "none";
  } else if (std::isfinite(cell.score)) {
    kind = "score";
    const double share = std::fmin(1, std::fmax(0, cell.score / klom_ceiling));
    style = sentence(" style=\"--share:", fixed(share, 3), "\"");
  }
  std::string html = sentence("<td", kind.empty() ? "" : sentence(" class=\"", kind, "\""), style,
                              ">", html_text(cell.text));
  if (!cell.note.empty()) html += sentence("<small>", html_text(cell.note), "</small>");
  return html + "</td>";
}

/// One heading over neighbouring columns of the same group.
inline std::string group_headings(const Table& table) {
  std::string html = "<tr>";
  for (std::size_t c = 0; c < table.columns.size();) {
    std::size_t end = c + 1;
    while (end < table.columns.size() && table.columns[end].group == table.columns[c].group) ++end;
    html += sentence("<th class=\"group\" colspan=\"", end - c, "\">",
                     html_text(table.columns[c].group), "</th>");
    c = end;
  }
  return html + "</tr>\n";
}

inline bool has_groups(const Table& table) {
  for (const Column& column : table.columns)
    if (!column.group.empty()) return true;
  return false;
}

}  // namespace detail

inline std::string table_html(const Table& table) {
  std::string html = sentence("<div class=\"scroll\"><table><caption>", html_text(table.title),
                              "</caption>\n<thead>\n");
  if (detail::has_groups(table)) html += detail::group_headings(table);
  html += "<tr>";
  for (const Column& column : table.columns)
    html +=
        sentence("<th", column.text ? " class=\"text\"" : "", ">", html_text(column.name), "</th>");
  html += "</tr>\n</thead>\n<tbody>\n";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    html += r < table.floor_rows ? "<tr class=\"floor\">" : "<tr>";
    for (std::size_t c = 0; c < table.rows[r].size(); ++c)
      html += detail::cell_html(table.rows[r][c], table.columns[c]);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace expunge::report
