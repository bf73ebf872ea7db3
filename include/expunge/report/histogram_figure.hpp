// Forget images, each above the margins that differently trained models give it.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "expunge/report/drawing.hpp"
#include "expunge/report/results.hpp"

namespace expunge::report {

namespace detail {

inline constexpr double image_left = 0.045, image_gap = 0.035;

struct Range {
  double low = INFINITY;
  double high = -INFINITY;
};

/// Over every finite margin of an image; never empty.
inline Range margin_range(const ImageMargins& image) {
  Range range;
  for (const ImageMargins::Series& series : image.series)
    for (const double margin : series.margins)
      if (std::isfinite(margin))
        range = {std::min(range.low, margin), std::max(range.high, margin)};
  if (!(range.low < range.high)) return {-1, 1};
  return range;
}

inline constexpr Index margin_bins = 18;

/// The share of the models in each bin; margins that are not finite are in none.
inline std::vector<double> margin_shares(const std::vector<double>& margins, const Range& range) {
  std::vector<double> shares(margin_bins, 0.0);
  const double width = (range.high - range.low) / static_cast<double>(margin_bins);
  for (const double margin : margins)
    if (std::isfinite(margin)) {
      const Index bin = static_cast<Index>((margin - range.low) / width);
      shares[static_cast<std::size_t>(std::clamp<Index>(bin, 0, margin_bins - 1))] +=
          1 / static_cast<double>(margins.size());
    }
  return shares;
}

/// The highest bin of all series, 1 if all are empty.
inline double greatest_share(const ImageMargins& image, const Range& range) {
  double most = 0;
  for (const ImageMargins::Series& series : image.series)
    for (const double share : margin_shares(series.margins, range)) most = std::max(most, share);
  return most > 0 ? most : 1;
}

/// $margins<i>_<s>: left edge of a bin, share of the models in it; one empty bin on both sides.
inline std::string margin_blocks(const ImageMargins& image, std::size_t i, const Range& range) {
  const double width = (range.high - range.low) / static_cast<double>(margin_bins);
  std::string blocks;
  for (std::size_t s = 0; s < image.series.size(); ++s) {
    const std::vector<double> shares = margin_shares(image.series[s].margins, range);
    blocks += sentence("$margins", i, "_", s, " << EOD\n", number(range.low - width), " 0\n");
    for (std::size_t b = 0; b < shares.size(); ++b)
      blocks += sentence(number(range.low + width * static_cast<double>(b)), " ", shares[b], "\n");
    blocks += sentence(number(range.high), " 0\n", number(range.high + width), " 0\nEOD\n");
  }
  return blocks;
}

/// $image<i>: column, row from above, grey value.
inline std::string image_block(const ImageMargins& image, std::size_t i) {
  require(static_cast<std::size_t>(image.width * image.height) == image.pixels.size(),
          "histogram_drawing: ", image.title, " is ", image.width, " x ", image.height,
          " pixels but has ", image.pixels.size());
  std::string block = sentence("$image", i, " << EOD\n");
  for (Index y = 0; y < image.height; ++y)
    for (Index x = 0; x < image.width; ++x)
      block += sentence(x, " ", y, " ",
                        int{image.pixels[static_cast<std::size_t>(y * image.width + x)]}, "\n");
  return block + "EOD\n";
}

/// The picture above its histogram, as wide as its shape asks for; black stays a little above 0,
/// which would be the colour of the text.
inline std::string thumbnail(const ImageMargins& image, std::size_t i, std::size_t count,
                             double shape) {
  if (image.pixels.empty()) return "";
  constexpr double bottom = 0.66, top = 0.91;
  const double wide = (top - bottom) * shape * static_cast<double>(image.width) /
                      static_cast<double>(std::max<Index>(image.height, 1));
  const auto [begin, end] = panel_sides(i, count, image_left, image_gap);
  const double left = std::max(begin, (begin + end - wide) / 2);
  return panel_between(left, std::min(end, left + wide), bottom, top) +
         sentence(panel_title(image.title), "unset border\nunset tics\nunset grid\n",
                  "unset xlabel\nunset ylabel\nset palette gray\nunset colorbox\n",
                  "set cbrange [-4:255]\nset xrange [-0.5:", static_cast<double>(image.width) - 0.5,
                  "]\nset yrange [", static_cast<double>(image.height) - 0.5, ":-0.5]\nplot $image",
                  i, " using 1:2:3 with image pixels\n");
}

inline std::string margin_panel(const ImageMargins& image, std::size_t i, std::size_t count,
                                const Range& range) {
  const double space = 0.06 * (range.high - range.low);
  std::string commands =
      panel(i, count, 0.27, 0.62, image_left, image_gap) +
      sentence("unset title\nset border 1 linewidth 0.8\nset grid xtics\n",
               "set xtics nomirror out scale 0.6 autofreq\nunset ytics\n",
               "set xlabel 'margin' offset 0,0.5\nset xrange [", number(range.low - space), ":",
               number(range.high + space), "]\nset yrange [0:", 1.05 * greatest_share(image, range),
               "]\n", i == 0 ? "set ylabel 'share of models' offset 2\n" : "unset ylabel\n",
               plot_begin());
  for (std::size_t s = 0; s < image.series.size(); ++s) {
    const MethodStyle style = method_style(image.series[s].method);
    commands += sentence(", $margins", i, "_", s,
                         " with fillsteps fill transparent solid 0.15 noborder linecolor '",
                         style.colour, "', $margins", i, "_", s,
                         " with steps linewidth 1.4 linecolor '", style.colour, "'");
  }
  return commands + "\n";
}

}  // namespace detail

/// Images side by side; four are a good number.
inline Drawing histogram_drawing(const std::vector<ImageMargins>& images) {
  Drawing drawing{
      "margins",
      "Margins of four forget images",
      "How sure the models are of the true class of a forget image, model by model. Unlearning "
      "succeeded where a method's histogram lies over that of the oracles, which never saw the "
      "image, in place and in width.",
      960,
      430,
      ""};
  const std::size_t count = images.size();
  std::vector<detail::Range> ranges;
  for (std::size_t i = 0; i < count; ++i) {
    ranges.push_back(detail::margin_range(images[i]));
    drawing.commands +=
        detail::image_block(images[i], i) + detail::margin_blocks(images[i], i, ranges[i]);
  }
  drawing.commands += detail::drawing_begin();
  const double shape = static_cast<double>(drawing.height) / drawing.width;
  for (std::size_t i = 0; i < count; ++i) {
    drawing.commands += detail::thumbnail(images[i], i, count, shape);
    drawing.commands += detail::margin_panel(images[i], i, count, ranges[i]);
  }
  std::vector<detail::KeyEntry> key;
  if (count > 0)
    for (const ImageMargins::Series& series : images[0].series)
      key.push_back({series.method, sentence("with lines linewidth 2.5 linecolor '",
                                             method_style(series.method).colour, "'")});
  drawing.commands += detail::key_strip(key, 0.01, 0.12, 1) + detail::drawing_end();
  return drawing;
}

}  // namespace expunge::report
