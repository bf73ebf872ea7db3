// Models that diverged to finite margins, and what KLoM makes of them (core/runaway.hpp).
//
// The sizes of diverged margins, 1e2 to 1e38, mean something beside the spread of honest ones. With
// a spread of .1 the smallest is 1000 standard deviations away. With a spread of 1, a single margin
// of 1e2 must pass: of honest points of Student's t with 3 degrees of freedom, 200 models in each
// array, more than one in 10,000 has an output that far out. So the second family, of spread 1,
// starts at 300 standard deviations for light tails, at 1000 for heavy ones.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "evaluation/margins.hpp"
#include "expunge/evaluation/klom_noise.hpp"

using namespace expunge;

namespace {

KlomConfig keeping() {
  KlomConfig config;
  config.runaways = RunawayPoints::keep_score;
  config.threads = 1;
  return config;
}

/// The first k models of one array (0 oracles, 1 unlearned) or both (2) at `size` at every point.
void replace(Array<double, 2>& oracle, Array<double, 2>& unlearned, Index k, double size,
             int where) {
  for (std::size_t m = 0; m < static_cast<std::size_t>(k); ++m)
    for (std::size_t x = 0; x < oracle.shape()[1]; ++x) {
      if (where != 1) oracle(m, x) = size;
      if (where != 0) unlearned(m, x) = size;
    }
}

/// How many points score better than the honest models did, without being flagged; and how many
/// would have scored better, had the flag not raised them to the ceiling.
struct Outcome {
  Index won = 0, stopped = 0;
};

Outcome outcome(const Array<double, 2>& oracle, const Array<double, 2>& unlearned,
                const std::vector<double>& sizes) {
  Outcome result;
  const Index n = static_cast<Index>(oracle.shape()[0]);
  KlomConfig paper;
  paper.threads = 1;
  const KlomResult honest = klom(oracle, unlearned, paper);
  CHECK(honest.runaways.any() == false);
  for (const Index k : {Index{1}, Index{2}, n / 4, n / 2 - 1, n / 2})
    for (const double size : sizes)
      for (const double sign : {1.0, -1.0})
        for (const int where : {0, 1, 2}) {
          Array<double, 2> o = oracle, u = unlearned;
          replace(o, u, k, sign * size, where);
          const KlomResult broken = klom(o, u, paper), kept = klom(o, u, keeping());
          for (std::size_t x = 0; x < honest.bad.size(); ++x) {
            CHECK(broken.runaways.at[x] == kept.runaways.at[x]);
            const bool better = kept.per_point(x) < honest.per_point(x);
            result.won += better && !broken.runaways.at[x];
            result.stopped += better && broken.runaways.at[x];
            if (broken.runaways.at[x]) CHECK(broken.per_point(x) == paper.ceiling());
          }
        }
  return result;
}

}  // namespace

TEST_CASE("no number of diverged models scores better than the honest ones without the flag") {
  for (const Shape shape : shapes)
    for (const double apart : {2.0, 3.0, 4.0})
      for (const Index n : {20, 60, 200})
        for (const double sd : {0.1, 1.0}) {
          INFO(name(shape) << ", " << apart << " sd apart, " << n << " models, sd " << sd);
          const Index points = n == 200 ? 3 : 8;
          const Array<double, 2> oracle = honest_margins(shape, 1, n, points, 0, sd);
          const Array<double, 2> unlearned = honest_margins(shape, 2, n, points, apart * sd, sd);
          const bool heavy_tails = shape == Shape::t3 || shape == Shape::log_normal;
          const double least = sd == 1 && !heavy_tails ? 300 : 1000 * sd;
          const Outcome seen = outcome(oracle, unlearned, {least, 1e3, 1e5, 1e10, 1e38});
          CHECK(seen.won == 0);
          CHECK(seen.stopped > 20 * points);  // of 150 tries a point
        }
}

