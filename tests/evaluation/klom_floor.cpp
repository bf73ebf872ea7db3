#include "expunge/evaluation/klom_floor.hpp"

#include <doctest/doctest.h>

#include "evaluation/margins.hpp"
#include "expunge/evaluation/klom_interval.hpp"

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

TEST_CASE("smoothed draws share no numbers with the bootstrap of intervals") {
  const Array<double, 2> zero = normal_margins(1, 1, 4, 0, 0);
  const Array<double, 2> draw =
      detail::smoothed_draw(zero, std::vector<double>(4, 1.0), 3, 9, 0, 1);
  for (std::uint64_t x = 0; x < 4; ++x) {
    CHECK(draw(0, x) == random_normal(9, {Purpose::noise_floor, 1}, x));
    CHECK(draw(0, x) != random_normal(9, {Purpose::bootstrap, 1}, x));
  }
}

TEST_CASE("floors do not depend on the number of threads") {
  const Array<double, 2> few = normal_margins(6, 20, 50);
  KlomConfig one, three;
  one.threads = 1;
  three.threads = 3;
  const FloorConfig floor{20, 30, 2, 3};
  CHECK(bootstrap_floor(few, floor, one).mean == bootstrap_floor(few, floor, three).mean);
}

TEST_CASE("a split of more models than there are is refused") {
  CHECK_THROWS_WITH_AS(split_floor(normal_margins(1, 30, 5), {20, 20, 1, 0}),
                       "split_floor: 20 against 20 disjoint models asked of 30 oracles",
                       std::invalid_argument);
}

TEST_CASE("a floor of margins with NaN is no good floor") {
  Array<double, 2> oracles = normal_margins(6, 20, 10);
  for (std::size_t x = 0; x < 10; ++x) oracles(3, x) = std::nan("");
  CHECK(bootstrap_floor(oracles, {20, 20, 2, 3}).mean > 11);
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
