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

/// A model that also gives products J v of the Jacobian of its logits:
///
///   M::tangent(b, weights, x, workspace, direction)      [members][rows][k], after a forward pass
template <class M, class B>
concept TangentModel = Model<M, B> &&
    requires(B& backend, Weights<typename B::Real> weights, TensorView<const typename B::Real> x,
             typename M::template Workspace<B>& workspace,
             MatrixView<const typename B::Real> direction) {
  {
    M::tangent(backend, weights, x, workspace, direction)
    } -> std::convertible_to<TensorView<const typename B::Real>>;
};

/// A model that also says what its last layer with weights saw in the last forward pass:
///
///   M::head_inputs(x, workspace)                         [members][rows][features]
template <class M, class B>
concept FeatureModel = Model<M, B> &&
    requires(TensorView<const typename B::Real> x, typename M::template Workspace<B>& workspace) {
  { M::head_inputs(x, workspace) } -> std::convertible_to<TensorView<const typename B::Real>>;
};

/// A model whose layers give the factors of KFAC, for matrices over all weights that are a
/// Kronecker product in each layer and nothing between layers:
///
///   M::KroneckerFactors<B>(b, members)                  two square matrices for each layer and member
///   M::kronecker_sizes                                  their sides
///   M::kronecker_scratch(rows)                          numbers per member that the calls need
///   M::backward_with_moments(b, weights, x, workspace, dlogits, dtheta, first, scratch, moments)
///                                                       and moments += those of rows [first, rows)
///   M::kronecker_product(b, factors, v, scratch, out)   [members][parameters]
///   M::kronecker_solve(b, which, factors, v, scratch, out)
template <class M, class B>
concept KroneckerModel = Model<M, B> &&
    requires(B& backend, Weights<typename B::Real> weights, TensorView<const typename B::Real> x,
             typename M::template Workspace<B>& workspace, MatrixView<typename B::Real> theta,
             typename M::template KroneckerFactors<B>& factors) {
  M::backward_with_moments(backend, weights, x, workspace, x, theta, Index{}, theta, factors);
  M::kronecker_product(backend, factors, theta, theta, theta);
  M::kronecker_solve(backend, Solve::whole, factors, theta, theta, theta);
  M::kronecker_sizes[0];
  { M::kronecker_scratch(Index{}) } -> std::convertible_to<Index>;
};

/// Bytes that one member needs for passes of `rows` examples and `copies` rows of weights (itself,
/// its gradient, the optimiser's). 0, not known, for a model that does not say its workspace.
template <class Model, class B>
std::size_t member_bytes(Index rows, Index copies) {
  using Real = typename B::Real;
  if constexpr (requires { Model::template workspace_numbers<Real>(rows); }) {
    const Index outside = rows * (Model::Input::size + 2 * Model::classes);
    return sizeof(Real) *
           static_cast<std::size_t>(Model::template workspace_numbers<Real>(rows) + outside +
                                    copies * (Model::parameters + Model::statistics));
  } else {
    return 0;
  }
}

}  // namespace expunge
