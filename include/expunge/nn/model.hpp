// What a model is: a stateless type whose weights are one row per member.
#pragma once

#include "expunge/nn/layer.hpp"

namespace expunge {

/// A model M usable on backend B:
///
///   M::Input              Shape of one example
///   M::classes            k, numbers that it answers per example
///   M::parameters         p, weights per member
///   M::statistics         s, running statistics per member (0 without batch norm)
///   M::Workspace<B>       memory of one cohort, made by M::workspace(b, members, rows)
///
///   M::initialise(seed, member, theta, stats)        initial weights of one member, on the host
///   M::forward(b, weights, x, workspace, mode)       logits [members][rows][k]
///   M::backward(b, weights, x, workspace, dlogits, dtheta)    after a forward pass on the same x
template <class M, class B>
concept Model = requires(B& backend, Weights<typename B::Real> weights,
                         TensorView<const typename B::Real> x,
                         typename M::template Workspace<B>& workspace,
                         MatrixView<typename B::Real> dtheta, typename B::Real* theta, Mode mode) {
  { M::Input::size } -> std::convertible_to<Index>;
  { M::classes } -> std::convertible_to<Index>;
  { M::parameters } -> std::convertible_to<Index>;
  { M::statistics } -> std::convertible_to<Index>;
  M::initialise(std::uint64_t{}, Index{}, theta, theta);
  {M::workspace(backend, Index{}, Index{})};
  {
    M::forward(backend, weights, x, workspace, mode)
    } -> std::convertible_to<TensorView<const typename B::Real>>;
  M::backward(backend, weights, x, workspace, x, dtheta);
};

}  // namespace expunge
