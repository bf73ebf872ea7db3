// A schedule of steps: it should be one of moments.
#include "expunge/nn/mlp.hpp"
#include "expunge/train/descend.hpp"
#include "expunge/train/sgd.hpp"
#include "expunge/unlearning/gradient_descent.hpp"

using namespace expunge;

struct Halving {
#ifdef EXPUNGE_CORRECT
  double operator()(Moment moment) const {
    return 1 / (1 + moment.fraction);
  }
#else
  double operator()(Index step) const {
    return 1 / (1 + static_cast<double>(step));
  }
#endif
};

void run(DatasetView data, const LabelObjective<CrossEntropy>& objective,
         Ensemble<Mlp<4, 3>, float>& models) {
  Cpu<float> backend;
  descend(backend, DescentConfig{}, data, objective, Sgd{}, Halving{}, models);
}
