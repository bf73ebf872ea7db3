// The targets of a LASSO on a backend that solves many side by side: outputs in, correlations and a
// LockstepDescent out, for as many targets at a time as the backend's memory holds.
//
//   outputs       [models][targets]     read once, centred and scaled on the backend
//   correlations  X~'y / m              [targets][examples], by mask_products.hpp, never rounded to
//                                       less than the scalar type
//
// The Gram matrix is copied to the backend once, and stays.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "expunge/attribution/lockstep_descent.hpp"
#include "expunge/attribution/mask_products.hpp"
#include "expunge/attribution/outputs.hpp"
#include "expunge/core/parallel.hpp"

namespace expunge {

/// Half precision is widened.
template <class T>
using WideOutput = std::conditional_t<std::is_same_v<T, double>, double, float>;

/// Outputs minus their mean over the models, in units of their scale, as TargetBlock has them:
/// first minus the output of model 0, so that nothing is lost where the mean is large beside the
/// spread. A constant target becomes exactly 0.
template <class Wide, class Real>
struct CentreTarget {
  MatrixView<const Wide> outputs;  // [models][targets]
  MatrixView<Real> centred;
  MatrixView<double> moments;  // [3][targets]  mean, population standard deviation, scale
  EXPUNGE_HD void operator()(Index t) const {
    const Index models = outputs.rows;
    const double reference = static_cast<double>(outputs(0, t));
    double sum = 0, largest = 0, squares = 0;
    for (Index m = 0; m < models; ++m) {
      const double difference = static_cast<double>(outputs(m, t)) - reference;
      sum += difference;
      if (std::abs(difference) > largest) largest = std::abs(difference);
    }
    const double mean = sum / static_cast<double>(models), scale = detail::output_scale(largest);
    for (Index m = 0; m < models; ++m) {
      const double y = (static_cast<double>(outputs(m, t)) - reference - mean) / scale;
      squares += y * y;
      centred(m, t) = static_cast<Real>(y);
    }
    moments(0, t) = reference + mean;
    moments(1, t) = scale * std::sqrt(squares / static_cast<double>(models));
    moments(2, t) = scale;
  }
};

/// Sums of centred outputs to correlations with standardised columns.
template <class Real>
struct ScaleSums {
  MatrixView<const double> inverse_sd;  // [1][examples]
  double models;
  MatrixView<Real> sums;  // [targets][examples]
  EXPUNGE_HD void operator()(Index t, Index, Index j) const {
    sums(t, j) = static_cast<Real>(static_cast<double>(sums(t, j)) * (inverse_sd(0, j) / models));
  }
};

namespace detail {

/// The working set of one target and its weights, as CoordinateDescent shows them.
template <class Real>
class LockstepSolution {
 public:
  LockstepSolution(Index size, const std::int32_t* members, const Real* weights, Index stride)
      : weights_(weights), stride_(stride) {
    for (Index a = 0; a < size; ++a) members_.push_back(members[a * stride]);
  }
  const std::vector<Index>& members() const { return members_; }
  Real weight(Index a) const { return weights_[a * stride_]; }

 private:
  std::vector<Index> members_;
  const Real* weights_;
  Index stride_;
};

/// A block of targets, ready to be solved.
template <class B>
class LockstepBlock {
  using Real = typename B::Real;

 public:
  template <class T>
  LockstepBlock(const B& backend, const MaskProducts<B>& products, const MaskColumns& columns,
                MatrixView<const Real> gram, MatrixView<const T> outputs, Index first,
                Index most_members)
      : backend_(backend),
        first_(first),
        count_(outputs.cols),
        examples_(gram.rows),
        correlations_(backend.template allocate<Real>(count_ * gram.rows)),
        moments_(3 * count_) {
    correlate(products, columns, outputs);
    solver_ = std::make_unique<LockstepDescent<B>>(backend, gram, correlations(), most_members);
  }

  const B& backend() const { return backend_; }
  Index first() const { return first_; }
  Index count() const { return count_; }
  double mean(Index t) const { return moments_.data()[t]; }
  MatrixView<const double> means() const { return {moments_.data(), 1, count_}; }
  double sd(Index t) const { return moments_.data()[count_ + t]; }
  /// The unit of correlations, weights and penalties of a target, a power of two.
  double scale(Index t) const { return moments_.data()[2 * count_ + t]; }
  MatrixView<const double> scales() const { return {moments_.data() + 2 * count_, 1, count_}; }
  LockstepDescent<B>& solver() const { return *solver_; }

  /// f(work of a thread, t) for the targets that outgrew their room, with the target's correlations
  /// in work.correlations; on as many threads as there is work.
  template <class Work, class F>
  void for_each_outgrown(std::vector<Work>& work, const F& f) const {
    std::vector<Index> left;
    for (Index t = 0; t < count_; ++t)
      if (solver_->outgrown(t)) left.push_back(t);
    const Index threads = std::ssize(work);
    for (Index first = 0; first < std::ssize(left); first += threads) {
      const Index count = std::min(threads, std::ssize(left) - first);
      const auto target = [&](Index i) { return left[static_cast<std::size_t>(first + i)]; };
      for (Index i = 0; i < count; ++i)  // a backend belongs to one thread
        work[static_cast<std::size_t>(i)].correlations = correlations_of(target(i));
      parallel_for(static_cast<int>(threads), count,
                   [&](int, Index i) { f(work[static_cast<std::size_t>(i)], target(i)); });
    }
  }

