// The calls of the CUDA runtime that expunge makes, on the host, with the signatures of its header:
// so that the tests run the CUDA backend's own code where there is no GPU. Streams do everything at
// once.
#include <cuda_runtime.h>

#include <algorithm>
#include <utility>

#include "capture.hpp"

using cuda_stand_in::Capture;
using cuda_stand_in::DeviceMemory;
using cuda_stand_in::told;
using cuda_stand_in::Work;

/// The runtime's types of a graph, and of one that can be launched.
struct CUgraph_st {
  Work work;
};
struct CUgraphExec_st {
  Work work;
};

namespace {

cudaError_t succeed_if(bool fine) {
  return told(fine ? cudaSuccess : cudaErrorInvalidValue);
}

/// A copy within the device can be recorded, one with the host cannot: what is there may change.
template <class Copy>
cudaError_t queue_copy(const void* to, const void* from, Copy copy) {
  const DeviceMemory& memory = DeviceMemory::get();
  if (!memory.owns(to) || !memory.owns(from)) {
    const cudaError_t status = Capture::get().refuse_if_active();
    if (status != cudaSuccess) return status;
  }
  Capture::get().queue(copy);
  return cudaSuccess;
}

}  // namespace

extern "C" {

const char* cudaGetErrorString(cudaError_t status) {
  return status == cudaErrorMemoryAllocation ? "out of memory" : "invalid argument";
}
cudaError_t cudaSetDevice(int device) {
  return succeed_if(device == 0);
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = reinterpret_cast<cudaStream_t>(1);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t) {
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) {
  return Capture::get().refuse_if_active();
}
cudaError_t cudaGetLastError() {
  return std::exchange(cuda_stand_in::last_error, cudaSuccess);
}
cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus* status) {
  *status = Capture::get().active() ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
  if (Capture::get().active()) return told(cudaErrorIllegalState);
  Capture::get().begin();
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* graph) {
  Work work;
  if (!Capture::get().end(work)) return told(cudaErrorStreamCaptureInvalidated);
  *graph = new CUgraph_st{std::move(work)};
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* runnable, cudaGraph_t graph, unsigned long long) {
  *runnable = new CUgraphExec_st{graph->work};
  return cudaSuccess;
}
cudaError_t cudaGraphExecUpdate(cudaGraphExec_t runnable, cudaGraph_t graph,
                                cudaGraphExecUpdateResultInfo*) {
  if (runnable->work.size() != graph->work.size()) return told(cudaErrorGraphExecUpdateFailure);
  runnable->work = graph->work;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t runnable) {
  delete runnable;
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t runnable, cudaStream_t) {
  const cudaError_t status = Capture::get().refuse_if_active();
  if (status == cudaSuccess) Capture::get().launch(runnable->work);
  return status;
}
cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps*) {
  *pool = reinterpret_cast<cudaMemPool_t>(1);
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) {
  return cudaSuccess;
}
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, std::size_t) {
  return cudaSuccess;
}
cudaError_t cudaMemPoolDestroy(cudaMemPool_t) {
  return succeed_if(DeviceMemory::get().blocks() == 0);
}
/// A real one can be recorded; expunge never means to.
cudaError_t cudaMallocFromPoolAsync(void** p, std::size_t bytes, cudaMemPool_t, cudaStream_t) {
  const cudaError_t status = Capture::get().refuse_if_active();
  if (status != cudaSuccess) return status;
  *p = DeviceMemory::get().allocate(bytes);
  return told(*p != nullptr ? cudaSuccess : cudaErrorMemoryAllocation);
}
cudaError_t cudaFreeAsync(void* p, cudaStream_t) {
  const cudaError_t status = Capture::get().refuse_if_active();
  return status != cudaSuccess ? status : succeed_if(DeviceMemory::get().release(p));
}
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* all) {
  *free = DeviceMemory::get().free_bytes();
  *all = DeviceMemory::capacity;
  return cudaSuccess;
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* p) {
  attributes->type =
      DeviceMemory::get().owns(p) ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered;
  return cudaSuccess;
}
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from,
                              std::size_t from_pitch, std::size_t width, std::size_t height,
                              cudaMemcpyKind, cudaStream_t) {
  constexpr std::size_t most = 0x7fffffff;
  if (width > to_pitch || width > from_pitch || std::max(to_pitch, from_pitch) > most)
    return told(cudaErrorInvalidPitchValue);
  return queue_copy(to, from, [=] {
    for (std::size_t i = 0; i < height; ++i)
      std::memcpy(static_cast<char*>(to) + i * to_pitch,
                  static_cast<const char*>(from) + i * from_pitch, width);
  });
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t) {
  return queue_copy(to, from, [=] { std::memcpy(to, from, bytes); });
}
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t) {
  if (!DeviceMemory::get().owns(to)) return told(cudaErrorInvalidValue);
  Capture::get().queue([=] { std::memset(to, value, bytes); });
  return cudaSuccess;
}

}  // extern "C"
