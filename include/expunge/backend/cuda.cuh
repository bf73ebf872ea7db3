// The CUDA backend: the same functors, layers and loops as on the CPU, on one GPU.
//
//   Cuda<float> gpu;                    float32 products
//   Cuda<float, Tf32> gpu;              operands rounded to TF32 (10 bits), sums in float32
//   Cuda<float, Bf16> gpu;              operands rounded to bfloat16 (7 bits), sums in float32
//   Cuda<double> gpu(1, 100);           on device 1, 100 members at a time
//
// Results are the same bytes for the same cohort: how cuBLAS multiplies depends on the batch.
//
// All members of a cohort step together: one strided-batched product of cuBLAS, one kernel over all
// elements. The object owns stream, handle and memory, and everything happens in the order of its
// stream; `copy_rows` to the host waits for what came before. One object belongs to one host
// thread.
//
// The primitives are those of cpu.hpp. Element-wise work and gathers are in cuda_elements.cuh,
// products in cuda_gemm.cuh, convolutions in cuda_convolution.cuh, sums over channels in
// cuda_channel_sums.cuh, arithmetic on vectors in cuda_vectors.cuh, factors of small matrices,
// which the host computes, in cuda_factors.cuh; steps are recorded by cuda_graph.cuh.
#pragma once

#include <map>
#include <memory>
#include <tuple>
#include <type_traits>

#include "expunge/backend/backend.hpp"
#include "expunge/backend/cuda_graph.cuh"
#include "expunge/core/parallel.hpp"

namespace expunge {

/// How products round their operands. Sums are in the backend's scalar type.
struct Ieee {};
struct Tf32 {};
struct Bf16 {};

template <class Real_, class Math_ = Ieee>
class Cuda {
 public:
  static_assert(std::is_same_v<Real_, float> || std::is_same_v<Real_, double>,
                "Cuda<Real> computes in float or double.");
  static_assert(std::is_same_v<Math_, Ieee> ||
                    (std::is_same_v<Real_, float> &&
                     (std::is_same_v<Math_, Tf32> || std::is_same_v<Math_, Bf16>)),
                "Cuda<Real, Math>: Math is Ieee, or Tf32 or Bf16 with float.");
  using Real = Real_;
  using Math = Math_;
  static constexpr Index lockstep_members = 1024;
  using Exact = Cuda<Real_>;
  using Recording = detail::CudaRecording;
  template <class T>
  using Buffer = detail::CudaBuffer<T>;
  template <class T>
  class Resident;
  class ResidentScope;

  /// `cohort`: members that step together; 0 = as many as the memory holds. `threads`: of the host,
  /// for work that is not the device's; 0 = all. Throws cuda_error if there is no such device.
  explicit Cuda(int device = 0, Index cohort = 0, int threads = 0)
      : context_(std::make_shared<detail::CudaContext>(device)),
        cohort_(cohort),
        threads_(thread_count(threads)) {
    require(cohort >= 0, "Cuda: a cohort of ", cohort, " members");
    require(threads >= 0, "Cuda: ", threads, " threads");
  }

  /// The same device, stream and memory, with scratch of its own; for the same host thread.
  Cuda(const Cuda& other)
      : context_(other.context_), cohort_(other.cohort_), threads_(other.threads_) {}
  template <class OtherMath>
  explicit Cuda(const Cuda<Real, OtherMath>& other)
      : context_(other.shared_context()), cohort_(other.cohort()), threads_(other.threads()) {}
  Cuda& operator=(const Cuda&) = delete;
  const std::shared_ptr<detail::CudaContext>& shared_context() const { return context_; }

  int threads() const { return threads_; }
  Index cohort() const { return cohort_; }
  detail::CudaContext& context() const { return *context_; }
  /// Bytes that a block of work should take: half of what is free. The rest is the data's, and what
  /// an observer or a preconditioner needs.
  std::size_t room() const { return context_->free_bytes() / 2; }

  template <class T>
  Buffer<T> allocate(Index n, detail::Fill fill = detail::Fill::zero) const {
    return {context_, n, fill};
  }

  /// Memory for use within one primitive: it grows to the largest use and stays. The numbers of the
  /// last call are lost.
  Real* scratch(Index n) {
    if (scratch_.size() < n) {
      scratch_ = {};  // first, so that there is never room for both
      scratch_ = allocate<Real>(n, detail::Fill::none);
    }
    return scratch_.data();
  }

