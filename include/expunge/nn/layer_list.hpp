// Layers in order and where their weights lie: what Sequential and Block have in common.
#pragma once

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>

#include "expunge/nn/layer.hpp"

namespace expunge {

/// Refuses two neighbours whose shapes differ. The compiler prints both layers with the sentence.
template <class Before, class After>
struct LayersFit {
  static_assert(
      std::is_same_v<typename Before::Output, typename After::Input>,
      "Sequential, Block: a layer's input shape must be the output shape of the layer before it; "
      "LayersFit<Before, After> names the two layers.");
  static constexpr bool value = true;
};

namespace detail {

template <class... Layers>
struct LayerList {
  template <std::size_t L>
  using LayerAt = std::tuple_element_t<L, std::tuple<Layers...>>;
  static constexpr std::size_t depth = sizeof...(Layers);
  static_assert(depth > 0, "Sequential and Block need at least one layer.");

  using Sizes = std::array<Index, depth>;

  /// Where each of these sizes begins when they lie one after the other from `first` on.
  static constexpr Sizes offsets(Sizes sizes, Index first = 0) {
    Sizes result{};
    for (std::size_t l = 0; l < depth; ++l) {
      result[l] = first;
      first += sizes[l];
    }
    return result;
  }
  static constexpr Sizes parameter_offsets = offsets(Sizes{Layers::parameters...});
  static constexpr Sizes statistic_offsets = offsets(Sizes{Layers::statistics...});

  static constexpr bool neighbours_fit() {
    return []<std::size_t... L>(std::index_sequence<L...>) {
      return (LayersFit<LayerAt<L>, LayerAt<L + 1>>::value && ...);
    }
    (std::make_index_sequence<depth - 1>{});
  }
  static constexpr bool fits = neighbours_fit();

  /// f.operator()<L>() for every L, in order.
  template <class F>
  static void for_each_layer(F&& f) {
    [&]<std::size_t... L>(std::index_sequence<L...>) {
      (f.template operator()<L>(), ...);
    }
    (std::make_index_sequence<depth>{});
  }
  template <class F>
  static void for_each_layer_backwards(F&& f) {
    [&]<std::size_t... L>(std::index_sequence<L...>) {
      (f.template operator()<depth - 1 - L>(), ...);
    }
    (std::make_index_sequence<depth>{});
  }

  /// The part of the weights that is layer L's.
  template <std::size_t L, class Real>
  static Weights<Real> slice(Weights<Real> weights) {
    return {weights.theta.columns(parameter_offsets[L], LayerAt<L>::parameters),
            weights.stats.columns(statistic_offsets[L], LayerAt<L>::statistics)};
  }
};

}  // namespace detail

}  // namespace expunge
