// The Jacobian J of chosen outputs in the weights, by its products, for all members:
//
//   J [rows][cols]   rows = points * outputs, output o of point i is row i * outputs + o
//                    cols = weights
//   J v    forward mode: one tangent pass      J'a    backward mode: one backward pass
//
// `linearise` runs the model at the weights that it is given, in Mode::eval (running statistics
// stand still), and the products are of those weights until its next call. Points go through in
// batches that share one workspace. With one batch its activations are kept; with more, every
// product repeats the forward pass of each batch, so that only the copied inputs grow with the
// points.
//
// The output function is the same for all members; so are the points, or each member has its own.
#pragma once

#include <vector>

#include "expunge/backend/vectors.hpp"
#include "expunge/core/array.hpp"
#include "expunge/data/dataset.hpp"
#include "expunge/linearisation/output_rows.hpp"
#include "expunge/nn/model.hpp"
#include "expunge/output/largest_logit.hpp"
#include "expunge/output/logits.hpp"
#include "expunge/solvers/linear_operator.hpp"

namespace expunge {

template <class Model, class B, class OutputType = Logits>
class Jacobian {
  using Real = typename B::Real;
  static_assert(TangentModel<Model, B>,
                "Jacobian: every layer of the model must have tangent; see "
                "docs/concepts.md#tangentlayer");
  static_assert(TangentOutput<OutputType, Real>,
                "Jacobian: the output function must have value, pullback, pushforward and outputs; "
                "see docs/concepts.md#outputfunction");

 public:
  using ModelType = Model;
  static constexpr Index outputs = OutputType::outputs(Model::classes);  // per point

  /// For the listed examples of `data`, at most `batch` of them at a time: `points` [1][count] for
  /// all members, or [members][count].
  Jacobian(B& backend, const OutputType& output, DatasetView data, MatrixView<const Index> points,
           Index members, Index batch)
      : output_(output),
        members_(members),
        points_(points.cols),
        batch_(std::min(batch, points_)),
        shared_(points.rows == 1),
        workspace_(Model::workspace(backend, members, batch_)),
        inputs_(backend, points.rows, points_ * Model::Input::size),
        labels_(backend.template allocate<Label>(points.rows * points_)),
        cotangents_(
            backend.template allocate<Real>(members * padded<Real>(batch_ * Model::classes))),
        part_(backend, members, batch_ < points_ ? Model::parameters : 0),
        largest_(backend, members, batch_) {
    require(points_ >= 1, "Jacobian: there are no points");
    require(points.rows == 1 || points.rows == members, "Jacobian: points of ", points.rows,
            " members for ", members);
    require(batch >= 1, "Jacobian: batch is ", batch, ", below 1");
    require(data.inputs.cols == Model::Input::size, "Jacobian: inputs have ", data.inputs.cols,
            " features, the model takes ", Model::Input::size);
    for (Index m = 0; m < points.rows; ++m)
      for (Index i = 0; i < points_; ++i)
        require(points(m, i) >= 0 && points(m, i) < data.size(), "Jacobian: point ", points(m, i),
                " of ", data.size());
    const MatrixView<Real> inputs = inputs_.view();
    const HostBuffer<Real> gathered(inputs.cols);
    for (Index m = 0; m < points.rows; ++m) {
      const MatrixView<Real> row(gathered.data(), 1, inputs.cols);
      gather_inputs(Cpu<Real>(1), data.inputs, points.row_range(m, 1),
                    TensorView<Real>(row.data, 1, points_, Model::Input::size));
      copy_rows(backend, MatrixView<const Real>(row), inputs.row_range(m, 1));
    }
    check_labels("Jacobian", data, Model::classes);
    std::vector<Label> labels;
    for (Index m = 0; m < points.rows; ++m)
      for (Index i = 0; i < points_; ++i) labels.push_back(data.labels[points(m, i)]);
    copy_rows(backend, MatrixView<const Label>(labels.data(), points.rows, points_),
              MatrixView<Label>(labels_.data(), points.rows, points_));
  }
  Jacobian(B& backend, const OutputType& output, DatasetView data, const std::vector<Index>& points,
           Index members, Index batch)
      : Jacobian(backend, output, data,
                 MatrixView<const Index>(points.data(), 1, static_cast<Index>(points.size())),
                 members, batch) {}

