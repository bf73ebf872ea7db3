// A dropout that would keep nothing.
#include "expunge/nn/dropout.hpp"

#ifdef EXPUNGE_CORRECT
using Drop = expunge::Dropout<expunge::Shape<8>, std::ratio<1, 2>>;
#else
using Drop = expunge::Dropout<expunge::Shape<8>, std::ratio<1>>;
#endif

void start(float* stats) {
  Drop::initialise(1, 0, 0, stats, stats);
}
