// GD: fine-tune on the retain set and hope that the rest is forgotten.
//
//   minimise over theta, from theta0:   mean over R of CE(f_x(theta), y)
//
// Source: Attribute-to-Delete (arXiv 2410.23232), appendix on baselines.
#pragma once

#include "expunge/loss/cross_entropy.hpp"
#include "expunge/train/sgd.hpp"
#include "expunge/unlearning/unlearn.hpp"

namespace expunge {

/// One pass an epoch over a fixed list of examples with sign * loss against the labels.
template <class LossType>
struct LabelObjective {
  std::vector<Index> list;
  DatasetView data;
  LossType loss;
  Index batch;
  double sign = 1;  // -1 ascends

  Index passes(Index) const { return 1; }
  Index batch_size(Index, Index) const { return batch; }
  std::vector<Index> examples(Index, Index, Index) const { return list; }

  template <class B>
  void operator()(B& backend, const Minibatch<typename B::Real>& minibatch) const {
    add_loss(backend, loss, LabelTarget{kept_labels(backend, data)}, minibatch,
             static_cast<typename B::Real>(sign));
  }
};

template <class LossType = CrossEntropy>
struct GradientDescent {
  double learning_rate = 1e-3;  // published: 1e-3, 1e-4
  Index epochs = 3;             // published: 3 to 5
  Index batch = 64;
  Sgd sgd{.momentum = 0.9, .weight_decay = 5e-4};
  LossType loss = {};
  std::uint64_t seed = 0;

  void validate() const {
    descent().validate();
    require(batch >= 1, "GradientDescent: batch is ", batch, ", below 1");
  }
  DescentConfig descent() const {
    return {.learning_rate = learning_rate, .epochs = epochs, .seed = seed};
  }
  Sgd optimizer() const { return sgd; }
  ConstantRate schedule() const { return {}; }

  template <class Model, class Real>
  LabelObjective<LossType> objective(const Problem<Model, Real>& problem) const {
    static_assert(LabelsTeach<LossType, Model>::value);
    return {problem.retain, problem.data, loss, batch};
  }
};

}  // namespace expunge
