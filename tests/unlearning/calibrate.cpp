// Settings chosen on held-out forget sets.
#include "expunge/unlearning/calibrate.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "comparators.hpp"
#include "expunge/unlearning/gradient_ascent.hpp"
#include "expunge/unlearning/gradient_descent.hpp"
#include "unlearning/small_problem.hpp"

using namespace expunge;

namespace {

/// Networks trained on 60 points, 30 points for validation, and what will really be forgotten.
struct Bench {
  Cpu<double> backend;
  Dataset data = clouds(60, 6, 3);
  Dataset points = concatenate(data, clouds(30, 6, 3, 1));
  Recipe<> recipe{.descent = {.learning_rate = 0.05, .epochs = 4, .seed = 1}, .batch = 16};
  std::vector<Index> forget = {2, 5, 8, 11, 14, 17, 20, 50};
  SmallEnsemble models;
  Array<double, 3> logits;

  explicit Bench(Index members = 3, int threads = 1)
      : backend(threads),
        models(train<SmallModel>(backend, recipe, data, all_but(members, 60, {}))),
        logits(evaluate_logits<double>(backend, models, view(data.inputs))) {}

  std::vector<HeldOutSet> draw(const HeldOutConfig& config) {
    return draw_held_out_sets<SmallModel>(backend, recipe, data, points, config, forget);
  }
  template <class Method>
  Calibration rank(const std::vector<Method>& candidates, const std::vector<HeldOutSet>& held_out,
                   const CalibrationConfig& config = {.epochs = 4}) {
    return calibrate(backend, candidates, held_out, data, points, models, view(logits), config);
  }
  /// A held-out set whose oracles are the models that `method` makes.
  template <class Method>
  HeldOutSet made_by(const Method& method, const std::vector<Index>& held_out) {
    const auto result =
        unlearn(backend, method, make_problem(data, held_out, models, view(logits)));
    return {held_out, detail::float_margins<SmallModel>(backend, result.models, points)};
  }
};

/// Nothing, but the weights of one member are multiplied: a member that ran away and is finite.
struct OneMemberScaled {
  struct Report {
    std::vector<Index> samples;
    std::vector<char> finite;
  };
  double factor = 1;

  void validate() const {}
  template <class B, class Model, class Real, class Observer>
  Report solve(B&, const Problem<Model, Real>&, Ensemble<Model, Real>& models, const Observer&,
               const Progress&) const {
    for (Index j = 0; j < Model::parameters; ++j)
      models.theta(1, static_cast<std::size_t>(j)) *= factor;
    const auto members = static_cast<std::size_t>(models.members());
    return {std::vector<Index>(members), std::vector<char>(members, 1)};
  }
};

/// An attribution that is right: for each forget set, the change of the mean output on retraining.
struct KnownChange {
  std::map<std::vector<Index>, Array<double, 2>> change;  // [points][outputs]
  Array<double, 2> predicted_change(const std::vector<Index>& forget) const {
    return change.at(forget);
  }
};

Array<double, 2> mean_over_members(const Array<double, 3>& x) {
  Array<double, 2> mean = make_array<double>(x.shape()[1], x.shape()[2]);
  mean.fill(0);
  for (std::size_t m = 0; m < x.shape()[0]; ++m)
    for (std::size_t i = 0; i < mean.size(); ++i)
      mean.data()[i] += x.data()[m * mean.size() + i] / static_cast<double>(x.shape()[0]);
  return mean;
}

KnownChange known_change(Bench& bench, const std::vector<HeldOutSet>& held_out) {
  KnownChange known;
  const Array<double, 2> before = mean_over_members(bench.logits);
  for (const HeldOutSet& set : held_out) {
    const auto oracles =
        retrain<SmallModel>(bench.backend, bench.recipe, bench.data, set.forget, 40, 77);
    Array<double, 2> change =
        mean_over_members(evaluate_logits<double>(bench.backend, oracles, view(bench.data.inputs)));
    for (std::size_t i = 0; i < change.size(); ++i) change.data()[i] -= before.data()[i];
    known.change.emplace(set.forget, std::move(change));
  }
  return known;
}

using Matching = GaussNewtonMatching<DmDirect<FixedChange>>;

const FixedChange attribution = fixed_change(60, 3);

}  // namespace

