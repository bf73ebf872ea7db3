#include "expunge/evaluation/roc.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "expunge/core/random.hpp"

using namespace expunge;

namespace {

// numpy.random.default_rng(7): numpy.round(rng.normal(1, 1, 12), 1), then (0, 1, 9)
const std::vector<double> positives{1.0, 1.3, 0.7, 0.1, 0.5, 0.0, 1.1, 2.3, 0.5, 0.4, 1.5, 1.4};
const std::vector<double> negatives{0.1, -0.9, -0.0, 0.7, -1.3, -0.5, -1.9, -1.3, -1.8};

std::vector<double> tied_scores(std::uint64_t seed, Index n) {
  std::vector<double> scores;
  for (Index i = 0; i < n; ++i)
    scores.push_back(static_cast<double>(
        random_below(seed, {Purpose::test}, static_cast<std::uint64_t>(i), 12)));
  return scores;
}

double auc_by_pairs(const std::vector<double>& p, const std::vector<double>& n) {
  double wins = 0;
  for (const double a : p)
    for (const double b : n) wins += a > b ? 1 : a == b ? 0.5 : 0;
  return wins / static_cast<double>(p.size() * n.size());
}

double tpr_by_thresholds(const std::vector<double>& p, const std::vector<double>& n, double rate) {
  const auto share = [](const std::vector<double>& scores, double c) {
    double count = 0;
    for (const double s : scores) count += s >= c;
    return count / static_cast<double>(scores.size());
  };
  double best = 0;
  for (const std::vector<double>& thresholds : {p, n})
    for (const double c : thresholds)
      if (share(n, c) <= rate) best = std::max(best, share(p, c));
  return best;
}

}  // namespace

TEST_CASE("AUC agrees with the Mann-Whitney statistic of scipy") {
  // scipy.stats.mannwhitneyu(p, n).statistic / (len(p) * len(n)), scipy 1.17.1
  CHECK(std::abs(roc_auc({3, 1, 4, 1, 5, 9, 2.5}, {2, 7, 1, 8, 2.5, 1}) - 23.5 / 42) <= 1e-15);
  CHECK(std::abs(roc_auc(positives, negatives) - 100.5 / 108) <= 1e-15);
  CHECK(roc_auc({2, 3}, {0, 1}) == 1);
  CHECK(roc_auc({0, 1}, {2, 3}) == 0);
  CHECK(roc_auc({1, 1, 1}, {1, 1}) == 0.5);
}

TEST_CASE("the TPR at an FPR is the largest that a threshold reaches") {
  // numpy: max(mean(p >= c) for c in thresholds if mean(n >= c) <= rate)
  CHECK(tpr_at_fpr(positives, negatives, 0) == 0.5);
  CHECK(tpr_at_fpr(positives, negatives, 0.1) == 0.5);
  CHECK(tpr_at_fpr(positives, negatives, 0.2) == doctest::Approx(10.0 / 12).epsilon(1e-15));
  CHECK(tpr_at_fpr(positives, negatives, 1.0 / 3) == 1);
  CHECK(tpr_at_fpr({5, 4, 3}, {3.5, 3, 2, 1}, 0) == doctest::Approx(2.0 / 3));
  CHECK(tpr_at_fpr({5, 4, 3}, {3.5, 3, 2, 1}, 0.25) == doctest::Approx(2.0 / 3));
  CHECK(tpr_at_fpr({1, 2}, {3, 4}, 1) == 1);
}

TEST_CASE("equal scores pass a threshold together") {
  CHECK(tpr_at_fpr({1, 1, 1}, {1, 0, 0, 0}, 0) == 0);
  CHECK(tpr_at_fpr({1, 1, 1}, {1, 0, 0, 0}, 0.2) == 0);
  CHECK(tpr_at_fpr({1, 1, 1}, {1, 0, 0, 0}, 0.25) == 1);
  CHECK(tpr_at_fpr({2, 1, 1}, {1, 1, 0, 0}, 0.25) == doctest::Approx(1.0 / 3));
}

