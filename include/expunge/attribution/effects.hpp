// What every estimator returns: one linear model of each target's output in the training mask,
//
//   f_t(S) ~ intercept(t) + sum_{i in S} weights(i, t)
//
// in raw mask units: weights(i, t) is the change of output t when example i joins the training set.
#pragma once

#include "expunge/attribution/masked_sums.hpp"
#include "expunge/core/array.hpp"
#include "expunge/core/check.hpp"
#include "expunge/core/find_runaways.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/core/ties.hpp"
#include "expunge/data/subset_masks.hpp"

namespace expunge {

template <class Real>
struct Effects {
  Array<Real, 2> weights;      // [examples][targets]
  Array<double, 1> intercept;  // [targets]: outputs may be large beside their effects

  // Diagnostics, [targets] each, or empty where the estimator has none.
  Array<Real, 1> lambda;              // penalty used, in standardised columns
  Array<double, 1> validation_error;  // mean squared error on held-out models at that lambda
  Array<Real, 1> kkt_residual;        // largest violation of the optimality conditions / lambda_max

  /// Of the outputs that were fitted: a model that ran away (core/runaway.hpp) outweighs all others
  /// at its targets, so that their effects say nothing. Empty where no outputs were looked at.
  Runaways runaways;

  Index targets_converged = 0;  // of an iterative estimator; equal to targets() otherwise
  Index sweeps = 0;  // coordinate-descent sweeps of the final fits of all targets together

  Index examples() const { return static_cast<Index>(weights.shape()[0]); }
  Index targets() const { return static_cast<Index>(weights.shape()[1]); }
};

/// Effects of this shape, all zero, without diagnostics.
template <class Real>
Effects<Real> zero_effects(Index examples, Index targets) {
  Effects<Real> effects;
  effects.weights = make_array<Real>(examples, targets);
  effects.weights.fill(Real(0));
  effects.intercept = make_array<double>(targets);
  effects.intercept.fill(0.0);
  effects.targets_converged = targets;
  return effects;
}

/// Predicted outputs [models][targets] of models trained on these masks, intercept included: what
/// LDS ranks against the true outputs. Summed in double; predictions that differ by rounding alone
/// are equal (core/ties.hpp). Cost: models examples targets / 4 additions and a sort for each
/// target; memory: the predictions, and for each thread 64 bytes an example and a model.
template <class B, class Real>
Array<double, 2> predict(const B& backend, const Effects<Real>& effects, const SubsetMasks& masks) {
  require(masks.examples() == effects.examples(), "predict: masks of ", masks.examples(),
          " examples, effects of ", effects.examples());
  constexpr Index lanes = panel_lanes<double>;
  const Index targets = effects.targets(), models = masks.models(), n = effects.examples();
  const BitPanels bits(masks);
  Array<double, 2> outputs = make_array<double>(models, targets);
  parallel_for(backend.threads(), (targets + lanes - 1) / lanes, [&](int, Index piece) {
    using Vector = Eigen::VectorXd;
    const Index first = piece * lanes, count = std::min(lanes, targets - first);
    Vector values = Vector::Zero((n + 63) / 64 * 64 * lanes), sums(models * lanes), tables;
    for (Index i = 0; i < n; ++i)
      std::copy_n(effects.weights.data() + i * targets + first, count, values.data() + i * lanes);
    masked_sums(bits, values.data(), sums.data(), tables);
    for (Index m = 0; m < models; ++m)
      for (Index t = 0; t < count; ++t)
        outputs.data()[m * targets + first + t] =
            effects.intercept.data()[first + t] + sums[m * lanes + t];
  });
  const std::vector<double> intercept(effects.intercept.begin(), effects.intercept.end());
  merge_ties(outputs, sum_tolerances(effects.weights, unit_roundoff<Real>, intercept),
             backend.threads());
  return outputs;
}

}  // namespace expunge
