// Gauss-Newton matching towards something that gives no targets.
#include "expunge/nn/mlp.hpp"
#include "expunge/unlearning/gauss_newton_matching.hpp"

using namespace expunge;

struct Zero {
  void validate() const {}
#ifdef EXPUNGE_CORRECT
  Array<float, 3> targets(TensorView<const float> base, const std::vector<Index>&) const {
    return make_array<float>(base.members, base.rows, base.features);
  }
#endif
};

void run(const Problem<Mlp<4, 3>, float>& problem) {
  Cpu<float> backend;
  unlearn(backend, GaussNewtonMatching<Zero>{.target = {}}, problem);
}
