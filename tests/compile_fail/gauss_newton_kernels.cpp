// Gauss-Newton matching with a preconditioner of J J' where the kernel is J P J'.
#include "expunge/nn/mlp.hpp"
#include "expunge/unlearning/gauss_newton_matching.hpp"

using namespace expunge;

#ifdef EXPUNGE_CORRECT
using Prior = IsotropicPrior;
#else
using Prior = KroneckerPrior;
#endif

void run(const Problem<Mlp<4, 3>, float>& problem, TensorView<const float> outputs) {
  Cpu<float> backend;
  const GaussNewtonMatching<OracleOutputs<float>, UniformRetain, Prior, OutputBlocks> method{
      .target = {outputs}};
  unlearn(backend, method, problem);
}