TEST_CASE("held-out sets are disjoint from the real forget set and from each other") {
  const std::vector<Index> exclude = {0, 3, 59};
  const auto sets = draw_disjoint_sets(4, 60, 5, 11, exclude);
  REQUIRE(sets.size() == 5);
  std::set<Index> seen(exclude.begin(), exclude.end());
  for (const std::vector<Index>& set : sets) {
    CHECK(set.size() == 11);
    CHECK(std::is_sorted(set.begin(), set.end()));
    for (const Index i : set) {
      CHECK((i >= 0 && i < 60));
      CHECK(seen.insert(i).second);
    }
  }
  CHECK(draw_disjoint_sets(4, 60, 5, 11, exclude) == sets);
  CHECK(draw_disjoint_sets(5, 60, 5, 11, exclude) != sets);
  const auto fewer = draw_disjoint_sets(4, 60, 2, 11, exclude);
  CHECK(fewer[0] == sets[0]);
  CHECK(fewer[1] == sets[1]);
  CHECK(draw_disjoint_sets(4, 60, 3, 19, exclude).size() == 3);  // nothing is left over
}

TEST_CASE("drawn sets and their oracles are the same again, and on any number of threads") {
  Bench one(1, 1), three(1, 3);
  const HeldOutConfig config{.sets = 2, .oracles = 3, .seed = 6};
  const auto a = one.draw(config), b = one.draw(config), c = three.draw(config);
  REQUIRE(a.size() == 2);
  for (std::size_t s = 0; s < 2; ++s) {
    CHECK(a[s].forget.size() == one.forget.size());  // the default
    CHECK(a[s].oracle_margins.shape()[0] == 3);
    CHECK(a[s].oracle_margins.shape()[1] == 90);
    CHECK(a[s].forget == b[s].forget);
    CHECK(a[s].forget == c[s].forget);
    CHECK(same_bytes(a[s].oracle_margins, b[s].oracle_margins));
    CHECK(same_bytes(a[s].oracle_margins, c[s].oracle_margins));
  }
}

TEST_CASE("oracles of a held-out set never saw it, and saw the real forget set") {
  Bench bench(1);
  const HeldOutConfig config{.sets = 1, .size = 6, .oracles = 3, .seed = 6};
  const HeldOutSet clean = bench.draw(config)[0];
  const auto margins_after = [&](const std::vector<Index>& poisoned_rows) {
    const Dataset data = with_rows_set_to(bench.data, poisoned_rows, 50);
    const Dataset points = with_rows_set_to(bench.points, poisoned_rows, 50);
    const auto set = draw_held_out_sets<SmallModel>(bench.backend, bench.recipe, data, points,
                                                    config, bench.forget)[0];
    CHECK(set.forget == clean.forget);
    return set.oracle_margins;
  };
  const auto without_set = margins_after(clean.forget), without_real = margins_after(bench.forget);
  Index changed = 0;
  for (std::size_t m = 0; m < 3; ++m)
    for (Index x = 0; x < 90; ++x) {
      if (std::count(clean.forget.begin(), clean.forget.end(), x) > 0) continue;
      const std::size_t at = static_cast<std::size_t>(x);
      CHECK(without_set(m, at) == clean.oracle_margins(m, at));
      changed += without_real(m, at) != clean.oracle_margins(m, at);
    }
  CHECK(changed > 200);
}

