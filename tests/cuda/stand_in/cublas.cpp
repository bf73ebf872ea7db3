// The calls of cuBLAS that expunge makes, on the host, as cuBLAS's manual defines them: matrices
// column by column, leading dimensions, strides between the matrices of a batch.
#include <cublas_v2.h>

#include "capture.hpp"

namespace {

/// C = alpha op(A) op(B) + beta C. C is not read where beta is 0.
template <class Real>
void multiply(bool a_turned, bool b_turned, int m, int n, int k, Real alpha, const Real* a, int lda,
              const Real* b, int ldb, Real beta, Real* c, int ldc) {
  for (std::ptrdiff_t j = 0; j < n; ++j)
    for (std::ptrdiff_t i = 0; i < m; ++i) {
      Real sum = 0;
      for (std::ptrdiff_t l = 0; l < k; ++l)
        sum += (a_turned ? a[l + i * lda] : a[i + l * lda]) *
               (b_turned ? b[j + l * ldb] : b[l + j * ldb]);
      Real& to = c[i + j * ldc];
      to = beta == Real(0) ? alpha * sum : alpha * sum + beta * to;
    }
}

/// Reads alpha and beta at once, as cuBLAS does in its default mode, and the matrices when it is
/// their turn.
template <class Real>
void multiply_batch(bool a_turned, bool b_turned, int m, int n, int k, const void* alpha,
                    const void* a, int lda, long long stride_a, const void* b, int ldb,
                    long long stride_b, const void* beta, void* c, int ldc, long long stride_c,
                    int batch) {
  const Real by = *static_cast<const Real*>(alpha), keep = *static_cast<const Real*>(beta);
  cuda_stand_in::Capture::get().queue([=] {
    for (int i = 0; i < batch; ++i)
      multiply(a_turned, b_turned, m, n, k, by, static_cast<const Real*>(a) + i * stride_a, lda,
               static_cast<const Real*>(b) + i * stride_b, ldb, keep,
               static_cast<Real*>(c) + i * stride_c, ldc);
  });
}

/// X op(A) = alpha B in place, X [m][n], A lower triangular [n][n]. Only the lower triangle is
/// read.
template <class Real>
void solve_right(bool a_turned, int m, int n, Real alpha, const Real* a, int lda, Real* b,
                 int ldb) {
  for (std::ptrdiff_t i = 0; i < m; ++i)
    for (std::ptrdiff_t s = 0; s < n; ++s) {
      const std::ptrdiff_t j = a_turned ? s : n - 1 - s;  // what X's other columns add is known
      Real x = alpha * b[i + j * ldb];
      for (std::ptrdiff_t l = a_turned ? 0 : j + 1; l < (a_turned ? j : n); ++l)
        x -= b[i + l * ldb] * (a_turned ? a[j + l * lda] : a[l + j * lda]);
      b[i + j * ldb] = x / a[j + j * lda];
    }
}

bool on_device(const void* p) {
  return cuda_stand_in::DeviceMemory::get().owns(p);
}

bool is_expected(cublasSideMode_t side, cublasFillMode_t triangle, cublasOperation_t op,
                 cublasDiagType_t diagonal) {  // expunge never asks for anything else
  return side == CUBLAS_SIDE_RIGHT && triangle == CUBLAS_FILL_MODE_LOWER &&
         diagonal == CUBLAS_DIAG_NON_UNIT && op != CUBLAS_OP_C;
}

template <class Real>
cublasStatus_t solve_right_once(cublasSideMode_t side, cublasFillMode_t triangle,
                                cublasOperation_t op, cublasDiagType_t diagonal, int m, int n,
                                const Real* alpha, const Real* a, int lda, Real* b, int ldb) {
  if (!is_expected(side, triangle, op, diagonal)) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (m < 0 || n < 0 || lda < n || lda < 1 || ldb < m || ldb < 1 || !on_device(a) || !on_device(b))
    return CUBLAS_STATUS_INVALID_VALUE;
  const Real by = *alpha;
  cuda_stand_in::Capture::get().queue(
      [=] { solve_right(op == CUBLAS_OP_T, m, n, by, a, lda, b, ldb); });
  return CUBLAS_STATUS_SUCCESS;
}

template <class Real>
cublasStatus_t solve_right_batch(cublasSideMode_t side, cublasFillMode_t triangle,
                                 cublasOperation_t op, cublasDiagType_t diagonal, int m, int n,
                                 const Real* alpha, const Real* const* a, int lda, Real* const* b,
                                 int ldb, int batch) {
  if (!is_expected(side, triangle, op, diagonal)) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (m < 0 || n < 0 || batch < 0 || lda < n || lda < 1 || ldb < m || ldb < 1 || !on_device(a) ||
      !on_device(b))
    return CUBLAS_STATUS_INVALID_VALUE;
  {
    const cuda_stand_in::DeviceMemory::Open open;
    for (int i = 0; i < batch; ++i)
      if (!on_device(a[i]) || !on_device(b[i])) return CUBLAS_STATUS_INVALID_VALUE;
  }
  const Real by = *alpha;
  cuda_stand_in::Capture::get().queue([=] {
    for (int i = 0; i < batch; ++i) solve_right(op == CUBLAS_OP_T, m, n, by, a[i], lda, b[i], ldb);
  });
  return CUBLAS_STATUS_SUCCESS;
}

}  // namespace

