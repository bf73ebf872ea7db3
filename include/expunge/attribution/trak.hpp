// TRAK (Park et al., arXiv 2303.14186): effects from the gradients of a few trained models instead
// of a regression on thousands.
//
// The network is taken as linear in its weights around each of M checkpoints, which makes training
// a logistic regression. An effect is the derivative of an output in the example's weight there:
//
//   phi(z) = P' grad f(z)                     k numbers, f the margin of a training example
//   A = Phi' R Phi + lambda unit I            Phi [n][k] of all examples, unit = trace(Phi' R Phi) / n
//   effect(z, x) = mean_m [phi(z) A^-1 phi(x)] mean_m [1 - p(z)]      m = 1 .. M, P one for each
//
//   weights [n][targets]    targets: outputs of points, the outputs of one point next to each other
//
// Taking the whole of an example's weight away is one Newton step of another problem, that without
// it, and moves outputs by effect / (1 - h) with the example's leverage h = p phi(z) A^-1 phi(z)
// (1 - p). The factor is not in the effects: it matters for outputs at the forgotten examples
// themselves, and more the smaller the ridge and the more alike they are (docs/methods/trak.md).
//
// Targets may be any output function (each logit, for matching): phi(x) is P' of its gradient. R
// are the second derivatives of the loss in the margin, p (1 - p). The paper and its code leave
// them out (Curvature::identity), and effects are then scores, whose size means nothing; with them
// they have the size of changes, which DmDirect needs. Where a network is sure of all its examples
// R is nearly 0 and tells little. Models are trained by cross-entropy; those that will forget do as
// well as any.
//
// Unlike the published code: P is a sketch, which costs next to nothing and is the same on every
// device; a ridge in units of the data, not 0; moments and scores in float32 or better, whatever
// the backend's products round to. What to choose: docs/methods/trak.md.
//
// Cost: per checkpoint a forward and a backward pass for every example and target, 2 n k^2 + k^3 /
// 3 operations, the last on one thread of the host, and 2 k (k + n) for every target. Memory:
// effects twice, features of examples twice and of targets three times, each thread's gradients of
// a batch.
#pragma once

#include "expunge/attribution/effects.hpp"
#include "expunge/attribution/gradient_features.hpp"
#include "expunge/backend/cholesky.hpp"
#include "expunge/backend/vectors.hpp"
#include "expunge/core/progress.hpp"
#include "expunge/train/evaluate_margins.hpp"

namespace expunge {

/// What the features' second moments are weighted by.
enum class Curvature {
  logistic,  // p (1 - p): the loss's own, effects are changes of outputs
  identity,  // 1: TRAK as published, effects are scores
};

struct TrakConfig {
  SketchConfig sketch{};
  double lambda = 1;  // >= 0, of the ridge, in mean squared lengths of examples' weighted features
  Curvature curvature = Curvature::logistic;

  void validate() const {
    sketch.validate();
    require(lambda >= 0 && std::isfinite(lambda), "TrakConfig: lambda is ", lambda,
            ", not a number from 0");
  }
};

namespace detail {

/// x[i] *= p (1 - p) of example i, whose margin is log(p / (1 - p)).
template <class Real>
struct WeightByCurvature {
  MatrixView<const Real> margins;  // [1][examples]
  MatrixView<Real> x;
  EXPUNGE_HD void operator()(Index i, Index, Index j) const {
    const Real odds = std::exp(-std::abs(margins(0, i)));
    x(i, j) *= odds / ((Real(1) + odds) * (Real(1) + odds));
  }
};

template <class Real>
struct AddToDiagonal {
  MatrixView<Real> a;
  Real by;
  EXPUNGE_HD void operator()(Index i) const { a(i, i) += by; }
};

/// One checkpoint after the other adds phi(z) A^-1 phi(x) for all examples z and targets x.
template <class Model, class B, class F>
class TrakScores {
  using Real = typename B::Real;
  using Exact = typename B::Exact;

 public:
  static constexpr Index outputs = F::outputs(Model::classes);  // per point

