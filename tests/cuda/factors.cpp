// Factors of small matrices, which the host computes for the device, and solutions by cuBLAS.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "cuda/device_array.hpp"

using namespace expunge;

namespace {

/// Symmetric, positive definite but for the last member.
std::vector<double> matrices(Index n) {
  std::vector<double> a(static_cast<std::size_t>(3 * n * n));
  const std::vector<double> random = normals<double>(3 * n * n, 1);
  const TensorView<double> out(a.data(), 3, n, n);
  const TensorView<const double> g(random.data(), 3, n, n);
  gemm(Cpu<double>(1), Op::none, Op::transpose, 1, g, g, 0, out);
  for (Index i = 0; i < n; ++i) out(2, i, i) -= 1000;
  return a;
}

}  // namespace

TEST_CASE("Cholesky factors and eigenvectors are the CPU's to the bit, solutions to rounding") {
  constexpr Index n = 7;
  const Cuda<double> gpu;
  const Cpu<double> cpu(1);
  std::vector<double> a = matrices(n), x = normals<double>(3 * n * 2, 2), vectors = matrices(n);
  const DeviceArray<Cuda<double>, double> there(gpu, a, 3, n * n), there_x(gpu, x, 3, n * 2),
      there_v(gpu, vectors, 3, n * n);
  const auto cube = [](double* data, Index cols) { return TensorView<double>(data, 3, n, cols); };

  CHECK(cholesky(gpu, cube(there.view().data, n)) == cholesky(cpu, cube(a.data(), n)));
  CHECK(same_bytes(there.host(), a));
  const auto two = [](TensorView<double> t) { return t.member_range(0, 2); };
  for (const Solve which : {Solve::whole, Solve::half, Solve::half_transpose}) {
    solve_cholesky(gpu, two(cube(there.view().data, n)), two(cube(there_x.view().data, 2)), which);
    solve_cholesky(cpu, two(cube(a.data(), n)), two(cube(x.data(), 2)), which);
    CHECK(relative_difference(there_x.host(), x) < 1e-12);
  }
  eigenvectors(gpu, cube(there_v.view().data, n));
  eigenvectors(cpu, cube(vectors.data(), n));
  CHECK(same_bytes(there_v.host(), vectors));
}
