#include "expunge/evaluation/klom_floor.hpp"

#include <doctest/doctest.h>

#include "evaluation/margin_shapes.hpp"
#include "evaluation/margins.hpp"
#include "expunge/evaluation/distance_summary.hpp"
#include "expunge/evaluation/klom_interval.hpp"
#include "expunge/evaluation/klom_noise.hpp"

using namespace expunge;

namespace {

bool within(double value, double expected, double share, double rounding) {
  return std::abs(value - expected) <= share * expected + rounding;
}

}  // namespace

TEST_CASE("the floor of KLoM is the published one for every number of models") {
  struct Row {
    Index unlearned_models, oracle_models;
    double mean, p95, rounding;  // the published figures have this many digits
  };
  // simulated for EasyDUB's reading of KLoM
  for (const Row& row : {Row{10, 10, 5.6, 8.4, 0.05}, Row{20, 20, 3.0, 5.0, 0.05},
                         Row{50, 50, .86, 1.7, 0.05}, Row{100, 100, .33, .65, 0.005},
                         Row{100, 250, .16, .30, 0.005}, Row{200, 200, .14, .27, 0.005}}) {
    const FloorConfig models{row.oracle_models, row.unlearned_models, 2, 7};
    const KlomFloor floor = simulated_floor(4000, models, KlomConfig::easydub());
    INFO(row.unlearned_models << " against " << row.oracle_models << ": mean " << floor.mean
                              << ", p95 " << floor.p95);
    CHECK(within(floor.mean, row.mean, 0.05, row.rounding));
    CHECK(within(floor.p95, row.p95, 0.05, row.rounding));
  }
}

TEST_CASE("the paper's preset counts one sample more and has a slightly higher floor") {
  // numpy: two arrays of standard normals, 20,000 points, numpy.histogram on 20 bins
  const KlomFloor floor = simulated_floor(4000, {100, 100, 2, 7});
  CHECK(within(floor.mean, .352, 0.05, 0));
  CHECK(within(floor.p95, .675, 0.05, 0));
}

TEST_CASE("a shift of the mean scores what simulation says, at 100 against 100 models") {
  const Array<double, 2> oracle = normal_margins(1, 100, 3000);
  struct Row {
    double shift, mean;
  };
  for (const Row& row : {Row{.25, .35}, {.5, .52}, {1, 1.13}, {2, 3.56}, {3, 6.5}}) {
    const KlomResult result = klom(oracle, normal_margins(2, 100, 3000, row.shift));
    const double mean = summarise(result, all_indices(3000)).mean;
    INFO("shift " << row.shift << ": " << mean);
    CHECK(within(mean, row.mean, 0.05, 0.05));
  }
}

TEST_CASE("the floor of the Gaussian plug-in is a tenth of KLoM's") {
  const KlomResult result =
      gaussian_klom(normal_margins(1, 100, 4000), normal_margins(2, 100, 4000));
  const Summary s = summarise(result, all_indices(4000));
  CHECK(within(s.mean, .021, 0.05, 0.0005));
  CHECK(within(s.p95, .062, 0.05, 0.0005));
}

TEST_CASE("split and smoothed bootstrap find the floor of their numbers of models") {
  const Array<double, 2> oracles = normal_margins(5, 200, 800, 3, 2);
  const KlomFloor split = klom_floor(oracles, {100, 100, 4, 1});
  CHECK(split.method == FloorMethod::split);
  CHECK(within(split.mean, .33, 0.10, 0.005));
  CHECK(within(split.p95, .65, 0.15, 0.005));

  const Array<double, 2> few = normal_margins(6, 50, 800, -1, 4);
  const KlomFloor bootstrap = klom_floor(few, {50, 50, 4, 1});
  CHECK(bootstrap.method == FloorMethod::bootstrap);
  CHECK(within(bootstrap.mean, .86, 0.10, 0.05));
  CHECK(within(bootstrap.p95, 1.7, 0.15, 0.05));
}

