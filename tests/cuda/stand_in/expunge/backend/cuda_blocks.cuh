// The blocks of threads of the library's file of this name, on the host: all threads' parts, and
// then halves joined to halves.
#pragma once

#include <vector>

#include "expunge/backend/cuda_memory.cuh"
#include "thrust/system/cuda/execution_policy.h"

namespace expunge::detail {

template <class F>
void launch_blocks(const CudaContext&, Index blocks, const F& f) {
  constexpr Index threads = 64;
  thrust::cuda::refuse_host_addresses(f);
  check_device(cudaGetLastError(), "an earlier call");
  cuda_stand_in::Capture::get().queue([blocks, f] {
    for (Index block = blocks - 1; block >= 0; --block) {
      std::vector<typename F::Value> parts;
      for (Index t = 0; t < threads; ++t) parts.push_back(f.part(block, t, threads));
      for (std::size_t width = threads / 2; width > 0; width /= 2)
        for (std::size_t t = 0; t < width; ++t)
          parts[t] = typename F::Join{}(parts[t], parts[t + width]);
      f.store(block, parts[0]);
    }
  });
}

}  // namespace expunge::detail
