// Oracle Matching of an output function that cannot go back.
#include "expunge/nn/mlp.hpp"
#include "expunge/unlearning/oracle_matching.hpp"

using namespace expunge;

struct First {
  static constexpr Index outputs(Index) { return 1; }
  template <class Real>
  void value(const Real* z, Index, Label, Real* out) const {
    out[0] = z[0];
  }
#ifdef EXPUNGE_CORRECT
  template <class Real>
  void pullback(const Real*, Index, Label, const Real* dout, Real* dz) const {
    dz[0] += dout[0];
  }
#endif
};

void run(const Problem<Mlp<4, 3>, float>& problem, const OracleOutputs<float>& oracles) {
  Cpu<float> backend;
  unlearn(backend, OracleMatching<OracleOutputs<float>, First>{.target = oracles}, problem);
}
