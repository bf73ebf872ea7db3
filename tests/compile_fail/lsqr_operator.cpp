// LSQR with a matrix whose transpose cannot be applied.
#include "expunge/solvers/lsqr.hpp"

using namespace expunge;

struct Twice {
  Index rows() const { return 3; }
  Index cols() const { return 3; }
  void apply(Cpu<float>&, MatrixView<const float>, MatrixView<float>) const {}
#ifdef EXPUNGE_CORRECT
  void apply_transpose(Cpu<float>&, MatrixView<const float>, MatrixView<float>) const {}
#endif
};

void run(MatrixView<const float> b, MatrixView<float> x) {
  Cpu<float> backend;
  Twice twice;
  Lsqr<Cpu<float>>(backend, 1, 3, 3)(backend, SolverConfig{}, twice, b, {0.0}, x);
}
