#include "expunge/evaluation/ulira.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <functional>
#include <map>

#include "evaluation/margins.hpp"
#include "expunge/data/subset_masks.hpp"

using namespace expunge;

namespace {

struct Experiment {
  Array<double, 2> margins;
  Array<std::uint8_t, 2> trained, forgotten;
  std::vector<Index> base;

  UliraResult attack(const UliraConfig& config = {}) const {
    return ulira(margins, trained, forgotten, base, config);
  }
};

/// Bases on fixed halves of the points, `sets` models of each; a model forgets each point of its
/// base with probability `share`. Margins are standard normal.
Experiment experiment(Index bases, Index sets, Index points, double share, std::uint64_t seed = 1) {
  Experiment e{normal_margins(seed, bases * sets, points),
               make_array<std::uint8_t>(bases * sets, points),
               make_array<std::uint8_t>(bases * sets, points),
               {}};
  const SubsetMasks halves = fixed_size_subsets(seed, bases, points, 0.5);
  for (Index m = 0; m < bases * sets; ++m) {
    e.base.push_back(m / sets);
    for (Index x = 0; x < points; ++x) {
      const std::size_t i = static_cast<std::size_t>(m * points + x);
      const bool in = halves.contains(m / sets, x);
      e.trained.data()[i] = in;
      e.forgotten.data()[i] = in && random_uniform(seed, {Purpose::test, 7}, i) < share;
    }
  }
  return e;
}

template <class F>
void change_margins(Experiment& e, F change) {
  for (std::size_t m = 0; m < e.base.size(); ++m)
    for (std::size_t x = 0; x < e.margins.shape()[1]; ++x) change(e, m, x, e.margins(m, x));
}

UliraConfig quick(Index min_shadows = 10) {
  UliraConfig config;
  config.min_shadows = min_shadows;
  config.bootstrap.replicates = 50;
  return config;
}

/// Log-density of a normal fitted to values, the variance unbiased: plain sums.
double log_density(double m, const std::vector<double>& values) {
  double mean = 0, variance = 0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  for (const double v : values)
    variance += (v - mean) * (v - mean) / static_cast<double>(values.size() - 1);
  return -0.5 * std::log(2 * 3.14159265358979323846 * variance) -
         (m - mean) * (m - mean) / (2 * variance);
}

/// The margins of models of other bases: forgotten (true) or never seen (false).
std::vector<double> candidates(const Experiment& e, const UliraQuery& q, bool unlearned) {
  std::vector<double> values;
  for (std::size_t m = 0; m < e.base.size(); ++m)
    if (e.base[m] != e.base[q.model] &&
        (unlearned ? e.forgotten(m, q.point) == 1 : e.trained(m, q.point) == 0))
      values.push_back(e.margins(m, q.point));
  return values;
}

/// Every score that some choice of `count` of each kind gives.
std::vector<double> possible_scores(const Experiment& e, const UliraQuery& q, std::size_t count) {
  std::array<std::vector<double>, 2> densities;
  for (const bool unlearned : {true, false}) {
    const std::vector<double> all = candidates(e, q, unlearned);
    for (std::uint32_t mask = 0; mask < (1u << all.size()); ++mask) {
      if (static_cast<std::size_t>(std::popcount(mask)) != count) continue;
      std::vector<double> chosen;
      for (std::size_t i = 0; i < all.size(); ++i)
        if (mask >> i & 1u) chosen.push_back(all[i]);
      densities[unlearned].push_back(log_density(e.margins(q.model, q.point), chosen));
    }
  }
  std::vector<double> scores;
  for (const double u : densities[1])
    for (const double o : densities[0]) scores.push_back(u - o);
  return scores;
}

std::size_t place_of(double score, const std::vector<double>& possible) {
  for (std::size_t i = 0; i < possible.size(); ++i)
    if (std::abs(score - possible[i]) <= 1e-10 * std::max(1.0, std::abs(score))) return i;
  return possible.size();
}

}  // namespace