  Index rows() const { return points_ * outputs; }
  Index cols() const { return Model::parameters; }
  Index points() const { return points_; }
  Index members() const { return members_; }

  /// Moves to these weights, which must stay as they are until the next call, and writes the
  /// outputs there, [members][rows].
  void linearise(B& backend, Weights<Real> weights, MatrixView<Real> values) {
    require(weights.theta.rows == members_ && values.rows == members_ && values.cols == rows(),
            "Jacobian::linearise: weights of ", weights.theta.rows, " members into [", values.rows,
            "][", values.cols, "], made for ", members_, " members and ", rows(), " rows");
    weights_ = weights;
    largest_.restart(backend);
    for_each_batch([&](Index first, Index count) {
      const TensorView<const Real> z = forward(backend, first, count);
      largest_.add(backend, z);
      for_each_element(backend, members_, count, 1,
                       OutputRows<OutputType, Real>{output_, z, labels(first, count),
                                                    rows_of(values, first, count)});
    });
  }

  /// Each member's largest |logit| over the points, at the weights of the last `linearise`; NaN
  /// where one is NaN.
  std::vector<double> largest_logits(B& backend) const { return largest_.read(backend); }

  /// y = J v, for v [members][cols].
  void apply(B& backend, MatrixView<const Real> v, MatrixView<Real> y) {
    require_linearised("apply");
    for_each_batch([&](Index first, Index count) {
      const TensorView<const Real> z = activate(backend, first, count);
      const TensorView<const Real> dz = tangent(backend, first, count, v);
      for_each_element(backend, members_, count, 1,
                       PushforwardRows<OutputType, Real>{output_, z, dz, labels(first, count),
                                                         rows_of(y, first, count)});
    });
  }

  /// v = J'a, for a [members][rows].
  void apply_transpose(B& backend, MatrixView<const Real> a, MatrixView<Real> v) {
    pull_back(backend, a, [&](Index first, Index count, TensorView<const Real> dz) {
      accumulate(backend, first, count, dz, v);
    });
  }

  /// apply_transpose, and moments += those of the layers' inputs and slopes over the points from
  /// `from` on. `moments` are the model's KroneckerFactors.
  template <class Moments>
  void apply_transpose_with_moments(B& backend, MatrixView<const Real> a, Index from,
                                    Moments& moments, MatrixView<Real> v) {
    const MemberVectors<B> scratch(backend, members_, Model::kronecker_scratch(batch_));
    pull_back(backend, a, [&](Index first, Index count, TensorView<const Real> dz) {
      accumulate_part(backend, first, v, [&](MatrixView<Real> part) {
        Model::backward_with_moments(backend, weights_, input(first, count), workspace_, dz, part,
                                     std::clamp(from - first, Index{0}, count), scratch.view(),
                                     moments);
      });
      work_ += 0.5 * static_cast<double>(count);
    });
  }

  /// out = J_z' C J_z v, where J_z is the Jacobian of the logits and C is block-diagonal:
  /// `curvature` is called as for_each_element's functor made by
  /// curvature(first point, z, J_z v, C J_z v), tensors [members][count][k]. Between the two
  /// passes of each batch, so that its activations are used twice.
  template <class MakeCurvature>
  void apply_normal(B& backend, MatrixView<const Real> v, const MakeCurvature& curvature,
                    MatrixView<Real> out) {
    require_linearised("apply_normal");
    for_each_batch([&](Index first, Index count) {
      const TensorView<const Real> z = activate(backend, first, count);
      const TensorView<const Real> dz = tangent(backend, first, count, v);
      const TensorView<Real> slopes = cotangents(count);
      for_each_element(backend, members_, count, 1, curvature(first, z, dz, slopes));
      accumulate(backend, first, count, slopes, out);
    });
  }

