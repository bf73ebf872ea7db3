// What lies behind a CUDA backend: one stream, one cuBLAS handle and a pool of memory, shared by
// the backend and all that it allocated, which may outlive it.
#pragma once

#include <array>
#include <limits>
#include <memory>

#include "expunge/backend/buffer.hpp"
#include "expunge/backend/cuda_error.cuh"
#include "expunge/core/view.hpp"

namespace expunge::detail {

/// Destroys what it points to.
template <auto Destroy>
struct DestroyHandle {
  template <class Handle>
  void operator()(Handle* handle) const {
    Destroy(handle);
  }
};
using Stream = std::unique_ptr<CUstream_st, DestroyHandle<cudaStreamDestroy>>;
using Pool = std::unique_ptr<CUmemPoolHandle_st, DestroyHandle<cudaMemPoolDestroy>>;
using Blas = std::unique_ptr<cublasContext, DestroyHandle<cublasDestroy>>;

/// Frees memory when the stream comes to it.
struct FreeInOrder {
  cudaStream_t stream = nullptr;
  void operator()(void* p) const { cudaFreeAsync(p, stream); }
};
using Workspace = std::unique_ptr<void, FreeInOrder>;

/// Memory comes and goes in the order of the stream, so a buffer may be freed while kernels that
/// use it are still queued; the pool keeps what is freed for the next allocation. Every call is
/// made for the context's device, whichever is the thread's at the time.
class CudaContext {
 public:
  explicit CudaContext(int device) : device_(device) {
    select();
    cudaStream_t stream = nullptr;
    check_device(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
    stream_.reset(stream);
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;  // not "pinned" to the host: the one type
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = device;
    cudaMemPool_t pool = nullptr;
    check_device(cudaMemPoolCreate(&pool, &properties), "cudaMemPoolCreate");
    pool_.reset(pool);
    std::uint64_t keep = std::numeric_limits<std::uint64_t>::max();
    check_device(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep),
                 "cudaMemPoolSetAttribute");
    cublasHandle_t blas = nullptr;
    check_device(cublasCreate(&blas), "cublasCreate");
    blas_.reset(blas);
    check_device(cublasSetStream(blas, stream), "cublasSetStream");
    workspace_ = {allocate(blas_workspace), FreeInOrder{stream}};
    check_device(cublasSetWorkspace(blas, workspace_.get(), blas_workspace), "cublasSetWorkspace");
  }

  cudaStream_t stream() const {
    select();
    return stream_.get();
  }
  cublasHandle_t blas() const {
    select();
    return blas_.get();
  }

  ~CudaContext() { free_late(); }
  CudaContext(const CudaContext&) = delete;
  CudaContext& operator=(const CudaContext&) = delete;

  /// Throws while a step is recorded: the memory would be the graph's.
  void* allocate(std::size_t bytes) {
    void* p = nullptr;
    select();
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    check_device(cudaStreamIsCapturing(stream_.get(), &status), "cudaStreamIsCapturing");
    if (status != cudaStreamCaptureStatusNone)
      throw cuda_error(sentence("allocating ", bytes, " bytes while recording"));
    check_device(cudaMallocFromPoolAsync(&p, bytes, pool_.get(), stream_.get()),
                 "cudaMallocFromPoolAsync(", bytes, " bytes)");
    return p;
  }
  /// How many buffers were made before this one, which asks.
  Index next_birth() { return births_++; }

  /// A step has been recorded: its kernels may use every buffer that there is now.
  Index recorded() {
    recorded_births_ = births_;
    return generation_;
  }
  /// Another number as soon as a buffer is freed that a recorded step may use.
  Index generation() const { return generation_; }

  /// In the order of the stream. While a step is recorded it waits, and the recording is of no use:
  /// it may have kernels that use the memory. Without errors, as destructors call it. `birth`: how
  /// many buffers were made before this one.
  void free(void* p, Index birth) noexcept {
    if (birth < recorded_births_) ++generation_;
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    const bool known = cudaStreamIsCapturing(stream_.get(), &status) == cudaSuccess;
    if (!known || status == cudaStreamCaptureStatusNone || late_count_ == late_.size())
      free_now(p);
    else
      late_[late_count_++] = p;
  }
  /// Whether memory was freed since the recording began; it is given back now.
  bool free_late() noexcept {
    const bool any = late_count_ > 0;
    while (late_count_ > 0) free_now(late_[--late_count_]);
    return any;
  }
  void wait() const { check_device(cudaStreamSynchronize(stream()), "cudaStreamSynchronize"); }

