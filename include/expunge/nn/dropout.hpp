// Dropout (Srivastava et al. 2014), scaled as PyTorch's nn.Dropout:
//
//   Mode::train    y = mask x,   mask = 0 with probability p, else 1 / (1 - p)
//   Mode::eval     y = x
//
// The mask is a function of (seed, member, step, row of the batch, index): stats holds a key of 64
// bits, made of the seed, the member and the layer's place in the model, and the number of train
// passes so far, which every train pass moves on by one. So masks depend on no thread and no
// cohort, and a resumed run goes on with the masks that it would have had.
//
//   stats   the key as four numbers of 16 bits, highest first, then the step as two
//   cache   the mask [rows][size]
#pragma once

#include <ratio>

#include "expunge/core/random.hpp"
#include "expunge/nn/layer.hpp"

namespace expunge {

/// Four numbers of a mask from one counter; position g of a row covers 4 g .. 4 g + 3.
template <class Real>
struct DropoutMask {
  MatrixView<const Real> stats;  // [members][6]
  TensorView<Real> mask;         // [members][rows][size]
  std::uint64_t dropped_below;   // of 2^32
  Real kept;

  EXPUNGE_HD void operator()(Index m, Index i, Index g) const {
    const auto joined = [&](Index first, Index count) {
      std::uint64_t number = 0;
      for (Index piece = first; piece < first + count; ++piece)
        number = number << 16 | static_cast<std::uint64_t>(stats(m, piece));
      return number;
    };
    const std::uint64_t key = joined(0, 4);
    const Stream step{Purpose::dropout, static_cast<std::uint32_t>(joined(4, 2))};
    const Index groups = (mask.features + 3) / 4;
    const std::array<std::uint32_t, 4> bits =
        random_bits(key, step, static_cast<std::uint64_t>(i * groups + g));
    for (Index j = 4 * g; j < 4 * g + 4 && j < mask.features; ++j)
      mask(m, i, j) = bits[static_cast<std::size_t>(j - 4 * g)] < dropped_below ? Real(0) : kept;
  }
};

template <class Real>
struct NextDropoutStep {
  MatrixView<Real> stats;
  EXPUNGE_HD void operator()(Index m, Index, Index) const {
    Real& high = stats(m, 4);
    Real& low = stats(m, 5);
    low += Real(1);
    if (low < Real(0x10000)) return;
    low = Real(0);
    high = high + Real(1) < Real(0x10000) ? high + Real(1) : Real(0);
  }
};

template <class Real>
struct WholeMask {
  TensorView<Real> mask;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const { mask(m, i, j) = Real(1); }
};

template <class Real>
struct MaskElements {
  TensorView<const Real> mask, from;
  TensorView<Real> to;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    to(m, i, j) = mask(m, i, j) * from(m, i, j);
  }
};

/// Probability is a std::ratio in [0, 1).
template <class S, class Probability>
struct Dropout {
  static_assert(Probability::num >= 0 && Probability::num < Probability::den,
                "Dropout: the probability to drop must be in [0, 1).");
  using Input = S;
  using Output = S;
  static constexpr Index parameters = 0;
  static constexpr Index statistics = 6;
  static constexpr Index cache = S::size;

  template <class Real>
  static void initialise(std::uint64_t seed, Index member, Index first_index, Real*, Real* stats) {
    const Stream stream{Purpose::dropout, static_cast<std::uint32_t>(member)};
    const std::uint64_t key = random_word(seed, stream, static_cast<std::uint64_t>(first_index));
    for (int piece = 0; piece < 4; ++piece)
      stats[piece] = static_cast<Real>(key >> (48 - 16 * piece) & 0xffff);
    stats[4] = stats[5] = 0;
  }

  template <class B>
  static void forward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, Tensor<B> y,
                      Tensor<B> mask, Mode mode) {
    using Real = typename B::Real;
    constexpr double kept =
        static_cast<double>(Probability::den) / (Probability::den - Probability::num);
    constexpr double below = 4294967296.0 * Probability::num / Probability::den;
    if (mode == Mode::train) {
      for_each_element(backend, mask.members, mask.rows, (S::size + 3) / 4,
                       DropoutMask<Real>{weights.stats, mask, static_cast<std::uint64_t>(below),
                                         static_cast<Real>(kept)});
      for_each_element(backend, mask.members, 1, 1, NextDropoutStep<Real>{weights.stats});
    } else {
      for_each_element(backend, mask.members, mask.rows, S::size, WholeMask<Real>{mask});
    }
    apply(backend, mask, x, y);
  }

  template <class B>
  static void backward(B& backend, WeightsOn<B>, ConstTensor<B>, ConstTensor<B>,
                       ConstTensor<B> mask, ConstTensor<B> dy, Tensor<B> dx, Matrix<B>) {
    if (!dx.empty()) apply(backend, mask, dy, dx);
  }

  template <class B>
  static void tangent(B& backend, WeightsOn<B>, ConstTensor<B>, ConstTensor<B>, ConstTensor<B> mask,
                      ConstTensor<B> dx, MatrixView<const typename B::Real>, Tensor<B> dy) {
    if (dx.empty())
      fill_zero(backend, dy.flat());
    else
      apply(backend, mask, dx, dy);
  }

 private:
  template <class B>
  static void apply(B& backend, ConstTensor<B> mask, ConstTensor<B> from, Tensor<B> to) {
    using Real = typename B::Real;
    for_each_element(backend, to.members, to.rows, S::size, MaskElements<Real>{mask, from, to});
  }
};

static_assert(TangentLayer<Dropout<Shape<4>, std::ratio<1, 2>>, Cpu<float>>);

}  // namespace expunge
