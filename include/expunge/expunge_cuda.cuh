// All of expunge with the CUDA backend: expunge.hpp and Cuda<Real, Math>. Needs nvcc; link
// CUDA::cublas.
#pragma once

#include "expunge/expunge.hpp"

#include "expunge/backend/cuda_channel_sums.cuh"
#include "expunge/backend/cuda_convolution.cuh"
#include "expunge/backend/cuda_factors.cuh"
#include "expunge/backend/cuda_vectors.cuh"
