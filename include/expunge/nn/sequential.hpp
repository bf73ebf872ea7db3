// Layers one after the other, put together at compile time.
//
// The weights of a member are one row: the layers' slices in order. A forward pass writes every
// layer's output into the workspace; the backward pass and tangents read them there.
#pragma once

#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "expunge/backend/vectors.hpp"
#include "expunge/nn/layer_list.hpp"
#include "expunge/nn/model.hpp"

namespace expunge {

template <class... Layers>
class Sequential : private detail::LayerList<Layers...> {
  using List = detail::LayerList<Layers...>;
  template <std::size_t L>
  using LayerAt = typename List::template LayerAt<L>;
  static constexpr std::size_t depth = List::depth;
  using List::for_each_layer, List::for_each_layer_backwards;
  using List::parameter_offsets, List::statistic_offsets, List::fits;

 public:
  using Input = typename LayerAt<0>::Input;
  using Output = typename LayerAt<depth - 1>::Output;
  static constexpr Index classes = Output::size;
  static constexpr Index parameters = (Layers::parameters + ...);
  static constexpr Index statistics = (Layers::statistics + ...);

  /// Memory of one cohort: every layer's output and cache, and two gradients of the widest layer.
  /// Every member's block starts aligned.
  template <class B>
  struct Workspace {
    using Real = typename B::Real;

    Workspace(B& backend, Index members_, Index rows_) : members(members_), rows(rows_) {
      for (std::size_t l = 0; l < depth; ++l) {
        outputs[l] = backend.template allocate<Real>(members * stride(output_sizes[l]));
        caches[l] = backend.template allocate<Real>(members * stride(cache_sizes[l]));
      }
      for (auto& gradient : gradients)
        gradient = backend.template allocate<Real>(members * stride(widest));
    }

    /// Numbers from one member to the next, of an array with so many features.
    Index stride(Index features) const { return padded<Real>(rows * features); }

    using Buffer = typename B::template Buffer<Real>;
    Index members;
    Index rows;  // capacity; a pass may use fewer
    std::array<Buffer, depth> outputs;
    std::array<Buffer, depth> caches;
    std::array<Buffer, 2> gradients;
  };

  /// Of one member.
  template <class Real>
  static Index workspace_numbers(Index rows) {
    Index sum = 2 * padded<Real>(rows * widest);
    for (std::size_t l = 0; l < depth; ++l)
      sum += padded<Real>(rows * output_sizes[l]) + padded<Real>(rows * cache_sizes[l]);
    return sum;
  }

  template <class B>
  static Workspace<B> workspace(B& backend, Index members, Index rows) {
    return Workspace<B>(backend, members, rows);
  }

  /// Initial weights of one member: theta [parameters] and stats [statistics], on the host.
  template <class Real>
  static void initialise(std::uint64_t seed, Index member, Real* theta, Real* stats) {
    static_assert(fits);
    for_each_layer([&]<std::size_t L>() {
      constexpr Index parameter = parameter_offsets[L], statistic = statistic_offsets[L];
      LayerAt<L>::initialise(seed, member, parameter + statistic, theta + parameter,
                             stats + statistic);
    });
  }

  /// Logits [members][rows][classes], in the workspace until its next use.
  template <class B>
  static ConstTensor<B> forward(B& backend, WeightsOn<B> weights, ConstTensor<B> x,
                                Workspace<B>& space, Mode mode) {
    using Real = typename B::Real;
    static_assert(fits);
    require(x.features == Input::size && x.members <= space.members && x.rows <= space.rows,
            "Sequential::forward: input is [", x.members, "][", x.rows, "][", x.features,
            "], the model takes [", space.members, "][", space.rows, "][", Input::size, "]");
    for_each_layer([&]<std::size_t L>() {
      const TensorView<const Real> in = L == 0 ? x : output<(L > 0 ? L - 1 : 0)>(space, x);
      LayerAt<L>::forward(backend, List::template slice<L>(weights), in, output<L>(space, x),
                          cache<L>(space, x), mode);
    });
    return output<depth - 1>(space, x);
  }

