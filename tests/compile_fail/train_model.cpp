// Training a model that has weights but cannot go back.
#include "expunge/nn/mlp.hpp"
#include "expunge/train/train.hpp"

#ifdef EXPUNGE_CORRECT
using Net = expunge::Mlp<4, 3>;
#else
struct Net {
  using Input = expunge::Shape<4>;
  static constexpr expunge::Index classes = 3, parameters = 15, statistics = 0;
};
#endif

void run(expunge::DatasetView data, const expunge::SubsetMasks& masks) {
  using namespace expunge;
  Cpu<float> backend;
  train<Net>(backend, Recipe<>{}, data, masks);
}
