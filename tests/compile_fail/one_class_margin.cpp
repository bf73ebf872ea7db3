// Matching the margins of a model of one class, which has no rival.
#include "expunge/nn/mlp.hpp"
#include "expunge/output/margin.hpp"
#include "expunge/unlearning/oracle_matching.hpp"

#ifdef EXPUNGE_CORRECT
using Net = expunge::Mlp<4, 2>;
#else
using Net = expunge::Mlp<4, 1>;
#endif

void run(const expunge::Problem<Net, float>& problem) {
  expunge::Cpu<float> backend;
  using Method = expunge::OracleMatching<expunge::OracleOutputs<float>, expunge::Margin>;
  expunge::unlearn(backend, Method{.target = {problem.logits}}, problem);
}
