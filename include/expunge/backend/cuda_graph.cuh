// A step that is asked for again and again, as one CUDA graph: its kernels and products are
// recorded once and then launched together, so that the host does not queue them one by one.
#pragma once

#include <memory>

#include "expunge/backend/cuda_memory.cuh"

namespace expunge::detail {

using Graph = std::unique_ptr<CUgraph_st, DestroyHandle<cudaGraphDestroy>>;
using RunnableGraph = std::unique_ptr<CUgraphExec_st, DestroyHandle<cudaGraphExecDestroy>>;

/// While it lives, what is queued on the context's stream is recorded and not done.
class Capture {
 public:
  explicit Capture(const CudaContext& context) : stream_(context.stream()) {
    check_device(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal),
                 "cudaStreamBeginCapture");
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture() { end(); }

  /// What was recorded; null if some of it cannot be, as a wait for the device, or if it has ended.
  Graph end() {
    if (stream_ == nullptr) return nullptr;
    cudaGraph_t graph = nullptr;
    const cudaError_t status = cudaStreamEndCapture(stream_, &graph);
    stream_ = nullptr;
    Graph recorded(graph);
    if (status == cudaSuccess) return recorded;
    cudaGetLastError();  // or the next kernel would be blamed
    return nullptr;
  }

 private:
  cudaStream_t stream_;
};

/// The graph of one step, and when it is of use: from the second call on, as the first one loads
/// kernels and lets scratch grow; and not for a few calls, which cost less than the recording.
///
/// A graph holds addresses. Where memory that was there when it was recorded has been freed since,
/// as scratch that grew between two calls, it may be another's by now: the step is recorded anew.
class CudaRecording {
 public:
  static constexpr Index worth_recording = 8;  // calls
  static constexpr Index most_losses = 3;  // of the memory, then the step is done without a graph

  /// From here the step is another one, and is asked for so many times.
  void restart(Index calls) {
    worth_ = calls >= worth_recording;
    called_ = ready_ = false;
    losses_ = 0;
  }

  template <class F>
  void run(CudaContext& context, F&& f) {
    if (ready_ && context.generation() != generation_) {
      ready_ = false;
      worth_ = ++losses_ < most_losses;
    }
    if (worth_ && called_ && !ready_) ready_ = record(context, f);
    called_ = true;
    if (!ready_) return f();
    check_device(cudaGraphLaunch(runnable_.get(), context.stream()), "cudaGraphLaunch");
  }

 private:
  /// Null if f does what cannot be recorded, or fails; then it is for the caller to do it, or to
  /// fail.
  template <class F>
  static Graph recorded(CudaContext& context, F&& f) {
    Graph graph;
    {
      Capture capture(context);
      try {
        f();
        graph = capture.end();
      } catch (const cuda_error&) {
        capture.end();
        forget_last_error();  // of the recording that broke
      } catch (...) {
        capture.end();
        context.free_late();
        throw;
      }
    }
    return context.free_late() ? nullptr : std::move(graph);
  }

  template <class F>
  bool record(CudaContext& context, F&& f) {
    const Graph graph = recorded(context, f);
    worth_ = graph != nullptr && make_runnable(context, graph.get());
    if (worth_) generation_ = context.recorded();
    return worth_;
  }

  /// The graph of before is changed where that is possible: it has the same kernels, mostly.
  bool make_runnable(const CudaContext& context, cudaGraph_t graph) {
    cudaGraphExecUpdateResultInfo ignored{};
    if (runnable_ && cudaGraphExecUpdate(runnable_.get(), graph, &ignored) == cudaSuccess)
      return true;
    forget_last_error();
    if (runnable_) context.wait();  // it may still run
    cudaGraphExec_t runnable = nullptr;
    const cudaError_t status = cudaGraphInstantiate(&runnable, graph, 0);
    if (status != cudaSuccess) forget_last_error();
    runnable_.reset(status == cudaSuccess ? runnable : nullptr);
    return runnable_ != nullptr;
  }

  RunnableGraph runnable_;
  bool worth_ = false, called_ = false, ready_ = false;
  Index generation_ = 0;  // of the context's memory when the step was recorded
  Index losses_ = 0;
};

}  // namespace expunge::detail
