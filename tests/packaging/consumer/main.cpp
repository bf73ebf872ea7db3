// Ten lines of a user: masks of a seed are the same every time.
#include <cstdio>

#include "expunge/core/random.hpp"
#include "expunge/data/subset_masks.hpp"

int main() {
  const expunge::SubsetMasks masks = expunge::fixed_size_subsets(1, 3, 10, 0.5);
  const double u = expunge::random_uniform(1, {expunge::Purpose::test}, 0);
  std::printf("%d examples, %.3f\n", static_cast<int>(masks.size(2)), u);
  return masks.size(2) == 5 && u >= 0 && u < 1 ? 0 : 1;
}
