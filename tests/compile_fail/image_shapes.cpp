// A batch norm for another image than the convolution before it gives.
#include "expunge/nn/conv_block.hpp"

using Conv = expunge::Conv2d<expunge::Shape<3, 32, 32>, 8, 3, 1, 1>;
#ifdef EXPUNGE_CORRECT
using Net = expunge::Block<Conv, expunge::BatchNorm2d<expunge::Shape<8, 32, 32>>>;
#else
using Net = expunge::Block<Conv, expunge::BatchNorm2d<expunge::Shape<8, 30, 30>>>;
#endif

void start(float* theta) {
  Net::initialise(1, 0, 0, theta, theta);
}
