// A residual block whose layers end with another shape than they begin with.
#include "expunge/nn/conv_block.hpp"
#include "expunge/nn/residual.hpp"

using Image = expunge::Shape<4, 8, 8>;
#ifdef EXPUNGE_CORRECT
using Net = expunge::Residual<expunge::ConvBlock<Image, 4, 3>>;
#else
using Net = expunge::Residual<expunge::ConvBlock<Image, 6, 3>>;
#endif

void start(float* theta) {
  Net::initialise(1, 0, 0, theta, theta);
}