TEST_CASE(
    "oracles differ from each other and from set to set, even where the recipe shares starts") {
  Bench bench(1);
  bench.recipe.descent.starts = 1;
  const auto sets = bench.draw({.sets = 2, .size = 6, .oracles = 2, .seed = 6});
  const MatrixView<const float> first = view(sets[0].oracle_margins);
  CHECK(first(0, 0) != first(1, 0));
  bench.recipe.descent.starts = 0;
  CHECK(same_bytes(bench.draw({.sets = 2, .size = 6, .oracles = 2, .seed = 6})[0].oracle_margins,
                   sets[0].oracle_margins));
  bench.recipe.descent.learning_rate = 1e-300;  // margins of the initial weights
  const auto still = bench.draw({.sets = 2, .size = 6, .oracles = 2, .seed = 6});
  CHECK(still[0].oracle_margins(0, 0) != still[1].oracle_margins(0, 0));
  CHECK(still[0].oracle_margins(0, 0) != still[0].oracle_margins(1, 0));
}

TEST_CASE("the candidate that made the oracles scores 0 and is ranked first") {
  Bench bench(6);
  const Matching method{
      .target = {attribution}, .damping = 1e-2, .retain_count = 20, .retain_multiple = 0};
  const std::vector<Matching> candidates =
      matching_grid(method, {0, 0.5, 1, 2}, {1e-2, 10}, {}, {});
  for (const std::size_t right : {std::size_t{2}, std::size_t{4}, std::size_t{7}}) {
    const std::vector<HeldOutSet> held_out = {bench.made_by(candidates[right], {0, 1, 2, 3}),
                                              bench.made_by(candidates[right], {7, 30, 44, 51})};
    const Calibration calibration = bench.rank(candidates, held_out);
    REQUIRE(calibration.ranked.size() == 8);
    CHECK(calibration.best().index == right);
    CHECK(calibration.best().score == 0);
    CHECK(calibration.ranked[1].score > 0);
    for (std::size_t i = 0; i + 1 < 8; ++i)
      CHECK(calibration.ranked[i].score <= calibration.ranked[i + 1].score);
  }
}

TEST_CASE("the right multiplier of a right attribution wins against real oracles") {
  Bench bench(100);
  Cpu<double>& backend = bench.backend;
  const Recipe<>& recipe = bench.recipe;
  const Dataset &data = bench.data, &points = bench.points;
  const std::vector<Index>& forget = bench.forget;
  const SmallEnsemble& models = bench.models;
  const Array<double, 3>& logits = bench.logits;
  using Net = SmallModel;
  using Datamodels = KnownChange;
  // [call]
  const std::vector<HeldOutSet> held_out = draw_held_out_sets<Net>(
      backend, recipe, data, points, {.sets = 2, .size = 20, .oracles = 100, .seed = 7}, forget);
  // [end]
  const Datamodels datamodels = known_change(bench, held_out);
  const std::vector<double> multipliers = {0, 1, 8}, dampings = {1e-2};
  const double budget = 5;  // the data are few: one pass of a solver is much of a training
  // [grid]
  const GaussNewtonMatching<DmDirect<Datamodels>> method{.target = {datamodels}};
  const auto candidates = matching_grid(method, multipliers, dampings, {5, 10}, {40});
  const Calibration calibration =
      calibrate(backend, candidates, held_out, data, points, models, view(logits),
                {.epochs = recipe.descent.epochs, .most_compute = budget});
  const auto& chosen = candidates[calibration.best().index];
  // [end]
  REQUIRE(calibration.ranked.size() == 6);
  CHECK(chosen.target.multiplier == 1);
  for (const Candidate& c : calibration.ranked) {
    INFO("multiplier ", candidates[c.index].target.multiplier, " score ", c.score);
    CHECK((c.score > 0 && std::isfinite(c.score)));
    CHECK(c.score >= std::sqrt(c.forward * c.reverse) - 1e-12);
    CHECK((c.compute > 0 && c.seconds > 0 && c.diverged == 0));
  }
  const Candidate& worst = calibration.ranked.back();
  CHECK(candidates[worst.index].target.multiplier == 8);
  CHECK(worst.score > calibration.best().score + 0.25);
}

