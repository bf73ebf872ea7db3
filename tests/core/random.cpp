#include "expunge/core/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "expunge/core/sample.hpp"

using namespace expunge;

TEST_CASE("bits are Philox4x32-10 of Random123's published known-answer vectors") {
  // kat_vectors of Random123: "philox4x32 10", counter and key all zero, then all ones.
  const auto zero = random_bits(0, Stream{static_cast<Purpose>(0), 0}, 0);
  CHECK(zero == std::array<std::uint32_t, 4>{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
  const auto ones =
      random_bits(~0ull, Stream{static_cast<Purpose>(0xffffffffu), 0xffffffffu}, ~0ull);
  CHECK(ones == std::array<std::uint32_t, 4>{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu});
}

TEST_CASE("uniform and normal numbers have the moments of their laws") {
  const Stream stream{Purpose::test, 3};
  const int n = 200000;
  double mean = 0, square = 0, normal_mean = 0, normal_square = 0, cross = 0;
  for (int i = 0; i < n; ++i) {
    const double u = random_uniform(7, stream, static_cast<std::uint64_t>(i));
    const double z = random_normal(7, stream, static_cast<std::uint64_t>(i));
    CHECK((u >= 0 && u < 1));
    mean += u / n;
    square += u * u / n;
    normal_mean += z / n;
    normal_square += z * z / n;
    if (i % 2 == 1) cross += z * random_normal(7, stream, static_cast<std::uint64_t>(i - 1)) / n;
  }
  CHECK(std::abs(mean - 0.5) < 5 * 0.2887 / std::sqrt(n));
  CHECK(std::abs(square - 1.0 / 3) < 5 * 0.2981 / std::sqrt(n));
  CHECK(std::abs(normal_mean) < 5 / std::sqrt(n));
  CHECK(std::abs(normal_square - 1) < 5 * 1.4142 / std::sqrt(n));
  CHECK(std::abs(cross) < 5 / std::sqrt(n));
}

TEST_CASE("random_below covers its range evenly") {
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i)
    ++counts[static_cast<std::size_t>(
        random_below(1, Stream{Purpose::test}, static_cast<std::uint64_t>(i), 7))];
  for (const int count : counts) CHECK(std::abs(count - 10000) < 500);
}

TEST_CASE("permutations hold every position once, and differ by seed, member and offset") {
  std::vector<Index> a, b;
  random_permutation(1, Stream{Purpose::test, 0}, 0, 1000, a);
  std::vector<Index> sorted = a;
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted == all_indices(1000));
  random_permutation(1, Stream{Purpose::test, 0}, 0, 1000, b);
  CHECK(a == b);
  random_permutation(2, Stream{Purpose::test, 0}, 0, 1000, b);
  CHECK(a != b);
  random_permutation(1, Stream{Purpose::test, 1}, 0, 1000, b);
  CHECK(a != b);
  random_permutation(1, Stream{Purpose::test, 0}, std::uint64_t{1} << 32, 1000, b);
  CHECK(a != b);
}

TEST_CASE("a sample has no repeats and cannot exceed its pool") {
  const std::vector<Index> pool = {3, 5, 8, 13, 21};
  std::vector<Index> sample = random_sample(4, Stream{Purpose::test}, pool, 5);
  std::sort(sample.begin(), sample.end());
  CHECK(sample == pool);
  CHECK_THROWS_WITH(random_sample(4, Stream{Purpose::test}, pool, 6),
                    "random_sample: 6 elements asked of a pool of 5");
}

TEST_CASE("a permutation begins at a multiple of four keys, of which one draw gives four") {
  std::vector<Index> a;
  CHECK_THROWS_WITH(random_permutation(1, Stream{Purpose::test, 0}, 6, 10, a),
                    "random_permutation: first_index is 6, not a multiple of 4");
  random_permutation(1, Stream{Purpose::test, 0}, 8, 10, a);
  CHECK(a.size() == 10);
}
