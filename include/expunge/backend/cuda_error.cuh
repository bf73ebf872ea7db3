// Errors of the device: the call that failed, its numbers, and what the device says of it.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include "expunge/core/check.hpp"

namespace expunge {

/// A call of CUDA or cuBLAS that failed: no device, no memory, or an earlier kernel that broke.
class cuda_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

/// The thread's last error, once thrown or of no matter, would else be taken for the next kernel's.
inline void forget_last_error() {
  static_cast<void>(cudaGetLastError());
}

/// Throws cuda_error with the call unless it succeeded.
template <class... Parts>
void check_device(cudaError_t status, const Parts&... call) {
  if (status == cudaSuccess) return;
  forget_last_error();
  throw cuda_error(sentence(call..., ": ", cudaGetErrorString(status)));
}
template <class... Parts>
void check_device(cublasStatus_t status, const Parts&... call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  forget_last_error();
  throw cuda_error(sentence(call..., ": ", cublasGetStatusString(status)));
}

}  // namespace detail
}  // namespace expunge
