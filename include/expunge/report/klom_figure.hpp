// KLoM against compute, one panel per split: figure 3 of Georgiev et al. 2024 (arXiv 2410.23232).
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "expunge/report/drawing.hpp"
#include "expunge/report/results.hpp"

namespace expunge::report {

namespace detail {

/// The logarithmic axis of compute in percent; what costs nothing stands at `zero`, left of it.
struct ComputeAxis {
  double zero = 0.01;
  double begin = 0.04;
  double end = 100;
};

inline ComputeAxis compute_axis(const ForgetSetResult& set) {
  double least = INFINITY, most = 0;
  for (const ComputeCurve& curve : set.klom_vs_compute)
    for (const ComputePoint& point : curve.points) {
      if (point.compute_fraction > 0) least = std::min(least, 100 * point.compute_fraction);
      if (std::isfinite(point.compute_fraction))
        most = std::max(most, 100 * point.compute_fraction);
    }
  if (!(most > 0)) return {};
  const double begin = std::pow(10, std::floor(std::log10(least)));
  return {begin / 4, begin, std::max(100.0, most)};
}

inline double of_split(const PerSplit<double>& values, int split) {
  return split == 0 ? values.forget : split == 1 ? values.retain : values.validation;
}
inline double floor_of_split(const ForgetSetResult& set, int split) {
  const PerSplit<SplitScores>& floor = set.floor;
  return (split == 0 ? floor.forget : split == 1 ? floor.retain : floor.validation).forward.p95;
}

/// $curve0, $curve1, ...: percent, then KLoM of the three splits.
inline std::string curve_blocks(const ForgetSetResult& set, const ComputeAxis& axis) {
  std::string blocks;
  for (std::size_t c = 0; c < set.klom_vs_compute.size(); ++c) {
    blocks += sentence("$curve", c, " << EOD\n");
    for (const ComputePoint& point : set.klom_vs_compute[c].points) {
      const double percent = point.compute_fraction > 0 ? 100 * point.compute_fraction : axis.zero;
      blocks +=
          sentence(number(percent), " ", number(point.klom_p95.forget), " ",
                   number(point.klom_p95.retain), " ", number(point.klom_p95.validation), "\n");
    }
    blocks += "EOD\n";
  }
  return blocks;
}

/// The greatest score of a panel, 1 if there is none.
inline double greatest(const ForgetSetResult& set, int split) {
  double most = floor_of_split(set, split);
  for (const ComputeCurve& curve : set.klom_vs_compute)
    for (const ComputePoint& point : curve.points) {
      const double klom = of_split(point.klom_p95, split);
      if (std::isfinite(klom) && !(klom <= most)) most = klom;
    }
  return most > 0 ? most : 1;
}

inline std::string klom_panel(const ForgetSetResult& set, int split) {
  static const char* const names[] = {"forget", "retain", "validation"};
  const double top = 1.1 * greatest(set, split);
  const double floor = floor_of_split(set, split);
  std::string commands = panel(static_cast<std::size_t>(split), 3, 0.37, 0.9);
  commands += sentence(
      panel_title(names[split]), "set yrange [0:", number(top), "]\nset ytics ", tic_distance(top),
      "\n", split == 0 ? "set ylabel 'KLoM, p95 over points' offset 0.8\n" : "unset ylabel\n",
      "plot ", std::isfinite(floor) ? number(floor) : "-1",  // -1 is below the panel
      " with lines linecolor '#000000' linewidth 1.2 dashtype (8,5)");
  for (std::size_t c = 0; c < set.klom_vs_compute.size(); ++c)
    commands += sentence(", $curve", c, " using 1:", split + 2, " ",
                         set.klom_vs_compute[c].points.size() > 1
                             ? line_style(method_style(set.klom_vs_compute[c].method))
                             : points_style(method_style(set.klom_vs_compute[c].method)));
  return commands + "\n";
}

}  // namespace detail

/// One forget set, all methods. `name` is the name of the figure.
inline Drawing klom_drawing(const ForgetSetResult& set, const std::string& name) {
  const detail::ComputeAxis axis = detail::compute_axis(set);
  Drawing drawing{
      name,
      "KLoM against compute: " + set.name,
      "Down and left is better: nearer to models that never saw the forget set, for less "
      "compute. The dashed line is the noise floor, oracles against other oracles; what "
      "costs nothing stands at 0. A method has to be low in all three panels.",
      960,
      360,
      ""};
  drawing.commands = detail::curve_blocks(set, axis) + detail::drawing_begin();
  drawing.commands +=
      sentence("set logscale x\nset xrange [", axis.zero / 1.6, ":", axis.end * 1.3,
               "]\nset format x '%g'\nset xtics add ('0' ", axis.zero, ")\n",
               "set xlabel 'compute, % of retraining' offset 0,0.4\nset arrow from ",
               axis.begin / 2, ", graph 0 to ", axis.begin / 2,
               ", graph 1 nohead linecolor '#9a9a9a' linewidth 0.6 dashtype (2,4)\n");
  for (int split = 0; split < 3; ++split) drawing.commands += detail::klom_panel(set, split);
  std::vector<detail::KeyEntry> key{{"floor", "with lines linecolor '#000000' dashtype (8,5)"}};
  for (const ComputeCurve& curve : set.klom_vs_compute) {
    const MethodStyle style = method_style(curve.method);
    key.push_back({curve.method, curve.points.size() > 1 ? detail::line_style(style)
                                                         : detail::points_style(style)});
  }
  drawing.commands += detail::key_strip(key, 0.01, 0.2, 3) + detail::drawing_end();
  return drawing;
}

}  // namespace expunge::report
