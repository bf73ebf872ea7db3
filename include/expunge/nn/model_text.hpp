// What a model is, as text: checkpoints hold it, since weights of the same shapes may be those of
// another network (another activation, stride, image size, scale or dropout).
//
//   model_text<Mlp<784, 256, 10>>()    "784 > linear 256 (200960) > relu 256 > linear 10 (2570)"
//
// Layers in order: what it is, the shape that it ends with, its settings, its number of weights.
#pragma once

#include <string>
#include <string_view>

#include "expunge/core/check.hpp"
#include "expunge/nn/batch_norm2d.hpp"
#include "expunge/nn/conv2d.hpp"
#include "expunge/nn/dropout.hpp"
#include "expunge/nn/flatten.hpp"
#include "expunge/nn/global_pool.hpp"
#include "expunge/nn/linear.hpp"
#include "expunge/nn/linear_without_bias.hpp"
#include "expunge/nn/max_pool2d.hpp"
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

namespace detail {

template <class T>
constexpr const char* pretty_function() {
  return __PRETTY_FUNCTION__;
}

/// A type as the program writes it, with its template's arguments: "mine::LeakyRelu<16,3>". g++ and
/// clang++ say the same of arguments that are types and integers.
template <class T>
std::string type_text() {
  const std::string_view whole = pretty_function<T>();  // "... [with T = X]", "... [T = X]"
  const std::size_t begin = whole.find("T = ") + 4, end = whole.rfind(']');
  std::string text(whole.substr(begin, end - begin));
  for (const std::string_view nameless : {"{anonymous}", "(anonymous namespace)"})
    for (std::size_t at = text.find(nameless); at != std::string::npos; at = text.find(nameless))
      text.replace(at, nameless.size(), "(nameless)");
  std::erase(text, ' ');
  return text;
}

/// "name 4x8x8 settings (72)", of a layer with these weights.
template <class L>
std::string layer_text(const std::string& name, const std::string& settings = "") {
  std::string text = name + " " + text_of(typename L::Output());
  if (!settings.empty()) text += " " + settings;
  return L::parameters == 0 ? text : sentence(text, " (", L::parameters, ")");
}

}  // namespace detail

/// The text of one layer. A layer of your own says it by a static `text()` that returns a
/// std::string; where it has none, the name of its type stands for it, with all template arguments.
/// A layer whose settings are no template arguments must have one: two networks with the same text
/// can load each other's weights.
template <class L>
struct LayerText {
  static std::string text() {
    if constexpr (requires { std::string(L::text()); })
      return L::text();
    else
      return detail::layer_text<L>(detail::type_text<L>());
  }
};

template <Index In, Index Out>
struct LayerText<Linear<In, Out>> {
  static std::string text() { return detail::layer_text<Linear<In, Out>>("linear"); }
};

template <Index In, Index Out>
struct LayerText<LinearWithoutBias<In, Out>> {
  static std::string text() {
    return detail::layer_text<LinearWithoutBias<In, Out>>("linear_without_bias");
  }
};

template <Index... Extents>
struct LayerText<Relu<Extents...>> {
  static std::string text() { return detail::layer_text<Relu<Extents...>>("relu"); }
};

template <class S, Index Filters, Index Kernel, Index Stride, Index Padding, Bias WithBias>
struct LayerText<Conv2d<S, Filters, Kernel, Stride, Padding, WithBias>> {
  static std::string text() {
    return detail::layer_text<Conv2d<S, Filters, Kernel, Stride, Padding, WithBias>>(
        "conv", sentence("kernel ", Kernel, " stride ", Stride, " padding ", Padding,
                         WithBias == Bias::none ? "" : " with bias"));
  }
};

template <class S>
struct LayerText<BatchNorm2d<S>> {
  static std::string text() { return detail::layer_text<BatchNorm2d<S>>("batch_norm"); }
};

template <class S, Index Window>
struct LayerText<MaxPool2d<S, Window>> {
  static std::string text() {
    return detail::layer_text<MaxPool2d<S, Window>>("max_pool", sentence("window ", Window));
  }
};

template <class S>
struct LayerText<GlobalMaxPool<S>> {
  static std::string text() { return detail::layer_text<GlobalMaxPool<S>>("global_max"); }
};

template <class S>
struct LayerText<GlobalAveragePool<S>> {
  static std::string text() { return detail::layer_text<GlobalAveragePool<S>>("global_mean"); }
};

template <class S>
struct LayerText<Flatten<S>> {
  static std::string text() { return detail::layer_text<Flatten<S>>("flatten"); }
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

/// The text of a model: its own static `text()`, that of the layers of a Sequential, or the name of
/// its type, its shapes and its number of weights.
template <class Model>
std::string model_text() {
  const std::string input = text_of(typename Model::Input());
  if constexpr (requires { std::string(Model::text()); })
    return Model::text();
  else if constexpr (requires { detail::sequential_text(static_cast<const Model*>(nullptr)); })
    return sentence(input, " > ", detail::sequential_text(static_cast<const Model*>(nullptr)));
  else
    return sentence(input, " > ", detail::type_text<Model>(), " ", Model::classes, " (",
                    Model::parameters, ")");
}

}  // namespace expunge
