#include "expunge/train/evaluate_logits.hpp"

#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/nn/mlp.hpp"
#include "small_data.hpp"

using namespace expunge;

namespace {

using M = Mlp<6, 8, 3>;

}  // namespace

TEST_CASE("logits of many points are those of each point alone") {
  Cpu<double> backend(2, 2);
  const auto models = initialise<M, double>(1, 3);
  for (const Index n : {1, 255, 256, 257, 600}) {
    const Dataset data = clouds(n, 6, 3);
    const Array<double, 3> all = evaluate_logits<double>(backend, models, view(data.inputs));
    REQUIRE(all.shape()[1] == static_cast<std::size_t>(n));
    for (const Index i : {Index{0}, n / 2, n - 1}) {
      const Array<double, 3> one =
          evaluate_logits<double>(backend, models, view(data.inputs).row_range(i, 1));
      for (Index m = 0; m < 3; ++m)
        CHECK(relative_difference(view(all).row(m, i), view(one).row(m, 0), 3) <= 1e-14);
    }
  }
}

TEST_CASE("logits do not depend on threads and cohorts") {
  const auto models = initialise<M, float>(1, 7);
  const Dataset data = clouds(300, 6, 3);
  Cpu<float> one(1, 1);
  const Array<float, 3> reference = evaluate_logits(one, models, view(data.inputs));
  for (const int threads : {2, 5})
    for (const Index cohort : {1, 3, 100}) {
      Cpu<float> backend(threads, cohort);
      CHECK(same_bytes(evaluate_logits(backend, models, view(data.inputs)), reference));
    }
}

TEST_CASE("logits may be stored as Half, float or double") {
  const Dataset data = clouds(20, 6, 3);
  Cpu<double> backend(1);
  const auto models = initialise<M, double>(1, 2);
  const Array<double, 3> exact = evaluate_logits<double>(backend, models, view(data.inputs));
  const Array<float, 3> single = evaluate_logits(backend, models, view(data.inputs));
  const Array<Half, 3> half = evaluate_logits<Half>(backend, models, view(data.inputs));
  CHECK(relative_difference(single, exact) <= 1e-7);
  CHECK(relative_difference(half, exact) <= 1e-3);
}

TEST_CASE("inputs of other width are refused") {
  Cpu<float> backend(1);
  const auto models = initialise<M, float>(1, 1);
  const Dataset data = clouds(5, 7, 3);
  CHECK_THROWS_WITH(evaluate_logits(backend, models, view(data.inputs)),
                    "evaluate_logits: inputs have 7 features, the model takes 6");
}
