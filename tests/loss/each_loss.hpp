// Every loss with every kind of target that it takes, for tests of derivatives.
#pragma once

#include <vector>

#include "comparators.hpp"
#include "expunge/loss/cross_entropy.hpp"
#include "expunge/loss/distillation.hpp"
#include "expunge/loss/smoothed_cross_entropy.hpp"
#include "expunge/loss/squared_error.hpp"

/// check(loss, target, z) for 2, 3 and 10 classes, all labels and several temperatures.
template <class Check>
void for_each_loss(const Check& check) {
  using namespace expunge;
  for (const Index k : {2, 3, 10}) {
    const std::vector<double> z = normals<double>(k, 1), other = normals<double>(k, 2);
    for (Label y = 0; y < k; ++y) {
      check(CrossEntropy{}, y, z);
      check(SmoothedCrossEntropy{.smoothing = 0.2}, y, z);
      check(SquaredError{}, y, z);
    }
    check(SquaredError{}, other.data(), z);
    for (const double temperature : {0.5, 1.0, 4.0})
      check(Distillation{.temperature = temperature}, other.data(), z);
  }
}
