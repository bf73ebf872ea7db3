// Datamodels (Ilyas et al. 2022): linear models of a network's outputs in the mask of its training
// set, used as an attribution method. Leaving out F changes the outputs by minus the effects of F:
//
//   predicted_change(F)(x, o) = -sum_{i in F} beta_i(x, o)
#pragma once

#include <utility>
#include <vector>

#include "expunge/attribution/concepts.hpp"
#include "expunge/attribution/effects.hpp"
#include "expunge/core/check.hpp"
#include "expunge/core/progress.hpp"
#include "expunge/core/view.hpp"

namespace expunge {

template <class Real_>
class Datamodels {
 public:
  using Real = Real_;

  /// `effects` has points * outputs targets, the outputs of one point next to each other. Move them
  /// in: a copy holds examples * targets numbers twice.
  Datamodels(Effects<Real> effects, Index points, Index outputs)
      : effects_(std::move(effects)), points_(points), outputs_(outputs) {
    require(points * outputs == effects_.targets(), "Datamodels: ", points, " points of ", outputs,
            " outputs, effects of ", effects_.targets(), " targets");
  }

  Index points() const { return points_; }
  Index outputs() const { return outputs_; }
  Index examples() const { return effects_.examples(); }
  const Effects<Real>& effects() const { return effects_; }

  /// [points][outputs]: f_x of a model that never saw `forget` minus f_x of one that saw
  /// everything. Throws when an index is out of range. Cost: |forget| rows of weights.
  Array<Real, 2> predicted_change(const std::vector<Index>& forget) const {
    Array<Real, 2> change = make_array<Real>(points_, outputs_);
    change.fill(Real(0));
    for (const Index i : forget) {
      require(i >= 0 && i < examples(), "Datamodels::predicted_change: example ", i, " of ",
              examples());
      const Real* row = effects_.weights.data() + i * effects_.targets();
      for (Index t = 0; t < effects_.targets(); ++t) change.data()[t] -= row[t];
    }
    return change;
  }

 private:
  Effects<Real> effects_;
  Index points_;
  Index outputs_;
};

static_assert(Attribution<Datamodels<float>, float>);

/// Fits one linear model to each output of each point: outputs [models][points][k], one mask a
/// model.
template <class B, class E, TensorLike A>
Datamodels<typename B::Real> fit_datamodels(const B& backend, const E& estimator,
                                            const SubsetMasks& masks, const A& outputs,
                                            const Progress& progress = {}) {
  static_assert(Estimator<E, B>,
                "An Estimator must have fit(backend, masks, outputs, progress) that returns "
                "Effects<Backend::Real>; see docs/concepts.md#estimator");
  using T = typename A::value_type;
  const TensorView<const T> y = view(outputs);
  return {estimator.fit(backend, masks, y.flat(), progress), y.rows, y.features};
}

}  // namespace expunge