TEST_CASE("scores are log ratios of normals fitted to models of other bases") {
  const Experiment e = experiment(6, 2, 30, 0.8);
  const UliraResult result = e.attack(quick(2));
  CHECK(result.queries.size() > 100);
  Index without_draw = 0;
  for (const UliraQuery& q : result.queries) {
    CHECK(e.forgotten(q.model, q.point) == q.member);
    CHECK(e.trained(q.model, q.point) == q.member);
    const std::size_t count =
        std::min(candidates(e, q, true).size(), candidates(e, q, false).size());
    REQUIRE(count >= 2);
    const std::vector<double> possible = possible_scores(e, q, count);
    CHECK(place_of(q.score, possible) < possible.size());
    without_draw += possible.size() == 1;
  }
  CHECK(without_draw > 10);
}

TEST_CASE("figures are those of the queries, by plain loops") {
  const Experiment e = experiment(8, 3, 40, 0.5);
  UliraConfig config = quick(3);
  config.max_shadows = 4;
  const UliraResult result = e.attack(config);
  std::map<Index, std::array<double, 3>> of_target;  // correct, members, all
  std::vector<double> members, strangers;
  for (const UliraQuery& q : result.queries) {
    of_target[q.model][0] += q.member == (q.score > 0);
    of_target[q.model][1] += q.member;
    of_target[q.model][2] += 1;
    (q.member ? members : strangers).push_back(q.score);
  }
  REQUIRE(static_cast<Index>(of_target.size()) == result.targets);
  double mean = 0, squares = 0;
  std::size_t t = 0;
  for (const auto& [model, counts] : of_target) {
    CHECK(result.target[t] == model);
    CHECK(std::abs(result.target_accuracy[t++] - counts[0] / counts[2]) <= 1e-15);
    CHECK(2 * counts[1] == counts[2]);
    mean += counts[0] / counts[2] / static_cast<double>(of_target.size());
  }
  for (const double a : result.target_accuracy) squares += (a - mean) * (a - mean);
  CHECK(std::abs(result.accuracy.value - mean) <= 1e-14);
  CHECK(std::abs(result.sd - std::sqrt(squares / static_cast<double>(t - 1))) <= 1e-14);
  CHECK(std::abs(result.auc.value - roc_auc(members, strangers)) <= 1e-15);
  CHECK(result.tpr_at_1_percent.value == tpr_at_fpr(members, strangers, 0.01));
  CHECK(result.tpr_at_0_1_percent.value == tpr_at_fpr(members, strangers, 0.001));
  CHECK(result.bases == 8);
  CHECK(result.bad == 0);
  double forgotten = 0;
  for (const std::uint8_t f : e.forgotten) forgotten += f;
  CHECK(static_cast<double>(result.skipped) == forgotten - static_cast<double>(members.size()));
}

TEST_CASE("every choice of shadows is drawn, about as often as another") {
  // 2 of each from 2 and 3 models, and from 3 and 4
  for (const Index bases : {6, 8}) {
    const Experiment e = experiment(bases, 1, 60, 1.0);
    UliraConfig config = quick(2);
    config.max_shadows = 2, config.threads = 1;
    config.bootstrap.replicates = 2;
    const UliraQuery q = e.attack(config).queries[0];
    const std::vector<double> possible = possible_scores(e, q, 2);
    REQUIRE(possible.size() == (bases == 6 ? 3 : 18));
    std::vector<double> drawn(possible.size());
    for (config.seed = 0; config.seed < 2000; ++config.seed)
      for (const UliraQuery& again : e.attack(config).queries)
        if (again.model == q.model && again.point == q.point)
          ++drawn.at(place_of(again.score, possible));
    const double total = std::accumulate(drawn.begin(), drawn.end(), 0.0);
    CHECK(total > 1000);
    const double expected = total / static_cast<double>(possible.size());
    for (const double count : drawn) CHECK(std::abs(count - expected) < 5 * std::sqrt(expected));
  }
}

