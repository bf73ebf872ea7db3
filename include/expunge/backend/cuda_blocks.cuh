// Sums that many threads share: a block of threads for each, joined by CUB.
#pragma once

#include <cub/block/block_reduce.cuh>

#include "expunge/backend/cuda_memory.cuh"

namespace expunge::detail {

inline constexpr int block_threads = 512;

template <class F>
__global__ void __launch_bounds__(block_threads) sum_of_block(F f) {
  using Reduce = cub::BlockReduce<typename F::Value, block_threads>;
  __shared__ typename Reduce::TempStorage storage;
  const auto block = static_cast<Index>(blockIdx.x);
  const auto part = f.part(block, static_cast<Index>(threadIdx.x), Index{block_threads});
  const auto all = Reduce(storage).Reduce(part, typename F::Join{});
  if (threadIdx.x == 0) f.store(block, all);
}

/// f.store(block, what the threads' f.part(block, thread, threads) give, joined) for every block,
/// queued. In an order that is always the same.
template <class F>
void launch_blocks(const CudaContext& context, Index blocks, const F& f) {
  require(blocks <= std::numeric_limits<std::int32_t>::max(), "a kernel of ", blocks, " blocks");
  if (blocks == 0) return;
  sum_of_block<<<static_cast<unsigned>(blocks), block_threads, 0, context.stream()>>>(f);
  check_device(cudaGetLastError(), "a kernel of ", blocks, " blocks");
}

}  // namespace expunge::detail
