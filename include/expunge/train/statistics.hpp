// Running statistics of batch norm: estimated anew from data, or held still while fine-tuning.
//
//   running mean, running variance <- mean over the batches of the batch's mean and variance
//
// with all batches in train mode, in ascending order of the examples, each with the same weight,
// and the variance of a batch divided by n - 1: what PyTorch's BatchNorm2d(momentum=None) does (its
// "cumulative moving average"). While a network trains, its running statistics trail behind its
// weights; after fine-tuning on a forget set they also hold that set's images. Estimating them anew
// on the retain set costs one forward pass over it (Wu and Johnson 2021, "PreciseBN", section 3).
//
// Unlike PyTorch's loader, a last batch of less than half the size joins the one before. Statistics
// that are no running mean or variance (the state of dropout) are put back as they were. Which are
// which the model's table of tensors says (nn/named_tensors.hpp). A list that is sorted by class
// gives batches of one class: shuffle the data first.
//
//   theta [members][p] is read, stats [members][s] are written
//
// Cost: one forward pass over the examples. Sums are in double; the result depends neither on
// threads nor on cohorts.
#pragma once

#include "expunge/data/subset_masks.hpp"
#include "expunge/nn/named_tensors.hpp"
#include "expunge/train/descend.hpp"

namespace expunge {

/// Positions of the running means and variances of batch norm in a member's row of statistics.
template <class Model>
std::vector<Index> batch_norm_statistics() {
  std::vector<Index> positions;
  for (const NamedTensor& tensor : tensors_of<Model>()) {
    if (tensor.holds != Holds::running_mean && tensor.holds != Holds::running_variance) continue;
    for (Index i = 0; i < tensor.size(); ++i) positions.push_back(tensor.offset + i);
  }
  return positions;
}

/// What the functors below work on.
template <class Real>
struct BatchNormStatistics {
  MatrixView<Real> stats;             // [members][statistics]
  MatrixView<const Index> positions;  // [1][means and variances]
  MatrixView<double> sums;            // [members][means and variances]
};

template <class Real>
struct ClearStatistics {
  BatchNormStatistics<Real> of;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    of.stats(m, of.positions(0, j)) = Real(0);
  }
};

/// From 0, one pass in train mode leaves momentum times the batch's own.
template <class Real>
struct AddBatchStatistics {
  BatchNormStatistics<Real> of;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    of.sums(m, j) += static_cast<double>(of.stats(m, of.positions(0, j)));
  }
};

template <class Real>
struct WriteAverageStatistics {
  BatchNormStatistics<Real> of;
  double share;  // 1 / (momentum * batches)
  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    of.stats(m, of.positions(0, j)) = static_cast<Real>(share * of.sums(m, j));
  }
};

namespace detail {

/// The passes of one cohort: lists [members] of examples, all of one length.
template <class Model, class B>
void reestimate_cohort(B& backend, const InputsView& inputs,
                       const std::vector<std::vector<Index>>& lists, Index batch,
                       Weights<typename B::Real> weights, MatrixView<const Index> positions) {
  using Real = typename B::Real;
  const typename B::ResidentScope scope(backend);
  const InputsView examples = kept_inputs(backend, inputs);
  const Index members = weights.theta.rows, n = static_cast<Index>(lists[0].size());
  const std::vector<Index> ends = batch_ends(n, batch, LastBatch::merge);
  const Index most = largest_batch(n, batch, LastBatch::merge);
  const Index stride = padded<Real>(most * Model::Input::size);
  auto space = Model::workspace(backend, members, most);
  auto x_memory = backend.template allocate<Real>(members * stride);
  auto id_memory = backend.template allocate<Index>(members * n);
  auto sum_memory = backend.template allocate<double>(members * positions.cols);
  auto before = backend.template allocate<Real>(members * Model::statistics);
  const MatrixView<Real> saved(before.data(), members, Model::statistics);
  copy_rows(backend, MatrixView<const Real>(weights.stats), saved);
  const BatchNormStatistics<Real> of{
      weights.stats, positions, MatrixView<double>(sum_memory.data(), members, positions.cols)};
  for (Index m = 0; m < members; ++m)
    copy_rows(backend, MatrixView<const Index>(lists[static_cast<std::size_t>(m)].data(), 1, n),
              MatrixView<Index>(id_memory.data() + m * n, 1, n));
  for (std::size_t b = 0; b < ends.size(); ++b) {
    const Index first = b == 0 ? 0 : ends[b - 1], rows = ends[b] - first;
    const MatrixView<const Index> ids(id_memory.data() + first, members, rows, n);
    const TensorView<Real> x(x_memory.data(), members, rows, Model::Input::size, stride);
    gather_inputs(backend, examples, ids, x);
    for_each_element(backend, members, 1, positions.cols, ClearStatistics<Real>{of});
    Model::forward(backend, weights, x, space, Mode::train);
    for_each_element(backend, members, 1, positions.cols, AddBatchStatistics<Real>{of});
  }
  copy_rows(backend, MatrixView<const Real>(saved), weights.stats);
  const double momentum = static_cast<Real>(BatchNorm2d<Shape<1, 1, 1>>::momentum);
  for_each_element(
      backend, members, 1, positions.cols,
      WriteAverageStatistics<Real>{of, 1 / (momentum * static_cast<double>(ends.size()))});
}

/// Refuses an empty subset, and a cohort whose subsets differ in size.
inline void check_subsets(const SubsetMasks& masks, Index cohort) {
  for (Index m = 0; m < masks.models(); ++m) {
    const Index first = m - m % cohort, size = masks.size(m), others = masks.size(first);
    require(size > 0 && size == others, "reestimate_statistics: the subset of model ", m, " has ",
            size, " examples, that of model ", first, " ", others,
            "; none may be empty, and a cohort's have one size");
  }
}

}  // namespace detail

