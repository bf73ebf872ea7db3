// The building block of convolutional networks: convolution, batch norm, ReLU.
#pragma once

#include "expunge/nn/batch_norm2d.hpp"
#include "expunge/nn/block.hpp"
#include "expunge/nn/conv2d.hpp"
#include "expunge/nn/relu.hpp"

namespace expunge {

namespace detail {

template <class S>
struct ReluOn;
template <Index... Extents>
struct ReluOn<Shape<Extents...>> {
  using type = Relu<Extents...>;
};

}  // namespace detail

/// The ReLU of a shape.
template <class S>
using ReluOf = typename detail::ReluOn<S>::type;

/// Convolution without bias, then batch norm.
template <class S, Index Out, Index Kernel, Index Stride = 1, Index Padding = Kernel / 2>
using ConvNorm = Block<Conv2d<S, Out, Kernel, Stride, Padding>,
                       BatchNorm2d<typename Conv2d<S, Out, Kernel, Stride, Padding>::Output>>;

/// Convolution without bias, batch norm, ReLU.
template <class S, Index Out, Index Kernel, Index Stride = 1, Index Padding = Kernel / 2>
using ConvBlock = Block<Conv2d<S, Out, Kernel, Stride, Padding>,
                        BatchNorm2d<typename Conv2d<S, Out, Kernel, Stride, Padding>::Output>,
                        ReluOf<typename Conv2d<S, Out, Kernel, Stride, Padding>::Output>>;

}  // namespace expunge