TEST_CASE("the score is the mean over splits and directions, geometric over sets") {
  Bench bench(5);
  const std::vector<HeldOutSet> held_out = bench.draw({.sets = 2, .size = 6, .oracles = 7});
  const std::vector<GradientDescent<>> one = {{.learning_rate = 0.01, .epochs = 1, .batch = 16}};
  const auto expected = [&](Index points_used) {
    Candidate mean{.score = 1, .forward = 1, .reverse = 1};
    for (const HeldOutSet& set : held_out) {
      const auto problem = make_problem(bench.data, set.forget, bench.models, view(bench.logits));
      const auto models = unlearn(bench.backend, one[0], problem).models;
      const auto margins = detail::float_margins<SmallModel>(bench.backend, models, bench.points);
      const KlomScores scores = klom_scores(set.oracle_margins, margins);
      std::vector<Index> validation;
      for (Index x = 60; x < points_used; ++x) validation.push_back(x);
      double forward = 0, reverse = 0, splits = 0;
      for (const auto& split : {set.forget, problem.retain, validation}) {
        if (split.empty()) continue;
        forward += summarise(scores.forward, split).p95;
        reverse += summarise(scores.reverse, split).p95;
        ++splits;
      }
      mean.score *= std::sqrt((forward + reverse) / (2 * splits));  // two sets: square roots
      mean.forward *= std::sqrt(forward / splits);
      mean.reverse *= std::sqrt(reverse / splits);
    }
    return mean;
  };
  const Candidate with = bench.rank(one, held_out).best();
  CHECK(with.score == doctest::Approx(expected(90).score));
  CHECK(with.forward == doctest::Approx(expected(90).forward));
  CHECK(with.reverse == doctest::Approx(expected(90).reverse));
  CHECK(with.compute == doctest::Approx(54.0 / (60 * 4)));

  bench.points = bench.data;
  std::vector<HeldOutSet> training = held_out;
  for (HeldOutSet& set : training) {
    Array<float, 2> cut = make_array<float>(7, 60);
    for (std::size_t m = 0; m < 7; ++m)
      std::copy_n(set.oracle_margins.data() + m * 90, 60, cut.data() + m * 60);
    set.oracle_margins = cut;
  }
  const Candidate without = bench.rank(one, training).best();
  bench.points = concatenate(bench.data, clouds(30, 6, 3, 1));
  CHECK(without.score == doctest::Approx(expected(60).score));
  CHECK(without.forward == doctest::Approx(expected(60).forward));
  CHECK(without.reverse == doctest::Approx(expected(60).reverse));
}

TEST_CASE("candidates beyond the budget are left out, and nothing allowed throws a sentence") {
  Bench bench;
  const std::vector<HeldOutSet> held_out = bench.draw({.sets = 2, .size = 10, .oracles = 4});
  std::vector<GradientDescent<>> candidates;
  for (const Index epochs : {3, 1, 2})
    candidates.push_back({.learning_rate = 0.01, .epochs = epochs, .batch = 16});
  const double epoch = 50.0 / (60 * 4);  // of the retain set, against four of all
  const auto indices = [&](double most) {
    std::set<std::size_t> left;
    for (const Candidate& c :
         bench.rank(candidates, held_out, {.epochs = 4, .most_compute = most}).ranked)
      left.insert(c.index);
    return left;
  };
  CHECK(indices(3 * epoch) == std::set<std::size_t>{0, 1, 2});  // at most means at most
  CHECK(indices(2.5 * epoch) == std::set<std::size_t>{1, 2});
  CHECK(indices(1.5 * epoch) == std::set<std::size_t>{1});
  const Calibration none = bench.rank(candidates, held_out, {.epochs = 4, .most_compute = 0.1});
  CHECK(none.ranked.empty());
  CHECK_THROWS_WITH(none.best(),
                    "Calibration: none of the 3 candidates costs at most 0.1 of a full training");
}

