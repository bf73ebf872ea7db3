// The epochs of one cohort: its memory, and the steps of a pass (descend.hpp runs the cohorts).
//
// All memory is allocated before the first step.
#pragma once

#include <algorithm>
#include <vector>

#include "expunge/core/parallel.hpp"
#include "expunge/data/dataset.hpp"
#include "expunge/train/descent_config.hpp"
#include "expunge/train/descent_report.hpp"
#include "expunge/train/ensemble.hpp"
#include "expunge/train/model_inputs.hpp"
#include "expunge/train/objective.hpp"
#include "expunge/train/optimizer.hpp"
#include "expunge/train/schedule.hpp"

namespace expunge::detail {

/// sums[m] += the losses of its minibatch, in their order.
template <class Real>
struct AddLosses {
  MatrixView<const Real> losses;  // [members][rows]
  MatrixView<double> sums;        // [members][1]
  EXPUNGE_HD void operator()(Index m, Index, Index) const {
    double sum = sums(m, 0);
    for (Index i = 0; i < losses.cols; ++i) sum += static_cast<double>(losses(m, i));
    sums(m, 0) = sum;
  }
};

struct TakeBatch {
  MatrixView<const Index> from;  // [members][rows]
  MatrixView<Index> to;
  EXPUNGE_HD void operator()(Index m, Index, Index i) const { to(m, i) = from(m, i); }
};

/// The most that a pass of a member's run asks for.
struct PassSizes {
  Index list = 0;       // examples of a pass
  Index minibatch = 1;  // examples of a step
};

/// Everything that one cohort needs for its run.
template <class Model, class B, class Objective, class Optimizer>
class CohortDescent {
  using Real = typename B::Real;

 public:
  CohortDescent(B& backend, const DescentConfig& config, DatasetView data,
                const Objective& objective, const Optimizer& optimizer, Index first, Index count,
                PassSizes most)
      : scope_(backend),
        config_(config),
        inputs_(kept_inputs(backend, data.inputs)),
        objective_(objective),
        optimizer_(optimizer),
        first_(first),
        count_(count),
        most_(most),
        workspace_(Model::workspace(backend, count, most.minibatch)),
        x_(backend.template allocate<Real>(count * x_stride())),
        dlogits_(backend.template allocate<Real>(count * logit_stride())),
        losses_(backend.template allocate<Real>(count * most.minibatch)),
        largest_(backend, count, most.minibatch),
        loss_sums_(backend.template allocate<double>(count)),
        drawn_(count * most.list),
        orders_(backend.template allocate<Index>(count * most.list)),
        batch_(backend.template allocate<Index>(count * most.minibatch)),
        gradient_(backend, count) {
    for (Index s = 0; s < Optimizer::slots; ++s) slots_.emplace_back(backend, count);
    for (const auto& slot : slots_) slot_views_.push_back(slot.theta());
  }

