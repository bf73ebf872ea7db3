// Ridge regression of outputs on masks in closed form: one Cholesky factor for all targets.
//
//   minimise 1/(2m) ||y - b - X~ w||^2 + lambda/2 ||w||^2,   (G + lambda I) w = X~'y / m
//
// X~ are the mask columns centred and divided by their sd, so G is their correlation matrix and
// lambda is relative to its unit diagonal (scikit-learn's Ridge on X~ has alpha = m lambda).
// Effects are returned in raw units, beta_j = w_j / sd_j. Cost: one Gram matrix, examples^3 / 3 for
// the factor, 2 examples^2 for each target. Memory besides outputs and effects: examples^2 numbers,
// two copies of the mask bits, and 64 targets a thread at a time.
#pragma once

#include <Eigen/Cholesky>
#include <cmath>

#include "expunge/attribution/difference_of_means.hpp"
#include "expunge/attribution/gram.hpp"

namespace expunge {

struct RidgeConfig {
  double lambda = 1.0;  // > 0, relative to the unit diagonal of the correlation matrix

  void validate() const {
    require(lambda > 0, "RidgeConfig: lambda is ", lambda, ", not above 0");
    require(std::isfinite(lambda), "RidgeConfig: lambda is ", lambda, ", not finite");
  }
};

/// The factor of G + lambda I, the only examples x examples array: fits any block of targets, any
/// number of times, and the effects of a target do not depend on its block.
template <class Real>
class RidgeRegression {
 public:
  /// Throws where lambda is too small for the rounding of Real.
  template <class B>
  RidgeRegression(const B& backend, const SubsetMasks& masks, const RidgeConfig& config = {})
      : lambda_(checked(masks, config)),
        columns_(masks, backend.threads()),
        bits_(columns_),
        factor_(mask_correlations(backend, columns_)) {
    factorise();
  }

  /// What this occupies.
  static std::size_t bytes(Index models, Index examples) {
    return MaskColumns::bytes(models, examples) + BitPanels::bytes(examples, models) +
           correlation_bytes<Real>(examples);
  }

  Index models() const { return columns_.models(); }
  Index examples() const { return columns_.examples(); }

  /// Outputs [models][targets] to effects [examples][targets]. A thread takes 64 targets at a time.
  template <class B, MatrixLike A>
  Effects<Real> fit(const B& backend, const A& outputs, const Progress& progress = {}) const {
    const MatrixView<const typename A::value_type> y = view(outputs);
    detail::check_outputs("Ridge", models(), y);
    Effects<Real> effects = zero_effects<Real>(examples(), y.cols);
    effects.lambda = make_array<Real>(y.cols);
    effects.lambda.fill(static_cast<Real>(lambda_));
    effects.runaways = find_runaways(y, backend.threads());
    ProgressCounter counter(progress, y.cols);
    for_each_target_block<Real>("Ridge", backend.threads(), y, bits_,
                                [&](int, const TargetBlock<Real>& block) {
                                  write(block, effects);
                                  counter.add(block.count());
                                });
    return effects;
  }

 private:
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;

  static double checked(const SubsetMasks& masks, const RidgeConfig& config) {
    config.validate();
    detail::check_models("Ridge", masks.models());
    return config.lambda;
  }

  /// In place; the lower triangle of the column-major reading holds the factor.
  void factorise() {
    Eigen::Map<Matrix> g(factor_.data(), examples(), examples());
    g.diagonal().array() += static_cast<Real>(lambda_);
    Eigen::Ref<Matrix> in_place(g);
    const Eigen::LLT<Eigen::Ref<Matrix>> factor(in_place);
    require(factor.info() == Eigen::Success, "Ridge: lambda ", lambda_,
            " is too small for the rounding of this scalar type: the Gram matrix is not positive");
  }

  /// Weights of 64 targets, in standardised columns and units of each target's scale. All 64 are
  /// solved for, however many there are: the order of summation in a product depends on its width.
  Matrix solve(const TargetBlock<Real>& block) const {
    const double m = static_cast<double>(models());
    Matrix w = Matrix::Zero(examples(), target_block_width);
    for (Index i = 0; i < examples(); ++i)
      for (Index t = 0; t < block.count() && columns_.sd(i) > 0; ++t)
        w(i, t) = static_cast<Real>(static_cast<double>(block.sum(i, t)) / (m * columns_.sd(i)));
    const Eigen::Map<const Matrix> factor(factor_.data(), examples(), examples());
    factor.template triangularView<Eigen::Lower>().solveInPlace(w);
    factor.adjoint().template triangularView<Eigen::Upper>().solveInPlace(w);
    return w;
  }

  void write(const TargetBlock<Real>& block, Effects<Real>& effects) const {
    const Matrix w = solve(block);
    for (Index t = 0; t < block.count(); ++t) {
      double intercept = block.mean(t);
      for (Index i = 0; i < examples(); ++i) {
        if (!(columns_.sd(i) > 0)) continue;
        const double beta = block.scale(t) * static_cast<double>(w(i, t)) / columns_.sd(i);
        effects.weights.data()[i * effects.targets() + block.first() + t] =
            detail::in_range<Real>("Ridge", "an effect on", block.first() + t, beta);
        intercept -= columns_.mean(i) * beta;
      }
      effects.intercept.data()[block.first() + t] = intercept;
    }
  }

  double lambda_;
  MaskColumns columns_;
  BitPanels bits_;
  Array<Real, 2> factor_;  // [examples][examples]
};

struct Ridge {
  RidgeConfig config{};

  template <class B>
  RidgeRegression<typename B::Real> prepare(const B& backend, const SubsetMasks& masks) const {
    return {backend, masks, config};
  }

  /// Outputs [models][targets] to effects [examples][targets].
  template <class B, MatrixLike A>
  Effects<typename B::Real> fit(const B& backend, const SubsetMasks& masks, const A& outputs,
                                const Progress& progress = {}) const {
    const MatrixView<const typename A::value_type> y = view(outputs);
    detail::check_regression("Ridge", masks, y);
    return prepare(backend, masks).fit(backend, y, progress);
  }
};

}  // namespace expunge
