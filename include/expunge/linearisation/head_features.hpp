// What the last layer of a model sees of each point: the features of a linear head.
#pragma once

#include <cmath>

#include "expunge/data/inputs.hpp"
#include "expunge/train/ensemble.hpp"

namespace expunge {

/// [points][features] of one member, with a constant 1 appended for the head's bias: inner products
/// of rows are the head's kernel between points.
template <class Model, class B>
Array<typename B::Real, 2> head_features(B& backend,
                                         const Ensemble<Model, typename B::Real>& models,
                                         Index member, const InputsView& inputs) {
  using Real = typename B::Real;
  static_assert(FeatureModel<Model, B>,
                "head_features: the model must have head_inputs; see docs/concepts.md#model");
  constexpr Index chunk = 256;
  CohortWeights<Model, B> weights(backend, 1);
  weights.load(backend, models, member);
  auto workspace = Model::workspace(backend, 1, chunk);
  const auto buffer = backend.template allocate<Real>(chunk * Model::Input::size);
  const MatrixView<Real> room(buffer.data(), chunk, inputs.cols);
  Array<Real, 2> features;
  for_each_chunk_of_inputs(backend, inputs, room, [&](Index first, MatrixView<const Real> x) {
    const TensorView<const Real> in = shared(x, 1);
    Model::forward(backend, weights.view(), in, workspace, Mode::eval);
    const TensorView<const Real> seen = Model::head_inputs(in, workspace);
    if (first == 0) {
      features = make_array<Real>(inputs.rows, seen.features + 1);
      features.fill(Real(1));
    }
    copy_rows(backend, seen[0], view(features).row_range(first, x.rows).columns(0, seen.features));
  });
  return features;
}

namespace detail {

/// The rows of these points, in double.
template <class Real>
RowMajor<double> rows_of_points(const Array<Real, 2>& features, const std::vector<Index>& points) {
  const MatrixView<const Real> a = view(features);
  RowMajor<double> rows(static_cast<Index>(points.size()), a.cols);
  for (Index i = 0; i < rows.rows(); ++i)
    for (Index j = 0; j < a.cols; ++j)
      rows(i, j) = static_cast<double>(a(points[static_cast<std::size_t>(i)], j));
  return rows;
}

}  // namespace detail
}  // namespace expunge
