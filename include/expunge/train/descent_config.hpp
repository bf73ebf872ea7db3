// The settings of a descent, and what its observers see.
#pragma once

#include <cmath>

#include "expunge/core/check.hpp"
#include "expunge/data/augment.hpp"
#include "expunge/data/batches.hpp"
#include "expunge/nn/model.hpp"

namespace expunge {

struct DescentConfig {
  double learning_rate = 0.02;  // > 0; the schedule multiplies it
  Index epochs = 1;             // >= 1
  Index stop_after = 0;         // stop after so many epochs of the schedule; 0 = go to the end
  LastBatch last_batch = LastBatch::keep;
  std::uint64_t seed = 0;  // of the batch orders
  Index starts = 0;        // >= 0: member m takes weights and orders of member m % starts; 0 = own
  Mode mode = Mode::train;
  Augmentation augmentation = {};  // of inputs that are images; off by default

  void validate() const {
    augmentation.validate();
    require(learning_rate > 0 && std::isfinite(learning_rate), "DescentConfig: learning_rate is ",
            learning_rate, ", not positive");
    require(epochs >= 1, "DescentConfig: epochs is ", epochs, ", below 1");
    require(stop_after >= 0 && stop_after <= epochs, "DescentConfig: stop_after is ", stop_after,
            ", not in 0 .. ", epochs);
    require(starts >= 0, "DescentConfig: starts is ", starts, ", negative");
  }
  /// Whose initial weights and batch orders the member has.
  Index start_of(Index member) const { return starts > 0 ? member % starts : member; }
  Index epochs_to_run() const { return stop_after > 0 ? stop_after : epochs; }
};

/// Where a cohort stands at the end of an epoch.
template <class Real>
struct EpochEnd {
  Index epoch;         // 0, 1, ...
  Index first_member;  // the cohort is members [first_member, first_member + weights.theta.rows)
  Weights<Real> weights;
};

/// An `after_epoch` that does nothing.
struct NoObserver {
  template <class B, class Real>
  void operator()(B&, const EpochEnd<Real>&) const {}
};

}  // namespace expunge
