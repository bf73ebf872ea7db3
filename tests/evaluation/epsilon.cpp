#include "expunge/evaluation/epsilon.hpp"

#include <doctest/doctest.h>

#include "evaluation/margins.hpp"

using namespace expunge;

namespace {

using Sample = std::vector<double>;

const double infinity = std::numeric_limits<double>::infinity();

double median_of(Sample x) {
  std::sort(x.begin(), x.end());
  return (x[(x.size() - 1) / 2] + x[x.size() / 2]) / 2;
}

double range_of(const Sample& x) {
  return *std::max_element(x.begin(), x.end()) - *std::min_element(x.begin(), x.end());
}

/// Epsilon of "x in [left, right] is positive", by counting; NaN if it is discarded.
double counted(const Sample& positive, const Sample& negative, double left, double right,
               double delta) {
  const auto inside = [&](const Sample& x) {
    return std::count_if(x.begin(), x.end(), [&](double m) { return m >= left && m <= right; });
  };
  const double fpr = static_cast<double>(inside(negative)) / static_cast<double>(negative.size());
  const double fnr =
      1 - static_cast<double>(inside(positive)) / static_cast<double>(positive.size());
  if (fpr == 0 && fnr == 0) return infinity;
  if (fpr == 0 || fnr == 0) return std::nan("");
  double epsilon = 0;
  if (1 - delta - fpr > 0) epsilon = std::max(epsilon, std::log((1 - delta - fpr) / fnr));
  if (1 - delta - fnr > 0) epsilon = std::max(epsilon, std::log((1 - delta - fnr) / fpr));
  return epsilon;
}

/// The larger of the two that is no NaN: a discarded attack leaves the best as it is.
double better(double best, double epsilon) {
  return epsilon > best ? epsilon : best;
}

/// Every threshold and every interval, each by counting.
double brute_force(const Sample& a, const Sample& b, double delta = 1e-5) {
  Sample pooled(a);
  pooled.insert(pooled.end(), b.begin(), b.end());
  double best = 0;
  const auto thresholds = [&](const Sample& p, const Sample& n) {
    for (const double t : pooled) best = better(best, counted(p, n, t, infinity, delta));
  };
  const auto intervals = [&](const Sample& p, const Sample& n) {
    for (const double l : pooled)
      for (const double r : pooled)
        if (l <= r) best = better(best, counted(p, n, l, r, delta));
  };
  if (median_of(a) >= median_of(b)) thresholds(a, b);
  if (median_of(b) >= median_of(a)) thresholds(b, a);
  if (range_of(a) <= range_of(b)) intervals(a, b);
  if (range_of(b) <= range_of(a)) intervals(b, a);
  return std::min(best, 50.0);
}

Sample evenly(double low, double high, Index count) {
  Sample x(static_cast<std::size_t>(std::max<Index>(count, 0)), low);
  for (std::size_t i = 1; i < x.size(); ++i)
    x[i] = low + (high - low) * static_cast<double>(i) / static_cast<double>(x.size() - 1);
  return x;
}

/// A grid of 100 thresholds per unit, and intervals within 2 of the width of the narrower sample,
/// as the published scorer tries them: `wide` is the sample whose range is larger.
double on_a_grid(const Sample& high, const Sample& low, const Sample& narrow, const Sample& wide) {
  const auto per_unit = [](double length) { return static_cast<Index>(std::ceil(100 * length)); };
  Sample pooled(high);
  pooled.insert(pooled.end(), low.begin(), low.end());
  const auto [least, most] = std::minmax_element(pooled.begin(), pooled.end());
  double best = 0;
  for (const double t : evenly(*least, *most, per_unit(*most - *least)))
    best = better(best, counted(high, low, t, infinity, 1e-5));
  const double width = range_of(narrow), top = *std::max_element(narrow.begin(), narrow.end());
  for (const double r : evenly(top - 2, top + 2, per_unit(4)))
    for (const double l : evenly(r - width - 2, r - width + 2, per_unit(4)))
      if (l <= r) best = better(best, counted(narrow, wide, l, r, 1e-5));
  return std::min(best, 50.0);
}

/// Numbers from a few values only, so that they tie within and between samples.
Sample tied(std::uint64_t seed, Index count, Index values, double step, double shift) {
  Sample x(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = shift + step * static_cast<double>(random_below(seed, {Purpose::test}, i, values));
  return x;
}

Sample normals(std::uint64_t seed, Index count, double mean = 0, double sd = 1) {
  const Array<double, 2> x = normal_margins(seed, count, 1, mean, sd);
  return {x.begin(), x.end()};
}

const EpsilonConfig every_interval{.intervals = IntervalFamily::all};

double epsilon_of(const Sample& a, const Sample& b, const EpsilonConfig& config = {}) {
  return attack_epsilon(a, b, config).epsilon;
}

bool same(const EpsilonResult& a, const EpsilonResult& b) {
  return a.epsilon == b.epsilon && a.h == b.h && a.attack == b.attack &&
         a.forgetting_quality == b.forgetting_quality;
}

}  // namespace

TEST_CASE("epsilon of small samples, by hand") {
  // x >= 4 has FPR 1/4 and FNR 1/4
  const AttackEpsilon shifted = attack_epsilon({1, 2, 3, 4}, {6, 5, 3, 4});
  CHECK(std::abs(shifted.epsilon - std::log((0.75 - 1e-5) / 0.25)) <= 1e-14);
  CHECK(shifted.attack == EpsilonAttack::threshold);
  // [-1, 1] holds 3 of 4 and no outsider: it must reach out to -2 or to 2. The best threshold, 0,
  // has FPR 1/2 and FNR 1/4.
  const AttackEpsilon held = attack_epsilon({-3, -2, 2, 3}, {-1, 0, 1, 2.5});
  CHECK(std::abs(held.epsilon - std::log((0.75 - 1e-5) / 0.25)) <= 1e-14);
  CHECK(held.attack == EpsilonAttack::interval);
  // No outsider lies to the left: it must reach right
  CHECK(std::abs(epsilon_of({2, 2.25, 3, 7}, {-1, 0, 1, 2.5}) - std::log((0.75 - 1e-5) / 0.25)) <=
        1e-14);
  // 20 against 20 with one of each on the wrong side: 19 - 20 delta
  Sample low(20, 0), high(20, 1);
  low[3] = 1, high[7] = 0;
  CHECK(std::abs(epsilon_of(low, high) - std::log(19 - 20e-5)) <= 1e-13);
  CHECK(std::abs(epsilon_of(low, high, {.delta = 0.1}) - std::log(17)) <= 1e-13);
}

TEST_CASE("samples that part have the cap, attacks without one kind of error are discarded") {
  CHECK(epsilon_of({0, 1, 2}, {3, 4, 5}) == 50);
  CHECK(epsilon_of({0, 1, 2}, {3, 4, 5}, {.cap = 7}) == 7);
  const AttackEpsilon between = attack_epsilon({-3, -2, 2, 3}, {-1, 0, 1});
  CHECK(between.epsilon == 50);
  CHECK(between.attack == EpsilonAttack::interval);
  // The thresholds 2 and 3 make errors of one kind only; [2, 3] has FPR 1/3 and FNR 1/3
  const AttackEpsilon touching = attack_epsilon({0, 1, 2}, {2, 3, 4});
  CHECK(std::abs(touching.epsilon - std::log(2 - 3e-5)) <= 1e-14);
  CHECK(touching.attack == EpsilonAttack::interval);
  CHECK(attack_epsilon({0, 1}, {0, 1}).epsilon == 0);
  CHECK(attack_epsilon({0, 1}, {0, 1}).attack == EpsilonAttack::none);
}

TEST_CASE("constants, narrow samples and what is not finite") {
  CHECK(epsilon_of({2, 2, 2}, {2, 2}) == 0);
  const AttackEpsilon constants = attack_epsilon({2, 2, 2}, {std::nextafter(2.0, 3.0), 2.5});
  CHECK(constants.epsilon == 50);
  CHECK(attack_epsilon({2, 2}, {3, 3}).attack == EpsilonAttack::narrow);
  // The ranges 1 and 100: 1 / 100 is not below .01
  CHECK(attack_epsilon({0, 100, 0.5}, {0, 1, 0.5}).attack != EpsilonAttack::narrow);
  CHECK(attack_epsilon({0, 100, 0.5}, {0, 0.99, 0.5}).attack == EpsilonAttack::narrow);
  CHECK(epsilon_of({0, 100, 0.5}, {0.5, 0.5, 0.5}) == 50);
  for (const double bad : {std::nan(""), infinity, -infinity}) {
    CHECK(attack_epsilon({1, bad, 2}, {1, 2, 3}).attack == EpsilonAttack::not_finite);
    CHECK(epsilon_of({1, 2, 3}, {1, 2, bad}) == 50);
    CHECK(epsilon_of({bad, bad, bad}, {bad, bad, bad}) == 50);
  }
  const double huge = std::numeric_limits<double>::max();  // ranges that overflow
  CHECK(epsilon_of({-huge, 0, huge}, {-huge, 0, huge}) == 0);
  CHECK(epsilon_of({-huge, 0, huge}, {-1, 0, 1}) == 50);
  CHECK_THROWS_WITH_AS(attack_epsilon({}, {1.0}),
                       "attack_epsilon: 0 against 1 margins, at least 1 of each is needed",
                       std::invalid_argument);
  CHECK_THROWS_AS(attack_epsilon({1.0}, {1.0}, {.delta = 1}), std::invalid_argument);
  CHECK_THROWS_AS(attack_epsilon({1.0}, {1.0}, {.cap = infinity}), std::invalid_argument);
  CHECK_THROWS_AS(attack_epsilon({1.0}, {1.0}, {.cap = std::nan("")}), std::invalid_argument);
}

TEST_CASE("epsilon is the best of all thresholds and all intervals") {
  int thresholds = 0, intervals = 0, certain = 0, useless = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const auto draw = [&](std::uint64_t index, Index bound) {
      return random_below(seed, {Purpose::test, 1}, index, bound);
    };
    const Index values = 2 + draw(0, 12);
    const Sample a = tied(2 * seed, 1 + draw(1, 12), values, 1, 0);
    const Sample b =
        tied(2 * seed + 1, 1 + draw(2, 12), 2 + draw(3, 12),
             0.5 * static_cast<double>(1 + draw(4, 2)), 0.5 * static_cast<double>(draw(5, 10)));
    const AttackEpsilon found = attack_epsilon(a, b, every_interval);
    thresholds += found.attack == EpsilonAttack::threshold;
    intervals += found.attack == EpsilonAttack::interval;
    certain += found.epsilon == 50;
    useless += found.attack == EpsilonAttack::none;
    if (found.attack == EpsilonAttack::narrow) continue;
    const double expected = brute_force(a, b);
    CAPTURE(seed);
    CHECK(std::abs(found.epsilon - expected) <= 1e-12);
    CHECK(found.epsilon ==
          epsilon_of(b, a, every_interval));  // which sample is which does not matter
    Sample minus_a = a, minus_b = b;
    for (double& x : minus_a) x = -2 * x;
    for (double& x : minus_b) x = -2 * x;
    CHECK(found.epsilon == epsilon_of(minus_a, minus_b, every_interval));
  }
  CHECK(thresholds > 300);
  CHECK(intervals > 300);
  CHECK(certain > 100);
  CHECK(useless > 10);
}

