// The product of the CUDA backend against Eigen's: every transposition, stride and batch.
#include <doctest/doctest.h>

#include "backend/gemm_case.hpp"
#include "comparators.hpp"
#include "cuda/device_array.hpp"

using namespace expunge;

namespace {

template <class Real, class Math>
double difference_from_cpu(const GemmCase& t) {
  using B = Cuda<Real, Math>;
  const B gpu;
  const std::vector<Real> a = normals<Real>(t.members * t.rows * t.inner, 1);
  const std::vector<Real> b = normals<Real>(t.members * t.inner * t.cols, 2);
  std::vector<Real> c = normals<Real>(t.members * t.rows * t.cols, 3);
  if (t.beta == 0) c[0] = std::numeric_limits<Real>::quiet_NaN();  // is not read
  const DeviceArray<B, Real> there_a(gpu, a, 1, std::ssize(a)), there_b(gpu, b, 1, std::ssize(b));
  const DeviceArray<B, Real> there_c(gpu, c, 1, std::ssize(c));
  const Real alpha = static_cast<Real>(t.alpha), beta = static_cast<Real>(t.beta);
  const auto product = [&](const auto& backend, const Real* from_a, const Real* from_b, Real* to) {
    gemm(backend, t.op_a, t.op_b, alpha,
         gemm_operand(from_a, t.op_a, t.share_a, t.members, t.rows, t.inner),
         gemm_operand(from_b, t.op_b, t.share_b, t.members, t.inner, t.cols), beta,
         TensorView<Real>(to, t.members, t.rows, t.cols));
  };
  product(gpu, there_a.view().data, there_b.view().data, there_c.view().data);
  product(Cpu<Real>(1), a.data(), b.data(), c.data());
  return relative_difference(there_c.host(), c);
}

std::vector<GemmCase> cases() {
  std::vector<GemmCase> all;
  for (const Op op_a : {Op::none, Op::transpose})
    for (const Op op_b : {Op::none, Op::transpose})
      for (const bool share_a : {false, true})
        for (const bool share_b : {false, true}) {
          all.push_back({op_a, op_b, 3, 4, 5, 6, share_a, share_b, 1, 0});
          all.push_back({op_a, op_b, 1, 17, 1, 9, share_a, share_b, -2, 1});
          all.push_back({op_a, op_b, 2, 1, 33, 2, share_a, share_b, 0.5, -0.25});
        }
  return all;
}

}  // namespace

TEST_CASE("products are those of the CPU, every transposition, stride and batch") {
  for (const GemmCase& t : cases()) {
    CAPTURE(static_cast<int>(t.op_a));
    CAPTURE(static_cast<int>(t.op_b));
    CAPTURE(t.members);
    CHECK(difference_from_cpu<double, Ieee>(t) <= 1e-13);
    CHECK(difference_from_cpu<float, Ieee>(t) <= 1e-5);
    CHECK(difference_from_cpu<float, Tf32>(t) <= 5e-3);
    CHECK(difference_from_cpu<float, Bf16>(t) <= 3e-2);
  }
}

TEST_CASE("a product over nothing is beta C, and one of no rows touches nothing") {
  const Cuda<double> gpu;
  const DeviceArray<Cuda<double>, double> c(gpu, {1, 2, 3, 4}, 1, 4);
  const TensorView<double> to(c.view().data, 1, 2, 2);
  const TensorView<const double> none(nullptr, 1, 2, 0), nothing(nullptr, 1, 0, 2);
  gemm(gpu, Op::none, Op::none, 1, none, nothing, 3, to);
  CHECK(c.host() == std::vector<double>{3, 6, 9, 12});
  gemm(gpu, Op::none, Op::none, 1, nothing, to, 0, TensorView<double>(c.view().data, 1, 0, 2));
  CHECK(c.host() == std::vector<double>{3, 6, 9, 12});
  gemm(gpu, Op::none, Op::none, 1, none, nothing, 0, to);
  CHECK(c.host() == std::vector<double>(4));
}

TEST_CASE("extents that do not fit are refused with all numbers") {
  const Cuda<float> gpu;
  const auto memory = gpu.allocate<float>(100);
  const auto block = [&](Index members, Index rows, Index cols, Index stride) {
    return TensorView<float>(memory.data(), members, rows, cols, stride);
  };
  CHECK_THROWS_WITH(gemm(gpu, Op::none, Op::none, 1, block(2, 3, 4, 12), block(2, 5, 2, 10), 0,
                         block(2, 3, 2, 6)),
                    "gemm: op(A) is [2][3][4], op(B) is [2][5][2], C is [2][3][2]");
  CHECK_THROWS_WITH(
      gemm(gpu, Op::none, Op::none, 1, block(2, 3, 4, 12), block(2, 4, 2, 8), 0, block(2, 3, 2, 0)),
      "gemm: the members of C overlap: stride 0 of [3][2]");
  CHECK_THROWS_WITH(gemm(gpu, Op::none, Op::none, 1, block(1, Index{1} << 31, 1, 0),
                         block(1, 1, 1, 0), 0, block(1, Index{1} << 31, 1, 0)),
                    "gemm: rows is 2147483648, cuBLAS takes up to 2147483647");
}
