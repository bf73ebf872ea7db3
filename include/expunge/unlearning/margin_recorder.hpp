// Margins of chosen points after every epoch of a run: trajectories for missing-target figures and
// for KLoM against compute.
//
// Source of the figure: Attribute-to-Delete (arXiv 2410.23232), figures 2, 5 and F.2.
#pragma once

#include <limits>
#include <vector>

#include "expunge/data/dataset.hpp"
#include "expunge/output/margin.hpp"
#include "expunge/train/descend.hpp"
#include "expunge/train/evaluate_logits.hpp"

namespace expunge {

/// An `after_epoch` of descend, train and unlearn. Remembers [epochs][members][points]; the points'
/// inputs and labels must outlive it. Each cohort writes its own rows, so no lock is needed.
template <class Model, class B>
class MarginRecorder {
  using Real = typename B::Real;

 public:
  MarginRecorder(Index epochs, Index members, DatasetView points)
      : points_(points), margins_(make_array<float>(epochs, members, points.size())) {
    check_labels("MarginRecorder", points, Model::classes);
    margins_.fill(std::numeric_limits<float>::quiet_NaN());
  }

  void operator()(B& worker, const EpochEnd<Real>& end) const {
    const Index count = end.weights.theta.rows;
    const TensorView<float> all = view(margins_);
    require(end.epoch < all.members && end.first_member + count <= all.rows,
            "MarginRecorder: epoch ", end.epoch, " of members up to ", end.first_member + count,
            ", made for ", all.members, " epochs of ", all.rows, " members");
    Evaluator<Model, B> evaluate(worker, count);
    evaluate(worker, end.weights, points_, Margin{},
             TensorView<float>(all.row(end.epoch, end.first_member), count, points_.size(), 1));
  }

  /// [epochs][members][points], epoch 0 being the end of the first epoch. NaN until written.
  const Array<float, 3>& margins() const { return margins_; }

 private:
  DatasetView points_;
  mutable Array<float, 3> margins_;
};

}  // namespace expunge
