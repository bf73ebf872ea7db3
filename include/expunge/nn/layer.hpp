// What a layer is: a stateless type that knows its shapes and how to go forward and back.
//
// All functions are static and work on all members of a cohort at once. A layer keeps nothing: its
// weights are a slice of the member's row, its running statistics another, and what the backward
// pass needs of the forward pass it writes to `cache`.
#pragma once

#include <concepts>

#include "expunge/backend/gemm.hpp"
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
///   L::initialise(seed, member, first_index, theta, stats)     initial weights of one member;
///                              first_index: weights and statistics of the layers before it
///   L::forward(b, weights, x, y, cache, mode)                  y [members][rows][Output::size]
///   L::backward(b, weights, x, y, cache, dy, dx, dtheta)       writes dx and dtheta, unless empty
///
/// What forward saved in the cache outlives backward and tangent passes; a layer that needs room of
/// its own there asks for more of it and writes to that part alone.
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
  L::backward(backend, weights, in, in, out, in, out, dtheta);
};

/// A layer that can also be differentiated forwards, for products J v:
///
///   L::tangent(b, weights, x, y, cache, dx, direction, dy)
///       dy = (d y / d x) dx + (d y / d theta) direction          after a forward pass on the same x
///
/// direction [members][parameters]; dx empty means that x does not move. Writes dy.
template <class L, class B>
concept TangentLayer = Layer<L, B> &&
    requires(B& backend, WeightsOn<B> weights, ConstTensor<B> in, Tensor<B> out,
             MatrixView<const typename B::Real> direction) {
  L::tangent(backend, weights, in, in, out, in, direction, out);
};

/// The sides of the two factors of a layer's curvature; both 0 for a layer without weights.
struct KroneckerSizes {
  Index inputs = 0;   // what a row of weights multiplies, a 1 for the bias among it
  Index outputs = 0;  // rows of weights
};

/// A layer whose curvature is approximated by a Kronecker product of two second moments (KFAC): of
/// what its weights multiply, and of the slopes of its outputs. V is a vector of its weights as the
/// matrix [outputs][inputs].
///
///   L::kronecker                                    KroneckerSizes
///   L::kronecker_scratch(rows)                      numbers per member that the calls need
///   L::add_moments(b, x, dy, scratch, inputs, outputs)     += sums over the rows of x and dy
///   L::kronecker_product(b, outputs, inputs, v, scratch, out)        out = outputs V inputs
///   L::kronecker_solve(b, which, outputs, inputs, v, scratch, out)   with their Cholesky factors
///       whole           out = outputs^-1 V inputs^-1
///       half            out = L_o^-1 V L_i^-T
///       half_transpose  out = L_o^-T V L_i^-1
///       Factors are as `cholesky` leaves them: L(i, j) is at (m, j, i), the other triangle means
///       nothing.
template <class L, class B>
concept KroneckerLayer = Layer<L, B> &&
    requires(B& backend, ConstTensor<B> in, Tensor<B> moments, Matrix<B> scratch,
             MatrixView<const typename B::Real> v) {
  { L::kronecker } -> std::convertible_to<KroneckerSizes>;
  { L::kronecker_scratch(Index{}) } -> std::convertible_to<Index>;
  L::add_moments(backend, in, in, scratch, moments, moments);
  L::kronecker_product(backend, in, in, v, scratch, scratch);
  L::kronecker_solve(backend, Solve::whole, in, in, v, scratch, scratch);
};

}  // namespace expunge