  /// What can be allocated; the pool gives back what it keeps.
  std::size_t free_bytes() {
    wait();
    check_device(cudaMemPoolTrimTo(pool_.get(), 0), "cudaMemPoolTrimTo");
    std::size_t free = 0, all = 0;
    check_device(cudaMemGetInfo(&free, &all), "cudaMemGetInfo");
    return free;
  }

 private:
  void free_now(void* p) const noexcept {
    if (cudaFreeAsync(p, stream_.get()) != cudaSuccess) forget_last_error();
  }
  void select() const { check_device(cudaSetDevice(device_), "cudaSetDevice(", device_, ")"); }

  /// Given to cuBLAS so that it allocates nothing while a step is recorded: what it would take
  /// itself on a Hopper card.
  static constexpr std::size_t blas_workspace = std::size_t{32} << 20;

  int device_;
  Stream stream_;  // the last to go
  Pool pool_;
  Workspace workspace_;
  std::array<void*, 1024> late_{};  // to be freed when nothing is recorded
  std::size_t late_count_ = 0;
  Index births_ = 0;           // buffers made so far
  Index recorded_births_ = 0;  // and up to the latest recording
  Index generation_ = 0;
  Blas blas_;
};

enum class Fill { zero, none };

/// Owns n elements of a trivial type on the device, zero at birth unless Fill says otherwise.
/// Movable, not copyable.
template <class T>
class CudaBuffer {
 public:
  CudaBuffer() = default;
  CudaBuffer(std::shared_ptr<CudaContext> context, Index n, Fill fill = Fill::zero) : size_(n) {
    const std::size_t bytes = static_cast<std::size_t>(std::max<Index>(n, 1)) * sizeof(T);
    T* const p = static_cast<T*>(context->allocate(bytes));
    const cudaStream_t stream = context->stream();
    const Index birth = context->next_birth();
    data_ = {p, Free{std::move(context), birth}};
    if (fill == Fill::zero)
      check_device(cudaMemsetAsync(p, 0, bytes, stream), "cudaMemsetAsync(", bytes, " bytes)");
  }

  T* data() const { return data_.get(); }
  Index size() const { return size_; }

 private:
  struct Free {
    std::shared_ptr<CudaContext> context;
    Index birth = 0;
    void operator()(T* p) const { context->free(p, birth); }
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

/// Beyond this the runtime refuses the distance between two rows (cudaDeviceProp::memPitch).
inline constexpr std::size_t most_pitch = std::numeric_limits<std::int32_t>::max();

/// Copies rows between any two memories. Where one of them is the host's, the copy is done on
/// return.
template <class T>
void copy_bytes(CudaContext& context, MatrixView<const T> from, T* to, Index to_stride) {
  if (from.empty()) return;
  const auto bytes = [](Index n) { return static_cast<std::size_t>(n) * sizeof(T); };
  const cudaStream_t stream = context.stream();
  if (from.stride == from.cols && to_stride == from.cols) {  // one row of all numbers
    from = {from.data, 1, from.rows * from.cols};
    to_stride = from.cols;
  }
  const std::size_t width = bytes(from.cols);
  const bool together = from.rows > 1 && from.stride >= from.cols && to_stride >= from.cols &&
                        bytes(std::max(from.stride, to_stride)) <= most_pitch;
  const Index rows = together ? from.rows : 1;
  const std::size_t from_pitch = together ? bytes(from.stride) : width;
  const std::size_t to_pitch = together ? bytes(to_stride) : width;
  for (Index i = 0; i < from.rows; i += rows) {  // rows that overlap or lie far apart go one by one
    if (together)
      check_device(cudaMemcpy2DAsync(to, to_pitch, from.data, from_pitch, width,
                                     static_cast<std::size_t>(rows), cudaMemcpyDefault, stream),
                   "cudaMemcpy2DAsync of [", from.rows, "][", from.cols, "]");
    else
      check_device(
          cudaMemcpyAsync(to + i * to_stride, from.row(i), width, cudaMemcpyDefault, stream),
          "cudaMemcpyAsync of ", width, " bytes");
  }
  if (!on_device(to) || !on_device(from.data)) context.wait();
}

}  // namespace expunge::detail
