// ROC figures of scores of positives and negatives: area under the curve, true positive rate at a
// false positive rate, balanced accuracy at a threshold.
//
//   AUC        = P(positive > negative) + 1/2 P(positive = negative)
//   TPR at r   = the largest TPR over thresholds c ("score >= c is positive") with FPR <= r
//   balanced   = 1/2 (share of positives > c  +  share of negatives <= c)
//
// Sources: Hanley and McNeil 1982 (AUC); Carlini et al., arXiv 2112.03570 (low FPR).
//
// Equal scores pass a threshold together: no point is taken from within a tie, and no line is drawn
// between two points of the curve (interpolated readings lie higher). With n
// negatives the FPR is a multiple of 1 / n: below 1 / n the TPR is that of no false positive.
// Infinite scores are scores; NaN is refused.
//
// Counts are integers, so a figure does not depend on the order of equal scores.
// Cost: O(n log n) to sort, then O(n) for each set of weights.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/core/platform.hpp"

namespace expunge {

namespace detail {

/// One score, with the group that it is resampled with.
struct RocCase {
  double score = 0;
  std::uint32_t group = 0;
  bool positive = false;
};

struct RocFigures {
  double auc = 0;
  std::vector<double> tpr;  // [rates]
};

/// Scores from the highest down, for ROC figures under any integer weights of the groups.
class RocRanking {
 public:
  RocRanking(std::vector<RocCase> cases, Index groups) : count_(static_cast<std::size_t>(groups)) {
    std::sort(cases.begin(), cases.end(),
              [](const RocCase& a, const RocCase& b) { return a.score > b.score; });
    entries_.reserve(cases.size());
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const bool last = i + 1 == cases.size() || cases[i + 1].score != cases[i].score;
      entries_.push_back({cases[i].group, cases[i].positive, last});
      ++count_[cases[i].group][cases[i].positive];
    }
  }

  /// weight [groups]: how often each group counts. The false positive rates ascend.
  RocFigures figures(const std::vector<Index>& weight, const std::vector<double>& rates) const {
    const Index positives = weighted_count(weight, 1), negatives = weighted_count(weight, 0);
    std::vector<Index> allowed, reached;
    for (const double rate : rates) allowed.push_back(most_false_positives(rate, negatives));
    allowed.push_back(negatives);  // never exceeded
    Index twice_area = 0, tp = 0, fp = 0, tp_before = 0, fp_before = 0;
    for (const Entry& e : entries_) {
      const Index w = weight[e.group];
      tp += w * e.positive;
      fp += w * !e.positive;
      if (!e.last_of_tie) continue;
      while (fp > allowed[reached.size()]) reached.push_back(tp_before);
      twice_area += (fp - fp_before) * (tp_before + tp);
      tp_before = tp, fp_before = fp;
    }
    reached.resize(rates.size(), tp);
    RocFigures result;
    const double p = static_cast<double>(positives), n = static_cast<double>(negatives);
    result.auc = static_cast<double>(twice_area) / (2 * p * n);
    for (const Index r : reached) result.tpr.push_back(static_cast<double>(r) / p);
    return result;
  }

 private:
  struct Entry {
    std::uint32_t group;
    bool positive, last_of_tie;
  };

  Index weighted_count(const std::vector<Index>& weight, std::size_t positive) const {
    Index count = 0;
    for (std::size_t g = 0; g < count_.size(); ++g) count += weight[g] * count_[g][positive];
    return count;
  }

  /// The largest k with k / negatives <= rate, as doubles compare: 29 of 100 are a rate of 0.29.
  static Index most_false_positives(double rate, Index negatives) {
    const double n = static_cast<double>(negatives);
    Index k = static_cast<Index>(rate * n);
    while (static_cast<double>(k + 1) / n <= rate) ++k;
    while (k > 0 && static_cast<double>(k) / n > rate) --k;
    return k;
  }

  std::vector<Entry> entries_;
  std::vector<std::array<Index, 2>> count_;  // [groups]: negatives, positives
};

inline void check_scores(const char* name, const std::vector<double>& positives,
                         const std::vector<double>& negatives) {
  require(!positives.empty() && !negatives.empty(), name, ": ", positives.size(), " positives and ",
          negatives.size(), " negatives, at least 1 of each is needed");
  const auto is_nan = [](double x) { return std::isnan(x); };
  require(std::none_of(positives.begin(), positives.end(), is_nan), name,
          ": a score of a positive is NaN");
  require(std::none_of(negatives.begin(), negatives.end(), is_nan), name,
          ": a score of a negative is NaN");
}

inline RocRanking ranking(const std::vector<double>& positives,
                          const std::vector<double>& negatives) {
  std::vector<RocCase> cases;
  cases.reserve(positives.size() + negatives.size());
  for (const double s : positives) cases.push_back({s, 0, true});
  for (const double s : negatives) cases.push_back({s, 0, false});
  return {std::move(cases), 1};
}

}  // namespace detail

/// The probability that a positive scores above a negative; ties count one half. Throws if a score
/// is NaN or one of the two is empty.
inline double roc_auc(const std::vector<double>& positives, const std::vector<double>& negatives) {
  detail::check_scores("roc_auc", positives, negatives);
  return detail::ranking(positives, negatives).figures({1}, {}).auc;
}

/// The largest share of positives at or above a threshold that no more than `rate` of the negatives
/// reach, rate in [0, 1]. Throws if a score is NaN, one of the two is empty, or the rate is no
/// rate.
inline double tpr_at_fpr(const std::vector<double>& positives, const std::vector<double>& negatives,
                         double rate) {
  detail::check_scores("tpr_at_fpr", positives, negatives);
  require(rate >= 0 && rate <= 1, "tpr_at_fpr: rate is ", rate, ", not in [0, 1]");
  return detail::ranking(positives, negatives).figures({1}, {rate}).tpr[0];
}

/// The mean of the shares of positives above `threshold` and of negatives at or below it. Throws if
/// a score or the threshold is NaN, or one of the two is empty.
inline double balanced_accuracy(const std::vector<double>& positives,
                                const std::vector<double>& negatives, double threshold = 0) {
  detail::check_scores("balanced_accuracy", positives, negatives);
  require(!std::isnan(threshold), "balanced_accuracy: the threshold is NaN");
  const auto share_above = [&](const std::vector<double>& scores) {
    const auto above = [&](double s) { return s > threshold; };
    return static_cast<double>(std::count_if(scores.begin(), scores.end(), above)) /
           static_cast<double>(scores.size());
  };
  return 0.5 * (share_above(positives) + (1 - share_above(negatives)));
}

}  // namespace expunge
