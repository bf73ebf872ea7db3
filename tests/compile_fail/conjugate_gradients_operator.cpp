// Conjugate gradients with a matrix whose product is called something else.
#include "expunge/solvers/conjugate_gradients.hpp"

using namespace expunge;

struct Twice {
  Index rows() const { return 3; }
  Index cols() const { return 3; }
#ifdef EXPUNGE_CORRECT
  void apply(Cpu<float>&, MatrixView<const float>, MatrixView<float>) const {}
#else
  void multiply(Cpu<float>&, MatrixView<const float>, MatrixView<float>) const {}
#endif
};

void run(MatrixView<const float> b, MatrixView<float> x) {
  Cpu<float> backend;
  Twice twice;
  IdentityPreconditioner none;
  ConjugateGradients<Cpu<float>>(backend, 1, 3)(backend, SolverConfig{}, twice, none, b, x);
}
