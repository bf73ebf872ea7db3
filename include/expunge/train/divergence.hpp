// Which members a run broke: one rule for everything that moves weights.
//
// A member has diverged when its weights or statistics are no longer finite numbers, or when it ran
// away: its largest |logit| is above a hundred times what is usual. Usual is, of members that were
// trained from fresh weights, the median member's; of unlearned ones, the median of the starting
// models'. Finite runaways are the more dangerous kind: clipped, they widen every bin of a
// histogram, and so make two distributions look alike (core/runaway.hpp has the same for single
// outputs).
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/output/largest_logit.hpp"

namespace expunge {

/// A largest |logit| above so many times the usual one is a runaway's.
inline constexpr double runaway_growth = 100;

/// The median of those that are finite, the lower one of an even number; 0 if there is none.
inline double usual_logit(std::vector<double> largest) {
  std::erase_if(largest, [](double z) { return !std::isfinite(z); });
  if (largest.empty()) return 0;
  const auto middle = largest.begin() + (std::ssize(largest) - 1) / 2;
  std::nth_element(largest.begin(), middle, largest.end());
  return *middle;
}

/// Whether a largest |logit| is a runaway's where `usual` is usual. Where all usual logits are 0,
/// finite ones cannot be judged.
inline bool ran_away(double largest, double usual) {
  return !std::isfinite(largest) || (usual > 0 && largest > runaway_growth * usual);
}

/// "member 3", "members 3, 7 and 12", "members 3, 7, 12, 15, 16 and 40 others".
inline std::string members_text(const std::vector<Index>& members) {
  const std::size_t count = members.size(), shown = count > 6 ? 5 : count;
  std::string text = count == 1 ? "member " : "members ";
  for (std::size_t i = 0; i < shown; ++i)
    text += (i == 0 ? "" : i + 1 == count ? " and " : ", ") + std::to_string(members[i]);
  return shown < count ? sentence(text, " and ", count - shown, " others") : text;
}

/// What every report of a run has: which members broke.
struct MemberHealth {
  std::vector<char> finite;           // [members]  0: weights or statistics are not all numbers
  std::vector<double> largest_logit;  // [members]  |z|, of the passes that the report names
  std::vector<char> runaway;          // [members]  1: that is no number, or far above the usual one

  MemberHealth() = default;
  explicit MemberHealth(std::size_t members)
      : finite(members, 1), largest_logit(members), runaway(members) {}

  /// Marks the runaways where `usual` is the largest |logit| of a sound model.
  void mark_runaways(double usual) {
    for (std::size_t m = 0; m < runaway.size(); ++m)
      runaway[m] = ran_away(largest_logit[m], usual) ? 1 : 0;
  }

  /// Members that broke, ascending: their weights are no numbers, or they ran away.
  std::vector<Index> diverged_members() const {
    std::vector<Index> members;
    for (std::size_t m = 0; m < finite.size(); ++m)
      if (finite[m] == 0 || (m < runaway.size() && runaway[m] != 0))
        members.push_back(static_cast<Index>(m));
    return members;
  }
  Index diverged() const { return std::ssize(diverged_members()); }
};

}  // namespace expunge
