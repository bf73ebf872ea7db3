// Quality of an attribution against the number of subset models it was estimated from: LDS, and the
// KLoM of DM-Direct on the forget set.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "expunge/report/drawing.hpp"
#include "expunge/report/results.hpp"

namespace expunge::report {

namespace detail {

inline std::string models_blocks(const std::vector<ModelsCurve>& curves) {
  std::string blocks;
  for (std::size_t c = 0; c < curves.size(); ++c) {
    blocks += sentence("$models", c, " << EOD\n");
    for (const ModelsPoint& point : curves[c].points)
      blocks +=
          sentence(point.models, " ", number(point.lds), " ", number(point.lds_interval.low), " ",
                   number(point.lds_interval.high), " ", number(point.klom_forget_p95), "\n");
    blocks += "EOD\n";
  }
  return blocks;
}

/// A tic at every number of models that occurs.
inline std::string models_axis(const std::vector<ModelsCurve>& curves) {
  std::vector<Index> models;
  for (const ModelsCurve& curve : curves)
    for (const ModelsPoint& point : curve.points) models.push_back(point.models);
  std::sort(models.begin(), models.end());
  models.erase(std::unique(models.begin(), models.end()), models.end());
  std::string tics;
  for (const Index m : models) tics += sentence(tics.empty() ? "" : ", ", m);
  if (models.empty() || models.front() <= 0) return "";
  return sentence("set logscale x\nset xtics (", tics, ")\nset xrange [",
                  static_cast<double>(models.front()) / 1.2, ":",
                  static_cast<double>(models.back()) * 1.2, "]\n");
}

/// The greatest LDS or KLoM of all curves, 1 if there is none.
inline double greatest(const std::vector<ModelsCurve>& curves, bool lds) {
  double most = 0;
  for (const ModelsCurve& curve : curves)
    for (const ModelsPoint& point : curve.points)
      for (const double value :
           {lds ? point.lds : point.klom_forget_p95, lds ? point.lds_interval.high : not_measured})
        if (std::isfinite(value)) most = std::max(most, value);
  return most > 0 ? most : 1;
}

inline std::string models_panel(const std::vector<ModelsCurve>& curves, bool lds) {
  std::string commands = panel(lds ? 0 : 1, 2, 0.32, 0.88, 0.065, 0.09);
  commands += panel_title(lds ? "LDS: rank correlation with held-out models"
                              : "DM-Direct on the forget set");
  commands += sentence("set ylabel '", lds ? "LDS" : "KLoM, p95 over points", "' offset 1\n");
  const double top = 1.1 * greatest(curves, lds);
  commands += sentence("set yrange [0:", number(top), "]\nset ytics ", tic_distance(top), "\n",
                       plot_begin());
  for (std::size_t c = 0; c < curves.size(); ++c) {
    const MethodStyle style = method_style(curves[c].estimator);
    if (curves[c].points.empty()) continue;
    if (lds)
      commands += sentence(", $models", c,
                           " using 1:3:(0):($4 - $3) with vectors nohead linewidth 1.2 linecolor '",
                           style.colour, "'");
    commands += sentence(", $models", c, " using 1:", lds ? 2 : 5, " ", line_style(style));
  }
  return commands + "\n";
}

}  // namespace detail

inline Drawing models_drawing(const std::vector<ModelsCurve>& curves) {
  Drawing drawing{
      "models",
      "How many subset models are enough",
      "Left, higher is better: how well predicted and true outputs of held-out models agree, "
      "with a bootstrap interval. Right, lower is better: what the same estimate achieves as an "
      "unlearner. The two need not agree, so choose by the right one.",
      960,
      340,
      ""};
  drawing.commands = detail::models_blocks(curves) + detail::drawing_begin() +
                     detail::models_axis(curves) + "set xlabel 'subset models' offset 0,0.4\n" +
                     detail::models_panel(curves, true) + detail::models_panel(curves, false);
  std::vector<detail::KeyEntry> key;
  for (const ModelsCurve& curve : curves)
    key.push_back({curve.estimator, detail::line_style(method_style(curve.estimator))});
  drawing.commands += detail::key_strip(key, 0.01, 0.14, 1) + detail::drawing_end();
  return drawing;
}

}  // namespace expunge::report
