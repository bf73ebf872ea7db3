// Difference of means, plain or soft-thresholded: the cheapest datamodel, one product for
// everything.
//
//   d_i   = mean(y | i in S) - mean(y | i not in S)
//   beta_i = sign(d_i) max(|d_i| - c se_i, 0),   se_i = sd_y / (sd_i sqrt(m))
//
// d_i is the slope of the regression of y on column i alone; sd_i is the column's standard
// deviation sqrt(p_i (1 - p_i)). The standard error is that of the null model, one pooled sd_y for
// both groups (Welch's, with a variance for each group, differs in second order and needs a second
// product). The threshold equals a LASSO with penalty c sd_y / sqrt(m) on standardised columns if
// those were orthogonal. c = 1.5 is a good start, c = 0 the plain estimator, which is too noisy to
// unlearn with.
//
// The intercept makes the model predict the mean of y at the mean of the masks. Cost: one pass of
// masked sums; outputs may be half, float or double. Memory besides outputs and effects: two copies
// of the mask bits, and 64 targets a thread at a time.
#pragma once

#include <algorithm>
#include <cmath>

#include "expunge/attribution/effects.hpp"
#include "expunge/attribution/mask_columns.hpp"
#include "expunge/attribution/target_block.hpp"
#include "expunge/core/check.hpp"
#include "expunge/core/progress.hpp"
#include "expunge/core/view.hpp"

namespace expunge {

struct DifferenceOfMeansConfig {
  double standard_errors = 1.5;  // c: how many are taken off; 0 = plain

  void validate() const {
    require(standard_errors >= 0, "DifferenceOfMeansConfig: standard_errors is ", standard_errors,
            ", below 0");
    require(std::isfinite(standard_errors), "DifferenceOfMeansConfig: standard_errors is ",
            standard_errors, ", not finite");
  }
};

/// What depends on the masks alone: fits any block of targets, any number of times, and the effects
/// of a target do not depend on its block.
template <class Real>
class MaskedMeans {
 public:
  template <class B>
  MaskedMeans(const B& backend, const SubsetMasks& masks,
              const DifferenceOfMeansConfig& config = {})
      : config_(checked(masks, config)), columns_(masks, backend.threads()), bits_(columns_) {}

  /// What this occupies.
  static std::size_t bytes(Index models, Index examples) {
    return MaskColumns::bytes(models, examples) + BitPanels::bytes(examples, models);
  }

  Index models() const { return columns_.models(); }
  Index examples() const { return columns_.examples(); }

  /// Outputs [models][targets] to effects [examples][targets]. A thread takes 64 targets at a time.
  template <class B, MatrixLike A>
  Effects<Real> fit(const B& backend, const A& outputs, const Progress& progress = {}) const {
    const MatrixView<const typename A::value_type> y = view(outputs);
    detail::check_outputs("DifferenceOfMeans", models(), y);
    Effects<Real> effects = zero_effects<Real>(examples(), y.cols);
    effects.runaways = find_runaways(y, backend.threads());
    ProgressCounter counter(progress, y.cols);
    for_each_target_block<Real>("DifferenceOfMeans", backend.threads(), y, bits_,
                                [&](int, const TargetBlock<Real>& block) {
                                  write(block, effects);
                                  counter.add(block.count());
                                });
    return effects;
  }

 private:
  static const DifferenceOfMeansConfig& checked(const SubsetMasks& masks,
                                                const DifferenceOfMeansConfig& config) {
    config.validate();
    detail::check_models("DifferenceOfMeans", masks.models());
    return config;
  }

  void write(const TargetBlock<Real>& block, Effects<Real>& effects) const {
    const double m = static_cast<double>(columns_.models());
    std::array<double, target_block_width> offset{};
    for (Index i = 0; i < columns_.examples(); ++i) {
      const double sd = columns_.sd(i);
      if (!(sd > 0)) continue;
      const double slope = 1 / (m * sd * sd);
      const double cut = config_.standard_errors / (sd * std::sqrt(m));
      Real* row = effects.weights.data() + i * effects.targets() + block.first();
      for (Index t = 0; t < block.count(); ++t) {
        const double d = slope * block.scale(t) * static_cast<double>(block.sum(i, t));
        const double beta = std::copysign(std::max(std::abs(d) - cut * block.sd(t), 0.0), d);
        row[t] =
            detail::in_range<Real>("DifferenceOfMeans", "an effect on", block.first() + t, beta);
        offset[static_cast<std::size_t>(t)] += columns_.mean(i) * beta;
      }
    }
    for (Index t = 0; t < block.count(); ++t)
      effects.intercept.data()[block.first() + t] =
          block.mean(t) - offset[static_cast<std::size_t>(t)];
  }

  DifferenceOfMeansConfig config_;
  MaskColumns columns_;
  BitPanels bits_;
};

struct DifferenceOfMeans {
  DifferenceOfMeansConfig config{};

  template <class B>
  MaskedMeans<typename B::Real> prepare(const B& backend, const SubsetMasks& masks) const {
    return {backend, masks, config};
  }

  /// Outputs [models][targets] to effects [examples][targets].
  template <class B, MatrixLike A>
  Effects<typename B::Real> fit(const B& backend, const SubsetMasks& masks, const A& outputs,
                                const Progress& progress = {}) const {
    const MatrixView<const typename A::value_type> y = view(outputs);
    detail::check_regression("DifferenceOfMeans", masks, y);
    return prepare(backend, masks).fit(backend, y, progress);
  }
};

}  // namespace expunge
