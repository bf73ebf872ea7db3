#include "expunge/core/parallel.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <vector>

using namespace expunge;

TEST_CASE("every piece is done once, for any number of threads") {
  for (const int threads : {1, 2, 5, 0}) {
    std::vector<int> done(1000);
    parallel_for(threads, 1000, [&](int, Index i) { ++done[static_cast<std::size_t>(i)]; });
    CHECK(done == std::vector<int>(1000, 1));
  }
}

TEST_CASE("an exception in a worker reaches the caller") {
  for (const int threads : {1, 4})
    CHECK_THROWS_WITH_AS(parallel_for(threads, 100,
                                      [](int, Index i) {
                                        if (i == 37) throw std::runtime_error("piece 37");
                                      }),
                         "piece 37", std::runtime_error);
}
