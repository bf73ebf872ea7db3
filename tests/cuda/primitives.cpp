// Every primitive of the CUDA backend against the CPU's, on odd extents.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "cuda/device_array.hpp"
#include "expunge/expunge_cuda.cuh"

using namespace expunge;

namespace {

/// x = 2 x + the index of the element, from which its place can be told.
template <class Real>
struct MarkElements {
  TensorView<Real> x;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    x(m, i, j) = Real(2) * x(m, i, j) + static_cast<Real>((m * x.rows + i) * x.features + j);
  }
};

struct MarkIndex {
  MatrixView<double> x;
  EXPUNGE_HD void operator()(Index i) const { x(0, i) = static_cast<double>(3 * i); }
};

}  // namespace

TEST_CASE("memory is zero at birth, and goes to the host and back") {
  Cuda<float> gpu;
  const auto buffer = gpu.allocate<double>(1000);
  CHECK(host_copy(gpu, MatrixView<const double>(buffer.data(), 10, 100)) ==
        std::vector<double>(1000));
  const std::vector<double> numbers = normals<double>(1000, 1);
  const DeviceArray<Cuda<float>, double> there(gpu, numbers, 10, 100);
  CHECK(there.host() == numbers);
}

TEST_CASE("rows with any stride are copied and converted between any two memories") {
  Cuda<float> gpu;
  const std::vector<float> numbers = normals<float>(5 * 11, 2);
  const MatrixView<const float> part = MatrixView<const float>(numbers.data(), 5, 11).columns(2, 7);
  std::vector<double> expected;
  for (Index i = 0; i < 5; ++i)
    for (Index j = 0; j < 7; ++j) expected.push_back(static_cast<double>(part(i, j)));
  const auto buffer = gpu.allocate<double>(5 * 9);
  const MatrixView<double> there(buffer.data(), 5, 7, 9);
  copy_rows(gpu, part, there);  // host to device, converted
  CHECK(host_copy(gpu, MatrixView<const double>(there)) == expected);
  const auto again = gpu.allocate<float>(5 * 7);
  const MatrixView<float> single(again.data(), 5, 7);
  copy_rows(gpu, there, single);  // device to device, converted
  std::vector<double> back(35);
  copy_rows(gpu, single, MatrixView<double>(back.data(), 5, 7));  // device to host, converted
  CHECK(back == expected);
  const MatrixView<const float> shared_row(numbers.data(), 4, 7, 0);
  const auto rows = gpu.allocate<float>(4 * 7);
  copy_rows(gpu, shared_row, MatrixView<float>(rows.data(), 4, 7));
  const std::vector<float> four = host_copy(gpu, MatrixView<const float>(rows.data(), 4, 7));
  for (std::size_t i = 0; i < 28; ++i) CHECK(four[i] == numbers[i % 7]);
  CHECK_THROWS_WITH(copy_rows(gpu, there, MatrixView<float>(again.data(), 5, 6)),
                    "copy_rows: [5][7] into [5][6]");
}

TEST_CASE("rows that lie gigabytes apart are copied and cleared one by one") {
  Cuda<float> gpu;
  constexpr Index far = (Index{1} << 29) + 16;  // more than 2 GiB of float
  const auto memory = gpu.allocate<char>(far * 4 + 64);
  const MatrixView<float> rows(reinterpret_cast<float*>(memory.data()), 2, 3, far);
  const std::vector<float> numbers = {1, 2, 3, 4, 5, 6};
  copy_rows(gpu, MatrixView<const float>(numbers.data(), 2, 3), rows);
  CHECK(host_copy(gpu, MatrixView<const float>(rows)) == numbers);
  fill_zero(gpu, rows.columns(1, 2));
  CHECK(host_copy(gpu, MatrixView<const float>(rows)) == std::vector<float>{1, 0, 0, 4, 0, 0});
}

TEST_CASE_TEMPLATE("every element and every index is called once", Real, float, double) {
  Cuda<Real> gpu;
  const std::vector<Real> numbers = normals<Real>(3 * 5 * 7, 3);
  DeviceArray<Cuda<Real>, Real> x(gpu, numbers, 3, 35);
  for_each_element(gpu, 3, 5, 7, MarkElements<Real>{TensorView<Real>(x.view().data, 3, 5, 7)});
  const std::vector<Real> marked = x.host();
  for (std::size_t i = 0; i < numbers.size(); ++i)
    CHECK(marked[i] == Real(2) * numbers[i] + static_cast<Real>(i));
  const auto places = gpu.template allocate<double>(100);
  const MatrixView<double> row(places.data(), 1, 100);
  for_each_index(gpu, 100, MarkIndex{row});
  for_each_element(gpu, 0, 5, 7, MarkElements<Real>{});
  const std::vector<double> counted = host_copy(gpu, MatrixView<const double>(row));
  for (std::size_t i = 0; i < 100; ++i) CHECK(counted[i] == static_cast<double>(3 * i));
  fill_zero(gpu, row.columns(10, 80));
  CHECK(host_copy(gpu, MatrixView<const double>(row))[9] == 27);
  CHECK(host_copy(gpu, MatrixView<const double>(row))[10] == 0);
}

