// Learning-rate schedules: a factor of the base rate, at a moment of the run.
#pragma once

#include <cmath>
#include <concepts>
#include <numbers>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/core/platform.hpp"

namespace expunge {

/// A step's place in the run. `fraction` is 0 at the first step and below 1 at the last:
/// (epoch + (pass + step / steps of this pass) / passes of this epoch) / epochs.
struct Moment {
  Index epoch = 0;
  Index epochs = 1;
  double fraction = 0;
};

/// See docs/concepts.md#schedule.
template <class S>
concept Schedule = requires(const S& schedule, Moment moment) {
  { schedule(moment) } -> std::convertible_to<double>;
};

/// 1 always.
struct ConstantRate {
  double operator()(Moment) const { return 1; }
};

/// 0 -> 1 -> 0, linear per step, with the peak at a fraction of the run. A peak at 0 is a linear
/// fall from 1.
struct TriangularRate {
  double peak = 0;  // in [0, 1)
  double operator()(Moment moment) const {
    require(peak >= 0 && peak < 1, "TriangularRate: peak is ", peak, ", not in [0, 1)");
    if (moment.fraction < peak) return moment.fraction / peak;
    return (1 - moment.fraction) / (1 - peak);
  }
};

/// Half a cosine from 1 to 0 (Loshchilov and Hutter 2017, without restarts).
struct CosineRate {
  double operator()(Moment moment) const {
    return 0.5 * (1 + std::cos(std::numbers::pi * moment.fraction));
  }
};

/// factor^epoch.
struct ExponentialRate {
  double factor = 0.95;  // per epoch
  double operator()(Moment moment) const {
    return std::pow(factor, static_cast<double>(moment.epoch));
  }
};

/// Multiplied by `factor` once for each listed epoch (counted from 0) that has begun.
struct StepRate {
  std::vector<Index> epochs;
  double factor = 0.1;
  double operator()(Moment moment) const {
    double rate = 1;
    for (const Index epoch : epochs)
      if (moment.epoch >= epoch) rate *= factor;
    return rate;
  }
};

static_assert(Schedule<ConstantRate> && Schedule<TriangularRate> && Schedule<CosineRate> &&
              Schedule<ExponentialRate> && Schedule<StepRate>);

}  // namespace expunge
