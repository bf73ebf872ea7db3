// Ascent on a model of one answer: cross entropy is 0 there, and nothing would move.
#include "expunge/nn/mlp.hpp"
#include "expunge/unlearning/gradient_ascent.hpp"

#ifdef EXPUNGE_CORRECT
using Net = expunge::Mlp<4, 2>;
#else
using Net = expunge::Mlp<4, 1>;
#endif

void run(const expunge::Problem<Net, float>& problem) {
  expunge::Cpu<float> backend;
  expunge::unlearn(backend, expunge::GradientAscent<>{}, problem);
}
