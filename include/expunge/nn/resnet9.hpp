// ResNet-9, the network of the CIFAR-10 experiments of Attribute-to-Delete (arXiv 2410.23232),
// after ffcv's CIFAR example. With w = 64:
//
//   conv3x3  3 -> w       conv5x5 stride 2  w -> 2w       residual(conv3x3 2w, conv3x3 2w)
//   conv3x3  2w -> 4w     max pool 2                      residual(conv3x3 4w, conv3x3 4w)
//   conv3x3  4w -> 2w without padding     global max pool     linear 2w -> classes     logits x 0.2
//
// Every convolution is followed by batch norm and ReLU and has no bias; the linear layer has none.
// Weights of a member, in order: per convolution its weights OIHW, gamma, beta; last the linear
// layer. Statistics: per batch norm running mean, running variance. That is the order of PyTorch's
// parameters() and of its running buffers.
#pragma once

#include "expunge/nn/conv_block.hpp"
#include "expunge/nn/global_pool.hpp"
#include "expunge/nn/linear_without_bias.hpp"
#include "expunge/nn/residual.hpp"
#include "expunge/nn/scale.hpp"
#include "expunge/nn/sequential.hpp"

namespace expunge {

namespace detail {

/// The layers of ResNet-9, each on the output shape of the one before.
template <Index Classes, Index Width, class S>
struct ResNet9Layers {
  using Stem = ConvBlock<S, Width, 3>;
  using Down = ConvBlock<typename Stem::Output, 2 * Width, 5, 2, 2>;
  using Same = ConvBlock<typename Down::Output, 2 * Width, 3>;
  using Wide = ConvBlock<typename Down::Output, 4 * Width, 3>;
  using Pool = MaxPool2d<typename Wide::Output, 2>;
  using WideSame = ConvBlock<typename Pool::Output, 4 * Width, 3>;
  using Last = ConvBlock<typename Pool::Output, 2 * Width, 3, 1, 0>;
  using Model =
      Sequential<Stem, Down, Residual<Same, Same>, Wide, Pool, Residual<WideSame, WideSame>, Last,
                 GlobalMaxPool<typename Last::Output>, LinearWithoutBias<2 * Width, Classes>,
                 Scale<Shape<Classes>, std::ratio<1, 5>>>;
};

}  // namespace detail

/// ResNet9<10> is the paper's; a smaller width makes a model for CPUs, a smaller image (a multiple
/// of four, at least twelve a side) one for tests.
template <Index Classes = 10, Index Width = 64, class Image = Shape<3, 32, 32>>
struct ResNet9 : detail::ResNet9Layers<Classes, Width, Image>::Model {};

/// Convolutions and the linear layer, and two numbers per channel of every batch norm.
static_assert(ResNet9<>::parameters == 2'272'192 + 2'688 && ResNet9<>::statistics == 2'688);
static_assert(TangentModel<ResNet9<10, 8>, Cpu<float>>);

}  // namespace expunge
