// Settings that are numbers but not finite, or rates that cannot fall, are refused.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "expunge/unlearning/oracle_matching.hpp"
#include "expunge/unlearning/scrub.hpp"

using namespace expunge;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

using Om = OracleMatching<OracleOutputs<double>>;

Om om() {
  static const Array<double, 3> outputs = make_array<double>(2, 60, 3);
  return {.target = {view(outputs)}};
}

}  // namespace

TEST_CASE("a decay that is not positive and finite is refused") {
  for (const double decay : {0.0, -0.5, not_a_number, infinity}) {
    Om matching = om();
    matching.decay = decay;
    CHECK_THROWS_AS(matching.validate(), std::invalid_argument);
    CHECK_THROWS_AS(Scrub<>{.decay = decay}.validate(), std::invalid_argument);
  }
  Om matching = om();
  matching.decay = -0.5;
  CHECK_THROWS_WITH(matching.validate(), "OracleMatching: decay is -0.5, not positive and finite");
  CHECK_THROWS_WITH(Scrub<>{.decay = 0}.validate(), "Scrub: decay is 0, not positive and finite");
  CHECK_NOTHROW(om().validate());
  CHECK_NOTHROW(Scrub<>{}.validate());
}

TEST_CASE("weights and multiples that are not finite are refused") {
  for (const double value : {not_a_number, infinity}) {
    Om matching = om();
    matching.retain_multiple = value;
    CHECK_THROWS_AS(matching.validate(), std::invalid_argument);
    matching = om();
    matching.distance_penalty = value;
    CHECK_THROWS_AS(matching.validate(), std::invalid_argument);
    CHECK_THROWS_AS(Scrub<>{.gamma = value}.validate(), std::invalid_argument);
    CHECK_THROWS_AS(Scrub<>{.alpha = value}.validate(), std::invalid_argument);
  }
  CHECK_THROWS_WITH(Scrub<>{.gamma = infinity}.validate(),
                    "Scrub: gamma is inf, alpha is 0.1; both must be finite");
}

TEST_CASE("a multiple beyond the range of integers takes the whole retain set") {
  Om matching = om();
  matching.retain_multiple = 1e300;
  CHECK(matching.retain_count(8, 52) == 52);
  matching.retain_multiple = 2.6;
  CHECK(matching.retain_count(8, 52) == 20);
}
