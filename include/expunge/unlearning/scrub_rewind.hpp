// SCRUB+R: SCRUB keeps the weights of every epoch; the member then goes back to the epoch whose
// error on the forget set is nearest to a reference error, epoch 0 (theta0) included.
//
// The reference is theta's error, at the last epoch (the last that did not diverge), on held-out
// points of the forget set's classes: what a model that never saw such points would get (Kurmanji
// et al. 2023, section 3.3).
//
// Memory: the weights of every epoch, since the reference is known after the last one only. That is
// (epochs + 1) members (parameters + statistics) sizeof(Real) bytes beside the problem's own: 8.8
// GB for ten epochs of a hundred members of two million floats.
#pragma once

#include <cmath>
#include <set>

#include "expunge/evaluation/accuracy.hpp"
#include "expunge/train/evaluate_logits.hpp"
#include "expunge/unlearning/scrub.hpp"

namespace expunge {

/// The share of rows whose largest logit is not the label's. NaN counts as an error.
template <class Real>
double error_rate(MatrixView<Real> logits, const std::vector<Label>& labels) {
  Index wrong = 0;
  for (Index i = 0; i < logits.rows; ++i)
    wrong += !is_right(logits.row(i), logits.cols, labels[static_cast<std::size_t>(i)]);
  return static_cast<double>(wrong) / static_cast<double>(std::max<Index>(logits.rows, 1));
}

/// Member m of `from` over that of `to`.
template <class Model, class Real>
void copy_member(const Ensemble<Model, Real>& from, Ensemble<Model, Real>& to, Index m) {
  std::copy_n(from.theta.data() + m * Model::parameters, Model::parameters,
              to.theta.data() + m * Model::parameters);
  std::copy_n(from.stats.data() + m * Model::statistics, Model::statistics,
              to.stats.data() + m * Model::statistics);
}

template <class Model, class Real>
struct Rewound {
  Unlearned<Model, Real> unlearned;
  std::vector<Index> epoch;  // [members]  how many epochs of SCRUB the member kept, 0 = theta0
  Index diverged_runs =
      0;  // members whose run of SCRUB diverged (DescentReport::diverged); they went
          // back to a sound epoch, so `unlearned` does not show them
};

namespace detail {

/// The rows of `data` whose label occurs among the forget set's.
template <class Model, class Real>
Dataset rows_of_forgotten_classes(const Problem<Model, Real>& problem, DatasetView data) {
  std::set<Label> classes;
  for (const Index i : problem.forget) classes.insert(problem.data.labels[i]);
  std::vector<Index> rows;
  for (Index i = 0; i < data.size(); ++i)
    if (classes.contains(data.labels[i])) rows.push_back(i);
  require(!rows.empty(), "scrub_rewind: no validation point has a class of the forget set");
  return select_rows(data, rows);
}

/// What the forget set's logits of one epoch say of each member.
struct ForgetErrors {
  std::vector<double> error;  // [members]  share of the forget set that is wrong
  std::vector<char> sound;    // [members]  0: weights that are no numbers, or logits that ran away
};

/// `usual`: the largest |logit| of a starting model.
template <class Model, class Real>
ForgetErrors forget_errors(const Ensemble<Model, Real>& models, TensorView<const Real> logits,
                           const std::vector<Label>& labels, double usual) {
  ForgetErrors result;
  const std::vector<double> largest = largest_logits(logits);
  for (Index m = 0; m < logits.members; ++m) {
    const bool ran = ran_away(largest[static_cast<std::size_t>(m)], usual);
    result.sound.push_back(is_finite(models, m) && !ran ? 1 : 0);
    result.error.push_back(error_rate(logits[m], labels));
  }
  return result;
}

/// The weights of every epoch: number 0 is theta0, which stays where it is.
template <class Model, class Real>
class KeptEpochs {
 public:
  KeptEpochs(const Ensemble<Model, Real>& theta0, Index epochs)
      : theta0_(theta0), later_(static_cast<std::size_t>(epochs), theta0) {}