TEST_CASE_TEMPLATE("sums of rows and gathers are the CPU's to the bit", Real, float, double) {
  Cuda<Real> gpu;
  Cpu<Real> cpu(1);
  const std::vector<Real> numbers = normals<Real>(3 * 6 * 5, 4);
  const DeviceArray<Cuda<Real>, Real> x(gpu, numbers, 3, 30);
  const auto sums = gpu.template allocate<Real>(15);
  sum_rows(gpu, TensorView<const Real>(x.view().data, 3, 6, 5),
           MatrixView<Real>(sums.data(), 3, 5));
  std::vector<Real> expected(15);
  sum_rows(cpu, TensorView<const Real>(numbers.data(), 3, 6, 5),
           MatrixView<Real>(expected.data(), 3, 5));
  CHECK(host_copy(gpu, MatrixView<const Real>(sums.data(), 3, 5)) == expected);

  const std::vector<float> source = normals<float>(9 * 4, 5);
  const std::vector<Index> ids = {3, 0, 8, 8, 1, 2};
  const auto rows = resident(gpu, MatrixView<const float>(source.data(), 9, 4));
  const auto lists = resident(gpu, MatrixView<const Index>(ids.data(), 2, 3));
  const auto out = gpu.template allocate<Real>(24);
  gather_rows(gpu, MatrixView<const float>(rows), MatrixView<const Index>(lists),
              TensorView<Real>(out.data(), 2, 3, 4));
  const std::vector<Real> gathered = host_copy(gpu, MatrixView<const Real>(out.data(), 6, 4));
  for (std::size_t i = 0; i < 24; ++i)
    CHECK(gathered[i] == static_cast<Real>(source[std::size_t(ids[i / 4]) * 4 + i % 4]));
}

TEST_CASE("sums of many rows are split among threads") {
  Cuda<double> gpu;
  Cpu<double> cpu(1);
  for (const Index rows : {31, 32, 65, 300}) {
    const std::vector<double> numbers = normals<double>(2 * rows * 5, 8);
    const DeviceArray<Cuda<double>, double> x(gpu, numbers, 2, rows * 5);
    const auto sums = gpu.allocate<double>(12);
    const MatrixView<double> out = MatrixView<double>(sums.data(), 2, 6).columns(1, 5);
    sum_rows(gpu, TensorView<const double>(x.view().data, 2, rows, 5), out);
    std::vector<double> expected(10);
    sum_rows(cpu, TensorView<const double>(numbers.data(), 2, rows, 5),
             MatrixView<double>(expected.data(), 2, 5));
    CHECK(relative_difference(host_copy(gpu, MatrixView<const double>(out)), expected) < 1e-14);
  }
}

TEST_CASE("sums over channels, of planes and rows of any size") {
  Cuda<double> gpu;
  Cpu<double> cpu(1);
  const Index channels = 3, members = 2;
  for (const Index plane : {1, 4, 7, 64, 1000})
    for (const Index rows : {1, 2, 129}) {
      CAPTURE(plane);
      CAPTURE(rows);
      const Index row = channels * plane, n = members * rows * row;
      std::vector<double> a = normals<double>(n, 9), b = normals<double>(n, 10);
      for (double& x : a) x += 1000;  // sums of squares would lose half the digits
      const std::vector<double> mean = normals<double>(members * channels, 11);
      const DeviceArray<Cuda<double>, double> x(gpu, a, members, rows * row),
          v(gpu, b, members, rows * row), at(gpu, mean, members, channels);
      const auto sums = gpu.allocate<double>(members * rows * 2 * channels);
      std::vector<double> expected(std::size_t(members * rows * 2 * channels));
      const auto on_gpu = [&](const auto& array) {
        return TensorView<const double>(array.view().data, members, rows, row);
      };
      const auto on_cpu = [&](const std::vector<double>& numbers) {
        return TensorView<const double>(numbers.data(), members, rows, row);
      };
      const auto by_plane = [&](double* data) {
        return TensorView<double>(data, members, rows, 2 * channels);
      };
      const auto check = [&](Index count, Index stride) {
        const MatrixView<const double> found(sums.data(), members, count, stride);
        std::vector<double> wanted;
        for (Index m = 0; m < members; ++m)
          wanted.insert(wanted.end(), expected.begin() + m * stride,
                        expected.begin() + m * stride + count);
        CHECK(relative_difference(host_copy(gpu, found), wanted) < 1e-11);
      };
      channel_sums(gpu, on_gpu(x), plane, MatrixView<double>(sums.data(), members, channels));
      channel_sums(cpu, on_cpu(a), plane, MatrixView<double>(expected.data(), members, channels));
      check(channels, channels);
      channel_moments(gpu, on_gpu(x), plane, by_plane(sums.data()));
      channel_moments(cpu, on_cpu(a), plane, by_plane(expected.data()));
      check(2 * channels, rows * 2 * channels);
      const MatrixView<const double> there(at.view()), here(mean.data(), members, channels);
      channel_products(gpu, on_gpu(x), on_gpu(v), {there, there}, plane, by_plane(sums.data()));
      channel_products(cpu, on_cpu(a), on_cpu(b), {here, here}, plane, by_plane(expected.data()));
      check(2 * channels, rows * 2 * channels);
    }
  CHECK_THROWS_WITH(channel_moments(gpu, TensorView<const double>(nullptr, 2, 3, 8), 4,
                                    TensorView<double>(nullptr, 2, 3, 3)),
                    "channel_moments: [2][3][8] in planes of 4 into [2][3][3]");
}

