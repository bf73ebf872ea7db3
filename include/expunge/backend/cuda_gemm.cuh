// The product of gemm.hpp on the GPU: the one place that knows that cuBLAS counts by columns.
//
// A row-major matrix is the transpose of the column-major one in the same memory, so C = op(A)
// op(B) is asked for as C' = op(B)' op(A)'.
#pragma once

#include "expunge/backend/cuda_elements.cuh"
#include "expunge/backend/gemm.hpp"

namespace expunge {

namespace detail {

template <class Real, class Math>
inline constexpr cublasComputeType_t compute_type =
    std::is_same_v<Real, double> ? CUBLAS_COMPUTE_64F
    : std::is_same_v<Math, Tf32> ? CUBLAS_COMPUTE_32F_FAST_TF32
    : std::is_same_v<Math, Bf16> ? CUBLAS_COMPUTE_32F_FAST_16BF
                                 : CUBLAS_COMPUTE_32F;

/// An extent as cuBLAS takes it. Throws std::invalid_argument beyond 2^31 - 1.
inline int blas_extent(const char* name, Index n) {
  require(n <= std::numeric_limits<int>::max(), "gemm: ", name, " is ", n, ", cuBLAS takes up to ",
          std::numeric_limits<int>::max());
  return static_cast<int>(n);
}

}  // namespace detail

template <class Real, class Math>
void gemm(const Cuda<Real, Math>& backend, Op op_a, Op op_b, std::type_identity_t<Real> alpha,
          std::type_identity_t<TensorView<const Real>> a,
          std::type_identity_t<TensorView<const Real>> b, std::type_identity_t<Real> beta,
          std::type_identity_t<TensorView<Real>> c) {
  const GemmExtents n = gemm_extents(op_a, op_b, a, b, c);
  require(c.members <= 1 || c.member_stride >= c.rows * c.features,
          "gemm: the members of C overlap: stride ", c.member_stride, " of [", c.rows, "][",
          c.features, "]");
  if (c.empty()) return;
  if (n.inner == 0) {
    if (beta == Real(0)) return fill_zero(backend, c.flat());
    return for_each_element(backend, c.members, c.rows, c.features, ScaleElements<Real>{c, beta});
  }
  constexpr cudaDataType type = std::is_same_v<Real, double> ? CUDA_R_64F : CUDA_R_32F;
  const auto op = [](Op o) { return o == Op::none ? CUBLAS_OP_N : CUBLAS_OP_T; };
  detail::check_device(
      cublasGemmStridedBatchedEx(
          backend.context().blas(), op(op_b), op(op_a), detail::blas_extent("columns", n.cols),
          detail::blas_extent("rows", n.rows), detail::blas_extent("inner", n.inner), &alpha,
          b.data, type, detail::blas_extent("B's row", b.features), b.member_stride, a.data, type,
          detail::blas_extent("A's row", a.features), a.member_stride, &beta, c.data, type,
          detail::blas_extent("C's row", c.features), c.member_stride,
          detail::blas_extent("members", c.members), detail::compute_type<Real, Math>,
          CUBLAS_GEMM_DEFAULT),
      "cublasGemmStridedBatchedEx of ", c.members, " x [", n.rows, "][", n.inner, "][", n.cols,
      "]");
}

}  // namespace expunge
