// Tables for a terminal: monospace, at most 120 columns; wider ones are cut into blocks that repeat
// the first column.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/report/table.hpp"

namespace expunge::report {

inline constexpr std::size_t text_width = 120;

namespace detail {

/// Characters on a terminal: bytes that do not continue a UTF-8 character.
inline std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

inline std::string padded(const std::string& text, std::size_t to, bool left) {
  const std::string space(to > width(text) ? to - width(text) : 0, ' ');
  return left ? text + space : space + text;
}

inline std::string centred(const std::string& text, std::size_t to) {
  const std::size_t space = to > width(text) ? to - width(text) : 0;
  return std::string(space / 2, ' ') + text + std::string(space - space / 2, ' ');
}

inline std::string without_trailing_space(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

/// Neighbouring columns under one group heading.
struct Group {
  std::string name;
  std::vector<std::size_t> columns;
  std::size_t width = 0;
};

inline std::vector<std::size_t> column_widths(const Table& table) {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::size_t widest = width(table.columns[c].name);
    for (const std::vector<Cell>& row : table.rows) widest = std::max(widest, width(row[c].text));
    widths.push_back(widest);
  }
  return widths;
}

/// The groups after the first column; a heading wider than its columns widens the last of them.
inline std::vector<Group> groups(const Table& table, std::vector<std::size_t>& widths) {
  std::vector<Group> found;
  for (std::size_t c = 1; c < table.columns.size(); ++c) {
    const std::string& name = table.columns[c].group;
    if (found.empty() || name.empty() || found.back().name != name) found.push_back({name, {}, 0});
    found.back().columns.push_back(c);
  }
  for (Group& group : found) {
    for (const std::size_t c : group.columns) group.width += widths[c] + 2;
    group.width -= 2;
    if (width(group.name) > group.width) {
      widths[group.columns.back()] += width(group.name) - group.width;
      group.width = width(group.name);
    }
  }
  return found;
}

inline std::string text_block(const Table& table, const std::vector<Group>& block,
                              const std::vector<std::size_t>& widths) {
  std::string over(widths[0], ' ');
  std::string names = padded(table.columns[0].name, widths[0], true);
  std::string rule(widths[0], '-');
  for (const Group& group : block) {
    over += "  " + centred(group.name, group.width);
    rule += "  " + std::string(group.width, '-');
    for (const std::size_t c : group.columns)
      names += "  " + padded(table.columns[c].name, widths[c], table.columns[c].text);
  }
  std::string text;
  if (over.find_first_not_of(' ') != std::string::npos) text += without_trailing_space(over);
  text += without_trailing_space(names) + without_trailing_space(rule);
  for (const std::vector<Cell>& row : table.rows) {
    std::string line = padded(row[0].text, widths[0], true);
    for (const Group& group : block)
      for (const std::size_t c : group.columns)
        line += "  " + padded(row[c].text, widths[c], table.columns[c].text);
    text += without_trailing_space(line);
  }
  return text;
}

}  // namespace detail

/// Words over lines of at most 120 columns; lines after the first begin with `indent` spaces.
inline std::string wrapped(const std::string& words, std::size_t indent) {
  std::string text;
  std::string line;
  for (std::size_t begin = 0; begin < words.size();) {
    const std::size_t end = std::min(words.find(' ', begin), words.size());
    const std::string word = words.substr(begin, end - begin);
    if (!line.empty() && detail::width(line) + 1 + detail::width(word) > text_width) {
      text += detail::without_trailing_space(line);
      line = std::string(indent, ' ') + word;
    } else {
      line += (line.empty() ? "" : " ") + word;
    }
    begin = end + 1;
  }
  return text + detail::without_trailing_space(line);
}

/// The table in monospace, title first.
inline std::string table_text(const Table& table) {
  std::vector<std::size_t> widths = detail::column_widths(table);
  std::string text = wrapped(table.title, 2);
  std::vector<detail::Group> block;
  std::size_t used = widths[0];
  const std::vector<detail::Group> all = detail::groups(table, widths);
  for (const detail::Group& group : all) {
    if (!block.empty() && used + 2 + group.width > text_width) {
      text += detail::text_block(table, block, widths) + "\n";
      block.clear();
      used = widths[0];
    }
    block.push_back(group);
    used += 2 + group.width;
  }
  return text + detail::text_block(table, block, widths);
}

/// Everything in words and numbers, for a terminal: per forget set two tables, settings and
/// remarks.
inline std::string text_table(const Results& results) {
  std::string text;
  for (const ForgetSetResult& set : results.forget_sets) {
    text +=
        wrapped(set.name + " (" + std::to_string(set.size) + " examples): " + set.description, 2) +
        "\n";
    text += table_text(klom_table(set)) + "\n" + table_text(check_table(set)) + "\n";
    for (const Row& row : set.rows)
      if (!row.settings.empty()) text += wrapped("  " + row.method + ": " + row.settings, 6);
    for (const std::string& remark : set.remarks) text += wrapped("- " + remark, 2);
    text += "\n";
  }
  for (const std::string& remark : results.remarks) text += wrapped("- " + remark, 2);
  return text;
}

}  // namespace expunge::report