TEST_CASE("epsilon of many models without ties is the best of all attacks, too") {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const Sample a = normals(2 * seed, 60 + 9 * static_cast<Index>(seed));
    const Sample b = normals(2 * seed + 1, 75, 0.3 * static_cast<double>(seed), seed % 2 ? 1 : 0.5);
    CHECK(std::abs(epsilon_of(a, b, every_interval) - brute_force(a, b)) <= 1e-12);
    CHECK(epsilon_of(a, b, every_interval) > 0.3);
  }
}

TEST_CASE("a grid of 100 thresholds per unit never finds more, and as much where it can") {
  int fewer = 0, compared = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const bool coarse = seed % 4 != 0;  // a threshold of the grid in every gap, and no limit on one
    const Sample a = coarse ? tied(2 * seed, 14, 30, 0.3125, 0) : normals(2 * seed, 14, 0, 2);
    const Sample b =
        coarse ? tied(2 * seed + 1, 11, 20, 0.3125, 0.3125 * static_cast<double>(seed % 7))
               : normals(2 * seed + 1, 14, 0.5);
    if (median_of(a) == median_of(b) || range_of(a) == range_of(b)) continue;
    const bool a_high = median_of(a) > median_of(b), a_narrow = range_of(a) < range_of(b);
    const double grid =
        on_a_grid(a_high ? a : b, a_high ? b : a, a_narrow ? a : b, a_narrow ? b : a);
    const double exact = epsilon_of(a, b);
    CAPTURE(seed);
    CHECK(exact >= grid - 1e-12);
    if (coarse) CHECK(std::abs(exact - grid) <= 1e-12);
    const double all = epsilon_of(a, b, every_interval);
    CHECK(all >= exact);
    fewer += exact < all;
    compared += coarse;
  }
  CHECK(compared > 20);
  CHECK(fewer > 10);
  // Two samples that part by less than the grid's step: certain, and the grid misses it
  const Sample low = {0, 0.2, 0.6011}, high = {0.6012, 1, 1.3};
  CHECK(epsilon_of(low, high) == 50);
  CHECK(on_a_grid(high, low, low, high) < 50);
}

