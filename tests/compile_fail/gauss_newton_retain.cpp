// Gauss-Newton matching with a choice of retain points that does not say what it costs.
#include "expunge/nn/mlp.hpp"
#include "expunge/unlearning/gauss_newton_matching.hpp"

using namespace expunge;

struct FirstRetain {
  void validate() const {}
  template <class B, class Model, class Real>
  RetainLists select(B&, const RetainQuery<Model, Real>& query) const {
    return {{query.problem.retain.begin(), query.problem.retain.begin() + query.count}};
  }
#ifdef EXPUNGE_CORRECT
  double passes(Index) const {
    return 0;
  }
#endif
};

void run(const Problem<Mlp<4, 3>, float>& problem, TensorView<const float> outputs) {
  Cpu<float> backend;
  const GaussNewtonMatching<OracleOutputs<float>, FirstRetain> method{.target = {outputs}};
  unlearn(backend, method, problem);
}