  TrakScores(B& backend, const TrakConfig& config, DatasetView examples, DatasetView points)
      : exact_(backend),
        config_(config),
        examples_(examples),
        points_(points),
        targets_(points.size() * outputs),
        of_examples_(backend.template allocate<Real>(examples.size() * k())),
        of_targets_(backend.template allocate<Real>(targets_ * k())),
        turned_(backend.template allocate<Real>(targets_ * k())),
        covariance_(backend.template allocate<Real>(k() * k())),
        scores_(backend.template allocate<Real>(examples.size() * targets_)) {}

  Index targets() const { return targets_; }
  MatrixView<const Real> scores() const { return {scores_.data(), examples_.size(), targets_}; }

  /// `margins` [1][n]: the checkpoint's, of the examples.
  void add_checkpoint(B& backend, Weights<Real> weights, MatrixView<const Real> margins,
                      Index number, const F& f) {
    const MatrixView<Real> z(of_examples_.data(), examples_.size(), k());
    const MatrixView<Real> x(of_targets_.data(), targets_, k());
    gradient_features<Model>(backend, config_.sketch, number, weights, examples_, Margin{}, z);
    gradient_features<Model>(backend, config_.sketch, number, weights, points_, f, x);
    factorise(exact_, z, margins, number);
    solve(exact_, x);
    const TensorView<const Real> turned(turned_.data(), 1, k(), targets_);
    for_each_block(exact_, z.rows, [&](Exact& worker, Index first, Index rows) {
      gemm(worker, Op::none, Op::none, 1,
           shared(MatrixView<const Real>(z.row_range(first, rows)), 1), turned, 1,
           TensorView<Real>(scores_.data() + first * targets_, 1, rows, targets_));
    });
  }

 private:
  Index k() const { return config_.sketch.dimensions; }
  TensorView<Real> covariance() const { return {covariance_.data(), 1, k(), k()}; }

  /// f(worker, first, rows): on the host for blocks of 256 rows, whose sums depend on their extent,
  /// on a GPU for all.
  template <class Block>
  static void for_each_block(Exact& backend, Index rows, const Block& f) {
    constexpr Index block = 256;
    if constexpr (B::lockstep_members > 0) {
      f(backend, Index{0}, rows);
    } else {
      for_each_cohort(backend, (rows + block - 1) / block, 0,
                      [&](Exact& worker, Index first, Index count) {
                        for (Index b = first; b < first + count; ++b)
                          f(worker, b * block, std::min(block, rows - b * block));
                      });
    }
  }

  /// The Cholesky factor of Phi' R Phi with its ridge.
  void factorise(Exact& backend, MatrixView<const Real> z, MatrixView<const Real> margins,
                 Index number) {
    const TensorView<Real> a = covariance();
    const auto there = resident(backend, margins);
    for_each_block(backend, k(), [&](Exact& worker, Index first, Index columns) {
      const auto memory = worker.template allocate<Real>(z.rows * columns);
      const MatrixView<Real> part(memory.data(), z.rows, columns);
      copy_rows(worker, z.columns(first, columns), part);
      if (config_.curvature == Curvature::logistic)
        for_each_element(worker, z.rows, 1, columns, WeightByCurvature<Real>{there, part});
      gemm(worker, Op::transpose, Op::none, 1, shared(MatrixView<const Real>(part), 1),
           shared(z, 1), 0, TensorView<Real>(a.data + first * k(), 1, columns, k()));
    });
    const double trace =
        static_cast<double>(k()) * mean_diagonal(backend, TensorView<const Real>(a))[0];
    require(std::isfinite(trace), "trak: the gradients of checkpoint ", number, " are not finite");
    require(
        trace > 0, "trak: the gradients of checkpoint ", number, " are all zero",
        config_.curvature == Curvature::logistic
            ? " when weighted by p (1 - p): is it sure of every example? See Curvature::identity"
            : "");
    const double ridge = config_.lambda * trace / static_cast<double>(z.rows);
    for_each_index(backend, k(), AddToDiagonal<Real>{a[0], static_cast<Real>(ridge)});
    require(cholesky(backend, a)[0] != 0, "trak: lambda ", config_.lambda, " is too small for ",
            k(), " dimensions of ", z.rows,
            " examples in this scalar type; take fewer dimensions, or a lambda near 1");
  }

