#include "cli/fingerprint.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "support/fnv.hpp"

namespace expunge::cli {

namespace {

/// Every NaN as one word.
std::uint64_t word_of(double value) {
  return std::bit_cast<std::uint64_t>(std::isnan(value) ? std::numeric_limits<double>::quiet_NaN()
                                                        : value);
}

/// At most `most` of the points, evenly spaced.
std::vector<Index> spaced(const std::vector<Index>& points, std::size_t most) {
  const std::size_t count = std::min(most, points.size());
  std::vector<Index> some;
  for (std::size_t i = 0; i < count; ++i) some.push_back(points[i * points.size() / count]);
  return some;
}

}  // namespace

std::string fingerprint_of(const std::vector<std::uint64_t>& words) {
  std::uint64_t hash = support::fnv_start;
  for (const std::uint64_t word : words)
    for (unsigned shift = 0; shift < 64; shift += 8) {
      const std::uint8_t byte = static_cast<std::uint8_t>(word >> shift);
      hash = support::fnv1a(&byte, 1, hash);
    }
  std::string text;
  for (int digit = 60; digit >= 0; digit -= 4) text += "0123456789abcdef"[(hash >> digit) & 15u];
  return text;
}

std::string oracle_fingerprint(const ModelOutputs& oracle, std::vector<Index> points, int threads) {
  constexpr std::size_t most = 256;
  std::sort(points.begin(), points.end());
  const Array<double, 2> margins = oracle.read_margins_at<double>(spaced(points, most), threads);
  std::vector<std::uint64_t> words;
  for (const double value : margins) words.push_back(word_of(value));
  return fingerprint_of(words);
}

std::string points_fingerprint(std::vector<Index> points) {
  std::sort(points.begin(), points.end());
  return fingerprint_of({points.begin(), points.end()});
}

}  // namespace expunge::cli
