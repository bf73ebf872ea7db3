#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "evaluation/margins.hpp"
#include "expunge/evaluation/klom_triple.hpp"

using namespace expunge;

namespace {

const double inf = std::numeric_limits<double>::infinity();
const double ln_1e5 = 11.512925464970229;

std::vector<KlomConfig> presets() {
  return {KlomConfig::paper(), KlomConfig::paper_code(), KlomConfig::unlearning_bench(),
          KlomConfig::easydub()};
}

Array<double, 2> constant(double value, Index models = 30) {
  return Array<double, 2>(xt::ones<double>({static_cast<std::size_t>(models), std::size_t{1}})) *
         value;
}

}  // namespace

TEST_CASE("one margin that is not finite makes its point the worst and is counted") {
  for (const KlomConfig& config : presets())
    for (const double value : {std::nan(""), inf, -inf})
      for (const bool in_oracle : {false, true}) {
        Array<double, 2> oracle = normal_margins(1, 30, 100);
        Array<double, 2> unlearned = normal_margins(2, 30, 100);
        const KlomResult clean = klom(oracle, unlearned, config);
        (in_oracle ? oracle : unlearned)(29, 70) = value;
        const KlomResult result = klom(oracle, unlearned, config);
        CHECK(result.bad_points == 1);
        CHECK(result.bad[70] == 1);
        CHECK(result.per_point(70) == config.ceiling());
        CHECK(result.per_point(70) >= ln_1e5);
        CHECK(result.per_point(69) == clean.per_point(69));
        CHECK(result.per_point(71) == clean.per_point(71));
        const KlomResult gaussian = gaussian_klom(oracle, unlearned, config);
        CHECK(gaussian.bad_points == 1);
        CHECK(gaussian.per_point(70) == config.ceiling());
        CHECK(gaussian.per_point(69) < 2);
      }
}

TEST_CASE("margins that are all NaN score the ceiling, not 0") {
  for (const KlomConfig& config : presets()) {
    const KlomResult result = klom(constant(0), constant(std::nan("")), config);
    CHECK(result.per_point(0) == config.ceiling());
    CHECK(result.bad_points == 1);
  }
}

TEST_CASE("an error instead of the ceiling, if the caller asks for one") {
  KlomConfig config;
  config.bad_points = BadPoints::refuse;
  CHECK(klom(constant(1), constant(2), config).bad_points == 0);
  CHECK_THROWS_AS(klom(constant(1), constant(std::nan("")), config), std::invalid_argument);
}

TEST_CASE("models that all diverged upwards score the ceiling") {
  const Array<double, 2> oracle = normal_margins(1, 30, 1);
  for (const KlomConfig& config : presets()) {
    const KlomResult result = klom(oracle, constant(1e6), config);
    CHECK(result.per_point(0) >= 11.5 * 0.6);
    if (config.last_edge == LastEdge::dropped) {
      CHECK(result.per_point(0) == config.ceiling());
      CHECK(result.bad_points == 1);
    }
  }
}

TEST_CASE("models that nearly all diverged upwards never score well, on either side") {
  for (const Index diverged : {2, 5, 95, 99})
    for (const KlomConfig& config : presets()) {
      const Array<double, 2> sound = normal_margins(1, 100, 3);
      Array<double, 2> mostly = normal_margins(2, 100, 3);
      for (std::size_t m = 0; m < static_cast<std::size_t>(diverged); ++m) mostly(m, 1) = 1e6;
      for (const KlomResult& result : {klom(sound, mostly, config), klom(mostly, sound, config)}) {
        INFO(result.label() << ": " << diverged << " diverged, score " << result.per_point(1));
        const bool drops = config.last_edge == LastEdge::dropped;
        if (drops && (config.clipped == Clipped::both || diverged > 5)) {
          CHECK(result.bad_points == 1);
          CHECK(result.per_point(1) == config.ceiling());
        }
        if (diverged >= 95) CHECK(result.per_point(1) > 3);
        CHECK(result.bad[0] + result.bad[2] == 0);
      }
    }
}

