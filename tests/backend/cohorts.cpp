#include <doctest/doctest.h>

#include <atomic>
#include <vector>

#include "expunge/backend/cpu.hpp"

using namespace expunge;

TEST_CASE("every member is in one cohort, for any cohort size and number of threads") {
  for (const Index cohort : {1, 3, 100})
    for (const int threads : {1, 2, 5}) {
      const Cpu<float> backend(threads, cohort);
      std::vector<std::atomic<int>> seen(10);
      std::atomic<int> calls{0}, wrong{0};
      for_each_cohort(backend, 10, 0, [&](Cpu<float>& worker, Index first, Index count) {
        ++calls;
        if (worker.threads() != 1 || first % cohort != 0 || count > cohort) ++wrong;
        for (Index m = first; m < first + count; ++m) ++seen[static_cast<std::size_t>(m)];
      });
      CAPTURE(cohort);
      CAPTURE(threads);
      CHECK(calls == (10 + cohort - 1) / cohort);
      CHECK(wrong == 0);
      for (const std::atomic<int>& count : seen) CHECK(count == 1);
    }
}

TEST_CASE("no members make no cohorts") {
  for_each_cohort(Cpu<float>(3), 0, 0, [](Cpu<float>&, Index, Index) { FAIL("called"); });
}

TEST_CASE("a mistake in one cohort reaches the caller") {
  CHECK_THROWS_WITH_AS(for_each_cohort(Cpu<float>(2, 2), 10, 0,
                                       [](Cpu<float>&, Index first, Index) {
                                         require(first < 4, "member ", first);
                                       }),
                       doctest::Contains("member"), std::invalid_argument);
}

TEST_CASE("a backend refuses settings without a meaning") {
  CHECK_THROWS_WITH(Cpu<float>(-1), "Cpu: -1 threads");
  CHECK_THROWS_WITH(Cpu<float>(1, 0), "Cpu: a cohort of 0 members");
  CHECK(Cpu<float>(0).threads() >= 1);
  CHECK(Cpu<float>(3, 7).threads() == 3);
  CHECK(Cpu<float>(3, 7).cohort() == 7);
}

TEST_CASE("for_each_element visits every position once") {
  std::vector<int> seen(24);
  for_each_element(Cpu<float>(1), 2, 3, 4, [&](Index m, Index i, Index j) {
    ++seen[static_cast<std::size_t>(12 * m + 4 * i + j)];
  });
  CHECK(seen == std::vector<int>(24, 1));
}