TEST_CASE("a rate that is a multiple of one false positive allows exactly that many") {
  for (Index n = 1; n <= 200; ++n) {
    std::vector<double> many, own;
    for (Index i = 0; i < n; ++i) many.push_back(static_cast<double>(2 * i));
    for (Index i = 0; i < n; ++i) own.push_back(static_cast<double>(2 * i - 1));
    for (Index k = 0; k <= n; ++k) {
      const double rate = static_cast<double>(k) / static_cast<double>(n);
      // the k largest negatives may pass, and with them k - 1 positives and the one just below
      REQUIRE(tpr_at_fpr(own, many, rate) == rate);
    }
  }
}

TEST_CASE("both agree with plain loops on scores with many ties") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const std::vector<double> p = tied_scores(2 * seed, 1 + static_cast<Index>(seed));
    const std::vector<double> n = tied_scores(2 * seed + 1, 45 - static_cast<Index>(seed));
    CHECK(std::abs(roc_auc(p, n) - auc_by_pairs(p, n)) <= 1e-14);
    for (const double rate : {0.0, 0.01, 0.05, 0.1, 0.29, 0.5, 0.9, 1.0})
      CHECK(std::abs(tpr_at_fpr(p, n, rate) - tpr_by_thresholds(p, n, rate)) <= 1e-15);
  }
}

TEST_CASE("weights of groups are repetitions of their scores") {
  std::vector<detail::RocCase> cases, repeated;
  const std::vector<Index> weight{2, 0, 3};
  for (std::uint64_t i = 0; i < 90; ++i) {
    const std::array<std::uint32_t, 4> bits = random_bits(5, {Purpose::test}, i);
    const detail::RocCase c{static_cast<double>(bits[0] % 20), bits[1] % 3, bits[2] % 2 == 0};
    cases.push_back(c);
    for (Index w = 0; w < weight[c.group]; ++w) repeated.push_back({c.score, 0, c.positive});
  }
  const std::vector<double> rates{0, 0.05, 0.3};
  const detail::RocFigures a = detail::RocRanking(cases, 3).figures(weight, rates);
  const detail::RocFigures b = detail::RocRanking(repeated, 1).figures({1}, rates);
  CHECK(a.auc == b.auc);
  CHECK(a.tpr == b.tpr);
  CHECK(a.tpr[2] > a.tpr[0]);
}

TEST_CASE("balanced accuracy counts each side by its share") {
  CHECK(balanced_accuracy({1, 2, -1, 3}, {-1, 1}, 0) == doctest::Approx((0.75 + 0.5) / 2));
  CHECK(balanced_accuracy({0, 0}, {0}, 0) == 0.5);  // at the threshold is negative
  CHECK(balanced_accuracy({3, 4}, {1, 2}, 2) == 1);
  CHECK(balanced_accuracy({3, 4}, {1, 2}, 9) == 0.5);
}

TEST_CASE("infinite scores are scores, NaN is refused") {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::nan("");
  CHECK(roc_auc({infinity, 1}, {-infinity, 1}) == doctest::Approx(3.5 / 4));
  CHECK(tpr_at_fpr({infinity, 1}, {infinity, 0}, 0) == 0);
  CHECK(tpr_at_fpr({infinity, 1}, {-infinity, 0}, 0) == 1);
  CHECK_THROWS_WITH_AS(roc_auc({1, nan}, {0}), "roc_auc: a score of a positive is NaN",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(tpr_at_fpr({1}, {nan}, 0), "tpr_at_fpr: a score of a negative is NaN",
                       std::invalid_argument);
  CHECK_THROWS_AS(balanced_accuracy({1}, {nan}), std::invalid_argument);
  CHECK_THROWS_AS(balanced_accuracy({1}, {0}, nan), std::invalid_argument);
  CHECK_THROWS_AS(tpr_at_fpr({1}, {0}, nan), std::invalid_argument);
  CHECK_THROWS_AS(tpr_at_fpr({1}, {0}, 1.5), std::invalid_argument);
  CHECK_THROWS_WITH_AS(roc_auc({}, {0}),
                       "roc_auc: 0 positives and 1 negatives, at least 1 of each is needed",
                       std::invalid_argument);
  CHECK_THROWS_AS(roc_auc({1}, {}), std::invalid_argument);
}