TEST_CASE_TEMPLATE("vectors: inner products, sums, diagonals", Real, float, double) {
  Cuda<Real> gpu;
  const Index n = 5003;
  const std::vector<Real> a = normals<Real>(3 * n, 6), b = normals<Real>(3 * n, 7);
  const DeviceArray<Cuda<Real>, Real> x(gpu, a, 3, n);
  DeviceArray<Cuda<Real>, Real> y(gpu, b, 3, n);
  PerMember products;
  dot_rows(gpu, x.view(), y.view(), products);
  for (Index m = 0; m < 3; ++m) {
    double exact = 0;
    for (Index j = m * n; j < (m + 1) * n; ++j)
      exact += static_cast<double>(a[std::size_t(j)]) * static_cast<double>(b[std::size_t(j)]);
    CHECK(products[std::size_t(m)] == doctest::Approx(exact).epsilon(1e-12));
  }
  add_scaled(gpu, PerMember{2, 0, -1}, MatrixView<const Real>(x.view()), y.view());
  const std::vector<Real> sum = y.host();
  for (std::size_t j = 0; j < sum.size(); j += 1001) {
    const Real factor = j < std::size_t(n) ? Real(2) : j < std::size_t(2 * n) ? Real(0) : Real(-1);
    CHECK(sum[j] == doctest::Approx(static_cast<double>(b[j] + factor * a[j])));
  }
  const PerMember means = mean_diagonal(gpu, TensorView<const Real>(x.view().data, 2, 7, 7));
  double trace = 0;
  for (std::size_t i = 0; i < 7; ++i) trace += static_cast<double>(a[49 + 8 * i]);
  CHECK(means[1] == doctest::Approx(trace / 7));
}

TEST_CASE("what is resident is copied, what is kept is copied once in its scope") {
  Cuda<float> gpu;
  std::vector<float> numbers = {1, 2, 3};
  const MatrixView<const float> host(numbers.data(), 1, 3);
  CHECK_THROWS_WITH(kept(gpu, host), "Cuda: an array can be kept within a ResidentScope only");
  const Cuda<float>::ResidentScope scope(gpu);
  const MatrixView<const float> first = kept(gpu, host);
  numbers[0] = 9;
  CHECK(kept(gpu, host).data == first.data);
  CHECK(host_copy(gpu, first) == std::vector<float>{1, 2, 3});
  {
    const Cuda<float>::ResidentScope inner(gpu);
    CHECK(kept(gpu, host).data == first.data);
    CHECK(kept(gpu, host.columns(0, 2)).data != first.data);
  }
  const Cuda<float>::Resident<float> copy = resident(gpu, host);
  CHECK(host_copy(gpu, MatrixView<const float>(copy)) == numbers);
  CHECK(kept(gpu, first).data == first.data);  // on the device already
}

TEST_CASE("members go in cohorts of the size that is set, or that the memory holds") {
  const auto blocks = [](Index cohort, std::size_t bytes) {
    Cuda<float> gpu(0, cohort);
    std::vector<Index> counts;
    for_each_cohort(gpu, 10, bytes,
                    [&](Cuda<float>&, Index, Index count) { counts.push_back(count); });
    return counts;
  };
  CHECK(blocks(4, 0) == std::vector<Index>{4, 4, 2});
  CHECK(blocks(0, 0) == std::vector<Index>{10});
  CHECK(blocks(0, 1000) == std::vector<Index>{10});
  CHECK(blocks(0, std::size_t{1} << 60) == std::vector<Index>(10, 1));
  CHECK_THROWS_WITH(Cuda<float>(0, -1), "Cuda: a cohort of -1 members");
}

TEST_CASE("a device that is not there is an error with the call") {
  CHECK_THROWS_AS(Cuda<float>(99), cuda_error);
}

TEST_CASE("an error that was caught does not break what comes after it") {
  Cuda<float> gpu;
  const auto memory = gpu.allocate<float>(4);
  CHECK_THROWS_AS(gpu.allocate<float>(Index{1} << 50), cuda_error);
  const TensorView<float> x(memory.data(), 1, 1, 4);
  for_each_element(gpu, 1, 1, 4, MarkElements<float>{x});
  CHECK(host_copy(gpu, MatrixView<const float>(x.flat()))[3] == 3);
  CHECK_THROWS_AS(gpu.allocate<float>(Index{1} << 50), cuda_error);
  const auto sums = gpu.allocate<float>(1);
  channel_sums(gpu, TensorView<const float>(x), 4, MatrixView<float>(sums.data(), 1, 1));
  CHECK(host_copy(gpu, MatrixView<const float>(sums.data(), 1, 1))[0] == 6);
}
