// Missing targets, side by side per method: figures 2, 5 and F.2 of Georgiev et al. 2024.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "expunge/report/drawing.hpp"
#include "expunge/report/results.hpp"

namespace expunge::report {

namespace detail {

/// Two blocks of lines: points that stayed, points that overshot. Rows: epoch, percent.
inline std::string target_blocks(const MissingTargets& targets, std::size_t which) {
  std::string blocks;
  for (const bool overshoots : {false, true}) {
    blocks += sentence("$targets", which, overshoots ? "over" : "kept", " << EOD\n");
    blocks += "NaN NaN\n\n";  // a block may not be empty
    for (std::size_t point = 0; point < targets.overshoots.size(); ++point) {
      if (targets.overshoots[point] != overshoots) continue;
      for (std::size_t epoch = 0; epoch < targets.percent.size(); ++epoch)
        blocks += sentence(epoch, " ", number(targets.percent[epoch][point]), "\n");
      blocks += "\n";
    }
    blocks += "EOD\n";
  }
  return blocks;
}

inline std::string target_panel(const MissingTargets& targets, std::size_t i, std::size_t count) {
  const auto over = std::count(targets.overshoots.begin(), targets.overshoots.end(), true);
  const std::string title = sentence(targets.method, ": ", over, " of ", targets.overshoots.size(),
                                     " points leave their target");
  const std::size_t epochs = std::max<std::size_t>(targets.percent.size(), 2);
  return panel(i, count, 0.15, 0.89) +
         sentence(panel_title(title), "set xrange [0:", epochs - 1, "]\nset yrange [0:52]\n",
                  i == 0 ? "set ylabel 'tail probability under the oracles, %' offset 0.8\n"
                         : "unset ylabel\n",
                  plot_begin(), ", $targets", i,
                  "kept with lines linecolor '#9a9a9a' linewidth 0.7, $targets", i,
                  "over with lines linecolor '#d5423c' linewidth 0.9\n");
}

inline void check(const MissingTargets& targets) {
  for (const std::vector<double>& epoch : targets.percent)
    require(epoch.size() == targets.overshoots.size(), "missing_targets_drawing: ", targets.method,
            " has ", epoch.size(), " points in an epoch and ", targets.overshoots.size(), " flags");
}

}  // namespace detail

/// One panel per method. Throws std::invalid_argument if an epoch lacks points.
inline Drawing missing_targets_drawing(const std::vector<MissingTargets>& all) {
  const std::string set = all.empty() || all[0].forget_set.empty() ? "" : ": " + all[0].forget_set;
  Drawing drawing{
      "missing_targets",
      "Missing targets" + set,
      "Each line is a forget point; 50 % means that the unlearned models stand in the middle of "
      "the oracles. Red lines reached their best and then fell more than a tenth below it.",
      960,
      340,
      ""};
  for (std::size_t i = 0; i < all.size(); ++i) {
    detail::check(all[i]);
    drawing.commands += detail::target_blocks(all[i], i);
  }
  drawing.commands += detail::drawing_begin() + "set xlabel 'epoch' offset 0,0.4\n";
  for (std::size_t i = 0; i < all.size(); ++i)
    drawing.commands += detail::target_panel(all[i], i, all.size());
  drawing.commands += detail::drawing_end();
  return drawing;
}

}  // namespace expunge::report
