// GDA: in the first epochs an ascent pass over the forget set, then in every epoch a descent pass
// over the retain set; one optimiser for both.
//
// Source: Attribute-to-Delete (arXiv 2410.23232), appendix on baselines; rates 5e-5 .. 5e-3, epochs
// 5, 7, 10, ascent epochs 3, 5, forget batch 32 or 64.
#pragma once

#include "expunge/unlearning/gradient_descent.hpp"

namespace expunge {

template <class LossType>
struct AscentDescentObjective {
  std::vector<Index> forget, retain;
  DatasetView data;
  LossType loss;
  Index forget_batch, retain_batch, ascent_epochs;

  bool ascends(Index epoch, Index pass) const { return epoch < ascent_epochs && pass == 0; }

  Index passes(Index epoch) const { return epoch < ascent_epochs ? 2 : 1; }
  Index batch_size(Index epoch, Index pass) const {
    return ascends(epoch, pass) ? forget_batch : retain_batch;
  }
  std::vector<Index> examples(Index, Index epoch, Index pass) const {
    return ascends(epoch, pass) ? forget : retain;
  }
  template <class B>
  void operator()(B& backend, const Minibatch<typename B::Real>& minibatch) const {
    const int sign = ascends(minibatch.epoch, minibatch.pass) ? -1 : 1;
    add_loss(backend, loss, LabelTarget{kept_labels(backend, data)}, minibatch,
             static_cast<typename B::Real>(sign));
  }
};

template <class LossType = CrossEntropy>
struct AscentDescent {
  double learning_rate = 5e-4;
  Index epochs = 5;
  Index ascent_epochs = 3;
  Index forget_batch = 32;
  Index retain_batch = 64;
  Sgd sgd{.momentum = 0.9, .weight_decay = 5e-4};
  LossType loss = {};
  std::uint64_t seed = 0;

  void validate() const {
    descent().validate();
    require(forget_batch >= 1, "AscentDescent: forget_batch is ", forget_batch, ", below 1");
    require(retain_batch >= 1, "AscentDescent: retain_batch is ", retain_batch, ", below 1");
    require(ascent_epochs >= 0 && ascent_epochs <= epochs, "AscentDescent: ascent_epochs is ",
            ascent_epochs, ", not in 0 .. ", epochs);
  }
  DescentConfig descent() const {
    return {.learning_rate = learning_rate, .epochs = epochs, .seed = seed};
  }
  Sgd optimizer() const { return sgd; }
  ConstantRate schedule() const { return {}; }

  template <class Model, class Real>
  AscentDescentObjective<LossType> objective(const Problem<Model, Real>& problem) const {
    static_assert(LabelsTeach<LossType, Model>::value);
    return {problem.forget, problem.retain, problem.data, loss,
            forget_batch,   retain_batch,   ascent_epochs};
  }
};

}  // namespace expunge