  /// turned_ = A^-1 x'.
  void solve(Exact& backend, MatrixView<const Real> x) {
    const MatrixView<Real> turned(turned_.data(), k(), targets_);
    for_each_block(backend, targets_, [&](Exact& worker, Index first, Index rows) {
      const auto memory = worker.template allocate<Real>(rows * k());
      const TensorView<Real> part(memory.data(), 1, k(), rows);
      for_each_element(worker, 1, k(), rows,
                       TransposeElements<Real>{shared(x.row_range(first, rows), 1), part});
      solve_cholesky(worker, TensorView<const Real>(covariance()), part);
      copy_rows(worker, MatrixView<const Real>(part[0]), turned.columns(first, rows));
    });
  }

  Exact exact_;  // moments and scores are never rounded to less than Real
  const TrakConfig& config_;
  DatasetView examples_, points_;
  Index targets_;
  typename B::template Buffer<Real> of_examples_;  // [n][k]
  typename B::template Buffer<Real> of_targets_;   // [targets][k]
  typename B::template Buffer<Real> turned_;       // [k][targets]
  typename B::template Buffer<Real> covariance_;   // [k][k]
  typename B::template Buffer<Real> scores_;       // [n][targets]
};

}  // namespace detail

/// Effects [examples][points * outputs] of training on each example, from checkpoints `models`; the
/// intercepts are 0, and so are the effects on a point that nothing moves. Throws
/// std::invalid_argument if an extent or a label does not fit, or lambda is too small. Memory: the
/// effects are held twice at the end, as the backend's sums and as what is returned: 2 examples
/// targets sizeof(Real) bytes, of which a GPU's half lies on the device.
template <class Model, class B, class F = Margin>
Effects<typename B::Real> trak(B& backend, const TrakConfig& config,
                               const Ensemble<Model, typename B::Real>& models,
                               DatasetView examples, DatasetView points, const F& f = {},
                               const Progress& progress = {}) {
  using Real = typename B::Real;
  config.validate();
  require(models.members() >= 1 && examples.size() >= 1 && points.size() >= 1,
          "trak: ", models.members(), " checkpoints, ", examples.size(), " examples and ",
          points.size(), " points, at least one of each is needed");
  for (const auto& [data, name] : {std::pair(examples, "example"), std::pair(points, "point")}) {
    require(data.inputs.cols == Model::Input::size, "trak: ", name, "s have ", data.inputs.cols,
            " features, the model takes ", Model::Input::size);
    check_labels("trak", data, Model::classes, name);
  }
  const Array<Real, 2> margins = evaluate_margins(backend, models, examples);
  for (Index m = 0; m < models.members(); ++m)
    for (Index i = 0; i < examples.size(); ++i)
      require(std::isfinite(margins(m, i)), "trak: checkpoint ", m, " gives example ", i,
              " a margin that is not finite: look at its weights and at the example's inputs");
  const typename B::ResidentScope scope(backend);
  for (const DatasetView& data : {examples, points}) {  // once for all checkpoints
    kept_inputs(backend, data.inputs);
    kept_labels(backend, data);
  }
  detail::TrakScores<Model, B, F> scores(backend, config, examples, points);
  CohortWeights<Model, B> weights(backend, 1);
  ProgressCounter counter(progress, models.members());
  for (Index m = 0; m < models.members(); ++m) {
    weights.load(backend, models, m);
    scores.add_checkpoint(backend, weights.view(), view(margins).row_range(m, 1), m, f);
    counter.add(1);
  }
  Effects<Real> effects = zero_effects<Real>(examples.size(), scores.targets());
  copy_rows(backend, scores.scores(), view(effects.weights));
  const double checkpoints = static_cast<double>(models.members());
  for (Index i = 0; i < examples.size(); ++i) {
    double unsure = 0;  // the mean of 1 - p
    for (Index m = 0; m < models.members(); ++m)
      unsure += 1 / (1 + std::exp(static_cast<double>(margins(m, i)))) / checkpoints;
    for (Index t = 0; t < effects.targets(); ++t) {
      effects.weights(i, t) *= static_cast<Real>(unsure / checkpoints);
      require(std::isfinite(effects.weights(i, t)), "trak: the effects on point ",
              t / scores.outputs, " are not finite: look at its inputs");
    }
  }
  return effects;
}

}  // namespace expunge
