// Cholesky factors and eigenvectors of small matrices: the host computes them, by cholesky.hpp and
// eigenvectors.hpp, a member on each thread, and the device gets the result. They are a few per
// step of Gauss-Newton matching, of some hundred rows. Solutions, which are many more, stay on the
// device.
#pragma once

#include <vector>

#include "expunge/backend/cholesky.hpp"
#include "expunge/backend/cuda_gemm.cuh"
#include "expunge/backend/eigenvectors.hpp"
#include "expunge/core/parallel.hpp"

namespace expunge {

namespace detail {

/// A tensor of the device on the host: read at birth, written back by `store`.
template <class B>
class OnHost {
  using Real = typename B::Real;

 public:
  OnHost(const B& backend, TensorView<const Real> device)
      : numbers_(static_cast<std::size_t>(device.members * device.rows * device.features)),
        view_(numbers_.data(), device.members, device.rows, device.features) {
    copy_rows(backend, device.flat(), view_.flat());
  }
  void store(const B& backend, TensorView<Real> device) const {
    copy_rows(backend, MatrixView<const Real>(view_.flat()), device.flat());
  }

  /// f(the host's backend, matrix of the member, m) for every member, on all threads of the host.
  template <class F>
  void for_each_member(const B& backend, const F& f) const {
    parallel_for(backend.threads(), view_.members,
                 [&](int, Index m) { f(Cpu<Real>(1), view_.member_range(m, 1), m); });
  }

 private:
  std::vector<Real> numbers_;
  TensorView<Real> view_;
};

template <class T>
struct PointToMember {
  TensorView<T> x;
  T** pointers;
  EXPUNGE_HD void operator()(Index m) const { pointers[m] = x.row(m, 0); }
};

/// Where each member begins, as cuBLAS wants it: an array of pointers on the device.
template <class T>
class MemberPointers {
 public:
  template <class B>
  MemberPointers(const B& backend, TensorView<T> x)
      : pointers_(backend.template allocate<T*>(x.members)) {
    for_each_index(backend, x.members, PointToMember<T>{x, pointers_.data()});
  }
  T** data() const { return pointers_.data(); }

 private:
  CudaBuffer<T*> pointers_;
};

/// x' op(L) = b' in place, for one member: the batched call is made for many small systems.
template <class Real, class Math>
void solve_triangular(const Cuda<Real, Math>& backend, cublasOperation_t op,
                      MatrixView<const Real> l, MatrixView<Real> x) {
  const int n = blas_extent("rows", x.rows), columns = blas_extent("columns", x.cols);
  const Real one = 1;
  const auto solve = [&](auto call) {
    check_device(call(backend.context().blas(), CUBLAS_SIDE_RIGHT, CUBLAS_FILL_MODE_LOWER, op,
                      CUBLAS_DIAG_NON_UNIT, columns, n, &one, l.data, n, x.data, columns),
                 "cublas<t>trsm of [", n, "][", columns, "]");
  };
  if constexpr (std::is_same_v<Real, double>)
    solve(cublasDtrsm);
  else
    solve(cublasStrsm);
}

/// x' op(L) = b' in place, for every member.
template <class Real, class Math>
void solve_triangular(const Cuda<Real, Math>& backend, cublasOperation_t op,
                      const MemberPointers<const Real>& factors, const MemberPointers<Real>& sides,
                      TensorView<Real> x) {
  const int n = blas_extent("rows", x.rows), columns = blas_extent("columns", x.features);
  const int members = blas_extent("members", x.members);
  const Real one = 1;
  const auto solve = [&](auto call) {
    check_device(call(backend.context().blas(), CUBLAS_SIDE_RIGHT, CUBLAS_FILL_MODE_LOWER, op,
                      CUBLAS_DIAG_NON_UNIT, columns, n, &one, factors.data(), n, sides.data(),
                      columns, members),
                 "cublas<t>trsmBatched of ", members, " x [", n, "][", columns, "]");
  };
  if constexpr (std::is_same_v<Real, double>)
    solve(cublasDtrsmBatched);
  else
    solve(cublasStrsmBatched);
}

}  // namespace detail

template <class Real, class Math>
std::vector<char> cholesky(const Cuda<Real, Math>& backend, TensorView<Real> a) {
  const detail::OnHost<Cuda<Real, Math>> host(backend, a);
  std::vector<char> definite(static_cast<std::size_t>(a.members));
  host.for_each_member(backend, [&](const Cpu<Real>& cpu, TensorView<Real> matrix, Index m) {
    definite[static_cast<std::size_t>(m)] = cholesky(cpu, matrix)[0];
  });
  host.store(backend, a);
  return definite;
}

template <class Real, class Math>
void solve_cholesky(const Cuda<Real, Math>& backend, std::type_identity_t<TensorView<const Real>> l,
                    TensorView<Real> x, Solve which = Solve::whole) {
  check_factors(l, x);
  if (x.empty()) return;
  // x' [columns][n], column by column, is x row by row: L x = b is x' L' = b'
  const bool forward = which != Solve::half_transpose, backward = which != Solve::half;
  if (x.members == 1) {
    if (forward) detail::solve_triangular(backend, CUBLAS_OP_T, l[0], x[0]);
    if (backward) detail::solve_triangular(backend, CUBLAS_OP_N, l[0], x[0]);
    return;
  }
  const detail::MemberPointers<const Real> factors(backend, l);
  const detail::MemberPointers<Real> sides(backend, x);
  if (forward) detail::solve_triangular(backend, CUBLAS_OP_T, factors, sides, x);
  if (backward) detail::solve_triangular(backend, CUBLAS_OP_N, factors, sides, x);
}

template <class Real, class Math>
void eigenvectors(const Cuda<Real, Math>& backend, TensorView<Real> a) {
  const detail::OnHost<Cuda<Real, Math>> host(backend, a);
  host.for_each_member(backend, [](const Cpu<Real>& cpu, TensorView<Real> matrix, Index) {
    eigenvectors(cpu, matrix);
  });
  host.store(backend, a);
}

}  // namespace expunge