TEST_CASE("the floor from the oracles alone is within a tenth of the true one for every shape") {
  // mean and p95 of two independent samples, as bench/klom_floor.cpp prints them
  struct Truth {
    Index models;
    double paper_mean, paper_p95, easydub_mean, easydub_p95;
  };
  const std::vector<std::vector<Truth>> truths = {
      {{20, 3.055, 4.991, 3.007, 4.988}, {50, .892, 1.710, .860, 1.689}},
      {{20, 2.337, 4.375, 2.249, 4.318}, {50, .735, 1.424, .690, 1.386}},
      {{20, 1.807, 3.614, 1.654, 3.490}, {50, .652, 1.300, .590, 1.241}},
      {{20, 3.206, 5.099, 3.194, 5.146}, {50, .937, 1.812, .920, 1.822}},
      {{20, 2.824, 4.732, 2.771, 4.695}, {100, .377, .764, .367, .749}},
      {{20, 2.650, 4.569, 2.652, 4.615}, {100, .336, .663, .332, .648}},
      {{50, .854, 1.615, .834, 1.583}, {100, .362, .712, .354, .706}}};
  REQUIRE(truths.size() == margin_shapes().size());
  const auto check = [](const MarginShape& shape, Index models, const KlomConfig& config,
                        double mean, double p95) {
    const Index draws = 320 / models;
    KlomFloor found;
    for (Index draw = 0; draw < draws; ++draw) {
      const std::uint64_t seed = static_cast<std::uint64_t>(draw);
      const Array<double, 2> oracles = shaped_margins(shape, 7000 + seed, models, 1000);
      const KlomFloor floor = klom_floor(oracles, {models, models, 2, seed}, config);
      CHECK(floor.method == FloorMethod::bootstrap);
      found.mean += floor.mean / static_cast<double>(draws);
      found.p95 += floor.p95 / static_cast<double>(draws);
    }
    INFO(shape.name << ", " << models << " models, " << config.name << ": mean " << found.mean
                    << ", p95 " << found.p95);
    CHECK(within(found.mean, mean, 0.10, 0));
    CHECK(within(found.p95, p95, 0.10, 0));
  };
  for (std::size_t i = 0; i < truths.size(); ++i)
    for (const Truth& truth : truths[i]) {
      const MarginShape& shape = margin_shapes()[i];
      check(shape, truth.models, KlomConfig::paper(), truth.paper_mean, truth.paper_p95);
      check(shape, truth.models, KlomConfig::easydub(), truth.easydub_mean, truth.easydub_p95);
    }
}

TEST_CASE("a floor of other numbers of models than there are oracles is that of simulation") {
  const Array<double, 2> oracles = normal_margins(8, 60, 1000);
  for (const FloorConfig& asked : {FloorConfig{200, 100, 4, 1}, {30, 60, 4, 1}, {20, 41, 4, 1}}) {
    const KlomFloor found = klom_floor(oracles, asked);
    const KlomFloor truth = simulated_floor(4000, asked);
    INFO(asked.oracle_models << " against " << asked.unlearned_models << ": mean " << found.mean
                             << " for " << truth.mean << ", p95 " << found.p95 << " for "
                             << truth.p95);
    CHECK(found.method == FloorMethod::bootstrap);
    CHECK(within(found.mean, truth.mean, 0.15, 0));
    CHECK(within(found.p95, truth.p95, 0.15, 0));
  }
}

TEST_CASE("a bootstrap that is asked for no more models than can be disjoint is a split") {
  const Array<double, 2> oracles = normal_margins(8, 60, 200);
  const FloorConfig asked{30, 30, 10, 4};
  const KlomFloor split = split_floor(oracles, asked), bootstrap = bootstrap_floor(oracles, asked);
  CHECK(bootstrap.mean == doctest::Approx(split.mean).epsilon(1e-12));
  CHECK(bootstrap.p95 == doctest::Approx(split.p95).epsilon(1e-12));
}

TEST_CASE("the floors of all three scores are found from the oracles alone") {
  const KlomFloors floors = klom_floors(normal_margins(9, 100, 2000), {100, 100, 5, 2});
  CHECK(floors.gaussian.method == FloorMethod::bootstrap);
  CHECK(within(floors.forward.mean, .352, 0.10, 0));
  CHECK(within(floors.forward.p95, .675, 0.10, 0));
  CHECK(within(floors.reverse.mean, .352, 0.10, 0));
  CHECK(within(floors.reverse.p95, .675, 0.10, 0));
  CHECK(within(floors.gaussian.mean, .021, 0.10, 0.0005));
  CHECK(within(floors.gaussian.p95, .062, 0.10, 0.0005));
}

TEST_CASE("the floor of twenty points is not much noisier than that of many") {
  double squares = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const KlomFloor floor = klom_floor(normal_margins(100 + seed, 100, 20), {100, 100, 1, seed});
    squares += (floor.mean / .352 - 1) * (floor.mean / .352 - 1) / 30;
  }
  INFO("relative error of the mean: " << std::sqrt(squares));
  CHECK(std::sqrt(squares) < 0.08);
}

TEST_CASE("a margin's bandwidth is its distance to its k-th nearest neighbour, times .15") {
  for (const Index models : {2, 3, 30}) {
    const Array<double, 2> margins = normal_margins(3, models, 5);
    const Array<double, 2> h = detail::bandwidths(margins, 1);
    const std::size_t n = static_cast<std::size_t>(models);
    const std::size_t k = std::min<std::size_t>(11, n - 1);  // 2 sqrt(30) = 10.95
    for (std::size_t x = 0; x < 5; ++x)
      for (std::size_t m = 0; m < n; ++m) {
        std::vector<double> distances;
        for (std::size_t other = 0; other < n; ++other)
          distances.push_back(std::abs(margins(m, x) - margins(other, x)));
        std::sort(distances.begin(), distances.end());  // the first is its own, 0
        CHECK(h(m, x) == doctest::Approx(0.15 * distances[k]).epsilon(1e-12));
      }
  }
}