TEST_CASE("models of one distribution do not have quality 1, and more attacks have less") {
  // the published grid in numpy 2.4.6, 1000 draws of 100 against 100 models: .1793
  const Array<double, 2> a = normal_margins(1, 100, 1500), b = normal_margins(2, 100, 1500);
  const double published = unlearning_epsilon(a, b).forgetting_quality;
  const double all = unlearning_epsilon(a, b, every_interval).forgetting_quality;
  CHECK(published == doctest::Approx(0.1793).epsilon(0.06));
  CHECK(all == doctest::Approx(0.072).epsilon(0.06));
}

TEST_CASE("H halves with every half of epsilon and ends at ceil(ln(N - 1))") {
  CHECK(epsilon_limit(512) == 7);
  CHECK(epsilon_limit(3) == 1);
  CHECK(epsilon_limit(2) == 0);
  for (int bucket = 0; bucket < 14; ++bucket) {
    const double h = std::exp2(-bucket);
    CHECK(epsilon_h(0.5 * bucket, 512) == h);
    CHECK(epsilon_h(std::nextafter(0.5 * bucket + 0.5, 0.0), 512) == h);
  }
  CHECK(epsilon_h(7, 512) == 0);
  CHECK(epsilon_h(50, 512) == 0);
  CHECK(epsilon_h(infinity, 512) == 0);
  CHECK(epsilon_h(std::nan(""), 512) == 0);
  CHECK(epsilon_h(0.9, 3) == 0.5);
  CHECK(epsilon_h(1, 3) == 0);
  CHECK(epsilon_h(3, 512, 3) == 0);  // a cap below the limit never scores
  CHECK_THROWS_AS(epsilon_h(-0.1, 512), std::invalid_argument);
  CHECK_THROWS_AS(epsilon_limit(1), std::invalid_argument);
}

