// The experiment on a GPU: the same stages, another backend.
#include "expunge/expunge_cuda.cuh"

#include "run_experiment.hpp"

namespace cifar10 {

std::vector<ScoredRun> run_on_gpu(Lab& lab) {
  expunge::Cuda<float> gpu;
  return lab.settings().width == 8 ? run_experiment<8>(lab, gpu) : run_experiment<64>(lab, gpu);
}

}  // namespace cifar10
