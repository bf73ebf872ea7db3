// Residual blocks (He et al. 2016):
//
//   Residual<Layers...>                    y = x + layers(x)
//   ShortcutResidual<Shortcut, Layers...>  y = shortcut(x) + layers(x), where shapes change
//
// Weights and statistics: those of the layers in order, then those of the shortcut (as in PyTorch's
// BasicBlock). The ReLU that may follow is a layer of its own.
#pragma once

#include "expunge/nn/block.hpp"
#include "expunge/nn/relu.hpp"

namespace expunge {

/// to += from.
template <class Real>
struct AddElements {
  TensorView<const Real> from;
  TensorView<Real> to;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const { to(m, i, j) += from(m, i, j); }
};

template <class Real>
struct WriteSum {
  TensorView<const Real> a, b;
  TensorView<Real> to;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    to(m, i, j) = a(m, i, j) + b(m, i, j);
  }
};

/// Refuses branches that do not end with the same shape. The compiler prints both shapes.
template <class ShortcutOutput, class LayersOutput>
struct BranchesFit {
  static_assert(std::is_same_v<ShortcutOutput, LayersOutput>,
                "Residual: the layers must end with the shape of what they are added to; "
                "BranchesFit<...> names the shape of the shortcut and that of the layers.");
  static constexpr bool value = true;
};

/// Refuses branches that do not begin with the same shape.
template <class ShortcutInput, class LayersInput>
struct InputsFit {
  static_assert(std::is_same_v<ShortcutInput, LayersInput>,
                "Residual: the shortcut and the layers must take the same shape; InputsFit<...> "
                "names the shape of the shortcut's input and that of the layers'.");
  static constexpr bool value = true;
};

namespace detail {

/// The shortcut y = x.
template <class S>
struct Identity {
  using Input = S;
  using Output = S;
  static constexpr Index parameters = 0, statistics = 0, cache = 0;
};

}  // namespace detail

/// y = Shortcut(x) + Branch(x). Its cache: the outputs of both, their caches, one gradient; an
/// identity needs none of them.
template <class Shortcut, class Branch>
class SumOfBranches {
 public:
  using Input = typename Branch::Input;
  using Output = typename Branch::Output;

 private:
  static constexpr bool plain = std::is_same_v<Shortcut, detail::Identity<Input>>;
  static constexpr Index branch_cache = cache_room(Output::size);
  static constexpr Index shortcut_output = branch_cache + cache_room(Branch::cache);
  static constexpr Index shortcut_cache = shortcut_output + (plain ? 0 : cache_room(Output::size));
  static constexpr Index gradient = shortcut_cache + cache_room(Shortcut::cache);
  static constexpr Index widest = std::max(cache_room(Input::size), cache_room(Output::size));

 public:
  static constexpr Index parameters = Branch::parameters + Shortcut::parameters;
  static constexpr Index statistics = Branch::statistics + Shortcut::statistics;
  static constexpr Index cache = gradient + (plain ? 0 : widest);

  template <class Real>
  static void initialise(std::uint64_t seed, Index member, Index first_index, Real* theta,
                         Real* stats) {
    static_assert(fits);
    Branch::initialise(seed, member, first_index, theta, stats);
    if constexpr (!plain)
      Shortcut::initialise(seed, member, first_index + Branch::parameters + Branch::statistics,
                           theta + Branch::parameters, stats + Branch::statistics);
  }

  template <class B>
  static void forward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, Tensor<B> y,
                      Tensor<B> saved, Mode mode) {
    static_assert(fits);
    using Real = typename B::Real;
    const Tensor<B> inner = carve(saved, 0, Output::size);
    Branch::forward(backend, of_branch(weights), x, inner,
                    carve(saved, branch_cache, Branch::cache), mode);
    ConstTensor<B> other = x;
    if constexpr (!plain) {
      const Tensor<B> to = carve(saved, shortcut_output, Output::size);
      Shortcut::forward(backend, of_shortcut(weights), x, to,
                        carve(saved, shortcut_cache, Shortcut::cache), mode);
      other = to;
    }
    for_each_element(backend, y.members, y.rows, Output::size, WriteSum<Real>{inner, other, y});
  }

  template <class B>
  static void backward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B>,
                       Tensor<B> saved, ConstTensor<B> dy, Tensor<B> dx, Matrix<B> dtheta) {
    Branch::backward(backend, of_branch(weights), x, carve(saved, 0, Output::size),
                     carve(saved, branch_cache, Branch::cache), dy, dx,
                     columns(dtheta, 0, Branch::parameters));
    ConstTensor<B> other = dy;
    if constexpr (!plain) {
      Tensor<B> to;
      if (!dx.empty()) to = carve(saved, gradient, Input::size);
      Shortcut::backward(backend, of_shortcut(weights), x,
                         carve(saved, shortcut_output, Output::size),
                         carve(saved, shortcut_cache, Shortcut::cache), dy, to,
                         columns(dtheta, Branch::parameters, Shortcut::parameters));
      other = to;
    }
    if (!dx.empty()) add(backend, other, dx);
  }

  template <class B>
  static void tangent(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B>,
                      Tensor<B> saved, ConstTensor<B> dx, MatrixView<const typename B::Real> v,
                      Tensor<B> dy) requires(TangentLayer<Branch, B> &&
                                             (plain || TangentLayer<Shortcut, B>)) {
    Branch::tangent(backend, of_branch(weights), x, carve(saved, 0, Output::size),
                    carve(saved, branch_cache, Branch::cache), dx, v.columns(0, Branch::parameters),
                    dy);
    ConstTensor<B> other = dx;
    if constexpr (!plain) {
      const Tensor<B> to = carve(saved, gradient, Output::size);
      Shortcut::tangent(backend, of_shortcut(weights), x,
                        carve(saved, shortcut_output, Output::size),
                        carve(saved, shortcut_cache, Shortcut::cache), dx,
                        v.columns(Branch::parameters, Shortcut::parameters), to);
      other = to;
    }
    if (!other.empty()) add(backend, other, dy);
  }

 private:
  static constexpr bool fits = BranchesFit<typename Shortcut::Output, Output>::value &&
                               InputsFit<typename Shortcut::Input, Input>::value;

  template <class B>
  static void add(B& backend, ConstTensor<B> from, Tensor<B> to) {
    using Real = typename B::Real;
    for_each_element(backend, to.members, to.rows, to.features, AddElements<Real>{from, to});
  }
  template <class Real>
  static MatrixView<Real> columns(MatrixView<Real> dtheta, Index first, Index count) {
    return dtheta.empty() ? dtheta : dtheta.columns(first, count);
  }
  template <class Real>
  static Weights<Real> of_branch(Weights<Real> weights) {
    return {weights.theta.columns(0, Branch::parameters),
            weights.stats.columns(0, Branch::statistics)};
  }
  template <class Real>
  static Weights<Real> of_shortcut(Weights<Real> weights) {
    return {weights.theta.columns(Branch::parameters, Shortcut::parameters),
            weights.stats.columns(Branch::statistics, Shortcut::statistics)};
  }
};

template <class... Layers>
using Residual =
    SumOfBranches<detail::Identity<typename Block<Layers...>::Input>, Block<Layers...>>;

template <class Shortcut, class... Layers>
using ShortcutResidual = SumOfBranches<Shortcut, Block<Layers...>>;

static_assert(TangentLayer<Residual<Relu<4>>, Cpu<float>> &&
              TangentLayer<ShortcutResidual<Relu<4>, Relu<4>>, Cpu<float>>);

}  // namespace expunge
