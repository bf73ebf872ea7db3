// Features of examples: the gradient of an output in all weights, example by example, made short by
// a sketch (sketch.hpp).
//
//   features [points * outputs][k],   row i outputs + o = P' grad_theta f_o(x_i; theta)
//
// A batch of examples goes back as an ensemble does, each example a member with the same weights
// (stride 0), so that every layer gives one gradient for each and none is added to another's.
// Passes are in Mode::eval: an example's features do not depend on its neighbours.
//
// Cost for each row: a forward and a backward pass, and one pass over the gradient.
#pragma once

#include "expunge/attribution/sketch.hpp"
#include "expunge/data/dataset.hpp"
#include "expunge/nn/model.hpp"
#include "expunge/output/output_function.hpp"
#include "expunge/train/objective.hpp"

namespace expunge {

/// x[m] = the inputs of the point that row first + m is of.
template <class Real>
struct InputOfRow {
  InputsView inputs;
  Index first, outputs;
  TensorView<Real> x;  // [members][1][features]
  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    x(m, 0, j) = static_cast<Real>(inputs((first + m) / outputs, j));
  }
};

/// dz[m] = the gradient of output (first + m) % outputs in the logits.
template <class F, class Real, Index outputs>
struct GradientOfOutput {
  F f;
  TensorView<const Real> z;  // [members][1][k]
  const Label* labels;
  Index first;
  TensorView<Real> dz;
  EXPUNGE_HD void operator()(Index m, Index, Index) const {
    const Index row = first + m;
    output_gradient<outputs>(f, z.row(m, 0), z.features, labels[row / outputs], row % outputs,
                             dz.row(m, 0));
  }
};

namespace detail {

/// The gradients of up to `room` rows at a time.
template <class Model, class B, class F>
class RowGradients {
  using Real = typename B::Real;
  static constexpr Index outputs = F::outputs(Model::classes);

 public:
  RowGradients(B& backend, Index room)
      : workspace_(Model::workspace(backend, room, 1)),
        x_(backend.template allocate<Real>(room * x_stride)),
        dz_(backend.template allocate<Real>(room * dz_stride)),
        gradients_(backend.template allocate<Real>(room * gradient_stride)) {}

  /// Of rows [first, first + count): [count][parameters]. `weights` are those of one member.
  MatrixView<const Real> operator()(B& backend, Weights<Real> weights, const InputsView& inputs,
                                    const Label* labels, const F& f, Index first, Index count) {
    const TensorView<Real> x(x_.data(), count, 1, Model::Input::size, x_stride);
    const TensorView<Real> dz(dz_.data(), count, 1, Model::classes, dz_stride);
    const MatrixView<Real> gradients(gradients_.data(), count, Model::parameters, gradient_stride);
    const Weights<Real> repeated{{weights.theta.data, count, Model::parameters, 0},
                                 {weights.stats.data, count, Model::statistics, 0}};
    for_each_element(backend, count, 1, Model::Input::size,
                     InputOfRow<Real>{inputs, first, outputs, x});
    const TensorView<const Real> z =
        Model::forward(backend, repeated, TensorView<const Real>(x), workspace_, Mode::eval);
    for_each_element(backend, count, 1, 1,
                     GradientOfOutput<F, Real, outputs>{f, z, labels, first, dz});
    Model::backward(backend, repeated, TensorView<const Real>(x), workspace_,
                    TensorView<const Real>(dz), gradients);
    return gradients;
  }

 private:
  // so that a row's arithmetic does not depend on its place
  static constexpr Index x_stride = padded<Real>(Model::Input::size);
  static constexpr Index dz_stride = padded<Real>(Model::classes);
  static constexpr Index gradient_stride = padded<Real>(Model::parameters);

  typename Model::template Workspace<B> workspace_;
  typename B::template Buffer<Real> x_, dz_, gradients_;
};

/// How many rows go back together on one of `workers`: on a GPU many, as they share its kernels,
/// but no more than the memory has room for.
template <class Model, class B>
Index rows_at_once(const B& backend, Index workers) {
  constexpr Index most = B::lockstep_members > 0 ? 512 : 128;
  constexpr std::size_t gradient =
      static_cast<std::size_t>(Model::parameters) * sizeof(typename B::Real);
  const std::size_t bytes = std::max({member_bytes<Model, B>(1, 2), gradient, std::size_t{1}});
  const std::size_t room = backend.room() / static_cast<std::size_t>(workers);
  return std::clamp<Index>(static_cast<Index>(room / bytes), 1, most);
}

}  // namespace detail

/// Writes out [points * outputs][k], on the backend, for one member's weights, also there. `number`
/// distinguishes sketches of one seed: that of the checkpoint, say.
/// Throws std::invalid_argument if extents or a label do not fit.
template <class Model, class B, class F>
void gradient_features(B& backend, const SketchConfig& config, Index number,
                       Weights<typename B::Real> weights, DatasetView points, const F& f,
                       MatrixView<typename B::Real> out) {
  using Real = typename B::Real;
  static_assert(OutputFunction<F, Real>,
                "gradient_features: F must have value, pullback and outputs; see "
                "docs/concepts.md#outputfunction");
  static_assert(OutputSpeaks<F, Model::classes>::value);
  config.validate();
  const Index rows = points.size() * F::outputs(Model::classes);
  require(
      points.inputs.cols == Model::Input::size && out.rows == rows && out.cols == config.dimensions,
      "gradient_features: inputs of ", points.inputs.cols, " features into [", out.rows, "][",
      out.cols, "], the model takes ", Model::Input::size, " and gives [", rows, "][",
      config.dimensions, "]");
  check_labels("gradient_features", points, Model::classes);
  const typename B::ResidentScope scope(backend);
  const InputsView inputs = kept_inputs(backend, points.inputs);
  const Label* const labels = kept_labels(backend, points);
  const Index workers = B::lockstep_members > 0 ? 1 : backend.threads();
  const Index share = std::max<Index>((rows + workers - 1) / workers, 1);
  const Index room = std::min(detail::rows_at_once<Model>(backend, workers), share);
  const Index batches = (rows + room - 1) / room;
  const Index pieces = std::min(workers * std::max<Index>(backend.cohort(), 1), batches);
  for_each_cohort(backend, pieces, 0, [&](B& worker, Index piece, Index count) {
    detail::RowGradients<Model, B, F> gradients(worker, room);
    const Sketch<B> sketch(worker, config, number, Model::parameters);
    const Index end = (piece + count) * batches / pieces;
    for (Index batch = piece * batches / pieces; batch < end; ++batch) {
      const Index first = batch * room, some = std::min(room, rows - first);
      sketch(worker, gradients(worker, weights, inputs, labels, f, first, some),
             out.row_range(first, some));
    }
  });
}

}  // namespace expunge