  /// Gradient of the loss in all weights, overwriting dtheta [members][parameters]; `dlogits` is
  /// its gradient in the logits. Call after `forward` on the same x and workspace.
  template <class B>
  static void backward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, Workspace<B>& space,
                       ConstTensor<B> dlogits, Matrix<B> dtheta) {
    walk_back(backend, weights, x, space, dlogits, dtheta, [](auto, auto, auto) {});
  }

  /// J v: how the logits move when the weights move along `direction` [members][parameters]. Call
  /// after `forward` on the same x and workspace; the result [members][rows][classes] lies in the
  /// workspace until its next use.
  template <class B>
  static ConstTensor<B> tangent(
      B& backend, WeightsOn<B> weights, ConstTensor<B> x, Workspace<B>& space,
      MatrixView<const typename B::Real> direction) requires(TangentLayer<Layers, B>&&...) {
    using Real = typename B::Real;
    TensorView<const Real> dx;  // empty: the model's input does not move
    for_each_layer([&]<std::size_t L>() {
      using This = LayerAt<L>;
      const TensorView<const Real> in = L == 0 ? x : output<(L > 0 ? L - 1 : 0)>(space, x);
      const TensorView<Real> dy = block(space.gradients[L % 2], space, x, This::Output::size);
      This::tangent(backend, List::template slice<L>(weights), in, output<L>(space, x),
                    cache<L>(space, x), dx,
                    direction.columns(parameter_offsets[L], This::parameters), dy);
      dx = dy;
    });
    return dx;
  }

  /// The input of the last layer that has weights, [members][rows][features], of the last forward
  /// pass: what a linear head sees. Of a model with one such layer, its first, that is x.
  template <class B>
  static ConstTensor<B> head_inputs(ConstTensor<B> x, const Workspace<B>& space) {
    if constexpr (head == 0)
      return x;
    else
      return output<head - 1>(space, x);
  }

  static constexpr std::array<KroneckerSizes, depth> kronecker_sizes = {Layers::kronecker...};
  static constexpr Index kronecker_scratch(Index rows) {
    return std::max({Index{1}, Layers::kronecker_scratch(rows)...});
  }

  /// For each layer and member a square matrix on the side of its inputs and one on that of its
  /// outputs; zero at birth.
  template <class B>
  struct KroneckerFactors {
    using Real = typename B::Real;
    KroneckerFactors(B& backend, Index members) {
      for (const KroneckerSizes& size : kronecker_sizes) {
        inputs.emplace_back(backend, members, size.inputs * size.inputs);
        outputs.emplace_back(backend, members, size.outputs * size.outputs);
      }
    }
    TensorView<Real> input(std::size_t l) const {
      return square(inputs[l].view(), kronecker_sizes[l].inputs);
    }
    TensorView<Real> output(std::size_t l) const {
      return square(outputs[l].view(), kronecker_sizes[l].outputs);
    }

   private:
    static TensorView<Real> square(MatrixView<Real> x, Index side) {
      return {x.data, x.rows, side, side, x.stride};
    }
    std::vector<MemberVectors<B>> inputs, outputs;
  };

  /// `backward`, and what goes through it: every layer's moments over rows [first, rows) are added.
  template <class B>
  static void backward_with_moments(
      B& backend, WeightsOn<B> weights, ConstTensor<B> x, Workspace<B>& space,
      ConstTensor<B> dlogits, Matrix<B> dtheta, Index first, Matrix<B> scratch,
      KroneckerFactors<B>& moments) requires(KroneckerLayer<Layers, B>&&...) {
    walk_back(backend, weights, x, space, dlogits, dtheta,
              [&]<std::size_t L>(std::integral_constant<std::size_t, L>, ConstTensor<B> in,
                                 ConstTensor<B> dy) {
                LayerAt<L>::add_moments(backend, rows_from(in, first), rows_from(dy, first),
                                        scratch, moments.input(L), moments.output(L));
              });
  }