TEST_CASE("outputs of small spread hide no diverged model, however few models there are") {
  // above 10: half of both arrays at one number are a point at which half of all outputs are equal
  for (const Shape shape : shapes)
    for (const auto& [sd, least] : {std::pair{0.05, 50.0}, {0.01, 15.0}, {1e-3, 15.0}})
      for (const Index n : {6, 10, 60}) {
        INFO(name(shape) << ", sd " << sd << ", " << n << " models");
        const Array<double, 2> oracle = honest_margins(shape, 1, n, 6, 0.5, sd);
        const Array<double, 2> unlearned = honest_margins(shape, 2, n, 6, 0.5 + 3 * sd, sd);
        const Outcome seen = outcome(oracle, unlearned, {least, 1e2, 1e5, 1e38});
        CHECK(seen.won == 0);
        CHECK(seen.stopped > 100);
      }
}

TEST_CASE("one member of sixty at 12 makes KLoM fall to nothing where the spread is .05") {
  const Array<double, 2> oracle = normal_margins(1, 60, 40, 0, 0.05);
  Array<double, 2> unlearned = normal_margins(2, 60, 40, 0.2, 0.05);
  const std::vector<Index> all = all_indices(40);
  CHECK(summarise(klom(oracle, unlearned), all).mean > 4);
  for (std::size_t x = 0; x < 40; ++x) unlearned(7, x) = 12;
  CHECK(summarise(klom(oracle, unlearned, keeping()), all).mean < 0.1);
  CHECK(klom(oracle, unlearned).runaways.runaway_points == 40);
}

TEST_CASE("an array that lies elsewhere as a whole has not run away, its own runaways have") {
  for (const double shift : {20.0, 90.0, 1e3, 1e6, -1e8}) {
    const Array<double, 2> oracle = normal_margins(1, 60, 40, 3);
    Array<double, 2> unlearned = normal_margins(2, 60, 40, 3 + shift);
    CHECK(find_runaways(oracle, unlearned).any() == false);
    CHECK(find_runaways(unlearned, oracle).any() == false);
    for (std::size_t x = 0; x < 40; ++x) unlearned(5, x) = 3 + shift + 1e4;
    const Runaways found = find_runaways(oracle, unlearned);
    CHECK(found.runaway_points == 40);
    CHECK(runaway_models(found.first).empty());
    CHECK(runaway_models(found.second) == std::vector<Index>{5});
  }
}

TEST_CASE("equal answers, probabilities and saturated log-odds have no runaway") {
  Array<double, 2> answers = make_array<double>(60, 200), probabilities = answers, odds = answers;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const double z = random_normal(9, {Purpose::test}, i);
    answers.data()[i] = z > -1.7 ? 1 : 0;
    probabilities.data()[i] = 1 / (1 + std::exp(-14 - 5 * z));
    // the log-odds of a probability in float, which is 1 at most: half of them or more are equal
    odds.data()[i] = std::min(16.0, 16.5 + 2 * z);
  }
  CHECK(find_runaways(answers).any() == false);
  CHECK(find_runaways(probabilities).any() == false);
  CHECK(find_runaways(odds).any() == false);
  CHECK(find_runaways(odds, answers).any() == false);
}

TEST_CASE("of honest points fewer than one in 10,000 is flagged, heavy tails included") {
  for (const Shape shape : shapes) {
    Index flagged = 0, all = 0;
    for (const auto& [n, points] : {std::pair<Index, Index>{20, 30000}, {60, 10000}, {200, 3000}}) {
      // the larger the spread, the less the rule's least distance of one helps
      const Array<double, 2> a = honest_margins(shape, 3, n, points, 0, 100);
      const Array<double, 2> b = honest_margins(shape, 4, n, points, 300, 100);
      flagged += find_runaways(a, b).runaway_points;
      all += points;
    }
    INFO(name(shape) << ": " << flagged << " of " << all);
    CHECK(10000 * flagged < all);
  }
}

