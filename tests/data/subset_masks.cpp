#include "expunge/data/subset_masks.hpp"

#include <doctest/doctest.h>

using namespace expunge;

TEST_CASE("fixed-size subsets have the same size and depend on seed and model alone") {
  const SubsetMasks masks = fixed_size_subsets(5, 20, 131, 0.8);
  for (Index m = 0; m < 20; ++m) CHECK(masks.size(m) == 105);
  CHECK(model_range(fixed_size_subsets(5, 40, 131, 0.8), 0, 20) == masks);
  CHECK(!(fixed_size_subsets(6, 20, 131, 0.8) == masks));
}

TEST_CASE("bernoulli subsets include about alpha of the examples") {
  const SubsetMasks masks = bernoulli_subsets(5, 50, 1000, 0.3);
  Index total = 0;
  for (Index m = 0; m < 50; ++m) total += masks.size(m);
  CHECK(std::abs(static_cast<double>(total) - 15000) < 5 * std::sqrt(50000 * 0.21));
}

TEST_CASE("bits, lists and bool arrays say the same") {
  const SubsetMasks masks = fixed_size_subsets(1, 3, 70, 0.5);
  CHECK(from_bool(to_bool(masks)) == masks);
  for (Index m = 0; m < 3; ++m) {
    CHECK(static_cast<Index>(masks.members(m).size()) == masks.size(m));
    for (const Index i : masks.members(m)) CHECK(masks.contains(m, i));
  }
}

TEST_CASE("all_but leaves out exactly the listed examples") {
  const SubsetMasks masks = all_but(2, 10, {3, 9});
  CHECK(masks.members(1) == std::vector<Index>{0, 1, 2, 4, 5, 6, 7, 8});
  CHECK_THROWS_WITH(all_but(2, 10, {3, 3}), "all_but: example 3 is listed twice");
  CHECK_THROWS_WITH(all_but(2, 10, {10}), "all_but: example 10 of 10");
}

TEST_CASE(
    "numbers of models and examples without a meaning are refused before memory is asked for") {
  CHECK_THROWS_WITH(SubsetMasks(-1, 64), "SubsetMasks: -1 models of 64 examples");
  CHECK_THROWS_WITH(SubsetMasks(3, -64), "SubsetMasks: 3 models of -64 examples");
  CHECK_THROWS_WITH(all_but(0, 10, {3}), "all_but: 0 models, at least 1 is needed");
  CHECK_THROWS_WITH(all_but(-2, 10, {}), "all_but: -2 models, at least 1 is needed");
  CHECK(SubsetMasks(0, 10).models() == 0);
}
