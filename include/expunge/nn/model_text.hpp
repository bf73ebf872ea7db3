// What a model is, as text: checkpoints hold it, since weights of the same shapes may be those of
// another network (another stride, image size, scale or dropout).
//
//   model_text<Mlp<784, 256, 10>>()    "784 > 256 (200960) > 256 > 10 (2570)"
//
// Layers in order: the shape that it ends with, its number of weights, what else sets it apart.
#pragma once

#include <string>

#include "expunge/core/check.hpp"
#include "expunge/nn/dropout.hpp"
#include "expunge/nn/global_pool.hpp"
#include "expunge/nn/residual.hpp"
#include "expunge/nn/scale.hpp"
#include "expunge/nn/sequential.hpp"

namespace expunge {

/// "3x32x32".
template <Index... Extents>
std::string text_of(Shape<Extents...>) {
  std::string text;
  ((text += (text.empty() ? "" : "x") + std::to_string(Extents)), ...);
  return text;
}

/// The text of one layer. A layer of your own with settings that its shapes and weights do not show
/// has a specialisation of this.
template <class L>
struct LayerText {
  static std::string text() {
    const std::string shape = text_of(typename L::Output());
    return L::parameters == 0 ? shape : sentence(shape, " (", L::parameters, ")");
  }
};

template <class S, class Factor>
struct LayerText<Scale<S, Factor>> {
  static std::string text() { return sentence("scale ", Factor::num, "/", Factor::den); }
};

template <class S, class Probability>
struct LayerText<Dropout<S, Probability>> {
  static std::string text() {
    return sentence("dropout ", Probability::num, "/", Probability::den);
  }
};

template <class S>
struct LayerText<GlobalMaxPool<S>> {
  static std::string text() { return "max"; }
};

template <class S>
struct LayerText<GlobalAveragePool<S>> {
  static std::string text() { return "mean"; }
};

/// "a > b > c".
template <class... Layers>
std::string layers_text() {
  std::string text;
  ((text += (text.empty() ? "" : " > ") + LayerText<Layers>::text()), ...);
  return text;
}

template <class... Layers>
struct LayerText<Block<Layers...>> {
  static std::string text() { return layers_text<Layers...>(); }
};

template <class S>
struct LayerText<detail::Identity<S>> {
  static std::string text() { return "x"; }
};

template <class Shortcut, class Branch>
struct LayerText<SumOfBranches<Shortcut, Branch>> {
  static std::string text() {
    return sentence("[", LayerText<Shortcut>::text(), " + ", LayerText<Branch>::text(), "]");
  }
};

namespace detail {
template <class... Layers>
std::string sequential_text(const Sequential<Layers...>*) {
  return layers_text<Layers...>();
}
}  // namespace detail

/// The text of a model; of one that is no Sequential, its shapes and its number of weights.
template <class Model>
std::string model_text() {
  const std::string input = text_of(typename Model::Input());
  if constexpr (requires { detail::sequential_text(static_cast<const Model*>(nullptr)); })
    return sentence(input, " > ", detail::sequential_text(static_cast<const Model*>(nullptr)));
  else
    return sentence(input, " > ", Model::classes, " (", Model::parameters, ")");
}

}  // namespace expunge
