// What the figures share: a drawing before gnuplot made it a picture, panels side by side, a key
// below them.
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/report/gnuplot.hpp"
#include "expunge/report/style.hpp"

namespace expunge::report {

/// A figure as gnuplot commands, and the words around it.
struct Drawing {
  std::string name;
  std::string title;
  std::string caption;
  int width = 960;  // pixels
  int height = 320;
  std::string commands;
};

namespace detail {

/// Light grid, thin frame at the left and below.
inline std::string drawing_begin() {
  return "set datafile missing 'NaN'\n"
         "set border 3 linewidth 0.8\n"
         "set tics nomirror out scale 0.6\n"
         "set grid linecolor '#9a9a9a' linewidth 0.25 dashtype solid\n"
         "unset mxtics\n"
         "unset key\n"
         "set multiplot\n";
}

inline std::string drawing_end() {
  return "unset multiplot\n";
}

/// A panel between these shares of the picture's width and height.
inline std::string panel_between(double left, double right, double bottom, double top) {
  return sentence("set lmargin at screen ", left, "\nset rmargin at screen ", right,
                  "\nset bmargin at screen ", bottom, "\nset tmargin at screen ", top, "\n");
}

/// Left and right end of panel i of `count` beside each other.
inline std::pair<double, double> panel_sides(std::size_t i, std::size_t count, double left,
                                             double gap) {
  const double right = 0.985;
  const double panels = static_cast<double>(count);
  const double wide = (right - left - gap * (panels - 1)) / panels;
  const double begin = left + static_cast<double>(i) * (wide + gap);
  return {begin, begin + wide};
}

inline std::string panel(std::size_t i, std::size_t count, double bottom, double top,
                         double left = 0.06, double gap = 0.055) {
  const auto [begin, end] = panel_sides(i, count, left, gap);
  return panel_between(begin, end, bottom, top);
}

/// A title over a panel; page_svg makes this size bold.
inline std::string panel_title(const std::string& text) {
  return sentence("set title ", quoted(text), " font 'sans,12.5' offset 0,-0.2\n");
}

/// A distance between tics that gives about four of them, of the form 1, 2 or 5 times a power of
/// ten.
inline double tic_distance(double range) {
  if (!(range > 0) || !std::isfinite(range)) return 1;
  const double power = std::pow(10, std::floor(std::log10(range / 4)));
  const double share = range / 4 / power;
  return power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10);
}

/// Begins a plot that stays legal without any data: a line below a panel whose range begins at 0.
inline std::string plot_begin() {
  return "plot -1 with lines linewidth 0 notitle";
}

/// One entry of the key.
struct KeyEntry {
  std::string name;
  std::string style;  // gnuplot's words after `plot NaN`
};

/// A key in the middle of the strip between two heights, entries beside each other.
inline std::string key_strip(const std::vector<KeyEntry>& entries, double bottom, double top,
                             int rows) {
  std::string commands = panel_between(0.02, 0.98, bottom, top);
  commands += sentence(
      "unset title\nunset border\nunset tics\nunset grid\nunset xlabel\nunset ylabel\nunset arrow\n"
      "unset logscale\nset xrange [0:1]\nset yrange [0:1]\n"
      "set key at graph 0.5, graph 0.5 center center horizontal maxrows ",
      rows, " samplen 2 spacing 1.1 width 1.5 Left reverse\n", plot_begin());
  for (const KeyEntry& entry : entries)
    commands += sentence(", NaN ", entry.style, " title ", quoted(entry.name));
  return commands + "\nunset key\n";
}

inline std::string line_style(const MethodStyle& style) {
  return sentence("with linespoints linewidth 1.6 pointsize 0.65 pointtype ", style.mark,
                  " linecolor '", style.colour, "'");
}

inline std::string points_style(const MethodStyle& style) {
  return sentence("with points linewidth 1.6 pointsize 0.9 pointtype ", style.mark, " linecolor '",
                  style.colour, "'");
}

}  // namespace detail
}  // namespace expunge::report
