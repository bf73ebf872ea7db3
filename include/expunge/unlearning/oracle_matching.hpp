// Oracle Matching: fine-tune until f_x(theta) says what a model without F would say.
//
//   minimise over theta, from theta0:   mean over x in F u R' of  1/k |f_x(theta) - target(x)|^2
//                                       (+ distance_penalty |theta - theta0|^2)
//
// R' is a random sample of the retain set. Forget points are repeated `forget_multiple` times in
// the mix. The target is a type: OracleOutputs gives OM (algorithm A.1 of arXiv 2410.23232),
// DmDirect gives Datamodel Matching (algorithm A.3).
//
// Settings of the authors: Adam, default betas, rate x 0.95 after every epoch, batch 512.
//
//   |                          | rate | epochs | retain_multiple | forget_multiple |
//   | DMM, CIFAR-10            | 1e-4 | 4      | 20 (50)         | 5               |
//   | OM, margins over time    | 1e-3 | 10     | 5               | 1               |
#pragma once

#include <algorithm>
#include <cmath>

#include "expunge/loss/squared_error.hpp"
#include "expunge/output/evaluate.hpp"
#include "expunge/output/logits.hpp"
#include "expunge/train/adam.hpp"
#include "expunge/unlearning/dm_direct.hpp"
#include "expunge/unlearning/oracle_outputs.hpp"
#include "expunge/unlearning/unlearn.hpp"

namespace expunge {

enum class RetainSample {
  once,        // one sample for all epochs and members, as the authors' code
  each_epoch,  // drawn anew by every member in every epoch, as algorithm A.1
};

/// 1/outputs |f_x(theta) - target|^2 as a loss on the answers z [Classes].
template <class OutputType, Index Classes>
struct OutputDistance {
  OutputType output;

  template <class Real>
  struct Row {
    const Real* values;  // [outputs]
    Label label;
  };

  template <class Real>
  EXPUNGE_HD Real operator()(const Real* z, Index k, Row<Real> target, Real weight,
                             Real* dz) const {
    Real value[Classes], slope[Classes];
    const Index outputs = OutputType::outputs(k);
    output.value(z, k, target.label, value);
    Real sum = 0;
    for (Index j = 0; j < outputs; ++j) {
      const Real error = value[j] - target.values[j];
      slope[j] = weight * Real(2) * error / static_cast<Real>(outputs);
      sum += error * error;
    }
    output.pullback(z, k, target.label, slope, dz);
    return sum / static_cast<Real>(outputs);
  }
};

/// dtheta += scale (theta - start).
template <class Real>
struct DistancePull {
  MatrixView<const Real> theta, start;
  MatrixView<Real> dtheta;
  Real scale;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    dtheta(m, j) += scale * (theta(m, j) - start(m, j));
  }
};

/// Epochs over F (repeated) and a sample of R, towards stored targets.
template <class Model, class OutputType, class Real>
struct MatchingObjective {
  using Distance = OutputDistance<OutputType, Model::classes>;

  /// The target row and label of an example.
  struct RowTarget {
    TensorView<const Real> values;
    const Label* labels;
    EXPUNGE_HD typename Distance::template Row<Real> operator()(Index member, Index example) const {
      return {values.row(member, example), labels[example]};
    }
  };

  const Problem<Model, Real>& problem;
  OutputType output;
  Array<Real, 3> values;  // [members][n][outputs]
  Index batch, forget_multiple, retain_count;
  RetainSample retain_sample;
  double distance_penalty;
  std::uint64_t seed;

  Index passes(Index) const { return 1; }
  Index batch_size(Index, Index) const { return batch; }

  std::vector<Index> examples(Index member, Index epoch, Index) const {
    std::vector<Index> mix;
    for (Index copy = 0; copy < forget_multiple; ++copy)
      mix.insert(mix.end(), problem.forget.begin(), problem.forget.end());
    const bool once = retain_sample == RetainSample::once;
    // Member 0 of epoch 0 is the sample that all share; the others start at 1 in both.
    const Stream stream{Purpose::retain_sample, once ? 0 : static_cast<std::uint32_t>(member + 1)};
    const std::uint64_t first = once ? 0 : static_cast<std::uint64_t>(epoch + 1) << 40;
    const std::vector<Index> sample =
        random_sample(seed, stream, problem.retain, retain_count, first);
    mix.insert(mix.end(), sample.begin(), sample.end());
    return mix;
  }

