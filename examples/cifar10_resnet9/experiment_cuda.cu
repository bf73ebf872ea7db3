// The experiment on a GPU: the same stages, another backend.
#include "expunge/expunge_cuda.cuh"

#include "experiment.hpp"

namespace cifar10 {

std::vector<ScoredRun> run_on_gpu(Lab& lab) {
  expunge::Cuda<float> gpu;
  if (lab.settings().width == 8) return run_experiment<8>(lab, gpu);
  expunge::require(lab.settings().width == 64,
                   "--device cuda is compiled for --width 8 and 64, not ", lab.settings().width);
  return run_experiment<64>(lab, gpu);
}

}  // namespace cifar10
