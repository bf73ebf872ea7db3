// Several layers as one: Block<Conv2d<..>, BatchNorm2d<..>, Relu<..>> is a layer whose weights and
// statistics are those of its layers in order. What its layers write between them, keep for the
// backward pass and hand back is carved from the block's own cache, so blocks nest.
#pragma once

#include <algorithm>

#include "expunge/nn/carve.hpp"
#include "expunge/nn/layer_list.hpp"

namespace expunge {

template <class... Layers>
class Block : private detail::LayerList<Layers...> {
  using List = detail::LayerList<Layers...>;
  template <std::size_t L>
  using LayerAt = typename List::template LayerAt<L>;
  static constexpr std::size_t depth = List::depth;
  using List::for_each_layer, List::for_each_layer_backwards;
  using List::parameter_offsets, List::statistic_offsets, List::fits, List::offsets;
  using typename List::Sizes;

  static constexpr Sizes output_sizes = {Layers::Output::size...};
  static constexpr Sizes cache_sizes = {Layers::cache...};

  /// The cache: outputs of all layers but the last, caches of all, and two gradients of the widest
  /// of those outputs (of two layers, one).
  static constexpr Index inner_outputs() {
    Index sum = 0;
    for (std::size_t l = 0; l + 1 < depth; ++l) sum += cache_room(output_sizes[l]);
    return sum;
  }
  static constexpr Index widest() {
    Index most = 0;
    for (std::size_t l = 0; l + 1 < depth; ++l) most = std::max(most, output_sizes[l]);
    return cache_room(most);
  }
  static constexpr Sizes output_offsets = offsets(Sizes{cache_room(Layers::Output::size)...});
  static constexpr Sizes cache_offsets =
      offsets(Sizes{cache_room(Layers::cache)...}, inner_outputs());
  static constexpr Index gradients = inner_outputs() + (cache_room(Layers::cache) + ...);

 public:
  using Input = typename LayerAt<0>::Input;
  using Output = typename LayerAt<depth - 1>::Output;
  static constexpr Index parameters = (Layers::parameters + ...);
  static constexpr Index statistics = (Layers::statistics + ...);
  static constexpr Index cache = gradients + std::min<Index>(2, depth - 1) * widest();

  template <class Real>
  static void initialise(std::uint64_t seed, Index member, Index first_index, Real* theta,
                         Real* stats) {
    static_assert(fits);
    for_each_layer([&]<std::size_t L>() {
      constexpr Index parameter = parameter_offsets[L], statistic = statistic_offsets[L];
      LayerAt<L>::initialise(seed, member, first_index + parameter + statistic, theta + parameter,
                             stats + statistic);
    });
  }

  template <class B>
  static void forward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, Tensor<B> y,
                      Tensor<B> saved, Mode mode) {
    static_assert(fits);
    for_each_layer([&]<std::size_t L>() {
      LayerAt<L>::forward(backend, List::template slice<L>(weights), input<L>(x, saved),
                          output<L>(y, saved), cache_of<L>(saved), mode);
    });
  }

  template <class B>
  static void backward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B> y,
                       Tensor<B> saved, ConstTensor<B> dy, Tensor<B> dx, Matrix<B> dtheta) {
    ConstTensor<B> above = dy;
    for_each_layer_backwards([&]<std::size_t L>() {
      Tensor<B> below = dx;
      if constexpr (L > 0) below = gradient<L - 1>(saved, LayerAt<L>::Input::size);
      LayerAt<L>::backward(
          backend, List::template slice<L>(weights), input<L>(x, saved), output<L>(y, saved),
          cache_of<L>(saved), above, below,
          dtheta.empty() ? dtheta : dtheta.columns(parameter_offsets[L], LayerAt<L>::parameters));
      above = below;
    });
  }

  template <class B>
  static void tangent(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B> y,
                      Tensor<B> saved, ConstTensor<B> dx,
                      MatrixView<const typename B::Real> direction,
                      Tensor<B> dy) requires(TangentLayer<Layers, B>&&...) {
    ConstTensor<B> moves = dx;
    for_each_layer([&]<std::size_t L>() {
      Tensor<B> to = dy;
      if constexpr (L + 1 < depth) to = gradient<L>(saved, output_sizes[L]);
      LayerAt<L>::tangent(backend, List::template slice<L>(weights), input<L>(x, saved),
                          output<L>(y, saved), cache_of<L>(saved), moves,
                          direction.columns(parameter_offsets[L], LayerAt<L>::parameters), to);
      moves = to;
    });
  }

 private:
  template <std::size_t L, class Real>
  static TensorView<const Real> input(TensorView<const Real> x, TensorView<Real> saved) {
    if constexpr (L == 0)
      return x;
    else
      return carve(saved, output_offsets[L - 1], output_sizes[L - 1]);
  }
  template <std::size_t L, class T, class Real>
  static TensorView<T> output(TensorView<T> y, TensorView<Real> saved) {
    if constexpr (L + 1 == depth)
      return y;
    else
      return carve(saved, output_offsets[L], output_sizes[L]);
  }
  template <std::size_t L, class T>
  static TensorView<T> cache_of(TensorView<T> saved) {
    return carve(saved, cache_offsets[L], cache_sizes[L]);
  }
  template <std::size_t L, class T>
  static TensorView<T> gradient(TensorView<T> saved, Index features) {
    return carve(saved, gradients + static_cast<Index>(L % 2) * widest(), features);
  }
};

}  // namespace expunge
