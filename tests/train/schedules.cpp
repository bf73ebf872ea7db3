#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "expunge/train/schedule.hpp"

using namespace expunge;

namespace {

Moment at(double fraction) {
  return {0, 10, fraction};
}
Moment in_epoch(Index epoch) {
  return {epoch, 10, static_cast<double>(epoch) / 10};
}

}  // namespace

TEST_CASE("a constant rate is 1") {
  CHECK(ConstantRate{}(at(0.9)) == 1);
}

TEST_CASE("a triangle rises to its peak and falls to 0") {
  const TriangularRate rate{.peak = 0.2};
  CHECK(rate(at(0)) == 0);
  CHECK(rate(at(0.1)) == doctest::Approx(0.5));
  CHECK(rate(at(0.2)) == 1);
  CHECK(rate(at(0.6)) == doctest::Approx(0.5));
  CHECK(rate(at(1)) == 0);
}

TEST_CASE("a triangle with its peak at 0 falls from 1") {
  CHECK(TriangularRate{}(at(0)) == 1);
  CHECK(TriangularRate{}(at(0.25)) == 0.75);
}

TEST_CASE("a triangle's peak must lie in [0, 1)") {
  CHECK_THROWS_WITH(TriangularRate{.peak = 1}(at(0)), "TriangularRate: peak is 1, not in [0, 1)");
  CHECK_THROWS(TriangularRate{.peak = std::nan("")}(at(0)));
}

TEST_CASE("a cosine falls from 1 to 0 by way of a half") {
  CHECK(CosineRate{}(at(0)) == 1);
  CHECK(CosineRate{}(at(0.5)) == doctest::Approx(0.5));
  CHECK(CosineRate{}(at(1)) == doctest::Approx(0));
  CHECK(CosineRate{}(at(1.0 / 3)) == doctest::Approx(0.75));
}

TEST_CASE("an exponential rate changes at every epoch, a step rate at its epochs") {
  CHECK(ExponentialRate{.factor = 0.5}(in_epoch(0)) == 1);
  CHECK(ExponentialRate{.factor = 0.5}(in_epoch(3)) == 0.125);
  const StepRate rate{.epochs = {3, 5, 9}, .factor = 0.5};
  for (Index epoch = 0; epoch < 10; ++epoch)
    CHECK(rate(in_epoch(epoch)) == (epoch < 3 ? 1 : epoch < 5 ? 0.5 : epoch < 9 ? 0.25 : 0.125));
}