TEST_CASE("one member of sixty at -10,000 makes KLoM fall from 5 to .1, and is stopped") {
  const Array<double, 2> oracle = normal_margins(1, 60, 40, 5, 0.5);
  Array<double, 2> unlearned = normal_margins(2, 60, 40, 6.2, 0.5);
  const std::vector<Index> all = all_indices(40);
  const Summary honest = summarise(klom(oracle, unlearned), all);
  CHECK(honest.mean > 4.5);
  CHECK(honest.mean < 6);
  for (std::size_t x = 0; x < 40; ++x) unlearned(7, x) = -1e4;
  CHECK(summarise(klom(oracle, unlearned, keeping()), all).mean < 0.2);
  const KlomResult result = klom(oracle, unlearned);
  CHECK(summarise(result, all).mean == doctest::Approx(result.config.ceiling()));
  CHECK(summarise(result, all).runaway == 40);
  CHECK(result.bad_points == 0);  // counted apart
  CHECK(result.warning() == runaway_sentence(result.runaways, {"point", "oracle", "unlearned"}) +
                                "; these points score the ceiling");
  CHECK(result.warning().substr(0, 93) ==
        "1 of 60 unlearned models ran away at 40 of 40 points: unlearned model 7 gives -1e+04 at "
        "point");
}

TEST_CASE("presets of published code keep their scores where a model ran away, and name it") {
  const Array<double, 2> oracle = normal_margins(1, 60, 30, 5, 0.5);
  const Array<double, 2> unlearned = normal_margins(2, 60, 30, 6.5, 0.5);
  for (const KlomConfig& config :
       {KlomConfig::paper_code(), KlomConfig::unlearning_bench(), KlomConfig::easydub()}) {
    Array<double, 2> broken = unlearned;
    for (std::size_t x = 10; x < 30; ++x) broken(5, x) = -1e5;
    const KlomResult before = klom(oracle, unlearned, config), after = klom(oracle, broken, config);
    CHECK(before.warning().empty());
    CHECK(after.runaways.runaway_points == 20);
    CHECK(runaway_models(after.runaways.second) == std::vector<Index>{5});
    for (std::size_t x = 0; x < 10; ++x) CHECK(after.per_point(x) == before.per_point(x));
    const std::vector<Index> split = {10, 13, 16, 19, 22, 25, 28};
    CHECK(summarise(after, split).mean < 0.2 * summarise(before, split).mean);
    CHECK(after.warning().find("; the arithmetic of " + config.name +
                               " is kept, and the scores of these points are too good") !=
          std::string::npos);
    KlomConfig raised = config;
    raised.runaways = RunawayPoints::score_ceiling;
    for (std::size_t x = 10; x < 30; ++x)
      CHECK(klom(oracle, broken, raised).per_point(x) == config.ceiling());
    // no published code has the Gaussian figure: it knows no such point in any preset
    const KlomScores scores = klom_scores(oracle, broken, config);
    for (std::size_t x = 10; x < 30; ++x) CHECK(scores.gaussian.per_point(x) == config.ceiling());
    CHECK(gaussian_klom(oracle, broken, config).per_point == scores.gaussian.per_point);
    const KlomTriple triple = summarise(scores, all_indices(30));
    CHECK(triple.forward.runaway == 20);
    CHECK(triple.line().find("0 of 30 points bad; a model ran away at 20; KLoM") !=
          std::string::npos);
    CHECK(triple.warning == after.warning());
    CHECK(summarise(klom_scores(oracle, unlearned, config), all_indices(30)).line().find("ran") ==
          std::string::npos);
  }
}

TEST_CASE("a point with NaN is bad, one with a runaway is not, and one with both is both") {
  const Array<double, 2> oracle = normal_margins(1, 30, 4);
  Array<double, 2> unlearned = normal_margins(2, 30, 4);
  unlearned(3, 1) = unlearned(3, 3) = std::nan("");
  unlearned(4, 2) = unlearned(4, 3) = 1e7;
  const KlomResult result = klom(oracle, unlearned);
  CHECK(result.bad == std::vector<std::uint8_t>{0, 1, 0, 1});
  CHECK(result.runaways.at == std::vector<std::uint8_t>{0, 0, 1, 1});
  for (std::size_t x = 1; x < 4; ++x) CHECK(result.per_point(x) == result.config.ceiling());
  CHECK(result.per_point(0) < 3);
}

