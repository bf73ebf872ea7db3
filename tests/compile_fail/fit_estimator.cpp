// Datamodels from an estimator that returns bare weights.
#include "expunge/attribution/datamodels.hpp"
#include "expunge/backend/cpu.hpp"

using namespace expunge;

struct NoEffects {
#ifdef EXPUNGE_CORRECT
  using Result = Effects<float>;
#else
  using Result = Array<float, 2>;
#endif
  template <MatrixLike A>
  Result fit(const Cpu<float>&, const SubsetMasks&, const A&, const Progress&) const {
    return {};
  }
};

void run(const SubsetMasks& masks, const Array<float, 3>& logits) {
  Cpu<float> backend;
  fit_datamodels(backend, NoEffects{}, masks, logits);
}
