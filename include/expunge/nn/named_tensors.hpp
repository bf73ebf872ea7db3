// Which numbers of a member's rows are which tensor, by PyTorch's names: what files of weights
// need.
//
// A model says it by itself with `static std::vector<NamedTensor> tensors()`. Otherwise the names
// are those of nn.Sequential: layer 2 of a model is "2", its weights are "2.weight" and "2.bias". A
// layer of layers adds a level:
//
//   Sequential, Block     number of the layer                      "0.1.running_mean"
//   Residual              "module" and the number of the layer     "2.module.0.0.weight"
//   ShortcutResidual      the same, and "shortcut" for the other branch
//
// These are the names of the paper's public code for ResNet-9. A global pool counts as two modules,
// since PyTorch's needs a Flatten after it.
#pragma once

#include <string>
#include <vector>

#include "expunge/core/shape_text.hpp"
#include "expunge/nn/batch_norm2d.hpp"
#include "expunge/nn/conv2d.hpp"
#include "expunge/nn/dropout.hpp"
#include "expunge/nn/global_pool.hpp"
#include "expunge/nn/linear.hpp"
#include "expunge/nn/linear_without_bias.hpp"
#include "expunge/nn/residual.hpp"
#include "expunge/nn/sequential.hpp"

namespace expunge {

/// What the numbers of a tensor are. All but weights lie in the row of stats.
enum class Holds {
  weights,
  running_mean,      // of BatchNorm2d, moved by its momentum: reestimate_statistics counts on it
  running_variance,  // the same; none is negative
  mask_state,        // of dropout: pieces of 16 bits; PyTorch has none
  other_statistics,
};

/// A block of consecutive numbers of a member's row, in PyTorch's order.
struct NamedTensor {
  std::string name;          // "0.weight"
  std::vector<Index> shape;  // outermost axis first; no axes: one number
  Index offset = 0;          // where it begins in the row
  Holds holds = Holds::weights;

  bool in_stats() const { return holds != Holds::weights; }
  /// Whether a file of one model may leave it out.
  bool optional() const { return holds == Holds::mask_state; }
  Index size() const {
    Index n = 1;
    for (const Index extent : shape) n *= extent;
    return n;
  }
};

/// The tensors of one layer, names and offsets counted from the layer. A layer of your own has a
/// static `tensors()`, or a specialisation of this.
template <class L>
struct LayerTensors {
  static std::vector<NamedTensor> tensors() {
    if constexpr (requires { L::tensors(); }) {
      return L::tensors();
    } else {
      static_assert(L::parameters == 0 && L::statistics == 0,
                    "LayerTensors: a layer with weights must name them by a static tensors(); see "
                    "docs/pytorch_weights.md#models-of-your-own.");
      return {};
    }
  }
};

/// How many modules of an nn.Sequential a layer stands for.
template <class L>
inline constexpr Index modules_of = 1;
template <class S>
inline constexpr Index modules_of<GlobalMaxPool<S>> = 2;
template <class S>
inline constexpr Index modules_of<GlobalAveragePool<S>> = 2;

/// The tables of layers one after the other: the module of number l is `prefix` + l.
template <class... Layers>
std::vector<NamedTensor> tensors_in_order(const std::string& prefix) {
  std::vector<NamedTensor> all;
  Index number = 0, parameters = 0, statistics = 0;
  const auto add = [&]<class L>(std::type_identity<L>) {
    for (NamedTensor tensor : LayerTensors<L>::tensors()) {
      tensor.name = prefix + std::to_string(number) + "." + tensor.name;
      tensor.offset += tensor.in_stats() ? statistics : parameters;
      all.push_back(std::move(tensor));
    }
    number += modules_of<L>;
    parameters += L::parameters;
    statistics += L::statistics;
  };
  (add(std::type_identity<Layers>{}), ...);
  return all;
}

template <Index In, Index Out>
struct LayerTensors<Linear<In, Out>> {
  static std::vector<NamedTensor> tensors() {
    return {{"weight", {Out, In}, 0}, {"bias", {Out}, Out * In}};
  }
};

template <Index In, Index Out>
struct LayerTensors<LinearWithoutBias<In, Out>> {
  static std::vector<NamedTensor> tensors() { return {{"weight", {Out, In}, 0}}; }
};

template <class S, Index Filters, Index Kernel, Index Stride, Index Padding, Bias WithBias>
struct LayerTensors<Conv2d<S, Filters, Kernel, Stride, Padding, WithBias>> {
  static std::vector<NamedTensor> tensors() {
    constexpr Index channels = Image<S>::channels;
    std::vector<NamedTensor> table = {{"weight", {Filters, channels, Kernel, Kernel}, 0}};
    if (WithBias != Bias::none)
      table.push_back({"bias", {Filters}, Filters * channels * Kernel * Kernel});
    return table;
  }
};

template <class S>
struct LayerTensors<BatchNorm2d<S>> {
  static std::vector<NamedTensor> tensors() {
    constexpr Index c = Image<S>::channels;
    return {{"weight", {c}, 0},
            {"bias", {c}, c},
            {"running_mean", {c}, 0, Holds::running_mean},
            {"running_var", {c}, c, Holds::running_variance}};
  }
};

/// The key of the masks and the step that they are at.
template <class S, class Probability>
struct LayerTensors<Dropout<S, Probability>> {
  static std::vector<NamedTensor> tensors() {
    return {{"mask_state", {Dropout<S, Probability>::statistics}, 0, Holds::mask_state}};
  }
};

template <class... Layers>
struct LayerTensors<Block<Layers...>> {
  static std::vector<NamedTensor> tensors() { return tensors_in_order<Layers...>(""); }
};

template <class Shortcut, class Branch>
struct LayerTensors<SumOfBranches<Shortcut, Branch>> {
  static std::vector<NamedTensor> tensors() {
    std::vector<NamedTensor> all = LayerTensors<Branch>::tensors();
    for (NamedTensor& tensor : all) tensor.name = "module." + tensor.name;
    for (NamedTensor tensor : LayerTensors<Shortcut>::tensors()) {
      tensor.name = "shortcut." + tensor.name;
      tensor.offset += tensor.in_stats() ? Branch::statistics : Branch::parameters;
      all.push_back(std::move(tensor));
    }
    return all;
  }
};

namespace detail {
template <class... Layers>
std::vector<NamedTensor> sequential_tensors(const Sequential<Layers...>*) {
  return tensors_in_order<Layers...>("");
}
}  // namespace detail

/// All tensors of a model: its own table, or that of the layers of the Sequential that it is.
template <class Model>
std::vector<NamedTensor> tensors_of() {
  if constexpr (requires { Model::tensors(); }) {
    return Model::tensors();
  } else {
    static_assert(
        requires { detail::sequential_tensors(static_cast<const Model*>(nullptr)); },
        "tensors_of: a model that is no Sequential must name its weights by a static "
        "tensors(); see docs/pytorch_weights.md#models-of-your-own.");
    return detail::sequential_tensors(static_cast<const Model*>(nullptr));
  }
}

}  // namespace expunge