TEST_CASE("draws take every model alike and move by Student's t with two degrees, cut at 30") {
  const Stream stream{Purpose::noise_floor, 1};
  Index inner = 0, right = 0, cut = 0;
  std::vector<double> of_model(10);
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const detail::RandomMargin drawn = detail::random_margin(3, stream, i, 10);
    ++of_model.at(static_cast<std::size_t>(drawn.model));
    inner += std::abs(drawn.move) < 0.816496580927726;  // scipy.stats.t.ppf(.75, 2)
    right += drawn.move > 2.919985580355516;            // scipy.stats.t.ppf(.95, 2)
    cut += std::abs(drawn.move) >= 30;
  }
  CHECK(within(static_cast<double>(inner), 10000, 0.03, 0));
  CHECK(within(static_cast<double>(right), 1000, 0.1, 0));
  CHECK(within(static_cast<double>(cut), 22, 0.7, 0));  // 2 scipy.stats.t.sf(30, 2) = .0011
  for (const double count : of_model) CHECK(within(count, 2000, 0.08, 0));
  CHECK(detail::move_of(0) == -30);
}

TEST_CASE("a smoothed draw is margins plus moves; draws share no numbers with intervals") {
  const Array<double, 2> margins = normal_margins(1, 7, 4);
  const Array<double, 2> h = detail::bandwidths(margins, 1);
  const Array<double, 2> draw = detail::smoothed_draw(margins, h, 3, 9, 2, 1);
  const Array<double, 2> normal = detail::normal_draw(3, 4, 9, 0, 1);
  for (std::uint64_t x = 0; x < 4; ++x) {
    const auto drawn = detail::random_margin(9, {Purpose::noise_floor, 2}, x, 7);
    const std::size_t model = static_cast<std::size_t>(drawn.model);
    CHECK(draw(0, x) == doctest::Approx(margins(model, x) + h(model, x) * drawn.move));
    CHECK(normal(0, x) == random_normal(9, {Purpose::noise_floor, 1}, x));
    CHECK(normal(0, x) != random_normal(9, {Purpose::bootstrap, 1}, x));
  }
}

TEST_CASE("margins of few different values stay such in smoothed draws, and constants score 0") {
  Array<double, 2> margins = make_array<double>(60, 3);
  for (std::size_t m = 0; m < 60; ++m)
    for (std::size_t x = 0; x < 3; ++x) margins(m, x) = x == 0 ? 5.5 : static_cast<double>(m % 3);
  const Array<double, 2> h = detail::bandwidths(margins, 1);
  for (const double width : h) CHECK(width == 0);
  const Array<double, 2> constant = select_points(margins, {0});
  CHECK(klom_floor(constant, {60, 60, 2, 1}).mean == 0);
  // three values, one third each: (3 - 1) / 2 (1 / 60 + 1 / 60) = .033 to first order
  const KlomFloor floor = klom_floor(select_points(margins, {1, 2}), {60, 60, 200, 1});
  CHECK(floor.mean > 0.025);
  CHECK(floor.mean < 0.045);
}

TEST_CASE("floors do not depend on the number of threads") {
  const Array<double, 2> few = normal_margins(6, 20, 50);
  KlomConfig one, three;
  one.threads = 1;
  three.threads = 3;
  const FloorConfig floor{20, 30, 2, 3};
  CHECK(bootstrap_floor(few, floor, one).mean == bootstrap_floor(few, floor, three).mean);
  CHECK(bootstrap_floor(few, floor, one).p95 == bootstrap_floor(few, floor, three).p95);
}

TEST_CASE("a split of more models than there are is refused") {
  CHECK_THROWS_WITH_AS(split_floor(normal_margins(1, 30, 5), {20, 20, 1, 0}),
                       "split_floor: 20 against 20 disjoint models asked of 30 oracles",
                       std::invalid_argument);
}

