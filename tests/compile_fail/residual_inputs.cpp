// A residual block whose shortcut takes a larger image than its layers.
#include "expunge/nn/global_pool.hpp"
#include "expunge/nn/residual.hpp"

#ifdef EXPUNGE_CORRECT
using Shortcut = expunge::GlobalMaxPool<expunge::Shape<4, 4, 4>>;
#else
using Shortcut = expunge::GlobalMaxPool<expunge::Shape<4, 64, 64>>;
#endif
using Net =
    expunge::ShortcutResidual<Shortcut, expunge::GlobalAveragePool<expunge::Shape<4, 4, 4>>>;

void start(float* theta) {
  Net::initialise(1, 0, 0, theta, theta);
}
