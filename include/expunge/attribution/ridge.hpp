// Ridge regression of outputs on masks in closed form: one Cholesky factor for all targets.
//
//   minimise 1/(2m) ||y - b - X~ w||^2 + lambda/2 ||w||^2,   (G + lambda I) w = X~'y / m
//
// X~ are the mask columns centred and divided by their sd, so G is their correlation matrix and
// lambda is relative to its unit diagonal (scikit-learn's Ridge on X~ has alpha = m lambda).
// Effects are returned in raw units, beta_j = w_j / sd_j. Cost: one Gram matrix, examples^3 / 3 for
// the factor, 2 examples^2 for each target.
#pragma once

#include <Eigen/Cholesky>

#include "expunge/attribution/difference_of_means.hpp"
#include "expunge/attribution/gram.hpp"

namespace expunge {

struct RidgeConfig {
  double lambda = 1.0;  // > 0, relative to the unit diagonal of the correlation matrix

  void validate() const { require(lambda > 0, "RidgeConfig: lambda is ", lambda, ", not above 0"); }
};

struct Ridge {
  RidgeConfig config{};

  /// Outputs [models][targets] to effects [examples][targets].
  template <class B, MatrixLike A>
  Effects<typename B::Real> fit(const B& backend, const SubsetMasks& masks, const A& outputs,
                                const Progress& progress = {}) const {
    using Real = typename B::Real;
    config.validate();
    const MatrixView<const typename A::value_type> y = view(outputs);
    detail::check_regression("Ridge", masks, y);
    const MaskColumns columns(masks, backend.threads());
    const auto factor = factorise(mask_correlations(backend, columns));
    Effects<Real> effects = zero_effects<Real>(masks.examples(), y.cols);
    effects.lambda = make_array<Real>(y.cols);
    effects.lambda.fill(static_cast<Real>(config.lambda));
    ProgressCounter counter(progress, y.cols);
    for_each_target_block<Real>("Ridge", backend.threads(), y, BitPanels(columns),
                                [&](int, const TargetBlock<Real>& block) {
                                  write(columns, factor, block, effects);
                                  counter.add(block.count());
                                });
    return effects;
  }

 private:
  template <class Real>
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;

  template <class Real>
  Eigen::LLT<Matrix<Real>> factorise(Array<Real, 2> gram) const {
    const Index n = static_cast<Index>(gram.shape()[0]);
    Eigen::Map<Matrix<Real>> g(gram.data(), n, n);
    g.diagonal().array() += static_cast<Real>(config.lambda);
    const Eigen::LLT<Matrix<Real>> factor(g);
    require(factor.info() == Eigen::Success, "Ridge: lambda ", config.lambda,
            " is too small for the rounding of this scalar type: the Gram matrix is not positive");
    return factor;
  }

  template <class Real>
  static void write(const MaskColumns& columns, const Eigen::LLT<Matrix<Real>>& factor,
                    const TargetBlock<Real>& block, Effects<Real>& effects) {
    const Index n = columns.examples();
    const double m = static_cast<double>(columns.models());
    Matrix<Real> w(n, block.count());
    for (Index i = 0; i < n; ++i)
      for (Index t = 0; t < block.count(); ++t)
        w(i, t) =
            columns.sd(i) > 0
                ? static_cast<Real>(static_cast<double>(block.sum(i, t)) / (m * columns.sd(i)))
                : Real(0);
    factor.solveInPlace(w);
    for (Index t = 0; t < block.count(); ++t) {
      double intercept = block.mean(t);
      for (Index i = 0; i < n; ++i) {
        if (!(columns.sd(i) > 0)) continue;
        const double beta = static_cast<double>(w(i, t)) / columns.sd(i);
        effects.weights.data()[i * effects.targets() + block.first() + t] = static_cast<Real>(beta);
        intercept -= columns.mean(i) * beta;
      }
      effects.intercept.data()[block.first() + t] = static_cast<Real>(intercept);
    }
  }
};

}  // namespace expunge
