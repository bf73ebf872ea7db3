#include "expunge/evaluation/accuracy.hpp"

#include <doctest/doctest.h>

using namespace expunge;

TEST_CASE("accuracy is the share of right points, per model, with mean and sd") {
  Array<double, 3> logits = xt::zeros<double>({std::size_t{2}, std::size_t{4}, std::size_t{3}});
  const std::vector<Label> labels = {0, 1, 2, 0};
  for (std::size_t x = 0; x < 4; ++x)
    logits(0, x, static_cast<std::size_t>(labels[x])) = 1;  // model 0: all right
  for (std::size_t x = 0; x < 4; ++x) logits(1, x, 0) = 1;  // model 1: says 0
  const Accuracy all = accuracy(logits, labels, {0, 1, 2, 3});
  CHECK(all.per_model(0) == 1);
  CHECK(all.per_model(1) == 0.5);
  CHECK(all.mean == 0.75);
  CHECK(all.sd == doctest::Approx(0.5 / std::sqrt(2.0)));
  CHECK(accuracy(logits, labels, {1, 2}).per_model(1) == 0);
}

TEST_CASE("NaN logits and ties never count as right") {
  const double nan = std::nan("");
  const std::vector<std::vector<double>> rows = {{nan, 0, 0},     {5, nan, 0}, {5, 0, nan},
                                                 {nan, nan, nan}, {5, 5, 0},   {5, 4, 0}};
  for (std::size_t i = 0; i < rows.size(); ++i)
    CHECK(is_right(rows[i].data(), 3, 0) == (i + 1 == rows.size()));
}

TEST_CASE("accuracy refuses labels and points out of range") {
  const Array<float, 3> logits = xt::zeros<float>({std::size_t{1}, std::size_t{2}, std::size_t{3}});
  CHECK_THROWS_WITH_AS(accuracy(logits, {0, 3}, {0, 1}),
                       "accuracy: point 1 has label 3 of 3 classes", std::invalid_argument);
  CHECK_THROWS_AS(accuracy(logits, {0, -1}, {1}), std::invalid_argument);
  CHECK_THROWS_AS(accuracy(logits, {0, 1}, {2}), std::invalid_argument);
  CHECK_THROWS_AS(accuracy(logits, {0}, {0}), std::invalid_argument);
  CHECK_THROWS_AS(accuracy(logits, {0, 1}, {}), std::invalid_argument);
}