  template <class Schedule>
  void epoch(B& backend, const CohortWeights<Model, B>& weights, const Schedule& schedule,
             Index epoch, DescentReport& report) {
    const Index passes = objective_.passes(epoch);
    const bool last = epoch + 1 == config_.epochs_to_run();
    const MatrixView<double> sums(loss_sums_.data(), count_, 1);
    fill_zero(backend, sums);
    Index seen = 0, rows_at_end = 0;
    for (Index pass = 0; pass < passes; ++pass) {
      const Index n = draw_orders(backend, epoch, pass);
      const std::vector<Index> ends =
          batch_ends(n, objective_.batch_size(epoch, pass), config_.last_batch);
      recording_.restart(std::ssize(ends));
      for (std::size_t b = 0; b < ends.size(); ++b) {
        const double done = (static_cast<double>(pass) +
                             static_cast<double>(b) / static_cast<double>(ends.size())) /
                            static_cast<double>(passes);
        const Moment moment{
            epoch, config_.epochs,
            (static_cast<double>(epoch) + done) / static_cast<double>(config_.epochs)};
        const Index begin = b == 0 ? 0 : ends[b - 1], rows = ends[b] - begin;
        take_batch(backend, begin, rows);
        const auto learn = [&] { take_gradient(backend, weights, rows, epoch, pass, last); };
        if (rows == ends[0])
          repeat(backend, recording_, learn);
        else
          learn();
        optimizer_.step(backend, weights.theta(), MatrixView<const Real>(gradient_.theta()),
                        slot_views_.data(), config_.learning_rate * schedule(moment),
                        step_index_++);
        rows_at_end = rows;
      }
      seen += ends.empty() ? 0 : ends.back();
    }
    if (last) report_largest(backend, weights, rows_at_end, report);
    copy_rows(backend, MatrixView<const double>(sums),
              MatrixView<double>(report.losses.data() + first_, count_, 1));
    for (Index m = 0; m < count_; ++m) {
      report.losses[at(m)] /= static_cast<double>(std::max<Index>(seen, 1));
      report.samples[at(m)] += seen;
    }
  }

 private:
  std::size_t at(Index m) const { return static_cast<std::size_t>(first_ + m); }

  Index x_stride() const { return padded<Real>(most_.minibatch * Model::Input::size); }
  Index logit_stride() const { return padded<Real>(most_.minibatch * Model::classes); }

  /// Puts the shuffled examples of this pass into orders_, one list per member; all of one length,
  /// which is returned. Host threads share the members of a cohort.
  Index draw_orders(B& backend, Index epoch, Index pass) {
    std::vector<Index> lengths(static_cast<std::size_t>(count_));
    parallel_for(backend.threads(), count_, [&](int, Index m) {
      lengths[static_cast<std::size_t>(m)] = draw_order(m, epoch, pass);
    });
    for (Index m = 1; m < count_; ++m)
      require(lengths[static_cast<std::size_t>(m)] == lengths[0], "descend: members ", first_,
              " and ", first_ + m, " of one cohort see ", lengths[0], " and ",
              lengths[static_cast<std::size_t>(m)],
              " examples; use cohorts of one member, or subsets of one size");
    require(lengths[0] <= most_.list, "descend: a pass of ", lengths[0], " examples, room for ",
            most_.list);
    copy_rows(backend, MatrixView<const Index>(drawn_.data(), count_, lengths[0], most_.list),
              MatrixView<Index>(orders_.data(), count_, lengths[0], most_.list));
    return lengths[0];
  }

  /// Member m's shuffled examples, into drawn_ if it has room; how many.
  Index draw_order(Index m, Index epoch, Index pass) {
    std::vector<Index> order = objective_.examples(first_ + m, epoch, pass);
    const Index size = std::ssize(order);
    for (const Index i : order)
      require(i >= 0 && i < inputs_.rows, "descend: the objective lists example ", i, " of ",
              inputs_.rows);
    if (size > most_.list) return size;
    shuffle_for_epoch(config_.seed, config_.start_of(first_ + m), epoch, pass, order);
    std::copy_n(order.data(), size, drawn_.data() + m * most_.list);
    return size;
  }

  /// Copies the lists of a batch's examples, which begin at `begin`, to where every step finds
  /// them.
  void take_batch(B& backend, Index begin, Index rows) {
    require(rows <= most_.minibatch, "descend: a batch of ", rows, " examples, room for ",
            most_.minibatch);
    for_each_element(
        backend, count_, 1, rows,
        TakeBatch{MatrixView<const Index>(orders_.data() + begin, count_, rows, most_.list),
                  MatrixView<Index>(batch_.data(), count_, rows, most_.minibatch)});
  }