TEST_CASE("a candidate that diverges ranks last and never wins") {
  Bench bench;
  const std::vector<HeldOutSet> held_out = bench.draw({.sets = 2, .size = 10, .oracles = 4});
  const GradientAscent<> bad{.learning_rate = 1e200, .epochs = 3, .batch = 4};
  const GradientAscent<> poor{.learning_rate = 0.5, .epochs = 1, .batch = 4};
  const GradientAscent<> good{.learning_rate = 1e-3, .epochs = 1, .batch = 4};
  const Calibration mixed = bench.rank(std::vector{bad, poor, good}, held_out);
  REQUIRE(mixed.ranked.size() == 3);
  CHECK(mixed.best().index == 2);
  CHECK(mixed.ranked[2].index == 0);
  CHECK(mixed.ranked[2].diverged == 3);
  CHECK(std::isinf(mixed.ranked[2].score));
  const Calibration all = bench.rank(std::vector{bad, bad}, held_out);
  REQUIRE(all.ranked.size() == 2);
  CHECK(all.ranked[0].index == 0);  // equals keep their order
  CHECK_THROWS_WITH(all.best(), "Calibration: all 2 candidates within the budget diverged");
}

TEST_CASE("nothing, with one member's weights times a thousand, is refused and does not win") {
  Bench bench(60);
  const std::vector<HeldOutSet> held_out = bench.draw({.sets = 1, .size = 10, .oracles = 60});
  const std::vector<OneMemberScaled> candidates = {{1000}, {1}, {30}, {-1e8}};
  for (const KlomConfig& klom : {KlomConfig::paper(), KlomConfig::paper_code(),
                                 KlomConfig::unlearning_bench(), KlomConfig::easydub()}) {
    const Calibration calibration = bench.rank(candidates, held_out, {.epochs = 4, .klom = klom});
    CHECK(calibration.best().index == 1);
    CHECK(calibration.best().diverged == 0);
    for (std::size_t i = 1; i < 4; ++i) {
      CHECK(calibration.ranked[i].diverged == 1);
      CHECK(std::isinf(calibration.ranked[i].score));
    }
  }
}

TEST_CASE("an oracle that ran away is refused, by set, model and point") {
  Bench bench(5);
  std::vector<HeldOutSet> held_out = bench.draw({.sets = 2, .size = 10, .oracles = 20});
  for (std::size_t x = 0; x < 90; ++x) held_out[1].oracle_margins(3, x) = -1e4f;
  const auto rank = [&] { bench.rank(std::vector{OneMemberScaled{}}, held_out); };
  CHECK_THROWS_WITH_AS(
      rank(),
      doctest::Contains("calibrate: held-out set 1: 1 of 20 oracle models ran away "
                        "at 90 of 90 points: oracle model 3 gives -1e+04"),
      std::invalid_argument);
}

TEST_CASE("an oracle that ran away on the forget points alone is refused too") {
  Bench bench(5);
  std::vector<HeldOutSet> held_out = bench.draw({.sets = 1, .size = 2, .oracles = 20});
  for (const Index x : held_out[0].forget)
    held_out[0].oracle_margins(3, static_cast<std::size_t>(x)) = -1e4f;
  const auto rank = [&] { bench.rank(std::vector{OneMemberScaled{}}, held_out); };
  CHECK_THROWS_WITH_AS(rank(), doctest::Contains("1 of 20 oracle models ran away at 2 of 90"),
                       std::invalid_argument);
}

TEST_CASE("models that run away on few points each are refused where the points add up") {
  const Index points = 100, models = 20;
  Array<float, 2> oracle = make_array<float>(models, points), unlearned = oracle;
  for (std::size_t m = 0; m < static_cast<std::size_t>(models); ++m)
    for (std::size_t x = 0; x < static_cast<std::size_t>(points); ++x) {
      oracle(m, x) = static_cast<float>(std::sin(7.0 * static_cast<double>(m + 3 * x)));
      unlearned(m, x) = 4 + static_cast<float>(std::sin(5.0 * static_cast<double>(m + 2 * x)));
    }
  for (std::size_t m = 0; m < 4; ++m)
    for (std::size_t i = 0; i < 2; ++i)
      unlearned(m, 2 * m + i) = -450;  // two points each, 8 % in all
  const Array<float, 3> logits = xt::zeros<float>({models, points, Index{2}});
  const auto broken = [&](const std::vector<Index>& split) {
    return detail::broken_models(logits, 1, oracle, unlearned, {split}, 1);
  };
  CHECK(broken(all_indices(points)) == 4);
  CHECK(broken({2, 3, 10, 20, 30, 40}) == 1);  // the two points of model 1, a third of the split
  CHECK(broken({10, 20, 30, 40}) == 0);
}