  /// What has been computed so far for each member, in examples that went forward and back: a
  /// forward pass, a backward pass and a tangent pass count half each.
  double work() const { return work_; }

 private:
  template <class F>
  void for_each_batch(F&& f) {
    for (Index first = 0; first < points_; first += batch_)
      f(first, std::min(batch_, points_ - first));
  }

  void require_linearised(const char* call) const {
    require(active_ >= 0, "Jacobian::", call, ": call linearise first");
  }
  TensorView<const Real> input(Index first, Index count) const {
    const MatrixView<Real> x = inputs_.view();
    return {x.data + first * Model::Input::size, members_, count, Model::Input::size,
            shared_ ? 0 : x.stride};
  }
  MatrixView<const Label> labels(Index first, Index count) const {
    return {labels_.data() + first, members_, count, shared_ ? 0 : points_};
  }
  template <class T>
  static MatrixView<T> rows_of(MatrixView<T> x, Index first, Index count) {
    return x.columns(first * outputs, count * outputs);
  }
  TensorView<Real> cotangents(Index count) const {
    return {cotangents_.data(), members_, count, Model::classes,
            padded<Real>(batch_ * Model::classes)};
  }

  TensorView<const Real> forward(B& backend, Index first, Index count) {
    active_ = first;
    work_ += 0.5 * static_cast<double>(count);
    logits_ = Model::forward(backend, weights_, input(first, count), workspace_, Mode::eval);
    return logits_;
  }
  /// The logits of a batch whose activations are in the workspace, or will be after this.
  TensorView<const Real> activate(B& backend, Index first, Index count) {
    return active_ == first ? logits_ : forward(backend, first, count);
  }
  TensorView<const Real> tangent(B& backend, Index first, Index count, MatrixView<const Real> v) {
    work_ += 0.5 * static_cast<double>(count);
    return Model::tangent(backend, weights_, input(first, count), workspace_, v);
  }
  /// Calls use(first, count, (d f / d z)' a) for every batch.
  template <class Use>
  void pull_back(B& backend, MatrixView<const Real> a, const Use& use) {
    require_linearised("apply_transpose");
    for_each_batch([&](Index first, Index count) {
      const TensorView<const Real> z = activate(backend, first, count);
      const TensorView<Real> dz = cotangents(count);
      for_each_element(backend, members_, count, 1,
                       PullbackRows<OutputType, Real>{output_, z, labels(first, count),
                                                      rows_of(a, first, count), dz});
      use(first, count, TensorView<const Real>(dz));
    });
  }
  /// v += what backward(part) writes; the first batch sets v.
  template <class Backward>
  void accumulate_part(B& backend, Index first, MatrixView<Real> v, const Backward& backward) {
    const MatrixView<Real> part = first == 0 ? v : part_.view();
    backward(part);
    if (first > 0) add_scaled(backend, PerMember(static_cast<std::size_t>(members_), 1.0), part, v);
  }
  /// v += the batch's part of J_z' dz.
  void accumulate(B& backend, Index first, Index count, TensorView<const Real> dz,
                  MatrixView<Real> v) {
    work_ += 0.5 * static_cast<double>(count);
    accumulate_part(backend, first, v, [&](MatrixView<Real> part) {
      Model::backward(backend, weights_, input(first, count), workspace_, dz, part);
    });
  }

  OutputType output_;
  Index members_, points_, batch_;
  bool shared_;  // the points are the same for all members
  typename Model::template Workspace<B> workspace_;
  MemberVectors<B> inputs_;                    // [1 or members][points * features]
  typename B::template Buffer<Label> labels_;  // [1 or members][points]
  typename B::template Buffer<Real> cotangents_;
  MemberVectors<B> part_;
  LargestLogits<B> largest_;
  Weights<Real> weights_;
  TensorView<const Real> logits_;
  Index active_ = -1;  // first point of the batch in the workspace
  double work_ = 0;
};

}  // namespace expunge
