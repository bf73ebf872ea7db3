#include "expunge/output/evaluate.hpp"

#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/core/half.hpp"
#include "expunge/output/logits.hpp"
#include "expunge/output/prediction.hpp"

using namespace expunge;

namespace {

template <class T>
Array<T, 3> random_logits(Index models, Index points, Index k) {
  Array<T, 3> z = make_array<T>(models, points, k);
  const std::vector<float> numbers = normals<float>(models * points * k, 1);
  std::transform(numbers.begin(), numbers.end(), z.data(),
                 [](float value) { return static_cast<T>(value); });
  return z;
}

const std::vector<Label> labels = {0, 2, 1, 1, 0};

}  // namespace

TEST_CASE("float and Half logits give float, double logits give double") {
  const Array<double, 3> z = random_logits<double>(3, 5, 3);
  const Array<double, 2> exact = margins(z, labels.data());
  const Array<float, 2> single = margins(random_logits<float>(3, 5, 3), labels.data());
  const Array<float, 2> half = margins(random_logits<Half>(3, 5, 3), labels.data());
  static_assert(std::is_same_v<decltype(margins(z, labels.data())), Array<double, 2>>);
  CHECK(relative_difference(single, exact) <= 1e-6);
  CHECK(relative_difference(half, exact) <= 2e-3);
  CHECK(relative_difference(half, exact) > 1e-6);  // it was Half
}

TEST_CASE("results do not depend on the number of threads") {
  const Array<float, 3> z = random_logits<float>(7, 5, 3);
  const Array<float, 3> one = evaluate_output(Prediction{}, z, labels.data(), 1);
  CHECK(same_bytes(one, evaluate_output(Prediction{}, z, labels.data(), 2)));
  CHECK(same_bytes(one, evaluate_output(Prediction{}, z, labels.data(), 5)));
  CHECK(same_bytes(z, evaluate_output(Logits{}, z, labels.data())));
}

TEST_CASE("labels are checked against the classes, with point and number") {
  const Array<float, 3> z = random_logits<float>(2, 5, 3);
  std::vector<Label> bad = labels;
  bad[3] = 3;
  CHECK_THROWS_WITH_AS(margins(z, bad.data()),
                       "evaluate_output: the label of point 3 is 3, logits have 3 classes",
                       std::invalid_argument);
  bad[3] = -1;
  CHECK_THROWS_WITH(evaluate_output(Logits{}, z, bad.data()),
                    "evaluate_output: the label of point 3 is -1, logits have 3 classes");
}

TEST_CASE("a NaN of one model and point stays there") {
  Array<float, 3> z = random_logits<float>(2, 5, 3);
  z(1, 2, 0) = std::nanf("");
  const Array<float, 2> margin = margins(z, labels.data());
  for (std::size_t m = 0; m < 2; ++m)
    for (std::size_t i = 0; i < 5; ++i) CHECK(std::isnan(margin(m, i)) == (m == 1 && i == 2));
}
