// Training a model of one answer against labels: all are 0, and squared error would fit 1.
#include "expunge/loss/squared_error.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/train/train.hpp"

#ifdef EXPUNGE_CORRECT
using Net = expunge::Mlp<4, 2>;
#else
using Net = expunge::Mlp<4, 1>;
#endif

void run(expunge::DatasetView data, const expunge::SubsetMasks& masks) {
  using namespace expunge;
  Cpu<float> backend;
  train<Net>(backend, Recipe<Sgd, ConstantRate, SquaredError>{}, data, masks);
}