TEST_CASE("after exact unlearning the attack is right half the time") {
  for (const bool pooled : {false, true}) {
    UliraConfig config = quick();
    config.pooled_variance = pooled;
    const UliraResult result = experiment(40, 4, 200, 0.4).attack(config);
    const double n = static_cast<double>(result.queries.size());
    CHECK(n > 10000);
    CHECK(std::abs(result.accuracy.value - 0.5) < 4 * 0.5 / std::sqrt(n));
    CHECK(std::abs(result.auc.value - 0.5) < 4 * std::sqrt(1 / (3 * n)));
    CHECK(std::abs(result.tpr_at_1_percent.value - 0.01) < 0.01);
    CHECK(result.accuracy.interval.low < 0.5);
    CHECK(result.accuracy.interval.high > 0.5);
    CHECK(result.skipped == 0);
  }
}

TEST_CASE("without unlearning accuracy is that of two shifted normals") {
  for (const auto& [shift, accuracy] : {std::pair{1.0, 0.6914624612740131},  // Phi(d / 2)
                                        std::pair{2.0, 0.8413447460685429}}) {
    Experiment e = experiment(60, 4, 200, 0.5);
    change_margins(e, [d = shift](const Experiment& of, std::size_t m, std::size_t x, double& v) {
      v = 5 + 3 * (v + d * of.trained(m, x));
    });
    UliraConfig config = quick();
    config.pooled_variance = true;
    const UliraResult result = e.attack(config);
    CHECK(std::abs(result.accuracy.value - accuracy) < 0.012);
    // AUC of the ratio of two normals of one variance: Phi(d / sqrt 2)
    CHECK(std::abs(result.auc.value - 0.5 * std::erfc(-shift / 2)) < 0.015);
    config.pooled_variance = false;
    CHECK(std::abs(e.attack(config).accuracy.value - accuracy) < 0.02);
    CHECK(result.accuracy.interval.low < result.accuracy.value);
    CHECK(result.accuracy.interval.high > result.accuracy.value);
    CHECK(result.accuracy.interval.high - result.accuracy.interval.low < 0.04);
  }
}

TEST_CASE("a spread that differs gives points away as a mean does") {
  Experiment e = experiment(40, 4, 100, 0.5);
  change_margins(e, [](const Experiment& of, std::size_t m, std::size_t x, double& v) {
    v *= of.forgotten(m, x) == 1 ? 0.1 : 1;
  });
  CHECK(e.attack(quick()).accuracy.value > 0.8);
  UliraConfig pooled = quick();
  pooled.pooled_variance = true;
  CHECK(e.attack(pooled).accuracy.value < 0.7);
}

TEST_CASE("models of the target's base are no shadows: they would give the answer away") {
  Experiment e = experiment(8, 12, 400, 1.0);
  change_margins(e, [](const Experiment& of, std::size_t m, std::size_t x, double& v) {
    v = of.margins(m - m % 12, x) + (m % 12 == 0 ? 0 : 1e-3 * v);  // near copies within a base
  });
  const double grouped = e.attack(quick(2)).accuracy.value;
  e.base.clear();
  const double alone = ulira(e.margins, e.trained, e.forgotten, {}, quick(2)).accuracy.value;
  CHECK(alone > 0.6);
  CHECK(std::abs(grouped - 0.5) < 0.05);
}

TEST_CASE("labels of bases are names, and do not change a figure") {
  Experiment e = experiment(12, 2, 60, 0.6);
  const UliraResult a = e.attack(quick(3));
  for (Index& b : e.base) b = 1000 * b - 7;
  const UliraResult b = e.attack(quick(3));
  for (std::size_t i = 0; i < a.queries.size(); ++i)
    CHECK(a.queries[i].score == b.queries[i].score);
  CHECK(a.auc.interval.low == b.auc.interval.low);
}