/// Running statistics of every member from the examples of its mask, in place; a batch has `batch`
/// examples. A model without batch norm stays as it is. Throws std::invalid_argument if an extent
/// does not fit, a subset is empty, or a cohort's subsets differ in size.
template <class Model, class B>
void reestimate_statistics(B& backend, Ensemble<Model, typename B::Real>& ensemble,
                           const InputsView& inputs, const SubsetMasks& masks, Index batch,
                           const Progress& progress = {}) {
  check_model_inputs<Model>("reestimate_statistics", inputs);
  require(masks.models() == ensemble.members() && masks.examples() == inputs.rows,
          "reestimate_statistics: masks of ", masks.models(), " models and ", masks.examples(),
          " examples, ", ensemble.members(), " members and ", inputs.rows, " examples");
  require(batch >= 1, "reestimate_statistics: batch is ", batch, ", below 1");
  check_finite_inputs(backend, "reestimate_statistics", inputs,
                      [&](Index i) { return is_used(masks, i); });
  const std::vector<Index> positions = batch_norm_statistics<Model>();
  if (positions.empty() || ensemble.members() == 0) return;
  const Index together = backend.cohort() > 0 ? backend.cohort() : ensemble.members();
  detail::check_subsets(masks, together);
  ProgressCounter counter(progress, ensemble.members());
  const typename B::ResidentScope scope(backend);
  kept_inputs(backend, inputs);  // once for all cohorts
  const std::size_t bytes =
      member_bytes<Model, B>(largest_batch(masks.size(0), batch, LastBatch::merge), 2);
  for_each_cohort(backend, ensemble.members(), bytes, [&](B& worker, Index first, Index count) {
    std::vector<std::vector<Index>> lists;
    for (Index m = first; m < first + count; ++m) lists.push_back(masks.members(m));
    CohortWeights<Model, B> weights(worker, count);
    weights.load(worker, ensemble, first);
    const MatrixView<const Index> host(positions.data(), 1, static_cast<Index>(positions.size()));
    detail::reestimate_cohort<Model>(worker, inputs, lists, batch, weights.view(),
                                     resident(worker, host));
    weights.store(worker, ensemble, first);
    counter.add(count);
  });
}

/// The same from all examples, for every member.
template <class Model, class B>
void reestimate_statistics(B& backend, Ensemble<Model, typename B::Real>& ensemble,
                           const InputsView& inputs, Index batch, const Progress& progress = {}) {
  reestimate_statistics(backend, ensemble, inputs, all_but(ensemble.members(), inputs.rows, {}),
                        batch, progress);
}

/// A fine-tuning method whose passes are all in eval mode: batch norm uses the running statistics
/// of theta0 and leaves them alone, dropout drops nothing.
///
///   unlearn(backend, FrozenStatistics{GradientDescent<>{}}, problem);
template <class Method>
struct FrozenStatistics {
  Method method;

  void validate() const { method.validate(); }
  DescentConfig descent() const {
    DescentConfig config = method.descent();
    config.mode = Mode::eval;
    return config;
  }
  auto optimizer() const { return method.optimizer(); }
  auto schedule() const { return method.schedule(); }
  template <class ProblemType>
  auto objective(const ProblemType& problem) const {
    return method.objective(problem);
  }
};
template <class Method>
FrozenStatistics(Method) -> FrozenStatistics<Method>;

}  // namespace expunge