extern "C" {

const char* cublasGetStatusString(cublasStatus_t) {
  return "CUBLAS_STATUS_INVALID_VALUE";
}
cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  *handle = reinterpret_cast<cublasHandle_t>(1);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy_v2(cublasHandle_t) {
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream_v2(cublasHandle_t, cudaStream_t) {
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t, void* memory, std::size_t) {
  return on_device(memory) ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t, cublasOperation_t op_a,
                                          cublasOperation_t op_b, int m, int n, int k,
                                          const void* alpha, const void* a, cudaDataType type_a,
                                          int lda, long long stride_a, const void* b,
                                          cudaDataType type_b, int ldb, long long stride_b,
                                          const void* beta, void* c, cudaDataType type_c, int ldc,
                                          long long stride_c, int batch,
                                          cublasComputeType_t compute, cublasGemmAlgo_t) {
  const bool a_turned = op_a == CUBLAS_OP_T, b_turned = op_b == CUBLAS_OP_T;
  const bool in_double = type_c == CUDA_R_64F;
  const bool wrong = m < 0 || n < 0 || k < 0 || batch < 0 || lda < (a_turned ? k : m) || lda < 1 ||
                     ldb < (b_turned ? n : k) || ldb < 1 || ldc < m || ldc < 1 ||
                     type_a != type_c || type_b != type_c ||
                     (compute == CUBLAS_COMPUTE_64F) != in_double || !on_device(a) ||
                     !on_device(b) || !on_device(c) ||
                     (batch > 1 && stride_c < static_cast<long long>(ldc) * (n - 1) + m);
  if (wrong) return CUBLAS_STATUS_INVALID_VALUE;
  const auto run = in_double ? multiply_batch<double> : multiply_batch<float>;
  run(a_turned, b_turned, m, n, k, alpha, a, lda, stride_a, b, ldb, stride_b, beta, c, ldc,
      stride_c, batch);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasStrsm(cublasHandle_t, cublasSideMode_t side, cublasFillMode_t triangle,
                           cublasOperation_t op, cublasDiagType_t diagonal, int m, int n,
                           const float* alpha, const float* a, int lda, float* b, int ldb) {
  return solve_right_once(side, triangle, op, diagonal, m, n, alpha, a, lda, b, ldb);
}
cublasStatus_t cublasDtrsm(cublasHandle_t, cublasSideMode_t side, cublasFillMode_t triangle,
                           cublasOperation_t op, cublasDiagType_t diagonal, int m, int n,
                           const double* alpha, const double* a, int lda, double* b, int ldb) {
  return solve_right_once(side, triangle, op, diagonal, m, n, alpha, a, lda, b, ldb);
}

cublasStatus_t cublasStrsmBatched(cublasHandle_t, cublasSideMode_t side, cublasFillMode_t triangle,
                                  cublasOperation_t op, cublasDiagType_t diagonal, int m, int n,
                                  const float* alpha, const float* const* a, int lda,
                                  float* const* b, int ldb, int batch) {
  return solve_right_batch(side, triangle, op, diagonal, m, n, alpha, a, lda, b, ldb, batch);
}
cublasStatus_t cublasDtrsmBatched(cublasHandle_t, cublasSideMode_t side, cublasFillMode_t triangle,
                                  cublasOperation_t op, cublasDiagType_t diagonal, int m, int n,
                                  const double* alpha, const double* const* a, int lda,
                                  double* const* b, int ldb, int batch) {
  return solve_right_batch(side, triangle, op, diagonal, m, n, alpha, a, lda, b, ldb, batch);
}

}  // extern "C"
