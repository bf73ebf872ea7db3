// ResNet-18 (He et al. 2016, table 1) for small images, as it is used on CIFAR: the stem is one
// 3x3 convolution of stride 1 without pooling. With w = 64:
//
//   conv3x3 3 -> w;  two basic blocks each of w, 2w, 4w, 8w channels, of which the first of 2w, 4w
//   and 8w has stride 2;  global average pool;  linear 8w -> classes
//
//   basic block   ReLU(shortcut(x) + norm(conv3x3(ReLU(norm(conv3x3(x))))))
//
// The shortcut is x, or where shapes change norm(conv1x1 of the same stride). Weights and
// statistics lie in PyTorch's order of parameters() and buffers, the shortcut's after the block's.
#pragma once

#include "expunge/nn/conv_block.hpp"
#include "expunge/nn/global_pool.hpp"
#include "expunge/nn/linear.hpp"
#include "expunge/nn/residual.hpp"
#include "expunge/nn/sequential.hpp"

namespace expunge {

namespace detail {

template <class S, Index Out, Index Stride>
struct BasicBlockOf {
  using First = ConvBlock<S, Out, 3, Stride>;
  using Second = ConvNorm<typename First::Output, Out, 3>;
  using Shortcut = std::conditional_t<std::is_same_v<S, typename Second::Output>,
                                      detail::Identity<S>, ConvNorm<S, Out, 1, Stride>>;
  using type =
      Block<SumOfBranches<Shortcut, Block<First, Second>>, ReluOf<typename Second::Output>>;
};

}  // namespace detail

template <class S, Index Out, Index Stride = 1>
using BasicBlock = typename detail::BasicBlockOf<S, Out, Stride>::type;

namespace detail {

/// Two basic blocks, the first with the stride.
template <class S, Index Out, Index Stride>
using Stage =
    Block<BasicBlock<S, Out, Stride>, BasicBlock<typename BasicBlock<S, Out, Stride>::Output, Out>>;

template <Index Classes, Index Width, class S>
struct ResNet18Layers {
  using Stem = ConvBlock<S, Width, 3>;
  using Stage1 = Stage<typename Stem::Output, Width, 1>;
  using Stage2 = Stage<typename Stage1::Output, 2 * Width, 2>;
  using Stage3 = Stage<typename Stage2::Output, 4 * Width, 2>;
  using Stage4 = Stage<typename Stage3::Output, 8 * Width, 2>;
  using Model = Sequential<Stem, Stage1, Stage2, Stage3, Stage4,
                           GlobalAveragePool<typename Stage4::Output>, Linear<8 * Width, Classes>>;
};

}  // namespace detail

/// ResNet18<10> for CIFAR-10; ResNet18<17, 64, Shape<3, 64, 64>> has the same weights but for its
/// classes.
template <Index Classes = 10, Index Width = 64, class Image = Shape<3, 32, 32>>
struct ResNet18 : detail::ResNet18Layers<Classes, Width, Image>::Model {};

static_assert(ResNet18<>::parameters == 11'173'962 && ResNet18<>::statistics == 9'600);
static_assert(ResNet18<10, 64, Shape<3, 64, 64>>::parameters == ResNet18<>::parameters);
static_assert(TangentModel<ResNet18<10, 4>, Cpu<float>>);

}  // namespace expunge
