// What the comparison of methods prints with: means over seeds, their intervals, Markdown.
#include <doctest/doctest.h>

#include <cmath>

#include "frontier/markdown.hpp"
#include "frontier/observations.hpp"

using namespace frontier;

TEST_CASE("three seeds have Student's interval with two degrees of freedom") {
  const Estimate found = estimate({1, 2, 3});
  CHECK(found.mean == 2);
  CHECK(found.interval.low == doctest::Approx(2 - 4.303 / std::sqrt(3.0)));
  CHECK(found.interval.high == doctest::Approx(2 + 4.303 / std::sqrt(3.0)));
}

TEST_CASE("one seed has no interval, and eleven are more than the quantiles know") {
  CHECK(std::isnan(estimate({1}).interval.low));
  CHECK_THROWS_AS(estimate(std::vector<double>(11, 1.0)), std::invalid_argument);
}

TEST_CASE("over all sets, the interval is over seeds, not over sets") {
  Observations observations;
  for (const std::uint64_t seed : {0u, 1u})
    for (const double value : {1.0, 9.0})
      observations.push_back({seed, value < 5 ? "a" : "b", "GA", {value + double(seed)}, 1});
  const Estimate found = over_seeds(observations, all_sets, "GA", forget_forward);
  CHECK(found.mean == 5.5);
  CHECK(found.interval.high == doctest::Approx(5.5 + 12.706 * std::sqrt(0.5) / std::sqrt(2.0)));
  CHECK(over_seeds(observations, "b", "GA", forget_forward).mean == 9.5);
  CHECK(diverged_models(observations, all_sets, "GA") == 4);
}

TEST_CASE("Markdown's columns are aligned, and numbers stand on the right") {
  expunge::report::Table table;
  table.title = "Methods";
  table.columns = {{"", "method", true}, {"forget", "fwd"}};
  table.rows = {{{"GA"}, {"0.72"}}};
  CHECK(markdown_table(table) ==
        "## Methods\n\n"
        "| method | forget fwd |\n"
        "| ------ | ---------: |\n"
        "| GA     |       0.72 |\n");
}
