// What lies behind a CUDA backend: one stream, one cuBLAS handle and a pool of memory, shared by the
// backend and all that it allocated, which may outlive it.
#pragma once

#include <limits>
#include <map>
#include <memory>
#include <tuple>

#include "expunge/backend/buffer.hpp"
#include "expunge/backend/cuda_error.cuh"
#include "expunge/core/view.hpp"

namespace expunge::detail {

/// Memory comes and goes in the order of the stream, so a buffer may be freed while kernels that use it
/// are still queued; the pool keeps what is freed for the next allocation.
class CudaContext {
 public:
  explicit CudaContext(int device) : device_(device) {
    check_device(cudaSetDevice(device), "cudaSetDevice(", device, ")");
    check_device(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;  // not "pinned" to the host: the one type
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = device;
    check_device(cudaMemPoolCreate(&pool_, &properties), "cudaMemPoolCreate");
    std::uint64_t keep = std::numeric_limits<std::uint64_t>::max();
    check_device(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep),
                 "cudaMemPoolSetAttribute");
    check_device(cublasCreate(&blas_), "cublasCreate");
    check_device(cublasSetStream(blas_, stream_), "cublasSetStream");
  }
  CudaContext(const CudaContext&) = delete;
  CudaContext& operator=(const CudaContext&) = delete;
  ~CudaContext() {  // nothing can be done about a failure here
    cublasDestroy(blas_);
    cudaMemPoolDestroy(pool_);
    cudaStreamDestroy(stream_);
  }

  int device() const { return device_; }
  cudaStream_t stream() const { return stream_; }
  cublasHandle_t blas() const { return blas_; }

  void* allocate(std::size_t bytes) {
    void* p = nullptr;
    check_device(cudaMallocFromPoolAsync(&p, bytes, pool_, stream_), "cudaMallocFromPoolAsync(",
                 bytes, " bytes)");
    return p;
  }
  void free(void* p) { cudaFreeAsync(p, stream_); }
  void wait() { check_device(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }

 private:
  int device_;
  cudaStream_t stream_ = nullptr;
  cudaMemPool_t pool_ = nullptr;
  cublasHandle_t blas_ = nullptr;
};

/// Owns n elements of a trivial type on the device, zero at birth. Movable, not copyable.
template <class T>
class CudaBuffer {
 public:
  CudaBuffer() = default;
  CudaBuffer(std::shared_ptr<CudaContext> context, Index n) : size_(n) {
    const std::size_t bytes = static_cast<std::size_t>(std::max<Index>(n, 1)) * sizeof(T);
    T* const p = static_cast<T*>(context->allocate(bytes));
    const cudaStream_t stream = context->stream();
    data_ = {p, Free{std::move(context)}};
    check_device(cudaMemset2DAsync(p, bytes, 0, bytes, 1, stream), "cudaMemset2DAsync(", bytes,
                 " bytes)");
  }

  T* data() const { return data_.get(); }
  Index size() const { return size_; }

 private:
  struct Free {
    std::shared_ptr<CudaContext> context;
    void operator()(T* p) const { context->free(p); }
  };

  std::unique_ptr<T, Free> data_;
  Index size_ = 0;
};

/// Whether the memory is the device's.
inline bool on_device(const void* p) {
  cudaPointerAttributes attributes{};
  check_device(cudaPointerGetAttributes(&attributes, p), "cudaPointerGetAttributes");
  return attributes.type == cudaMemoryTypeDevice;
}

/// Copies rows between any two memories. The source may be changed as soon as this returns; where the
/// target is the host's, it holds the numbers by then.
template <class T>
void copy_bytes(CudaContext& context, MatrixView<const T> from, T* to, Index to_stride) {
  if (from.empty()) return;
  const std::size_t width = static_cast<std::size_t>(from.cols) * sizeof(T);
  const bool strided = from.stride >= from.cols && to_stride >= from.cols;
  const Index rows = strided ? from.rows : 1;
  for (Index i = 0; i < from.rows; i += rows)  // rows that overlap go one by one
    check_device(
        cudaMemcpy2DAsync(
            to + i * to_stride, strided ? static_cast<std::size_t>(to_stride) * sizeof(T) : width,
            from.row(i), strided ? static_cast<std::size_t>(from.stride) * sizeof(T) : width, width,
            static_cast<std::size_t>(rows), cudaMemcpyDefault, context.stream()),
        "cudaMemcpy2DAsync of [", from.rows, "][", from.cols, "]");
  if (!on_device(to)) context.wait();
}

}  // namespace expunge::detail