 private:
  std::shared_ptr<detail::CudaContext> context_;
  Index cohort_;
  int threads_;
  Buffer<Real> scratch_;
  ResidentScope* scope_ = nullptr;  // the innermost
};

/// Host numbers on the device, as long as it lives: a copy, unless they are there already.
template <class Real_, class Math_>
template <class T>
class Cuda<Real_, Math_>::Resident {
 public:
  Resident(const Cuda& backend, MatrixView<const T> host) : view_(host) {
    if (host.empty() || detail::on_device(host.data)) return;
    copy_ = backend.template allocate<T>(host.rows * host.cols, detail::Fill::none);
    view_ = {copy_.data(), host.rows, host.cols};
    detail::copy_bytes(backend.context(), host, copy_.data(), host.cols);
  }
  operator MatrixView<const T>() const { return view_; }

 private:
  Buffer<T> copy_;
  MatrixView<const T> view_;
};

/// While it lives, every array that is `kept` is copied once. Scopes nest.
template <class Real_, class Math_>
class Cuda<Real_, Math_>::ResidentScope {
 public:
  explicit ResidentScope(Cuda& backend) : backend_(backend), outer_(backend.scope_) {
    backend.scope_ = this;
  }
  ResidentScope(const ResidentScope&) = delete;
  ResidentScope& operator=(const ResidentScope&) = delete;
  ~ResidentScope() { backend_.scope_ = outer_; }

  /// The copy in the innermost scope of the backend, made if this or an outer one has none.
  template <class T>
  static MatrixView<const T> keep(Cuda& backend, MatrixView<const T> host) {
    if (host.empty() || detail::on_device(host.data)) return host;
    require(backend.scope_ != nullptr, "Cuda: an array can be kept within a ResidentScope only");
    const Key key{host.data, host.rows, host.cols, host.stride, sizeof(T)};
    for (const ResidentScope* scope = backend.scope_; scope != nullptr; scope = scope->outer_)
      if (const auto at = scope->copies_.find(key); at != scope->copies_.end())
        return {static_cast<const T*>(at->second.get()), host.rows, host.cols};
    auto copy = std::make_shared<Resident<T>>(backend, host);
    const MatrixView<const T> view = *copy;
    backend.scope_->copies_.emplace(key, std::shared_ptr<const void>(copy, view.data));
    return view;
  }

 private:
  using Key = std::tuple<const void*, Index, Index, Index, std::size_t>;

  Cuda& backend_;
  ResidentScope* outer_;
  std::map<Key, std::shared_ptr<const void>> copies_;  // each points to its numbers on the device
};

static_assert(Backend<Cuda<float>> && Backend<Cuda<double>> && Backend<Cuda<float, Bf16>>);

template <class Real, class Math, class T>
typename Cuda<Real, Math>::template Resident<T> resident(const Cuda<Real, Math>& backend,
                                                         MatrixView<const T> host) {
  return {backend, host};
}
template <class Real, class Math, class T>
MatrixView<const T> kept(Cuda<Real, Math>& backend, MatrixView<const T> host) {
  return Cuda<Real, Math>::ResidentScope::keep(backend, host);
}

/// Whether an array of the caller's lies on the device: the host must not read it.
template <class Real, class Math>
bool address_on_device(const Cuda<Real, Math>&, const void* p) {
  return p != nullptr && detail::on_device(p);
}

template <class Real, class Math, class F>
void repeat(const Cuda<Real, Math>& backend, detail::CudaRecording& recording, F&& f) {
  recording.run(backend.context(), f);
}

/// Calls f(backend, first, count) for consecutive blocks of members, one after the other. A member
/// needs `member_bytes` of the device's memory; 0 where that is not known.
template <class Real, class Math, class F>
void for_each_cohort(Cuda<Real, Math>& backend, Index members, std::size_t member_bytes, F&& f) {
  Index cohort = backend.cohort() > 0 ? backend.cohort() : std::max<Index>(members, 1);
  if (backend.cohort() == 0 && member_bytes > 0) {
    cohort = std::clamp<Index>(static_cast<Index>(backend.room() / member_bytes), 1, cohort);
  }
  for (Index first = 0; first < members; first += cohort)
    f(backend, first, std::min(cohort, members - first));
}

}  // namespace expunge
