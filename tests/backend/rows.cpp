#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/core/half.hpp"

using namespace expunge;

TEST_CASE("sum_rows adds the rows of every member and leaves the padding alone") {
  // two members of three rows of two, with one number of padding between the members
  const std::vector<double> x = {1, 2, 3, 4, 5, 6, 99, 10, 20, 30, 40, 50, 60, 99};
  std::vector<double> out = {-1, -1, -7, -1, -1, -7};
  sum_rows(Cpu<double>(1), TensorView<const double>(x.data(), 2, 3, 2, 7),
           MatrixView<double>(out.data(), 2, 2, 3));
  CHECK(out == std::vector<double>{9, 12, -7, 90, 120, -7});
  CHECK_THROWS_WITH(sum_rows(Cpu<double>(1), TensorView<const double>(x.data(), 2, 3, 2, 7),
                             MatrixView<double>(out.data(), 2, 3)),
                    "sum_rows: [2][3][2] into [2][3]");
}

TEST_CASE("sum_rows of no rows is zero") {
  std::vector<float> out = {5, 5};
  sum_rows(Cpu<float>(1), TensorView<const float>(nullptr, 1, 0, 2),
           MatrixView<float>(out.data(), 1, 2));
  CHECK(out == std::vector<float>{0, 0});
}

TEST_CASE("gather_rows picks each member's rows and converts them") {
  const std::vector<float> source = {0, 1, 10, 11, 20, 21};   // [3][2]
  const std::vector<Index> ids = {2, 0, 2, 99, 1, 1, 0, 99};  // [2][3], stride 4
  std::vector<double> out(14, -1);                            // [2][3][2], stride 7
  const MatrixView<const Index> which(ids.data(), 2, 3, 4);
  const MatrixView<const float> from(source.data(), 3, 2);
  gather_rows(Cpu<double>(1), from, which, TensorView<double>(out.data(), 2, 3, 2, 7));
  CHECK(out == std::vector<double>{20, 21, 0, 1, 20, 21, -1, 10, 11, 10, 11, 0, 1, -1});
  CHECK_THROWS_WITH(
      gather_rows(Cpu<double>(1), from, which, TensorView<double>(out.data(), 2, 2, 2)),
      "gather_rows: [2][3] rows of 2 into [2][2][2]");
}

TEST_CASE("copy_rows converts between types and strides") {
  const std::vector<double> from = {1.5, -2, 99, 0.1, 4, 99};
  std::vector<float> to(8, -1);
  copy_rows(Cpu<float>(1), MatrixView<const double>(from.data(), 2, 2, 3),
            MatrixView<float>(to.data(), 2, 2, 4));
  CHECK(to == std::vector<float>{1.5f, -2, -1, -1, 0.1f, 4, -1, -1});
  std::vector<Half> halves(4);
  copy_rows(Cpu<double>(1), MatrixView<const double>(from.data(), 2, 2, 3),
            MatrixView<Half>(halves.data(), 2, 2));
  CHECK(static_cast<float>(halves[0]) == 1.5f);
  CHECK(std::abs(static_cast<float>(halves[2]) - 0.1f) <= 1e-4f);
  CHECK_THROWS_WITH(copy_rows(Cpu<float>(1), MatrixView<const double>(from.data(), 2, 2, 3),
                              MatrixView<float>(to.data(), 2, 3)),
                    "copy_rows: [2][2] into [2][3]");
}

TEST_CASE("buffers are zero at birth and aligned to 64 bytes") {
  for (const Index n : {0, 1, 17, 1000}) {
    const HostBuffer<double> buffer = Cpu<double>(1).allocate<double>(n);
    CHECK(buffer.size() == n);
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
    CHECK(std::count(buffer.data(), buffer.data() + n, 0.0) == n);
  }
  CHECK(padded<float>(1) == 16);
  CHECK(padded<float>(16) == 16);
  CHECK(padded<double>(17) == 24);
  CHECK(padded<double>(0) == 0);
}
