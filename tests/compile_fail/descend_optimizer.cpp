// An optimiser that does not say how much state it needs.
#include "expunge/nn/mlp.hpp"
#include "expunge/train/descend.hpp"
#include "expunge/unlearning/gradient_descent.hpp"

using namespace expunge;

struct Still {
#ifdef EXPUNGE_CORRECT
  static constexpr Index slots = 0;
#endif
  void validate() const {}
  void step(Cpu<float>&, MatrixView<float>, MatrixView<const float>, const MatrixView<float>*,
            double, Index) const {}
};

void run(DatasetView data, const LabelObjective<CrossEntropy>& objective,
         Ensemble<Mlp<4, 3>, float>& models) {
  Cpu<float> backend;
  descend(backend, DescentConfig{}, data, objective, Still{}, ConstantRate{}, models);
}