  std::size_t size() const { return later_.size() + 1; }
  const Ensemble<Model, Real>& operator[](std::size_t epoch) const {
    return epoch == 0 ? theta0_ : later_[epoch - 1];
  }
  /// After so many epochs, at least 1.
  Ensemble<Model, Real>& after(Index epochs) {
    return later_[static_cast<std::size_t>(epochs - 1)];
  }

 private:
  const Ensemble<Model, Real>& theta0_;
  std::vector<Ensemble<Model, Real>> later_;
};

/// Every member of `models` as it was after its last sound epoch, or at theta0.
template <class Model, class Real>
void take_last_sound(const KeptEpochs<Model, Real>& kept, const std::vector<ForgetErrors>& errors,
                     Ensemble<Model, Real>& models) {
  for (Index m = 0; m < models.members(); ++m) {
    std::size_t epoch = kept.size() - 1;
    while (epoch > 0 && errors[epoch].sound[static_cast<std::size_t>(m)] == 0) --epoch;
    copy_member(kept[epoch], models, m);
  }
}

}  // namespace detail

/// SCRUB with rewinding. `validation` are held-out examples. Throws std::invalid_argument if none
/// of them has a class of the forget set. Memory: (epochs + 1) members (parameters + statistics)
/// sizeof(Real) bytes beside the problem's own; where that is too much, unlearn fewer members at a
/// time.
template <class Model, class B, class LossType>
Rewound<Model, typename B::Real> scrub_rewind(B& backend, const Scrub<LossType>& method,
                                              const Problem<Model, typename B::Real>& problem,
                                              DatasetView validation,
                                              const Progress& progress = {}) {
  using Real = typename B::Real;
  method.validate();
  const Dataset reference = detail::rows_of_forgotten_classes(problem, validation);
  const Index members = problem.models.members();

  detail::KeptEpochs<Model, Real> kept(problem.models, method.epochs);
  const auto keep = [&](B& worker, const EpochEnd<Real>& end) {
    Ensemble<Model, Real>& now = kept.after(end.epoch + 1);
    const Index count = end.weights.theta.rows;
    copy_rows(worker, end.weights.theta, view(now.theta).row_range(end.first_member, count));
    copy_rows(worker, MatrixView<const Real>(end.weights.stats),
              view(now.stats).row_range(end.first_member, count));
  };
  Rewound<Model, Real> result{unlearn(backend, method, problem, keep, progress),
                              std::vector<Index>(static_cast<std::size_t>(members))};

  result.diverged_runs = result.unlearned.report.diverged();

  const Dataset forget = forget_examples(problem);
  const double usual = usual_logit(largest_logits(backend, problem.logits));
  std::vector<detail::ForgetErrors> errors;
  for (std::size_t epoch = 0; epoch < kept.size(); ++epoch) {
    const Array<Real, 3> logits = evaluate_logits<Real>(backend, kept[epoch], view(forget.inputs));
    errors.push_back(detail::forget_errors(kept[epoch], TensorView<const Real>(view(logits)),
                                           forget.labels, usual));
  }
  Ensemble<Model, Real>& models = result.unlearned.models;
  detail::take_last_sound(kept, errors, models);
  const Array<Real, 3> at_reference =
      evaluate_logits<Real>(backend, models, view(reference.inputs));
  for (Index m = 0; m < members; ++m) {
    const auto at = static_cast<std::size_t>(m);
    const double goal = error_rate(view(at_reference)[m], reference.labels);
    double nearest = 2;
    for (std::size_t epoch = 0; epoch < kept.size(); ++epoch) {
      const double gap = std::abs(errors[epoch].error[at] - goal);
      if (errors[epoch].sound[at] == 0 || gap >= nearest) continue;
      nearest = gap;
      result.epoch[at] = static_cast<Index>(epoch);
      result.unlearned.report.finite[at] = 1;
      result.unlearned.report.runaway[at] = 0;
    }
    copy_member(kept[static_cast<std::size_t>(result.epoch[at])], models, m);
  }
  return result;
}

}  // namespace expunge