  /// Brings all working sets to the host; `solution` shows them.
  void fetch() {
    const WorkingSets<Real> sets = solver_->sets();
    sizes_ = on_host(sets.sizes, 1);
    const Index largest = *std::max_element(sizes_.begin(), sizes_.end());
    members_ = on_host(sets.members, largest);
    weights_ = on_host(sets.weights, largest);
  }
  LockstepSolution<Real> solution(Index t) const {
    return {sizes_[static_cast<std::size_t>(t)], members_.data() + t, weights_.data() + t, count_};
  }

 private:
  MatrixView<const Real> correlations() const { return {correlations_.data(), count_, examples_}; }

  /// One target's correlations, on the host.
  std::vector<Real> correlations_of(Index t) const {
    std::vector<Real> numbers(static_cast<std::size_t>(correlations().cols));
    copy_rows(backend_, correlations().row_range(t, 1),
              MatrixView<Real>(numbers.data(), 1, correlations().cols));
    return numbers;
  }

  template <class T>
  std::vector<T> on_host(const T* from, Index rows) const {
    std::vector<T> numbers(static_cast<std::size_t>(rows * count_));
    copy_rows(backend_, MatrixView<const T>(from, rows, count_),
              MatrixView<T>(numbers.data(), rows, count_));
    return numbers;
  }

  template <class T>
  void correlate(const MaskProducts<B>& products, const MaskColumns& columns,
                 MatrixView<const T> outputs) {
    using Wide = WideOutput<T>;
    const Index models = outputs.rows, n = columns.examples();
    const auto wide = backend_.template allocate<Wide>(models * count_);
    const auto real = backend_.template allocate<Real>(models * count_);
    const auto moments = backend_.template allocate<double>(3 * count_);
    const MatrixView<Wide> there(wide.data(), models, count_);
    const MatrixView<Real> centred(real.data(), models, count_);
    copy_rows(backend_, outputs, there);
    for_each_index(
        backend_, count_,
        CentreTarget<Wide, Real>{there, centred, MatrixView<double>(moments.data(), 3, count_)});
    copy_rows(backend_, MatrixView<const double>(moments.data(), 3, count_),
              MatrixView<double>(moments_.data(), 3, count_));
    const MatrixView<Real> sums(correlations_.data(), count_, n);
    products.sums(backend_, centred, sums);
    for_each_element(backend_, count_, 1, n,
                     ScaleSums<Real>{resident(backend_, columns.inverse_sds()),
                                     static_cast<double>(models), sums});
  }

  const B& backend_;
  Index first_, count_, examples_;
  typename B::template Buffer<Real> correlations_;
  HostBuffer<double> moments_;  // [3][targets]
  std::unique_ptr<LockstepDescent<B>> solver_;
  std::vector<std::int32_t> sizes_, members_;
  std::vector<Real> weights_;
};

}  // namespace detail

/// What all targets share. `columns` and the Gram matrix of the host must outlive this.
template <class Backend>
class LockstepRegression {
 public:
  using B = typename Backend::Exact;  // outputs are never rounded
  using Real = typename B::Real;

  LockstepRegression(const Backend& backend, const MaskColumns& columns,
                     MatrixView<const Real> gram)
      : backend_(backend),
        columns_(columns),
        gram_(resident(backend_, gram)),
        products_(backend_, columns) {}

  /// f(block) for all targets of outputs [models][targets], one block after the other; `at_once`
  /// targets in each, 0 = as many as the memory holds. Outputs are finite.
  template <class T, class F>
  void for_each_block(MatrixView<const T> outputs, const F& f, Index at_once = 0) {
    constexpr Index most_members = Backend::lockstep_members;
    const Index n = columns_.examples(), targets = outputs.cols;
    const std::size_t bytes =
        LockstepDescent<B>::bytes(n, std::min(most_members, n)) +
        static_cast<std::size_t>(outputs.rows) * (sizeof(Real) + sizeof(WideOutput<T>));
    const Index room = static_cast<Index>(backend_.room() / bytes);
    const Index width =
        std::clamp<Index>(at_once > 0 ? at_once : room, 1, std::max<Index>(targets, 1));
    for (Index first = 0; first < targets; first += width) {
      detail::LockstepBlock<B> block(backend_, products_, columns_, gram_,
                                     outputs.columns(first, std::min(width, targets - first)),
                                     first, most_members);
      f(block);
    }
  }

 private:
  B backend_;
  const MaskColumns& columns_;
  typename B::template Resident<Real> gram_;
  MaskProducts<B> products_;
};

}  // namespace expunge
