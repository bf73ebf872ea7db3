#include "frontier_figure.hpp"

#include <cmath>

#include "expunge/report/klom_figure.hpp"

namespace frontier {

using namespace expunge;
using report::detail::ComputeAxis;
using report::detail::number;

namespace {

struct Axes {
  ComputeAxis compute;
  double low = INFINITY, high = 0;  // of KLoM, a logarithmic axis
};

Axes axes_of(const Observations& observations, Measure measure) {
  Axes axes;
  report::ForgetSetResult all;
  for (const std::string& set : distinct(observations, &Observation::set))
    for (const std::string& method : distinct(observations, &Observation::method)) {
      const double klom = over_seeds(observations, set, method, measure).mean;
      const double percent = over_seeds(observations, set, method, compute_percent).mean;
      all.klom_vs_compute.push_back({method, {{percent / 100, {klom, klom, klom}}}});
      if (!(klom > 0) || !std::isfinite(klom)) continue;
      axes.low = std::min(axes.low, klom / 1.4);
      axes.high = std::max(axes.high, klom * 1.4);
    }
  axes.compute = report::detail::compute_axis(all);
  if (!(axes.low < axes.high)) axes.low = 0.1, axes.high = 10;
  return axes;
}

std::vector<std::string> drawn_methods(const Observations& observations) {
  std::vector<std::string> methods = distinct(observations, &Observation::method);
  std::erase(methods, floor_name);
  return methods;
}

/// A data block with one point: percent, KLoM, and the ends of its bar.
std::string point_block(const std::string& block, const Observations& observations,
                        const std::string& set, const std::string& method, Measure measure,
                        const Axes& axes) {
  const Estimate klom = over_seeds(observations, set, method, measure);
  const double percent = over_seeds(observations, set, method, compute_percent).mean;
  const bool bar = std::isfinite(klom.interval.low);
  const double low = bar ? std::max(klom.interval.low, axes.low / 2) : klom.mean;
  const double high = bar ? klom.interval.high : klom.mean;
  return sentence("$", block, " << EOD\n", number(percent > 0 ? percent : axes.compute.zero), " ",
                  number(klom.mean), " ", number(low), " ", number(high), "\nEOD\n");
}

std::string axis_commands(const Axes& axes) {
  const ComputeAxis& x = axes.compute;
  return sentence("set logscale xy\nset xrange [", x.zero / 1.6, ":", x.end * 1.5,
                  "]\nset yrange [", axes.low, ":", axes.high,
                  "]\nset format x '%g'\nset xtics add ('0' ", x.zero,
                  ")\nset ytics (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)\nunset mytics\n",
                  "set xlabel 'compute, % of retraining' offset 0,0.4\nset arrow from ",
                  x.begin / 2, ", graph 0 to ", x.begin / 2,
                  ", graph 1 nohead linecolor '#9a9a9a' linewidth 0.6 dashtype (2,4)\n");
}

std::string set_panel(const Observations& observations, const std::vector<std::string>& sets,
                      std::size_t s, Measure measure, const Axes& axes) {
  const std::vector<std::string> methods = drawn_methods(observations);
  std::string blocks, plots;
  for (std::size_t m = 0; m < methods.size(); ++m) {
    const std::string block = sentence("point", s, "_", m);
    blocks += point_block(block, observations, sets[s], methods[m], measure, axes);
    const std::string style = report::detail::points_style(report::method_style(methods[m]));
    plots += sentence(", $", block, " using 1:2:3:4 with yerrorbars linewidth 1 pointtype 0 ",
                      "linecolor '", report::method_style(methods[m]).colour, "', $", block,
                      " using 1:2 ", style);
  }
  const double floor = over_seeds(observations, sets[s], floor_name, measure).mean;
  return sentence(
      blocks, report::detail::panel(s, sets.size(), 0.33, 0.91, 0.05, 0.03),
      report::detail::panel_title(sets[s]),
      s == 0 ? "set ylabel 'KLoM on the forget set, p95' offset 0.8\n" : "unset ylabel\n", "plot ",
      number(floor), " with lines linecolor '#000000' linewidth 1.2 dashtype (8,5)", plots, "\n");
}

}  // namespace

report::Drawing frontier_drawing(const Observations& observations, Measure measure,
                                 const std::string& name) {
  const Axes axes = axes_of(observations, measure);
  const std::vector<std::string> sets = distinct(observations, &Observation::set);
  report::Drawing drawing;
  drawing.name = name;
  drawing.title = measure == forget_reverse
                      ? "KLoM in reverse, KL(unlearned to oracle), against compute"
                      : "KLoM, KL(oracle to unlearned), against compute";
  drawing.width = 1250;
  drawing.height = 400;
  drawing.commands = report::detail::drawing_begin() + axis_commands(axes);
  for (std::size_t s = 0; s < sets.size(); ++s)
    drawing.commands += set_panel(observations, sets, s, measure, axes);
  std::vector<report::detail::KeyEntry> key{
      {"floor", "with lines linecolor '#000000' dashtype (8,5)"}};
  for (const std::string& method : drawn_methods(observations))
    key.push_back({method, report::detail::points_style(report::method_style(method))});
  drawing.commands += report::detail::key_strip(key, 0.01, 0.17, 2) + report::detail::drawing_end();
  return drawing;
}

}  // namespace frontier
