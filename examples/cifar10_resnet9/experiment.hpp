// The experiment as the program calls it. run_experiment.hpp defines it; each width is compiled in
// a file of its own (width.cpp.in), the GPU's in experiment_cuda.cu.
#pragma once

#include "scores.hpp"

namespace cifar10 {

/// Trains, attributes, unlearns and scores; the last row is the floor, oracles against others.
template <Index Width, class B>
std::vector<ScoredRun> run_experiment(Lab& lab, B& device);

#ifdef EXPUNGE_WITH_CUDA
/// The experiment on a GPU, of width 8 or 64. Throws cuda_error if there is none.
std::vector<ScoredRun> run_on_gpu(Lab& lab);
#endif

}  // namespace cifar10
