// The path of falling penalties of many targets side by side, each judged on held-out models: what
// LassoPenaltyChoice::walk does for one target.
//
//   included  [examples][held-out models]   1 where the model saw the example
//   held_out  [held-out models][targets]    their outputs
//
// All targets take penalty k together; one that has not improved for `patience` penalties waits for
// the others. Errors are sums in double, in a fixed order.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "expunge/attribution/lasso_path.hpp"
#include "expunge/attribution/lockstep_regression.hpp"

namespace expunge {

namespace detail {

/// The best penalty of a path so far.
struct PathChoice {
  double lambda = 0;
  double error = 0;
  Index without_improvement = 0;

  /// The same where outputs were divided by `unit`.
  PathChoice in_unit(double unit) const {
    return {lambda * unit, error * unit * unit, without_improvement};
  }
  /// Penalty k of the path had this error.
  void see(Index k, double lambda_k, double error_k) {
    ++without_improvement;
    if (k == 0 || error_k < error) *this = {lambda_k, error_k, 0};
  }
};

}  // namespace detail

/// Squared errors of predictions for held-out models part, part + parts, ... .
template <class Wide, class Real>
struct ValidationErrors {
  WorkingSets<Real> sets;
  const std::int32_t* wanted;                        // [targets]
  MatrixView<const std::uint8_t> included;           // [examples][models]
  MatrixView<const Wide> outputs;                    // [models][targets]
  MatrixView<const double> column_mean, inverse_sd;  // [1][examples]
  MatrixView<const double> mean, scale;              // [1][targets]
  MatrixView<double> sums;                           // [targets][parts]
  EXPUNGE_HD void operator()(Index t, Index, Index part) const {
    if (!wanted[t]) return;
    double sum = 0;
    for (Index m = part; m < outputs.rows; m += sums.cols) {
      double residual = (static_cast<double>(outputs(m, t)) - mean(0, t)) / scale(0, t);
      for (Index a = 0; a < sets.sizes[t]; ++a) {
        const double w = static_cast<double>(sets.weights[sets.at(a, t)]);
        const Index j = sets.members[sets.at(a, t)];
        if (w != 0)
          residual -=
              w * inverse_sd(0, j) * (static_cast<double>(included(j, m)) - column_mean(0, j));
      }
      sum += residual * residual;
    }
    sums(t, part) = sum;
  }
};

namespace detail {

/// The held-out models of a block of targets on its backend.
template <class B, class Wide>
class HeldOutErrors {
  using Real = typename B::Real;
  template <class T>
  using Resident = typename B::template Resident<T>;

 public:
  template <class T>
  HeldOutErrors(const LockstepBlock<B>& block, const MaskColumns& columns,
                MatrixView<const std::uint8_t> included, MatrixView<const T> outputs)
      : block_(block),
        column_mean_(resident(block.backend(), columns.means())),
        inverse_sd_(resident(block.backend(), columns.inverse_sds())),
        mean_(resident(block.backend(), block.means())),
        scale_(resident(block.backend(), block.scales())),
        included_(resident(block.backend(), included)),
        memory_(block.backend().template allocate<Wide>(outputs.rows * outputs.cols)),
        outputs_(memory_.data(), outputs.rows, outputs.cols),
        parts_(std::min<Index>(outputs.rows, 64)),
        sum_memory_(block.backend().template allocate<double>(outputs.cols * parts_)) {
    copy_rows(block.backend(), outputs, outputs_);
  }

  /// Mean squared errors of the present weights of the wanted targets, in units of their scale.
  std::vector<double> operator()(const std::vector<std::int32_t>& wanted) const {
    const B& backend = block_.backend();
    const Index targets = block_.count();
    const MatrixView<double> sums(sum_memory_.data(), targets, parts_);
    const Resident<std::int32_t> flags =
        resident(backend, MatrixView<const std::int32_t>(wanted.data(), 1, targets));
    const MatrixView<const std::int32_t> there = flags;
    for_each_element(
        backend, targets, 1, parts_,
        ValidationErrors<Wide, Real>{block_.solver().sets(), there.data, included_, outputs_,
                                     column_mean_, inverse_sd_, mean_, scale_, sums});
    std::vector<double> parts(static_cast<std::size_t>(targets * parts_));
    copy_rows(backend, MatrixView<const double>(sums),
              MatrixView<double>(parts.data(), targets, parts_));
    std::vector<double> errors;
    for (auto at = parts.begin(); at != parts.end(); at += parts_)
      errors.push_back(std::accumulate(at, at + parts_, 0.0) / static_cast<double>(outputs_.rows));
    return errors;
  }

 private:
  const LockstepBlock<B>& block_;
  Resident<double> column_mean_, inverse_sd_, mean_, scale_;
  Resident<std::uint8_t> included_;
  typename B::template Buffer<Wide> memory_;
  MatrixView<Wide> outputs_;  // [models][targets]
  Index parts_;
  typename B::template Buffer<double> sum_memory_;
};

}  // namespace detail

template <class Real>
struct LockstepPath {
  const MaskColumns& columns;
  MatrixView<const std::uint8_t> included;
  Index lambdas;
  double ratio;
  Index patience;
  const LassoSolverConfig& config;

  /// The best penalty of every target of the block. Targets that outgrow their room have none.
  template <class B, class T>
  std::vector<detail::PathChoice> walk(detail::LockstepBlock<B>& block,
                                       MatrixView<const T> held_out) const {
    const detail::HeldOutErrors<B, WideOutput<T>> errors(block, columns, included, held_out);
    std::vector<detail::PathChoice> best(static_cast<std::size_t>(block.count()));
    LockstepPenalties<Real> at(block.count());
    for (Index k = 0; k < lambdas; ++k) {
      set_penalties(block, best, k, at);
      if (std::find(at.wanted.begin(), at.wanted.end(), 1) == at.wanted.end()) break;
      block.solver().solve(block.backend(), at, config.max_sweeps);
      const std::vector<double> error = errors(at.wanted);
      for (std::size_t t = 0; t < best.size(); ++t)
        if (at.wanted[t]) best[t].see(k, static_cast<double>(at.l1[t]) / config.l1_ratio, error[t]);
    }
    for (std::size_t t = 0; t < best.size(); ++t)
      best[t] = best[t].in_unit(block.scale(static_cast<Index>(t)));
    return best;
  }

 private:
  /// Penalty k of every target that still walks. What is likely to join at it is proposed: the
  /// strong rule (Tibshirani et al. 2012), and no more than a fifth below.
  template <class B>
  void set_penalties(const detail::LockstepBlock<B>& block,
                     const std::vector<detail::PathChoice>& best, Index k,
                     LockstepPenalties<Real>& at) const {
    for (Index t = 0; t < block.count(); ++t) {
      const std::size_t s = static_cast<std::size_t>(t);
      const Real largest = block.solver().largest_correlation(t), a = Real(config.l1_ratio);
      const Real previous = k == 0 ? largest : at.l1[s];
      at.wanted[s] = best[s].without_improvement < patience && !block.solver().outgrown(t);
      if (!at.wanted[s]) continue;
      at.l1[s] = detail::penalty(largest, k, lambdas, ratio);
      at.l2[s] = at.l1[s] / a * (1 - a);
      at.tolerance[s] = static_cast<Real>(config.tolerance) * largest;
      at.bound[s] = std::max(2 * at.l1[s] - previous, Real(0.8) * at.l1[s]);
    }
  }
};

}  // namespace expunge
