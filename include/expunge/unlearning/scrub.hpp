// SCRUB (Kurmanji et al. 2023): a student leaves its teacher on the forget set and stays on the
// rest.
//
//   epochs 0 .. max_steps - 1, first a pass over F:   minimise - KL_T(teacher || student)
//
//   every epoch, a pass over R:   minimise gamma CE + alpha KL_T(teacher || student)
//
// At the first forget step student and teacher agree, so its gradient is zero but for weight decay:
// the method needs a retain pass, or decay, to begin to move.
//
// The teacher is theta0, its logits computed once and frozen. The rate falls by `decay` at each
// epoch of `decay_epochs`.
//
// Defaults: the settings of Attribute-to-Delete (arXiv 2410.23232), appendix on baselines.
#pragma once

#include <cmath>

#include "expunge/loss/distillation.hpp"
#include "expunge/unlearning/gradient_descent.hpp"

namespace expunge {

template <class LossType, class Real>
struct ScrubObjective {
  std::vector<Index> forget, retain;
  DatasetView data;
  TensorView<const Real> teacher;  // f_x(theta0) [members][n][k]
  LossType loss;
  Distillation distillation;
  double gamma, alpha;
  Index forget_batch, retain_batch, max_steps;

  bool forgets(Index epoch, Index pass) const { return epoch < max_steps && pass == 0; }

  Index passes(Index epoch) const { return epoch < max_steps ? 2 : 1; }
  Index batch_size(Index epoch, Index pass) const {
    return forgets(epoch, pass) ? forget_batch : retain_batch;
  }
  std::vector<Index> examples(Index, Index epoch, Index pass) const {
    return forgets(epoch, pass) ? forget : retain;
  }
  template <class B>
  void operator()(B& backend, const Minibatch<Real>& minibatch) const {
    const VectorTarget<Real> target{kept(backend, teacher)};
    if (forgets(minibatch.epoch, minibatch.pass)) {
      add_loss(backend, distillation, target, minibatch, -1);
      return;
    }
    add_loss(backend, loss, LabelTarget{kept_labels(backend, data)}, minibatch,
             static_cast<Real>(gamma));
    add_loss(backend, distillation, target, minibatch, static_cast<Real>(alpha));
  }
};

template <class LossType = CrossEntropy>
struct Scrub {
  double learning_rate = 0.01;
  Index epochs = 10;
  Index max_steps = 3;  // epochs with a forget pass
  double gamma = 0.99;  // weight of the loss on R
  double alpha = 0.1;   // weight of the distillation on R
  Distillation distillation{.temperature = 4};
  Index forget_batch = 32;
  Index retain_batch = 64;
  std::vector<Index> decay_epochs = {3, 5, 9};
  double decay = 0.1;
  Sgd sgd{.momentum = 0.9, .weight_decay = 5e-4};
  LossType loss = {};
  std::uint64_t seed = 0;

  void validate() const {
    descent().validate();
    require(forget_batch >= 1, "Scrub: forget_batch is ", forget_batch, ", below 1");
    require(retain_batch >= 1, "Scrub: retain_batch is ", retain_batch, ", below 1");
    distillation.validate();
    require(max_steps >= 0 && max_steps <= epochs, "Scrub: max_steps is ", max_steps,
            ", not in 0 .. ", epochs);
    require(decay > 0 && std::isfinite(decay), "Scrub: decay is ", decay,
            ", not positive and finite");
    require(std::isfinite(gamma) && std::isfinite(alpha), "Scrub: gamma is ", gamma, ", alpha is ",
            alpha, "; both must be finite");
    require(gamma >= 0 && alpha >= 0, "Scrub: gamma is ", gamma, ", alpha is ", alpha,
            "; neither may be negative");
  }
  DescentConfig descent() const {
    return {.learning_rate = learning_rate, .epochs = epochs, .seed = seed};
  }
  Sgd optimizer() const { return sgd; }
  StepRate schedule() const { return {decay_epochs, decay}; }

  template <class Model, class Real>
  ScrubObjective<LossType, Real> objective(const Problem<Model, Real>& problem) const {
    static_assert(LabelsTeach<LossType, Model>::value);
    return {problem.forget, problem.retain, problem.data, problem.logits, loss,     distillation,
            gamma,          alpha,          forget_batch, retain_batch,   max_steps};
  }
};

}  // namespace expunge