TEST_CASE(
    "a floor leaves out and counts the points at which an oracle is broken, in every preset") {
  const Array<double, 2> honest = normal_margins(6, 50, 400);
  Array<double, 2> broken = honest;
  std::vector<Index> rest;
  const double infinity = std::numeric_limits<double>::infinity();
  for (Index x = 0; x < 400; ++x) {
    const double values[] = {-1e4, std::nan(""), 1e38, infinity};
    if (x % 2 == 0)
      broken(7, x) = values[x / 2 % 4];
    else
      rest.push_back(x);
  }
  for (const KlomConfig& config : {KlomConfig::paper(), KlomConfig::paper_code(),
                                   KlomConfig::unlearning_bench(), KlomConfig::easydub()})
    for (const Index models : {Index{25}, Index{50}}) {  // a split, and the bootstrap
      const FloorConfig asked{models, models, 4, 1};
      const Array<double, 2> sound = select_points(honest, rest);
      const KlomFloor expected = klom_floor(sound, asked, config);
      const KlomFloor found = klom_floor(broken, asked, config);
      const KlomFloors all = klom_floors(broken, asked, config);
      CAPTURE(config.name);
      CHECK(found.mean == expected.mean);
      CHECK(found.p95 == expected.p95);
      CHECK(found.points == 200);
      CHECK(found.left_out == 200);
      CHECK(all.forward.mean == expected.mean);
      CHECK(all.reverse.mean == klom_floors(sound, asked, config).reverse.mean);
      CHECK(all.gaussian.p95 == klom_floors(sound, asked, config).gaussian.p95);
      CHECK(all.gaussian.left_out == 200);
      CHECK(klom_floor(honest, asked, config).left_out == 0);
      CHECK(klom_floor(honest, asked, config).points == 400);
    }
  const DistanceSummary distances = distances_floor(broken, {50, 50, 1, 1});
  CHECK(distances.wasserstein.points == 200);
  CHECK(distances.wasserstein.p95 ==
        distances_floor(select_points(honest, rest), {50, 50, 1, 1}).wasserstein.p95);
}

TEST_CASE("an oracle that is broken at every point leaves no floor, which nothing is as good as") {
  for (const double value : {1e5, std::nan("")}) {
    Array<double, 2> oracles = normal_margins(6, 20, 10);
    for (std::size_t x = 0; x < 10; ++x) oracles(3, x) = value;
    for (const KlomConfig& config : {KlomConfig::paper(), KlomConfig::easydub()}) {
      const KlomFloor floor = bootstrap_floor(oracles, {20, 20, 2, 3}, config);
      CHECK(std::isnan(floor.mean));
      CHECK(std::isnan(floor.p95));
      CHECK(floor.points == 0);
      CHECK(floor.left_out == 10);
      CHECK(std::isnan(split_floor(oracles, {10, 10, 2, 3}, config).mean));
      CHECK(std::isnan(klom_floors(oracles, {20, 20, 2, 3}, config).reverse.mean));
      const DoNothingStatus status = do_nothing_check(0.01, floor);
      CHECK(status.broken);
      CHECK(status.message.find("there is no noise floor") != std::string::npos);
    }
    CHECK(std::isnan(distances_floor(oracles, {20, 20, 1, 3}).ks.p95));
  }
}

TEST_CASE("doing nothing far above the floor says that the set-up is broken") {
  const KlomFloor floor = {0.33, 0.65, FloorMethod::split, 100, 100};
  CHECK(!do_nothing_check(0.67, floor).broken);
  CHECK(do_nothing_check(9.5, floor).broken);
  CHECK(do_nothing_check(std::nan(""), floor).broken);
  CHECK(do_nothing_check(9.5, floor).message.find("broken") != std::string::npos);
}

TEST_CASE("the centred bootstrap interval over models covers the expected score") {
  const std::vector<Index> all = all_indices(30);
  const auto oracle = [](std::uint64_t run) { return normal_margins(1000 + run, 50, 30); };
  const auto unlearned = [](std::uint64_t run) { return normal_margins(5000 + run, 50, 30, 1.5); };
  double expected = 0;
  for (std::uint64_t run = 100; run < 500; ++run)
    expected += summarise(klom(oracle(run), unlearned(run)), all).mean / 400;
  Index covered = 0;
  for (std::uint64_t run = 0; run < 20; ++run) {
    const KlomInterval interval =
        klom_interval(oracle(run), unlearned(run), all, {}, {100, .95, run});
    CHECK(interval.p95.percentile.low < interval.p95.percentile.high);
    CHECK(interval.mean.centred.high - interval.mean.centred.low < 1);
    covered += interval.mean.centred.low <= expected && expected <= interval.mean.centred.high;
  }
  INFO(covered << " of 20 intervals cover " << expected);
  CHECK(covered >= 16);
}

TEST_CASE("bootstrap replicates of a figure give its percentile interval and bias") {
  const BootstrapEstimate e = bootstrap_estimate(1.0, {1, 2, 3, 4, 5}, 0.5);
  CHECK(e.bias == doctest::Approx(2));
  CHECK(e.percentile.low == 2);
  CHECK(e.percentile.high == 4);
  CHECK(e.centred.low == doctest::Approx(0));
}
