// Thrust's CUDA policy on the host: kernels run in Thrust's sequential system, with the memory of
// the stand-in device open while they do. A kernel that holds the address of host memory ends the
// test: on a GPU it would crash, or worse.
#pragma once

#include <cuda_runtime.h>
#include <sys/mman.h>
#include <thrust/for_each.h>
#include <thrust/iterator/reverse_iterator.h>
#include <thrust/system/cpp/execution_policy.h>
#include <thrust/system_error.h>

#include <cstdint>
#include <cstdio>
#include <typeinfo>

#include "../../../capture.hpp"

namespace thrust::cuda {

/// Whether this number is the address of a page of this process that is not the device's.
inline bool is_host_address(std::uintptr_t number) {
#ifdef __SANITIZE_ADDRESS__  // maps its shadow where small numbers in pairs look like addresses
  constexpr std::uintptr_t lowest = 0x100080000000;
#else
  constexpr std::uintptr_t lowest = 1 << 20;
#endif
  constexpr std::uintptr_t page = 4096;
  void* const at = reinterpret_cast<void*>(number / page * page);
  if (number < lowest || cuda_stand_in::DeviceMemory::get().owns(at)) return false;
  unsigned char ignored = 0;
  return mincore(at, page, &ignored) == 0;  // fails where nothing is mapped
}

template <class F>
void refuse_host_addresses(F f) {
#if defined(__has_builtin) && __has_builtin(__builtin_clear_padding)
  __builtin_clear_padding(&f);  // which may hold anything
#endif
  for (std::size_t at = 0; at + sizeof(std::uintptr_t) <= sizeof f; at += sizeof(std::uintptr_t)) {
    std::uintptr_t number = 0;
    std::memcpy(&number, reinterpret_cast<const char*>(&f) + at, sizeof number);
    if (!is_host_address(number)) continue;
    std::fprintf(stderr, "a kernel holds host memory, %zu bytes into %s\n", at, typeid(F).name());
    std::abort();
  }
}

struct StandInPolicy : thrust::cpp::execution_policy<StandInPolicy> {};

/// What thrust::for_each_n calls with this policy. From the last element to the first: a kernel
/// whose elements count on those before them fails.
template <class Iterator, class Size, class F>
Iterator for_each_n(StandInPolicy&, Iterator first, Size n, F f) {
  refuse_host_addresses(f);
  if (const cudaError_t earlier = cudaGetLastError(); earlier != cudaSuccess)
    throw thrust::system_error(earlier, thrust::generic_category(), "an earlier call");
  cuda_stand_in::Capture::get().queue([first, n, f] {
    thrust::for_each_n(thrust::cpp::par, thrust::make_reverse_iterator(first + n), n, f);
  });
  return first + n;
}

struct StandInPar {
  StandInPolicy on(cudaStream_t) const { return {}; }
};
inline constexpr StandInPar par_nosync;

}  // namespace thrust::cuda
