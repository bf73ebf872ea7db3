// An objective that does not say which examples it wants.
#include "expunge/nn/mlp.hpp"
#include "expunge/train/descend.hpp"
#include "expunge/train/sgd.hpp"

using namespace expunge;

struct Nothing {
  Index passes(Index) const { return 1; }
  Index batch_size(Index, Index) const { return 8; }
#ifdef EXPUNGE_CORRECT
  std::vector<Index> examples(Index, Index, Index) const {
    return {0};
  }
#endif
  void operator()(Cpu<float>&, const Minibatch<float>&) const {}
};

void run(DatasetView data, Ensemble<Mlp<4, 3>, float>& models) {
  Cpu<float> backend;
  descend(backend, DescentConfig{}, data, Nothing{}, Sgd{}, ConstantRate{}, models);
}