TEST_CASE("calibration ranks alike on any number of threads") {
  Bench one(5, 1), three(5, 3);
  const HeldOutConfig config{.sets = 2, .size = 10, .oracles = 4};
  const Matching method{.target = {attribution}, .retain_count = 20, .retain_multiple = 0};
  const std::vector<Matching> candidates = matching_grid(method, {0, 0.5, 1}, {}, {}, {});
  const Calibration a = one.rank(candidates, one.draw(config));
  const Calibration b = three.rank(candidates, three.draw(config));
  REQUIRE(a.ranked.size() == b.ranked.size());
  for (std::size_t i = 0; i < a.ranked.size(); ++i) {
    CHECK(a.ranked[i].index == b.ranked[i].index);
    CHECK(a.ranked[i].score == b.ranked[i].score);
    CHECK(a.ranked[i].compute == b.ranked[i].compute);
  }
}

TEST_CASE("the grid lists all combinations, retain counts fastest, and keeps what is not listed") {
  const Matching method{.target = {attribution, 0.9},
                        .damping = 0.3,
                        .iterations = 7,
                        .tolerance = 0.1,
                        .retain_count = 90,
                        .retain_multiple = 1.5,
                        .seed = 12};
  const auto grid = matching_grid(method, {0.5, 1}, {1e-3, 1e-2}, {2, 4}, {0, 10, 20});
  REQUIRE(grid.size() == 24);
  std::size_t i = 0;
  for (const double multiplier : {0.5, 1.0})
    for (const double damping : {1e-3, 1e-2})
      for (const Index iterations : {2, 4})
        for (const Index retain : {0, 10, 20}) {
          CHECK(grid[i].target.multiplier == multiplier);
          CHECK(grid[i].damping == damping);
          CHECK(grid[i].iterations == iterations);
          CHECK(grid[i].retain_count == retain);
          CHECK(grid[i].retain_multiple == 0);
          CHECK(grid[i].tolerance == 0.1);
          CHECK(grid[i].seed == 12);
          CHECK(&grid[i].target.attribution == &attribution);
          ++i;
        }
  const auto kept = matching_grid(method, {}, {}, {}, {});
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].target.multiplier == 0.9);
  CHECK(kept[0].damping == 0.3);
  CHECK(kept[0].iterations == 7);
  CHECK(kept[0].retain_count == 90);
  CHECK(kept[0].retain_multiple == 1.5);
  CHECK_THROWS_WITH(matching_grid(method, {1}, {-1}, {}, {}),
                    "GaussNewtonMatching: damping is -1, not positive and finite");
}

