// DM-Direct: predict, by attribution, what a model would answer had it never seen F.
//
//   h(x) = f_x(theta0) - multiplier * sum_{i in F} beta_i(x)
//
// A predictor, not a network: as a target of Oracle Matching it becomes Datamodel Matching.
//
// Source: Attribute-to-Delete (arXiv 2410.23232), algorithm A.2, one datamodel per class logit. The
// authors' code has the multiplier (0.9 was best for CIFAR-10). On points far from F the prediction
// stays theta0's own output, so what is particular to theta0 need not be undone.
#pragma once

#include <cmath>

#include "expunge/attribution/concepts.hpp"
#include "expunge/core/check.hpp"
#include "expunge/unlearning/target.hpp"

namespace expunge {

template <class AttributionType>
struct DmDirect {
  static_assert(Attribution<AttributionType, float> || Attribution<AttributionType, double>,
                "DmDirect: the attribution must have predicted_change(forget); see "
                "docs/concepts.md#attribution");

  const AttributionType& attribution;
  double multiplier = 1;

  void validate() const {
    require(std::isfinite(multiplier), "DmDirect: multiplier is ", multiplier);
  }

  /// h for every member and point of `base` [members][points][outputs]. The attribution must know
  /// at least as many points, in the same order; members share the predicted change.
  template <class Real>
  Array<Real, 3> targets(TensorView<const Real> base, const std::vector<Index>& forget) const {
    validate();
    const auto change = attribution.predicted_change(forget);  // [points][outputs]
    require(static_cast<Index>(change.shape()[0]) >= base.rows &&
                static_cast<Index>(change.shape()[1]) == base.features,
            "DmDirect: the attribution predicts [", change.shape()[0], "][", change.shape()[1],
            "], the models' outputs are [", base.rows, "][", base.features, "]");
    Array<Real, 3> predicted = make_array<Real>(base.members, base.rows, base.features);
    for (Index m = 0; m < base.members; ++m)
      for (Index i = 0; i < base.rows; ++i)
        for (Index j = 0; j < base.features; ++j)
          predicted(m, i, j) = static_cast<Real>(static_cast<double>(base(m, i, j)) +
                                                 multiplier * static_cast<double>(change(i, j)));
    return predicted;
  }
};

}  // namespace expunge
