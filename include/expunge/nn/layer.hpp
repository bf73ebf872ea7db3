// What a layer is: a stateless type that knows its shapes and how to go forward and back.
//
// All functions are static and work on all members of a cohort at once. A layer keeps nothing: its
// weights are a slice of the member's row, its running statistics another, and what the backward
// pass needs of the forward pass it writes to `cache`.
#pragma once

#include <concepts>

#include "expunge/backend/cpu.hpp"
#include "expunge/core/view.hpp"
#include "expunge/nn/shape.hpp"

namespace expunge {

/// How a pass treats what differs between training and use (batch statistics, dropout).
enum class Mode { train, eval };

/// The weights of a cohort. A layer gets its own columns of both.
template <class Real>
struct Weights {
  MatrixView<const Real> theta;  // [members][parameters]
  MatrixView<Real> stats;        // [members][statistics]   running statistics, moved in train mode
};

/// The types that layers and models pass around on backend B.
template <class B>
using Tensor = TensorView<typename B::Real>;
template <class B>
using ConstTensor = TensorView<const typename B::Real>;
template <class B>
using Matrix = MatrixView<typename B::Real>;
template <class B>
using WeightsOn = Weights<typename B::Real>;

/// A layer L usable on backend B:
///
///   L::Input, L::Output        Shape types
///   L::parameters              weights per member
///   L::statistics              running statistics per member
///   L::cache                   numbers per example kept from forward to backward
///   L::initialise(seed, member, first_index, theta, stats)     initial weights of one member
///   L::forward(b, weights, x, y, cache, mode)                  y [members][rows][Output::size]
///   L::backward(b, weights, x, y, cache, dy, dx, dtheta)       writes dx (unless empty) and dtheta
template <class L, class B>
concept Layer = requires(B& backend, WeightsOn<B> weights, ConstTensor<B> in, Tensor<B> out,
                         Matrix<B> dtheta, typename B::Real* theta, Mode mode) {
  { L::Input::size } -> std::convertible_to<Index>;
  { L::Output::size } -> std::convertible_to<Index>;
  { L::parameters } -> std::convertible_to<Index>;
  { L::statistics } -> std::convertible_to<Index>;
  { L::cache } -> std::convertible_to<Index>;
  L::initialise(std::uint64_t{}, Index{}, Index{}, theta, theta);
  L::forward(backend, weights, in, out, out, mode);
  L::backward(backend, weights, in, in, in, in, out, dtheta);
};

}  // namespace expunge
