// Mlp<784, 128, 10>: linear layers with ReLU between them.
#pragma once

#include "expunge/nn/linear.hpp"
#include "expunge/nn/relu.hpp"
#include "expunge/nn/sequential.hpp"

namespace expunge {

namespace detail {

/// Collects layers until the widths are used up: Type is the finished Sequential.
template <class... Layers>
struct MlpLayers {
  template <Index In, Index Out, Index... Rest>
  static auto add() {
    if constexpr (sizeof...(Rest) == 0)
      return std::type_identity<Sequential<Layers..., Linear<In, Out>>>{};
    else
      return MlpLayers<Layers..., Linear<In, Out>, Relu<Out>>::template add<Out, Rest...>();
  }
};

template <Index... Widths>
using MlpOf = typename decltype(MlpLayers<>::template add<Widths...>())::type;

}  // namespace detail

/// Multi-layer perceptron: Mlp<inputs, hidden..., classes>. Its weight row is, layer by layer, the
/// matrix [out][in] row-major and then the bias [out].
template <Index... Widths>
struct Mlp : detail::MlpOf<Widths...> {
  static_assert(sizeof...(Widths) >= 2, "Mlp: needs at least the number of inputs and of outputs.");
};

static_assert(TangentModel<Mlp<4, 5, 3>, Cpu<float>>);
static_assert(Mlp<784, 128, 10>::parameters == 784 * 128 + 128 + 128 * 10 + 10);

}  // namespace expunge
