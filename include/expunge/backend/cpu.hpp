// The CPU backend: where numbers live, and who computes.
//
// A thread takes one block of members (by default one member) and works on it to the end, so that
// its weights stay in that core's cache. All primitives below run on the calling thread; the one
// parallel loop is for_each_cohort.
//
//   allocate<T>(n)                    aligned memory, zero at birth
//   for_each_cohort(b, members, bytes, f)    f(worker, first, count) for blocks of members, in parallel
//   for_each_index(b, n, f)           f(i)
//   for_each_element(b, m, r, c, f)   f(member, row, column)
//   gemm(b, ...)                      C[m] = alpha op(A[m]) op(B[m]) + beta C[m]
//   sum_rows(b, x, out)               out[m][j] = sum_i x[m][i][j]
//   copy_rows(b, from, to)            to[i] = from[i], between host and backend too
//   gather_rows(b, source, ids, out)  out[m][i] = source[ids[m][i]]
//   repeat(b, recording, f)           f(), which asks for the same work each time
//   resident(b, host)                 a B::Resident: host data for functors, as long as it lives
//   kept(b, host)                     the same as a view, as long as the B::ResidentScope lives
//                                     within which it is called first; host must not change meanwhile
//
// Layers of images also need convolve and its gradients (convolution.hpp) and the channel sums of
// channel_sums.hpp; matching needs vectors.hpp and cholesky.hpp.
//
// Functors are small named structs with an EXPUNGE_HD call operator, so that a GPU backend runs the
// same ones. Calls for different positions must be independent of each other.
#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <type_traits>

#include "expunge/backend/backend.hpp"
#include "expunge/backend/buffer.hpp"
#include "expunge/backend/extents.hpp"
#include "expunge/core/check.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/core/view.hpp"

namespace expunge {

template <class Real_>
class Cpu {
 public:
  static_assert(std::is_floating_point_v<Real_>, "Cpu<Real> computes in float or double.");
  using Real = Real_;
  static constexpr Index lockstep_members = 0;
  using Exact = Cpu;
  template <class T>
  using Buffer = HostBuffer<T>;
  template <class T>
  using Resident = MatrixView<const T>;
  struct ResidentScope {
    explicit ResidentScope(const Cpu&) {}
  };
  struct Recording {
    void restart(Index /*calls*/) {}
  };

  /// `threads`: 0 means all of the machine's. `cohort`: members that one thread works on at a time.
  explicit Cpu(int threads = 0, Index cohort = 1)
      : threads_(thread_count(threads)), cohort_(cohort) {
    require(threads >= 0, "Cpu: ", threads, " threads");
    require(cohort >= 1, "Cpu: a cohort of ", cohort, " members");
  }

  int threads() const { return threads_; }
  Index cohort() const { return cohort_; }
  /// Bytes that a block of work should take.
  std::size_t room() const { return std::size_t{1} << 30; }

  template <class T>
  HostBuffer<T> allocate(Index n) const {
    return HostBuffer<T>(n);
  }

 private:
  int threads_;
  Index cohort_;
};

static_assert(Backend<Cpu<float>> && Backend<Cpu<double>>);

/// Calls f(worker, first, count) for consecutive blocks of members, one block a thread at a time.
/// The worker is a backend of one thread. `member_bytes`, what a member needs of the backend's
/// memory, is for backends that have little.
template <class Real, class F>
void for_each_cohort(const Cpu<Real>& backend, Index members, std::size_t /*member_bytes*/, F&& f) {
  const Index cohort = backend.cohort();
  parallel_for(backend.threads(), (members + cohort - 1) / cohort, [&](int, Index block) {
    Cpu<Real> worker(1, cohort);
    const Index first = block * cohort;
    f(worker, first, std::min(cohort, members - first));
  });
}

/// Does what f does. From one call of recording.restart(calls) to the next, f asks for the same
/// work every time, and a backend may record it; here f is called.
template <class Real, class F>
void repeat(const Cpu<Real>&, typename Cpu<Real>::Recording&, F&& f) {
  f();
}

/// Host data for the backend's functors: here, the data itself.
template <class Real, class T>
MatrixView<const T> resident(const Cpu<Real>&, MatrixView<const T> host) {
  return host;
}
template <class Real, class T>
MatrixView<const T> kept(const Cpu<Real>&, MatrixView<const T> host) {
  return host;
}

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpass-failed"  // a loop that has to stay scalar is no mistake
#endif

template <class Real, class F>
void for_each_index(const Cpu<Real>&, Index n, F f) {
  EXPUNGE_INDEPENDENT_ITERATIONS
  for (Index i = 0; i < n; ++i) f(i);
}

template <class Real, class F>
void for_each_element(const Cpu<Real>&, Index members, Index rows, Index columns, F f) {
  for (Index m = 0; m < members; ++m)
    for (Index i = 0; i < rows; ++i) {
      EXPUNGE_INDEPENDENT_ITERATIONS
      for (Index j = 0; j < columns; ++j) f(m, i, j);
    }
}

template <class Real, class T>
void fill_zero(const Cpu<Real>&, MatrixView<T> x) {
  for (Index i = 0; i < x.rows; ++i) std::fill_n(x.row(i), x.cols, T(0));
}

/// out[m][j] = sum over i of x[m][i][j], in ascending order of i.
template <class Real>
void sum_rows(const Cpu<Real>& backend, TensorView<const Real> x, MatrixView<Real> out) {
  detail::check_sum_rows(x, out);
  fill_zero(backend, out);
  for (Index m = 0; m < x.members; ++m)
    for (Index i = 0; i < x.rows; ++i) {
      const Real* from = x.row(m, i);
      Real* to = out.row(m);
      EXPUNGE_INDEPENDENT_ITERATIONS
      for (Index j = 0; j < x.features; ++j) to[j] += from[j];
    }
}

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

/// to[i] = from[i] for every row, converted. Between host and backend, or within either.
template <class Real, class From, class To>
void copy_rows(const Cpu<Real>&, MatrixView<From> from, MatrixView<To> to) {
  detail::check_copy_rows(from, to);
  for (Index i = 0; i < from.rows; ++i)
    std::transform(from.row(i), from.row(i) + from.cols, to.row(i),
                   [](const From& value) { return static_cast<To>(value); });
}

/// out[m][i] = source[ids[m][i]], converted to Real. ids are in 0 .. source.rows - 1.
template <class Real, class Source>
void gather_rows(const Cpu<Real>&, MatrixView<const Source> source, MatrixView<const Index> ids,
                 TensorView<Real> out) {
  detail::check_gather_rows(source, ids, out);
  for (Index m = 0; m < out.members; ++m)
    for (Index i = 0; i < out.rows; ++i) {
      const Source* from = source.row(ids(m, i));
      std::transform(from, from + source.cols, out.row(m, i),
                     [](Source value) { return static_cast<Real>(value); });
    }
}

}  // namespace expunge
