// Datamodels on the GPU against the CPU's.
#include <doctest/doctest.h>

#include "attribution/lockstep_cases.hpp"
#include "expunge/expunge_cuda.cuh"

using namespace expunge;

TEST_CASE("LASSO on the GPU is the CPU's, whatever products round to") {
  test::check_lockstep_lasso(Cuda<double>(), 1e-9, 1e-6);
  test::check_lockstep_lasso(Cuda<float>(), 1e-4, 2e-3);
  test::check_lockstep_lasso(Cuda<float, Bf16>(), 1e-4, 2e-3);
}

TEST_CASE("Ridge on the GPU has the CPU's correlations") {
  const test::LockstepProblem<float> problem(120, 40, 6);
  const Ridge ridge{{.lambda = 0.1}};
  const Effects<float> effects = ridge.fit(Cuda<float, Tf32>(), problem.masks, problem.outputs);
  CHECK(relative_difference(
            effects.weights, ridge.fit(Cpu<float>(1), problem.masks, problem.outputs).weights) <
        1e-5);
}
