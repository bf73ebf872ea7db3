// Gauss-Newton matching with a preconditioner that cannot be applied.
#include "expunge/nn/mlp.hpp"
#include "expunge/unlearning/gauss_newton_matching.hpp"

using namespace expunge;

struct Nothing {
  void validate() const {}

  template <class JacobianType, class B>
  struct Factor {
    Factor(B&, const Nothing&, JacobianType&) {}
    void factorise(B&, MatrixView<const float>, const PerMember&) {}
#ifdef EXPUNGE_CORRECT
    void apply(B& backend, MatrixView<const float> r, MatrixView<float> z) const {
      copy_rows(backend, r, z);
    }
#endif
    double flops() const {
      return 0;
    }
  };
};

void run(const Problem<Mlp<4, 3>, float>& problem, TensorView<const float> outputs) {
  Cpu<float> backend;
  const GaussNewtonMatching<OracleOutputs<float>, UniformRetain, IsotropicPrior, Nothing> method{
      .target = {outputs}};
  unlearn(backend, method, problem);
}
