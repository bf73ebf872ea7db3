// What a stream records while a graph is captured: nothing is done then, and all of it, in its
// order, every time the graph is launched.
#pragma once

#include <cuda_runtime.h>

#include <functional>
#include <utility>
#include <vector>

#include "device_memory.hpp"

namespace cuda_stand_in {

/// The last call's failure, until somebody asks for it: a kernel that is launched meanwhile fails.
inline cudaError_t last_error = cudaSuccess;

/// The status, remembered if it is a failure.
inline cudaError_t told(cudaError_t status) {
  if (status != cudaSuccess) last_error = status;
  return status;
}

using Work = std::vector<std::function<void()>>;

class Capture {
 public:
  static Capture& get() {
    static Capture capture;
    return capture;
  }
  bool active() const { return active_; }

  /// Does it, or records it. `work` must own what it reads of the host: after the capture it is
  /// gone.
  template <class F>
  void queue(F work) {
    if (active_) {
      recorded_.emplace_back(std::move(work));
    } else {
      const DeviceMemory::Open open;
      work();
    }
  }
  /// A call that cannot be recorded: it fails, and so will the end of the capture.
  cudaError_t refuse_if_active() {
    broken_ = broken_ || active_;
    return told(active_ ? cudaErrorStreamCaptureUnsupported : cudaSuccess);
  }

  void begin() {
    recorded_.clear();
    active_ = true;
    broken_ = false;
  }
  /// Whether all of it could be recorded.
  bool end(Work& work) {
    active_ = false;
    work.swap(recorded_);
    return !broken_;
  }
  void launch(const Work& work) {
    const DeviceMemory::Open open;
    for (const auto& piece : work) piece();
  }

 private:
  bool active_ = false, broken_ = false;
  Work recorded_;
};

}  // namespace cuda_stand_in