  /// The gradient of the examples in batch_, and their losses: the same work for every batch of a
  /// pass.
  void take_gradient(B& backend, const CohortWeights<Model, B>& weights, Index rows, Index epoch,
                     Index pass, bool last_epoch) {
    const MatrixView<const Index> examples(batch_.data(), count_, rows, most_.minibatch);
    const TensorView<Real> x(x_.data(), count_, rows, Model::Input::size, x_stride());
    take_inputs(backend, epoch, examples, x);

    const TensorView<Real> dlogits(dlogits_.data(), count_, rows, Model::classes, logit_stride());
    const MatrixView<Real> losses(losses_.data(), count_, rows, most_.minibatch);
    fill_zero(backend, dlogits.flat());
    fill_zero(backend, losses);
    const TensorView<const Real> logits =
        Model::forward(backend, weights.view(), x, workspace_, config_.mode);
    if (last_epoch) largest_.add(backend, logits);
    objective_(backend, Minibatch<Real>{logits, examples, dlogits, losses, first_, epoch, pass});
    for_each_element(backend, count_, 1, 1,
                     AddLosses<Real>{losses, MatrixView<double>(loss_sums_.data(), count_, 1)});
    Model::backward(backend, weights.view(), x, workspace_, dlogits, gradient_.theta());
    if constexpr (requires {
                    objective_.add_weight_gradient(backend, first_, weights.theta(),
                                                   gradient_.theta());
                  })
      objective_.add_weight_gradient(backend, first_, weights.theta(), gradient_.theta());
  }

  /// Each member's largest |logit| so far, the last minibatch's after the last step among them:
  /// that step may be what broke it. Eval mode leaves the statistics alone.
  void report_largest(B& backend, const CohortWeights<Model, B>& weights, Index rows,
                      DescentReport& report) {
    if (rows == 0) return;
    const TensorView<const Real> x(x_.data(), count_, rows, Model::Input::size, x_stride());
    largest_.add(backend, Model::forward(backend, weights.view(), x, workspace_, Mode::eval));
    const std::vector<double> largest = largest_.read(backend);
    std::copy(largest.begin(), largest.end(), report.largest_logit.begin() + first_);
  }

  void take_inputs(B& backend, Index epoch, MatrixView<const Index> examples, TensorView<Real> x) {
    if constexpr (is_image_shape<typename Model::Input>) {
      if (config_.augmentation.any())
        return augment_rows<typename Model::Input>(
            backend, {config_.augmentation, config_.seed, epoch, first_, config_.starts}, inputs_,
            examples, x);
    }
    gather_inputs(backend, inputs_, examples, x);
  }

  typename B::ResidentScope scope_;  // first: it outlives what is kept
  const DescentConfig& config_;
  InputsView inputs_;  // of the data set
  const Objective& objective_;
  const Optimizer& optimizer_;
  Index first_, count_;
  PassSizes most_;
  typename Model::template Workspace<B> workspace_;
  typename B::template Buffer<Real> x_, dlogits_, losses_;
  LargestLogits<B> largest_;
  typename B::template Buffer<double> loss_sums_;
  HostBuffer<Index> drawn_;                    // [members][most_.list]
  typename B::template Buffer<Index> orders_;  // the same, on the backend
  typename B::template Buffer<Index> batch_;   // [members][most_.minibatch]
  CohortWeights<Model, B> gradient_;
  std::vector<CohortWeights<Model, B>> slots_;
  std::vector<MatrixView<Real>> slot_views_;
  typename B::Recording recording_;
  Index step_index_ = 0;
};

template <class Objective>
PassSizes largest_pass(const Objective& objective, const DescentConfig& config, Index member) {
  PassSizes most;
  for (Index epoch = 0; epoch < config.epochs_to_run(); ++epoch)
    for (Index pass = 0; pass < objective.passes(epoch); ++pass) {
      const Index list = std::ssize(objective.examples(member, epoch, pass));
      most.list = std::max(most.list, list);
      most.minibatch =
          std::max(most.minibatch,
                   largest_batch(list, objective.batch_size(epoch, pass), config.last_batch));
    }
  return most;
}

}  // namespace expunge::detail