TEST_CASE("drawing held-out sets refuses what cannot be drawn, in a sentence") {
  Bench bench(1);
  CHECK_THROWS_WITH(bench.draw({.sets = 0}), "HeldOutConfig: sets is 0, below 1");
  CHECK_THROWS_WITH(bench.draw({.size = -2}), "HeldOutConfig: size is -2, negative");
  CHECK_THROWS_WITH(bench.draw({.oracles = 1}), "HeldOutConfig: oracles is 1, below 2");
  CHECK_THROWS_WITH(bench.draw({.sets = 3, .size = 18}),
                    "draw_disjoint_sets: 3 sets of 18 examples asked, but only 52 of 60 examples "
                    "are not excluded");
  bench.forget = {3, 60};
  CHECK_THROWS_WITH(bench.draw({}), "draw_disjoint_sets: exclude: entry 1 is example 60 of 60");
  bench.forget = {};
  CHECK_THROWS_WITH(bench.draw({}),
                    "draw_held_out_sets: size is 0 and nothing is excluded; set one of them");
  CHECK_THROWS_WITH(bench.draw({.sets = 1, .size = 60}),
                    "train_held_out_set: the set has 60 of 60 examples; some must be forgotten and "
                    "some kept");
  bench.points.inputs(7, 2) += 1;
  CHECK_THROWS_WITH(bench.draw({.sets = 1, .size = 5}),
                    "train_held_out_set: point 7 is not training example 7");
  bench.points = clouds(50, 6, 3);
  CHECK_THROWS_WITH(bench.draw({.sets = 1, .size = 5}),
                    "train_held_out_set: 50 points, fewer than the 60 training examples that they "
                    "must begin with");
  bench.points = clouds(60, 5, 3);
  CHECK_THROWS_WITH(bench.draw({.sets = 1, .size = 5}),
                    "train_held_out_set: points have 5 features, training examples 6");
}

TEST_CASE("calibration refuses pieces that do not fit, in a sentence") {
  Bench bench;
  const std::vector<GradientAscent<>> one(1), none;
  std::vector<HeldOutSet> held_out = bench.draw({.sets = 2, .size = 6, .oracles = 4});
  CHECK_THROWS_WITH(bench.rank(none, held_out), "calibrate: no candidates");
  CHECK_THROWS_WITH(bench.rank(one, {}), "calibrate: no held-out sets");
  CHECK_THROWS_WITH(bench.rank(one, held_out, {}),
                    "CalibrationConfig: epochs is 0, below 1; set it to the epochs of the models' "
                    "recipe");
  CHECK_THROWS_WITH(bench.rank(one, held_out, {.epochs = 4, .most_compute = 0}),
                    "CalibrationConfig: most_compute is 0, not positive");
  CHECK_THROWS_WITH(bench.rank(one, held_out, {.epochs = 4, .most_compute = std::nan("")}),
                    "CalibrationConfig: most_compute is nan, not positive");
  held_out[1].oracle_margins(2, 30) = std::nanf("");
  CHECK_THROWS_WITH(bench.rank(one, held_out),
                    "calibrate: oracle 2 of held-out set 1 has margin nan on point 30");
  held_out[1].oracle_margins = make_array<float>(4, 60);
  CHECK_THROWS_WITH(
      bench.rank(one, held_out),
      "calibrate: held-out set 1 has oracle margins [4][60], expected [2 or more][90]");
  Bench lone(1);
  CHECK_THROWS_WITH(lone.rank(one, held_out),
                    "calibrate: 1 models; KLoM compares distributions and needs 2");
  bench.points.labels[3] = 2;
  CHECK_THROWS_WITH(bench.rank(one, held_out), "calibrate: point 3 is not training example 3");
  bench.points.labels[3] = bench.data.labels[3];
  bench.points.labels[70] = 3;
  CHECK_THROWS_WITH(bench.rank(one, held_out),
                    "calibrate: the label of example 70 is 3, the model has 3 classes");
}

TEST_CASE("progress counts oracles, then candidates") {
  Bench bench;
  std::vector<std::pair<Index, Index>> seen;
  const Progress note = [&](Index done, Index total) { seen.push_back({done, total}); };
  const auto held_out =
      draw_held_out_sets<SmallModel>(bench.backend, bench.recipe, bench.data, bench.points,
                                     {.sets = 2, .oracles = 2}, bench.forget, note);
  CHECK(seen == std::vector<std::pair<Index, Index>>{{1, 4}, {2, 4}, {3, 4}, {4, 4}});
  seen.clear();
  const std::vector<GradientAscent<>> two(2);
  calibrate(bench.backend, two, held_out, bench.data, bench.points, bench.models,
            view(bench.logits), {.epochs = 4}, note);
  CHECK(seen == std::vector<std::pair<Index, Index>>{{1, 2}, {2, 2}});
}
