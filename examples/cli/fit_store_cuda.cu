// expunge fit on a GPU: the same blocks, another backend.
#include "expunge/expunge_cuda.cuh"

#include "cli/fitting.hpp"

namespace expunge::cli {

void fit_blocks_on_gpu(const FitPlan& plan, const SubsetMasks& masks, const ModelOutputs& outputs,
                       FitStore& store,
                       const std::function<Progress(const std::string&)>& progress) {
  const Cuda<float> gpu(0, 0, plan.threads);
  Fitting(gpu, plan, masks, outputs, store).run(progress);
}

}  // namespace expunge::cli
