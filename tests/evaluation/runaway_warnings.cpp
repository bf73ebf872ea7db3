// What scores other than KLoM say of models that diverged to finite outputs (core/runaway.hpp).
#include <doctest/doctest.h>

#include "evaluation/margins.hpp"
#include "expunge/evaluation/distance_summary.hpp"
#include "expunge/evaluation/epsilon.hpp"
#include "expunge/evaluation/lds.hpp"

using namespace expunge;

namespace {

bool starts_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

}  // namespace

TEST_CASE("epsilon names the model that ran away, and does not reward it") {
  const Array<double, 2> retrained = normal_margins(1, 40, 6);
  Array<double, 2> unlearned = normal_margins(2, 50, 6);
  CHECK(unlearning_epsilon(retrained, unlearned).warning().empty());
  for (std::size_t x = 2; x < 5; ++x) unlearned(9, x) = -1e5;
  const EpsilonResult result = unlearning_epsilon(retrained, unlearned);
  CHECK(result.runaways.at == std::vector<std::uint8_t>{0, 0, 1, 1, 1, 0});
  CHECK(starts_with(result.warning(),
                    "1 of 50 unlearned models ran away at 3 of 6 points: "
                    "unlearned model 9 gives -1e+05 at point "));
  for (std::size_t x = 2; x < 5; ++x) CHECK(result.h(x) == 0);
}

TEST_CASE("distances name the model that ran away and count its points in every summary") {
  Array<double, 2> oracle = normal_margins(1, 40, 6);
  const Array<double, 2> unlearned = normal_margins(2, 50, 6);
  CHECK(sample_distances(oracle, unlearned).warning().empty());
  for (std::size_t x = 2; x < 5; ++x) oracle(3, x) = 1e4;
  const SampleDistances result = sample_distances(oracle, unlearned);
  CHECK(result.bad_points == 0);
  CHECK(starts_with(result.warning(),
                    "1 of 40 oracle models ran away at 3 of 6 points: oracle "
                    "model 3 gives 1e+04 at point "));
  const DistanceSummary summary = summarise(result, {0, 1, 2, 3});
  CHECK(summary.jensen_shannon.runaway == 2);
  CHECK(summary.line().find("0 bad; a model ran away at 2; Renyi") != std::string::npos);
  CHECK(summarise(result, {0, 1}).line().find("ran away") == std::string::npos);
}

TEST_CASE("LDS names the model whose outputs ran away, with the target") {
  Array<double, 2> truth = normal_margins(1, 100, 5);
  const Array<double, 2> predicted = normal_margins(2, 100, 5);
  CHECK(lds(predicted, truth).warning().empty());
  truth(41, 3) = 1e6;
  const LdsResult result = lds(predicted, truth);
  CHECK(result.without_score == 0);
  CHECK(starts_with(result.warning(),
                    "1 of 100 models ran away at 1 of 5 targets: model 41 gives "
                    "1e+06 at target 3, where half of all outputs lie within 0."));
}
