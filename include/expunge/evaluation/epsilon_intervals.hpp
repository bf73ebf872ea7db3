// The fewest outsiders in an interval that holds a given number of members: all that the interval
// attacks of epsilon_attacks.hpp need, as their odds fall with every outsider held.
//
// spare[a] is the fewest outsiders *less one* in an interval that holds exactly a members and at
// least one outsider; huge if no interval does. a is 1 .. members - 1.
//
// All intervals: one that begins and ends on members holds end[k + a - 1] - begin[k] outsiders, of
// the counts of outsiders left of its ends. The minimum over k for every a is a (min, +)
// convolution: N^2 / 2 integer steps that vectorise. An interval that holds no outsider so must
// reach out to the nearest one: O(N log N) for all. Published intervals: N^2 / 2 pairs of ends.
//
// Both samples are in ascending order; equal values are held together or not at all.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "expunge/core/platform.hpp"

namespace expunge::detail {

/// For intervals without outsiders that reach left to the nearest one. Only the first member right
/// of an outsider can be their left end. An end among equal members is never better than the whole.
inline void reach_left(const std::vector<double>& members, const std::vector<double>& outsiders,
                       std::vector<std::uint32_t>& spare) {
  for (std::size_t k = 0; k < members.size(); ++k) {
    const auto next = std::lower_bound(outsiders.begin(), outsiders.end(), members[k]);
    if (next == outsiders.begin() || (k > 0 && *(next - 1) <= members[k - 1])) continue;
    const auto first = std::lower_bound(outsiders.begin(), next, *(next - 1));
    const std::uint32_t reached = static_cast<std::uint32_t>(next - first) - 1;
    for (std::size_t e = k; e < members.size(); ++e) {
      if (next != outsiders.end() && members[e] >= *next) break;
      spare[e - k + 1] = std::min(spare[e - k + 1], reached);
    }
  }
}

/// -x, in ascending order.
inline std::vector<double> mirrored(const std::vector<double>& x) {
  std::vector<double> y(x.rbegin(), x.rend());
  for (double& value : y) value = -value;
  return y;
}

/// Over all intervals.
inline std::vector<std::uint32_t> fewest_outsiders(const std::vector<double>& members,
                                                   const std::vector<double>& outsiders) {
  const std::size_t n = members.size();
  const std::uint32_t never = std::uint32_t{1} << 30;  // no interval begins or ends among equals
  std::vector<std::uint32_t> begin(n), end(n), spare(n + 1, ~std::uint32_t{0});
  for (std::size_t k = 0; k < n; ++k) {
    const auto range = std::equal_range(outsiders.begin(), outsiders.end(), members[k]);
    begin[k] = static_cast<std::uint32_t>(range.first - outsiders.begin());
    end[k] = static_cast<std::uint32_t>(range.second - outsiders.begin());
    if (k > 0 && members[k - 1] == members[k]) begin[k] -= never;
    if (k + 1 < n && members[k + 1] == members[k]) end[k] += never;
  }
  for (std::size_t a = 1; a < n; ++a) {
    std::uint32_t fewest = ~std::uint32_t{0};
    for (std::size_t k = 0; k + a <= n; ++k)  // no outsider: 0 - 1 is the largest number
      fewest = std::min(fewest, end[k + a - 1] - begin[k] - 1);
    spare[a] = fewest;
  }
  reach_left(members, outsiders, spare);
  reach_left(mirrored(members), mirrored(outsiders), spare);
  return spare;
}

/// Distinct values with how many members and outsiders lie below each, and below infinity.
struct Cuts {
  std::vector<double> value;
  std::vector<std::uint32_t> members, outsiders;

  Cuts(const std::vector<double>& m, const std::vector<double>& o) {
    for (std::size_t i = 0, j = 0; true;) {
      members.push_back(static_cast<std::uint32_t>(i));
      outsiders.push_back(static_cast<std::uint32_t>(j));
      if (i == m.size() && j == o.size()) break;
      const double v = j == o.size() || (i < m.size() && m[i] < o[j]) ? m[i] : o[j];
      value.push_back(v);
      while (i < m.size() && m[i] == v) ++i;
      while (j < o.size() && o[j] == v) ++j;
    }
  }
};

/// Over the intervals [l, r] with |r - max| <= 2 and |(r - l) - range| <= 2, of the maximum and the
/// range of the members. l in (value before, first] and r in [last, value after) hold the values
/// first .. last.
inline std::vector<std::uint32_t> fewest_outsiders_published(const std::vector<double>& members,
                                                             const std::vector<double>& outsiders) {
  const double buffer = 2, infinity = std::numeric_limits<double>::infinity();
  const double top = members.back(), range = top - members.front();
  const Cuts cuts(members, outsiders);
  const std::size_t n = cuts.value.size();
  std::vector<std::uint32_t> spare(members.size() + 1, ~std::uint32_t{0});
  for (std::size_t last = 0; last < n; ++last) {
    const double after = last + 1 < n ? cuts.value[last + 1] : infinity;
    const double least = std::max(cuts.value[last], top - buffer);
    const double most = std::min(after, top + buffer);
    if (least > top + buffer || least >= after) continue;
    for (std::size_t first = 0; first <= last; ++first) {
      const double before = first > 0 ? cuts.value[first - 1] : -infinity;
      if (least - cuts.value[first] > range + buffer || !(most - before > range - buffer)) continue;
      const std::uint32_t held = cuts.members[last + 1] - cuts.members[first];
      const std::uint32_t wrong = cuts.outsiders[last + 1] - cuts.outsiders[first];
      spare[held] = std::min(spare[held], wrong - 1);
    }
  }
  return spare;
}

}  // namespace expunge::detail