  /// out = F v for the matrix F of these factors.
  template <class B>
  static void kronecker_product(B& backend, const KroneckerFactors<B>& factors,
                                MatrixView<const typename B::Real> v, Matrix<B> scratch,
                                Matrix<B> out) requires(KroneckerLayer<Layers, B>&&...) {
    for_each_layer([&]<std::size_t L>() {
      constexpr Index first = parameter_offsets[L], count = LayerAt<L>::parameters;
      LayerAt<L>::kronecker_product(backend, factors.output(L), factors.input(L),
                                    v.columns(first, count), scratch, out.columns(first, count));
    });
  }

  /// out = F^-1 v, or half of that, for Cholesky factors of F's.
  template <class B>
  static void kronecker_solve(B& backend, Solve which, const KroneckerFactors<B>& factors,
                              MatrixView<const typename B::Real> v, Matrix<B> scratch,
                              Matrix<B> out) requires(KroneckerLayer<Layers, B>&&...) {
    for_each_layer([&]<std::size_t L>() {
      constexpr Index first = parameter_offsets[L], count = LayerAt<L>::parameters;
      LayerAt<L>::kronecker_solve(backend, which, factors.output(L), factors.input(L),
                                  v.columns(first, count), scratch, out.columns(first, count));
    });
  }

 private:
  /// The backward pass; calls see(layer, its input, the gradient in its output) on the way.
  template <class B, class See>
  static void walk_back(B& backend, WeightsOn<B> weights, ConstTensor<B> x, Workspace<B>& space,
                        ConstTensor<B> dlogits, Matrix<B> dtheta, const See& see) {
    using Real = typename B::Real;
    TensorView<const Real> dy = dlogits;
    for_each_layer_backwards([&]<std::size_t L>() {
      using This = LayerAt<L>;
      const TensorView<const Real> in = L == 0 ? x : output<(L > 0 ? L - 1 : 0)>(space, x);
      TensorView<Real> dx;  // the first layer's stays empty: nobody needs it
      if constexpr (L > 0) dx = block(space.gradients[L % 2], space, x, This::Input::size);
      see(std::integral_constant<std::size_t, L>{}, in, dy);
      This::backward(backend, List::template slice<L>(weights), in, output<L>(space, x),
                     cache<L>(space, x), dy, dx,
                     dtheta.columns(parameter_offsets[L], This::parameters));
      dy = dx;
    });
  }
  template <class T>
  static TensorView<T> rows_from(TensorView<T> x, Index first) {
    return {x.data + first * x.features, x.members, x.rows - first, x.features, x.member_stride};
  }

  /// The last layer that has weights, 0 if none has.
  static constexpr std::size_t head = [] {
    constexpr std::array<Index, depth> sizes = {Layers::parameters...};
    std::size_t last = depth - 1;
    while (last > 0 && sizes[last] == 0) --last;
    return last;
  }();

  static constexpr std::array<Index, depth> output_sizes = {Layers::Output::size...};
  static constexpr std::array<Index, depth> cache_sizes = {Layers::cache...};
  static constexpr Index widest = std::max({Layers::Input::size..., Layers::Output::size...});

  /// [members of x][rows of x][features] in a buffer of the workspace.
  template <class Buffer, class Space, class Real>
  static TensorView<Real> block(const Buffer& buffer, const Space& space, TensorView<const Real> x,
                                Index features) {
    return {buffer.data(), x.members, x.rows, features, space.stride(features)};
  }
  template <std::size_t L, class Space, class Real>
  static TensorView<Real> output(const Space& space, TensorView<const Real> x) {
    return block(space.outputs[L], space, x, output_sizes[L]);
  }
  template <std::size_t L, class Space, class Real>
  static TensorView<Real> cache(const Space& space, TensorView<const Real> x) {
    return block(space.caches[L], space, x, cache_sizes[L]);
  }
};

}  // namespace expunge
