// Layers that do not fit together.
#include "expunge/nn/linear.hpp"
#include "expunge/nn/relu.hpp"
#include "expunge/nn/sequential.hpp"

#ifdef EXPUNGE_CORRECT
using Net = expunge::Sequential<expunge::Linear<4, 5>, expunge::Relu<5>, expunge::Linear<5, 3>>;
#else
using Net = expunge::Sequential<expunge::Linear<4, 5>, expunge::Relu<6>, expunge::Linear<6, 3>>;
#endif

void start(float* theta) {
  Net::initialise(1, 0, theta, theta);
}
