// GA: climb the loss on the forget set.
//
//   maximise over theta, from theta0:   mean over F of CE(f_x(theta), y)
//
// Nothing bounds the climb: too large a rate or too many epochs end in weights that are no numbers.
// The report says so (DescentReport::finite), and KLoM then gives its worst score.
//
// Source: Attribute-to-Delete (arXiv 2410.23232), appendix on baselines; grid of rates 1e-5 ..
// 5e-2, epochs 1 .. 10, forget batch 32 or 64.
#pragma once

#include "expunge/unlearning/gradient_descent.hpp"

namespace expunge {

template <class LossType = CrossEntropy>
struct GradientAscent {
  double learning_rate = 1e-3;
  Index epochs = 1;
  Index batch = 32;
  Sgd sgd{.momentum = 0.9, .weight_decay = 5e-4};
  LossType loss = {};
  std::uint64_t seed = 0;

  void validate() const {
    descent().validate();
    require(batch >= 1, "GradientAscent: batch is ", batch, ", below 1");
  }
  DescentConfig descent() const {
    return {.learning_rate = learning_rate, .epochs = epochs, .seed = seed};
  }
  Sgd optimizer() const { return sgd; }
  ConstantRate schedule() const { return {}; }

  template <class Model, class Real>
  LabelObjective<LossType> objective(const Problem<Model, Real>& problem) const {
    static_assert(LabelsTeach<LossType, Model>::value);
    return {problem.forget, problem.data, loss, batch, -1};
  }
};

}  // namespace expunge
