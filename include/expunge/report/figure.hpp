// The figures of a report: gnuplot commands for each, and all of them for one set of results.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "expunge/report/gnuplot.hpp"
#include "expunge/report/histogram_figure.hpp"
#include "expunge/report/html_text.hpp"
#include "expunge/report/klom_figure.hpp"
#include "expunge/report/missing_targets_figure.hpp"
#include "expunge/report/models_figure.hpp"
#include "expunge/report/results.hpp"
#include "expunge/report/text_file.hpp"

namespace expunge::report {

/// A picture with what to see in it.
struct Figure {
  std::string name;  // a file name without its ending, unique in a report
  std::string title;
  std::string caption;  // one or two sentences
  std::string svg;      // fit to stand inside a page
};

namespace detail {

inline Figure drawn(const Drawing& drawing, const Gnuplot& gnuplot) {
  return {drawing.name, drawing.title, drawing.caption,
          gnuplot_svg(drawing.name, html_text(drawing.title), drawing.width, drawing.height,
                      drawing.commands, gnuplot)};
}

}  // namespace detail

/// Every figure for which the results hold data. Throws std::runtime_error if gnuplot is missing or
/// fails.
inline std::vector<Figure> figures(const Results& results, const Gnuplot& gnuplot = {}) {
  std::vector<Drawing> drawings;
  for (std::size_t i = 0; i < results.forget_sets.size(); ++i)
    if (!results.forget_sets[i].klom_vs_compute.empty())
      drawings.push_back(klom_drawing(results.forget_sets[i], sentence("klom_", i + 1)));
  if (!results.missing_targets.empty())
    drawings.push_back(missing_targets_drawing(results.missing_targets));
  if (!results.models_curves.empty()) drawings.push_back(models_drawing(results.models_curves));
  if (!results.histograms.empty()) drawings.push_back(histogram_drawing(results.histograms));
  std::vector<Figure> all;
  for (const Drawing& drawing : drawings) all.push_back(detail::drawn(drawing, gnuplot));
  return all;
}

/// Writes <folder>/<name>.svg on a white ground, for use outside the page. Returns the path.
inline std::filesystem::path write_figure(const Figure& figure,
                                          const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / (figure.name + ".svg");
  std::string svg = figure.svg;
  svg.replace(0, 4, "<svg style=\"background:#ffffff;color:#222222\"");
  write_text_file(path, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + svg);
  return path;
}

}  // namespace expunge::report