TEST_CASE("threads do not change a result, the seed does") {
  const Experiment e = experiment(30, 3, 80, 0.5);
  UliraConfig one = quick(), four = quick(), other = quick();
  one.threads = 1, four.threads = 4, other.seed = 3;
  one.max_shadows = four.max_shadows = other.max_shadows = 12;
  const UliraResult a = e.attack(one), b = e.attack(four), c = e.attack(other);
  REQUIRE(a.queries.size() == b.queries.size());
  bool same = true, same_as_other = a.queries.size() == c.queries.size();
  for (std::size_t i = 0; i < a.queries.size(); ++i) {
    same = same && a.queries[i].score == b.queries[i].score &&
           a.queries[i].point == b.queries[i].point && a.queries[i].model == b.queries[i].model;
    same_as_other = same_as_other && a.queries[i].score == c.queries[i].score;
  }
  CHECK(same);
  CHECK_FALSE(same_as_other);
  CHECK(a.tpr_at_1_percent.interval.high == b.tpr_at_1_percent.interval.high);
  CHECK(a.accuracy.interval.low == b.accuracy.interval.low);
}

TEST_CASE("a margin that is not finite is a correct attack, and no shadow") {
  Experiment e = experiment(24, 2, 60, 0.5);
  const UliraResult clean = e.attack(quick(3));
  const UliraQuery spoiled = clean.queries.back();
  e.margins(spoiled.model, spoiled.point) = std::nan("");
  const UliraResult result = e.attack(quick(3));
  CHECK(result.bad == 1);
  CHECK(result.bad_shadows == 1);
  REQUIRE(result.queries.size() == clean.queries.size());
  CHECK(result.queries.back().bad);
  CHECK(result.queries.back().score == -std::numeric_limits<double>::infinity());
  for (const UliraQuery& q : result.queries) CHECK((q.bad || std::isfinite(q.score)));

  // unlearning that ends in infinity everywhere is found out everywhere
  change_margins(e, [](const Experiment& of, std::size_t m, std::size_t x, double& v) {
    v = of.forgotten(m, x) == 1 ? std::numeric_limits<double>::infinity() : 0.5;
  });
  const UliraResult lost = e.attack(quick(3));
  CHECK(lost.queries.size() == clean.queries.size());
  CHECK(lost.bad == static_cast<Index>(lost.queries.size()));
  CHECK(lost.accuracy.value == 1);
  CHECK(lost.auc.value == 1);
  CHECK(lost.tpr_at_0_1_percent.interval.low == 1);
  CHECK(lost.skipped == clean.skipped);
}

TEST_CASE("ten models of 300 that ran away do not lower the attack's accuracy, and are named") {
  Experiment e = experiment(150, 2, 40, 0.5);
  change_margins(e, [](const Experiment& of, std::size_t m, std::size_t x, double& v) {
    if (of.forgotten(m, x) == 1) v += 1.9;
  });
  const UliraResult clean = e.attack(quick());
  CHECK(clean.accuracy.value > 0.8);
  CHECK(clean.warning().empty());
  Index shadows = 0;
  change_margins(e, [&](const Experiment& of, std::size_t m, std::size_t x, double& v) {
    if (m % 30 != 7) return;
    v = m % 60 == 7 ? 1e6 : -1e4;
    shadows += of.forgotten(m, x) == 1 || of.trained(m, x) == 0;
  });
  const UliraResult result = e.attack(quick());
  CHECK(result.runaway_shadows == shadows);
  CHECK(result.bad_shadows == 0);
  CHECK(runaway_models(result.runaways.first) ==
        std::vector<Index>{7, 37, 67, 97, 127, 157, 187, 217, 247, 277});
  CHECK(result.runaways.runaway_points == 40);
  double of_sound = 0, sound = 0;
  for (std::size_t t = 0; t < result.target.size(); ++t) {
    if (result.target[t] % 30 == 7) {
      CHECK(result.target_accuracy[t] == 1);  // a model that diverged is found out
    } else {
      of_sound += result.target_accuracy[t];
      ++sound;
    }
  }
  CHECK(std::abs(of_sound / sound - clean.accuracy.value) < 0.02);
  CHECK(result.warning().substr(0, 71) ==
        "10 of 300 models ran away at 40 of 40 points: model 7 gives 1e+06 at po");
}