TEST_CASE("forgetting quality is the mean of H, and bad points have none") {
  Array<double, 2> retrained = normal_margins(1, 40, 5);
  Array<double, 2> unlearned = retrained;
  for (std::size_t m = 0; m < 40; ++m) {
    unlearned(m, 1) = 100 + retrained(m, 1);     // certain
    unlearned(m, 2) = 3;                         // a constant
    retrained(m, 4) = unlearned(m, 4) = m < 20;  // ties
  }
  unlearned(7, 3) = std::nan("");
  const EpsilonResult result = unlearning_epsilon(retrained, unlearned, {.cap = 3});
  CHECK(result.epsilon(0) == epsilon_of(normals(0, 1), normals(0, 1)));  // equal samples: 0
  CHECK(result.epsilon(1) == 3);
  CHECK(result.epsilon(2) == 3);
  CHECK(result.epsilon(3) == 3);
  CHECK(result.epsilon(4) == 0);
  CHECK(result.attack[1] == EpsilonAttack::threshold);
  CHECK(result.attack[2] == EpsilonAttack::narrow);
  CHECK(result.attack[3] == EpsilonAttack::not_finite);
  CHECK(result.bad_points == 1);
  CHECK(std::vector<double>(result.h.begin(), result.h.end()) ==
        std::vector<double>{1, 0, 0, 0, 1});
  CHECK(result.forgetting_quality == doctest::Approx(0.4).epsilon(1e-15));
  CHECK(result.retrained_models == 40);
  CHECK(result.unlearned_models == 40);
  CHECK(result.config.cap == 3);
}

TEST_CASE("H is by the smaller number of models") {
  const EpsilonResult result =
      unlearning_epsilon(normal_margins(1, 60, 30, 1.3), normal_margins(2, 9, 30));
  Index limited = 0;
  for (std::size_t x = 0; x < 30; ++x) {
    CHECK(result.h(x) == epsilon_h(result.epsilon(x), 9));
    limited += epsilon_h(result.epsilon(x), 9) != epsilon_h(result.epsilon(x), 60);
  }
  CHECK(limited > 0);
}

TEST_CASE("epsilon grows and quality falls with the distance of the samples") {
  double before = 0, quality_before = 1;
  for (const double shift : {0.0, 0.5, 1.0, 2.0, 4.0, 8.0}) {
    const EpsilonResult result =
        unlearning_epsilon(normal_margins(1, 100, 60), normal_margins(2, 100, 60, shift));
    const double mean = xt::sum(result.epsilon)() / 60;
    CHECK(mean > before);
    CHECK(result.forgetting_quality < quality_before);
    before = mean, quality_before = result.forgetting_quality;
  }
  CHECK(quality_before == 0);
  // Unlearned models of the right mean that vary too little are found as well
  const EpsilonResult tight =
      unlearning_epsilon(normal_margins(1, 100, 60), normal_margins(2, 100, 60, 0, 0.1));
  CHECK(tight.forgetting_quality < 0.1);
}

