// A small convolutional network for small images: twice conv3x3, batch norm, ReLU, max pool 2, with
// w and 2w channels, then one linear layer on what is left of the image.
#pragma once

#include "expunge/nn/conv_block.hpp"
#include "expunge/nn/flatten.hpp"
#include "expunge/nn/linear.hpp"
#include "expunge/nn/max_pool2d.hpp"
#include "expunge/nn/sequential.hpp"

namespace expunge {

namespace detail {

template <Index Classes, Index Width, class S>
struct ConvNetLayers {
  using First = ConvBlock<S, Width, 3>;
  using Half = MaxPool2d<typename First::Output, 2>;
  using Second = ConvBlock<typename Half::Output, 2 * Width, 3>;
  using Quarter = MaxPool2d<typename Second::Output, 2>;
  using Row = Flatten<typename Quarter::Output>;
  using Model = Sequential<First, Half, Second, Quarter, Row, Linear<Row::Output::size, Classes>>;
};

}  // namespace detail

/// ConvNet<10, 16, Shape<1, 28, 28>>: 10 classes of MNIST-sized images.
template <Index Classes = 10, Index Width = 16, class Image = Shape<3, 32, 32>>
struct ConvNet : detail::ConvNetLayers<Classes, Width, Image>::Model {};

static_assert(ConvNet<10, 16, Shape<1, 28, 28>>::parameters ==
              (16 * 9 + 32) + (16 * 32 * 9 + 64) + (32 * 7 * 7 * 10 + 10));
static_assert(TangentModel<ConvNet<10, 4>, Cpu<float>>);

}  // namespace expunge