TEST_CASE("a model that is drawn again and again is judged as one model") {
  Array<double, 2> oracle = normal_margins(1, 60, 70, 0, 8);
  Array<double, 2> unlearned = normal_margins(2, 60, 70, 10, 8);
  std::vector<Index> drawn = all_indices(60);
  std::fill(drawn.begin() + 20, drawn.end(),
            3);  // forty times the same: half of a point is one number
  CHECK(klom_of_models(oracle, drawn, unlearned, drawn).runaways.any() == false);
  for (std::size_t x = 0; x < 70; x += 2) unlearned(3, x) = 1e6;
  const KlomResult result = klom_of_models(oracle, drawn, unlearned, drawn);
  CHECK(result.runaways.runaway_points == 35);
  CHECK(runaway_models(result.runaways.first).empty());
  CHECK(runaway_models(result.runaways.second) == std::vector<Index>{3});
  const std::vector<Index> without = {10, 11, 12, 13, 14, 15};
  CHECK(klom_of_models(oracle, drawn, unlearned, without).runaways.any() == false);
}

TEST_CASE("intervals hold the ceiling where a model ran away, in all three scores") {
  const Array<double, 2> oracle = normal_margins(1, 40, 20);
  Array<double, 2> unlearned = normal_margins(2, 40, 20, 3);
  for (std::size_t x = 0; x < 20; ++x) unlearned(0, x) = unlearned(1, x) = 1e4;
  const KlomIntervals found = klom_intervals(oracle, unlearned, {}, {20, 0.95, 0});
  for (const KlomInterval& interval : {found.forward, found.reverse, found.gaussian}) {
    CHECK(interval.mean.estimate == doctest::Approx(KlomConfig().ceiling()));
    CHECK(interval.mean.percentile.high == doctest::Approx(KlomConfig().ceiling()));
  }
}

TEST_CASE("a runaway is refused where the caller refuses bad points") {
  const Array<double, 2> oracle = normal_margins(1, 30, 4);
  Array<double, 2> unlearned = normal_margins(2, 30, 4);
  unlearned(4, 2) = 1e7;
  KlomConfig config;
  config.bad_points = BadPoints::refuse;
  CHECK_THROWS_WITH(klom(oracle, unlearned, config),
                    doctest::Contains("klom: 1 of 30 unlearned models ran away at 1 of 4 points: "
                                      "unlearned model 4 gives 1e+07 at point 2"));
  config.runaways = RunawayPoints::keep_score;
  CHECK(klom(oracle, unlearned, config).runaways.any());
}

TEST_CASE("every number of bins, clipping and element type sees the same runaways") {
  Array<double, 2> oracle = normal_margins(1, 50, 200, 0, 4);
  Array<double, 2> unlearned = normal_margins(2, 40, 200, 6, 4);
  for (std::size_t x = 0; x < 200; ++x) {
    if (x % 4 == 0) oracle(x % 50, x) = x % 8 == 0 ? 3e4 : -2.5e3;
    if (x % 5 == 0) unlearned(x % 40, x) = 99;
  }
  const std::vector<std::uint8_t> expected = find_runaways(oracle, unlearned).at;
  const Array<float, 2> of = oracle, uf = unlearned;
  for (KlomConfig config : {KlomConfig::paper(), KlomConfig::easydub()})
    for (const Index bins : {1, 2, 5, 19, 20, 24, 25, 50, 64, 65, 1000})
      for (const Clipped clipped : {Clipped::none, Clipped::unlearned, Clipped::both}) {
        config.bins = bins;
        config.clipped = clipped;
        CHECK(klom(oracle, unlearned, config).runaways.at == expected);
        CHECK(klom(of, uf, config).runaways.at == expected);
      }
}