TEST_CASE("finite margins beyond the range of squares are a correct attack too") {
  Experiment e = experiment(24, 2, 60, 0.5);
  for (double& v : e.margins) v *= 1e200;
  const UliraResult result = e.attack(quick(3));
  CHECK(result.bad == static_cast<Index>(result.queries.size()));
  CHECK(result.accuracy.value == 1);
}

TEST_CASE("constants: equal ones tell nothing, different ones all") {
  Experiment e = experiment(24, 2, 60, 0.5);
  for (double& v : e.margins) v = 0.1;
  const UliraResult equal = e.attack(quick(3));
  CHECK(equal.accuracy.value == 0.5);
  CHECK(equal.auc.value == 0.5);
  CHECK(equal.bad == 0);
  change_margins(e, [](const Experiment& of, std::size_t m, std::size_t x, double& v) {
    v = of.forgotten(m, x) == 1 ? 0.3 : 0.1;
  });
  CHECK(e.attack(quick(3)).accuracy.value == 1);
}

TEST_CASE("points with too few shadows are skipped and counted") {
  Experiment e = experiment(24, 2, 60, 0.5);
  const UliraResult all = e.attack(quick(2));
  Index of_point_0 = 0;
  for (const UliraQuery& q : all.queries) of_point_0 += q.point == 0 && q.member;
  REQUIRE(of_point_0 > 1);
  // only base 23 and its two models keep point 0 as forgotten
  for (std::size_t m = 0; m < 48; ++m) {
    e.forgotten(m, 0) = m >= 46;
    if (m >= 46) e.trained(m, 0) = 1;
  }
  const UliraResult result = e.attack(quick(2));
  for (const UliraQuery& q : result.queries) CHECK((q.point != 0 || !q.member));
  CHECK(result.skipped == all.skipped + 2);
  CHECK_THROWS_AS(e.attack(quick(49)), std::invalid_argument);
}

TEST_CASE("a model that forgot more points than it never saw is asked about as many of each") {
  Experiment e = experiment(30, 1, 40, 1.0);
  for (std::size_t x = 0; x < 40; ++x) {
    e.trained(0, x) = x < 35;
    e.forgotten(0, x) = x < 35;
  }
  const UliraResult result = e.attack(quick(5));
  Index members = 0, strangers = 0;
  for (const UliraQuery& q : result.queries)
    if (q.model == 0) ++(q.member ? members : strangers);
  CHECK(members == 5);
  CHECK(strangers == 5);
  CHECK(result.skipped == 30);
}

TEST_CASE("models without a forgotten point are shadows only") {
  Experiment e = experiment(30, 2, 60, 0.6);
  for (std::size_t m = 0; m < 60; m += 2)
    for (std::size_t x = 0; x < 60; ++x) e.forgotten(m, x) = 0;
  const UliraResult result = e.attack(quick(3));
  CHECK(result.targets == 30);
  for (const Index t : result.target) CHECK(t % 2 == 1);
}

TEST_CASE("the interval of exact unlearning holds one half as often as it says") {
  double held = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    UliraConfig config = quick();
    config.bootstrap = {200, 0.9, seed};
    const Interval i = experiment(40, 1, 60, 0.8, 100 + seed).attack(config).accuracy.interval;
    held += i.low <= 0.5 && 0.5 <= i.high;
  }
  CHECK(held > 60 * 0.9 - 4 * std::sqrt(60 * 0.9 * 0.1));
}