TEST_CASE("neither threads nor the order of the two change a result; half precision is exact") {
  Array<Half, 2> a = make_array<Half>(30, 40), b = make_array<Half>(25, 40);
  for (std::size_t i = 0; i < a.size(); ++i)
    a.data()[i] = Half(static_cast<float>(random_normal(1, {Purpose::test}, i)));
  for (std::size_t i = 0; i < b.size(); ++i)
    b.data()[i] = Half(static_cast<float>(1 + random_normal(2, {Purpose::test}, i)));
  const EpsilonResult one = unlearning_epsilon(a, b, {.threads = 1});
  CHECK(same(one, unlearning_epsilon(a, b, {.threads = 3})));
  CHECK(same(one, unlearning_epsilon(b, a)));
  Array<double, 2> wide = make_array<double>(30, 40);
  Array<float, 2> single = make_array<float>(25, 40);
  for (std::size_t i = 0; i < a.size(); ++i) wide.data()[i] = static_cast<double>(a.data()[i]);
  for (std::size_t i = 0; i < b.size(); ++i) single.data()[i] = static_cast<float>(b.data()[i]);
  CHECK(same(one, unlearning_epsilon(wide, single)));
  CHECK(one.epsilon(0) != one.epsilon(1));
}

TEST_CASE("the interval of the quality holds it and narrows with examples") {
  const auto width = [](Index points) {
    const EpsilonResult result =
        unlearning_epsilon(normal_margins(1, 30, points), normal_margins(2, 30, points, 0.5));
    const Interval interval = forgetting_quality_interval(result);
    CHECK(interval.low < result.forgetting_quality);
    CHECK(interval.high > result.forgetting_quality);
    const Interval other = forgetting_quality_interval(result, {1000, 0.95, 1});
    CHECK((other.low != interval.low || other.high != interval.high));
    const Interval narrower = forgetting_quality_interval(result, {1000, 0.5, 0});
    CHECK(narrower.high - narrower.low < interval.high - interval.low);
    return interval.high - interval.low;
  };
  CHECK(width(640) < 0.5 * width(40));
  CHECK_THROWS_AS(forgetting_quality_interval(EpsilonResult{}), std::invalid_argument);
}

TEST_CASE("the score is quality times both accuracy ratios") {
  CHECK(challenge_score(0.1, {0.9, 1.0}, {0.6, 0.8}) == doctest::Approx(0.0675).epsilon(1e-14));
  CHECK(challenge_score(0.5, {1.0, 0.5}, {0.8, 0.8}) == 1.0);
  CHECK(challenge_score(0.5, {0.0, 0.5}, {0.8, 0.8}) == 0.0);
  CHECK_THROWS_WITH_AS(challenge_score(0.1, {1.5, 1}, {1, 1}),
                       "AccuracyPair: unlearned accuracy is 1.5, not in [0, 1]",
                       std::invalid_argument);
  CHECK_THROWS_AS(challenge_score(0.1, {1, 1}, {1, 0}), std::invalid_argument);
  CHECK_THROWS_AS(challenge_score(0.1, {1, 90}, {1, 1}), std::invalid_argument);
  CHECK_THROWS_AS(challenge_score(0.1, {-0.1, 1}, {1, 1}), std::invalid_argument);
  CHECK_THROWS_AS(challenge_score(0.1, {std::nan(""), 1}, {1, 1}), std::invalid_argument);
  CHECK_THROWS_AS(challenge_score(1.1, {1, 1}, {1, 1}), std::invalid_argument);
  CHECK_THROWS_AS(challenge_score(std::nan(""), {1, 1}, {1, 1}), std::invalid_argument);
}

TEST_CASE("epsilon refuses points that differ and too few models") {
  CHECK_THROWS_WITH_AS(unlearning_epsilon(normal_margins(1, 5, 2), normal_margins(1, 5, 3)),
                       "unlearning_epsilon: retrained margins have 2 points, unlearned have 3, at "
                       "least 1 and as many are needed",
                       std::invalid_argument);
  CHECK_THROWS_AS(unlearning_epsilon(normal_margins(1, 5, 0), normal_margins(1, 5, 0)),
                  std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      unlearning_epsilon(normal_margins(1, 5, 2), normal_margins(1, 2, 2)),
      "unlearning_epsilon: 5 retrained and 2 unlearned models, at least 3 of each are needed",
      std::invalid_argument);
  CHECK_THROWS_AS(
      unlearning_epsilon(normal_margins(1, 5, 2), normal_margins(1, 5, 2), {.delta = 1}),
      std::invalid_argument);
}
