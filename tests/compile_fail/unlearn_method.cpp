// A method that does not say what it minimises.
#include "expunge/nn/mlp.hpp"
#include "expunge/unlearning/gradient_descent.hpp"

using namespace expunge;

struct Method {
  void validate() const {}
  DescentConfig descent() const { return {}; }
  Sgd optimizer() const { return {}; }
  ConstantRate schedule() const { return {}; }
#ifdef EXPUNGE_CORRECT
  template <class Model, class Real>
  LabelObjective<CrossEntropy> objective(const Problem<Model, Real>& problem) const {
    return {problem.retain, problem.data, {}, 8};
  }
#endif
};

void run(const Problem<Mlp<4, 3>, float>& problem) {
  Cpu<float> backend;
  unlearn(backend, Method{}, problem);
}