TEST_CASE("one largest sample, a small tie, and a model that is drawn twice stay as published") {
  Array<double, 2> oracle = normal_margins(1, 100, 1), unlearned = normal_margins(2, 100, 1);
  for (const KlomConfig& config : presets()) {
    unlearned(0, 0) = 5;
    CHECK(klom(oracle, unlearned, config).bad_points == 0);
    const std::vector<Index> drawn(30, 0);  // the largest alone
    std::vector<Index> listed = all_indices(70);
    listed.insert(listed.end(), drawn.begin(), drawn.end());
    CHECK(klom_of_models(oracle, all_indices(100), unlearned, listed, config).bad_points == 0);
    for (std::size_t m = 0; m < 5; ++m) unlearned(m, 0) = 5;
    CHECK(klom(oracle, unlearned, config).bad_points == 0);
    unlearned(5, 0) = 5;
    CHECK(klom(oracle, unlearned, config).bad_points == (config.last_edge == LastEdge::dropped));
    Array<double, 2> same = oracle;
    for (std::size_t m = 0; m < 7; ++m) same(m, 0) = 5;  // the same tie in both arrays
    CHECK(klom(same, unlearned, config).bad_points == 0);
    for (std::size_t m = 1; m < 6; ++m) unlearned(m, 0) = 0;
  }
}

TEST_CASE("equal constants score 0 and constants that differ score the ceiling") {
  for (const KlomConfig& config : presets()) {
    CHECK(klom(constant(1.1), constant(1.1, 20), config).per_point(0) == 0);
    CHECK(klom(constant(1.1), constant(1.1, 20), config).bad_points == 0);
    CHECK(klom(constant(1), constant(2), config).per_point(0) >= ln_1e5 - 1e-12);
    CHECK(klom(constant(2), constant(1), config).per_point(0) >= ln_1e5 - 1e-12);
    CHECK(gaussian_klom(constant(1.1), constant(1.1, 20), config).per_point(0) == 0);
    CHECK(gaussian_klom(constant(2), constant(1), config).per_point(0) == config.ceiling());
  }
}

TEST_CASE("a sample against itself scores 0 in the paper's preset") {
  const Array<double, 2> margins = normal_margins(3, 50, 20);
  for (const double score : klom(margins, margins).per_point) CHECK(score == 0);
}

TEST_CASE("margins whose range overflows are bad, not undefined") {
  Array<float, 2> oracle = make_array<float>(2, 1), unlearned = make_array<float>(2, 1);
  oracle(0, 0) = -3e38f;
  oracle(1, 0) = 3e38f;
  unlearned.fill(0);
  KlomConfig config;
  config.clipped = Clipped::none;
  CHECK(klom(oracle, unlearned, config).bad_points == 1);
  CHECK(klom(oracle, unlearned).bad_points == 0);  // clipped
}

TEST_CASE("denormal ranges are binned") {
  const double tiny = std::numeric_limits<double>::denorm_min();
  Array<double, 2> oracle = make_array<double>(2, 1), unlearned = make_array<double>(2, 1);
  oracle(0, 0) = unlearned(0, 0) = 0;
  oracle(1, 0) = unlearned(1, 0) = 3 * tiny;
  for (const KlomConfig& config : presets()) CHECK(klom(oracle, unlearned, config).bad_points == 0);
  CHECK(klom(oracle, unlearned).per_point(0) == 0);
}

TEST_CASE("what does not fit together is refused with its numbers") {
  CHECK_THROWS_WITH_AS(klom(normal_margins(1, 3, 50), normal_margins(1, 3, 49)),
                       "klom: oracle margins have 50 points, unlearned have 49",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(klom(normal_margins(1, 0, 5), normal_margins(1, 3, 5)),
                       "klom: no oracle models", std::invalid_argument);
  KlomConfig config;
  config.bins = 0;
  CHECK_THROWS_WITH_AS(klom(constant(1), constant(1), config),
                       "KlomConfig: bins is 0, not in 1 .. 1000", std::invalid_argument);
  config = {};
  config.clip_max = -200;
  CHECK_THROWS_AS(config.validate(), std::invalid_argument);
  config = {};
  config.floor = std::nan("");
  CHECK_THROWS_AS(config.validate(), std::invalid_argument);
}

TEST_CASE("the label of a score names its direction, bins and models") {
  CHECK(klom(constant(1, 100), constant(1, 250), KlomConfig::paper_code()).label() ==
        "KLoM (paper_code): KL(unlearned || oracle), 19 bins, largest sample dropped, "
        "renormalised, 100 oracle and 250 unlearned models");
}