TEST_CASE("copies of a model are no further evidence: intervals are as wide as without them") {
  const auto width = [](Index copies) {
    Experiment e = experiment(40, copies, 60, 0.8);
    change_margins(e, [](const Experiment& of, std::size_t m, std::size_t x, double& v) {
      v = random_normal(9, {Purpose::test}, static_cast<std::uint64_t>(of.base[m]) * 60 + x);
    });
    for (std::size_t m = 0; m < e.base.size(); ++m)
      for (std::size_t x = 0; x < 60; ++x)
        e.forgotten(m, x) = e.forgotten(m - m % static_cast<std::size_t>(copies), x);
    const Interval i = e.attack().accuracy.interval;
    return i.high - i.low;
  };
  const double one = width(1), of_nine = width(9);
  CHECK(of_nine > 0.75 * one);
  CHECK(of_nine < 1.5 * one);
}

TEST_CASE("designs that contradict themselves are refused") {
  const Experiment good = experiment(12, 2, 20, 0.6);
  const auto check = [&](const char* words, const std::function<void(Experiment&)>& spoil) {
    Experiment e = good;
    spoil(e);
    CHECK_THROWS_WITH_AS(e.attack(quick(2)), words, std::invalid_argument);
  };
  check("ulira: model 4 unlearned point 7, which its base was not trained on", [](Experiment& e) {
    e.trained(4, 7) = 0, e.trained(5, 7) = 0, e.forgotten(4, 7) = 1, e.forgotten(5, 7) = 0;
  });
  check("ulira: models 4 and 5 have the same base, but only one was trained on point 7",
        [](Experiment& e) { e.trained(4, 7) = 0, e.trained(5, 7) = 1, e.forgotten(4, 7) = 0; });
  check("ulira: trained of model 3, point 2 is 2, not 0 or 1",
        [](Experiment& e) { e.trained(3, 2) = 2; });
  check("ulira: forgotten of model 3, point 2 is 9, not 0 or 1",
        [](Experiment& e) { e.forgotten(3, 2) = 9; });
  check("ulira: 23 bases for 24 models", [](Experiment& e) { e.base.pop_back(); });
  check("ulira: margins are [24][20], trained [24][20], forgotten [24][19]",
        [](Experiment& e) { e.forgotten = make_array<std::uint8_t>(24, 19); });
  check("ulira: margins are [23][20], trained [24][20], forgotten [24][20]",
        [](Experiment& e) { e.margins = make_array<double>(23, 20); });
  Experiment none = good;
  for (std::uint8_t& f : none.forgotten) f = 0;
  CHECK_THROWS_AS(none.attack(quick(2)), std::invalid_argument);
  CHECK_THROWS_AS(ulira(make_array<double>(0, 0), make_array<bool>(0, 0), make_array<bool>(0, 0)),
                  std::invalid_argument);
}

TEST_CASE("settings out of range are refused") {
  const Experiment e = experiment(12, 2, 20, 0.6);
  UliraConfig few = quick(), more = quick(), flat = quick(), level = quick();
  few.min_shadows = 1, more.max_shadows = 9, flat.variance_floor = 0, level.bootstrap.level = 1;
  for (const UliraConfig& config : {few, more, flat, level})
    CHECK_THROWS_AS(e.attack(config), std::invalid_argument);
}

TEST_CASE("half margins and bool designs give what their doubles give") {
  Experiment e = experiment(12, 2, 40, 0.6);
  Array<Half, 2> half = make_array<Half>(24, 40);
  Array<bool, 2> trained = make_array<bool>(24, 40), forgotten = make_array<bool>(24, 40);
  for (std::size_t i = 0; i < half.size(); ++i) {
    half.data()[i] = static_cast<Half>(static_cast<float>(e.margins.data()[i]));
    e.margins.data()[i] = static_cast<double>(half.data()[i]);
    trained.data()[i] = e.trained.data()[i] == 1;
    forgotten.data()[i] = e.forgotten.data()[i] == 1;
  }
  const UliraResult a = e.attack(quick(3));
  const UliraResult b = ulira(half, trained, forgotten, e.base, quick(3));
  CHECK(a.accuracy.value == b.accuracy.value);
  CHECK(a.auc.interval.high == b.auc.interval.high);
}