  template <class B>
  void operator()(B& backend, const Minibatch<Real>& minibatch) const {
    add_loss(backend, Distance{output},
             RowTarget{kept(backend, view(values)), kept_labels(backend, problem.data)}, minibatch,
             1);
  }

  /// d/dtheta of distance_penalty |theta - theta0|^2.
  template <class B>
  void add_weight_gradient(B& backend, Index first, MatrixView<Real> theta,
                           MatrixView<Real> dtheta) const {
    if (distance_penalty == 0) return;
    const Real scale = static_cast<Real>(2 * distance_penalty);
    const MatrixView<const Real> start =
        kept(backend, view(problem.models.theta).row_range(first, theta.rows));
    for_each_element(backend, theta.rows, 1, theta.cols,
                     DistancePull<Real>{theta, start, dtheta, scale});
  }
};

template <class TargetType, class OutputType = Logits>
struct OracleMatching {
  TargetType target;
  double learning_rate = 1e-3;
  Index epochs = 4;
  Index batch = 512;
  double retain_multiple = 20;  // retain points = floor(retain_multiple |F|), at most all
  Index forget_multiple = 5;    // how often an epoch shows each forget point
  RetainSample retain_sample = RetainSample::once;
  double distance_penalty = 0;  // weight of |theta - theta0|^2
  double decay = 0.95;          // of the rate, per epoch
  Adam adam = {};
  OutputType output = {};
  std::uint64_t seed = 0;

  void validate() const {
    target.validate();
    descent().validate();
    require(batch >= 1, "OracleMatching: batch is ", batch);
    require(retain_multiple >= 0 && std::isfinite(retain_multiple),
            "OracleMatching: retain_multiple is ", retain_multiple);
    require(forget_multiple >= 0, "OracleMatching: forget_multiple is ", forget_multiple);
    require(forget_multiple > 0 || retain_multiple > 0,
            "OracleMatching: forget_multiple and retain_multiple are both 0");
    require(distance_penalty >= 0 && std::isfinite(distance_penalty),
            "OracleMatching: distance_penalty is ", distance_penalty);
    require(decay > 0 && std::isfinite(decay), "OracleMatching: decay is ", decay,
            ", not positive and finite");
  }
  DescentConfig descent() const {
    return {.learning_rate = learning_rate, .epochs = epochs, .seed = seed};
  }
  Adam optimizer() const { return adam; }
  ExponentialRate schedule() const { return {decay}; }

  /// Retain points per epoch for a forget set of this size.
  Index retain_count(Index forget, Index retain) const {
    return static_cast<Index>(
        std::min(static_cast<double>(retain), retain_multiple * static_cast<double>(forget)));
  }

  template <class Model, class Real>
  MatchingObjective<Model, OutputType, Real> objective(const Problem<Model, Real>& problem) const {
    static_assert(Target<TargetType, Real>,
                  "OracleMatching: the target must have validate and targets(base, forget); see "
                  "docs/concepts.md#target");
    static_assert(OutputFunction<OutputType, Real>,
                  "OracleMatching: the output function must have value, pullback and outputs; see "
                  "docs/concepts.md#outputfunction");
    static_assert(OutputSpeaks<OutputType, Model::classes>::value);
    static_assert(OutputType::outputs(Model::classes) <= Model::classes,
                  "OracleMatching: an output function gives at most as many numbers as the model.");
    const auto base = evaluate_output(output, training_logits(problem), problem.data.labels, 1);
    const auto forget = static_cast<Index>(problem.forget.size());
    const auto retain = static_cast<Index>(problem.retain.size());
    return {problem,
            output,
            target.targets(TensorView<const Real>(view(base)), problem.forget),
            batch,
            forget_multiple,
            retain_count(forget, retain),
            retain_sample,
            distance_penalty,
            seed};
  }
};

/// Datamodel Matching (DMM) is Oracle Matching whose target is DM-Direct.
template <class AttributionType, class OutputType = Logits>
using DatamodelMatching = OracleMatching<DmDirect<AttributionType>, OutputType>;

}  // namespace expunge
