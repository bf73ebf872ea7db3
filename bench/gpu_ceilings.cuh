// What the programs that measure a GPU share: data, comparison, times by events, and what the
// machine reaches in copies and in products.
#pragma once

#include <algorithm>
#include <cstdio>

#include "expunge/expunge_cuda.cuh"

namespace bench {

using namespace expunge;

template <class Math>
constexpr const char* math_name = "float32";
template <>
inline constexpr const char* math_name<Tf32> = "TF32";
template <>
inline constexpr const char* math_name<Bf16> = "bfloat16";

/// Uniform in [-1, 1): with zeros a GPU draws less power, runs faster than it would with numbers.
struct FillRandom {
  MatrixView<float> x;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    const auto bits =
        random_bits(1, Stream{Purpose::synthetic_data}, static_cast<std::uint64_t>(m * x.cols + j));
    x(m, j) = static_cast<float>(bits[0]) / 2147483648.0f - 1.0f;
  }
};

/// n random floats on the device.
template <class Math>
typename Cuda<float, Math>::template Buffer<float> random_numbers(const Cuda<float, Math>& gpu,
                                                                  Index n) {
  auto numbers = gpu.template allocate<float>(n);
  for_each_element(gpu, 1, 1, n, FillRandom{{numbers.data(), 1, n}});
  return numbers;
}

/// Uniform inputs in [0, 1), labels in turn.
inline Dataset uniform_data(Index n, Index features) {
  Dataset data{make_array<float>(n, features), {}};
  for (Index i = 0; i < n * features; ++i)
    data.inputs.data()[i] = static_cast<float>(
        random_uniform(1, Stream{Purpose::synthetic_data}, static_cast<std::uint64_t>(i)));
  for (Index i = 0; i < n; ++i) data.labels.push_back(static_cast<Label>(i % 10));
  return data;
}

/// The largest difference of two arrays, relative to the largest number of `b`; infinite where one
/// is not finite.
template <class A>
double largest_difference(const A& a, const A& b) {
  double difference = 0, scale = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const auto x = static_cast<double>(a.data()[i]), y = static_cast<double>(b.data()[i]);
    if (!std::isfinite(x) || !std::isfinite(y)) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, std::abs(x - y));
    scale = std::max(scale, std::abs(y));
  }
  return difference / scale;
}

class Event {
 public:
  Event() { detail::check_device(cudaEventCreate(&event_), "cudaEventCreate"); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(event_); }
  void record(cudaStream_t stream) {
    detail::check_device(cudaEventRecord(event_, stream), "cudaEventRecord");
  }
  /// From `start` to this one, of which the stream has come to both.
  double seconds_after(const Event& start) const {
    float milliseconds = 0;
    detail::check_device(cudaEventElapsedTime(&milliseconds, start.event_, event_),
                         "cudaEventElapsedTime");
    return milliseconds / 1e3;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

/// Seconds that the device takes for `work`, which queues the same every time: the median of five
/// runs of `repeats` each, after one.
template <class Math, class Work>
double device_seconds(const Cuda<float, Math>& gpu, int repeats, Work&& work) {
  std::array<double, 5> runs{};
  work();
  for (double& seconds : runs) {
    Event start, end;
    start.record(gpu.context().stream());
    for (int i = 0; i < repeats; ++i) work();
    end.record(gpu.context().stream());
    gpu.context().wait();
    seconds = end.seconds_after(start) / repeats;
  }
  std::sort(runs.begin(), runs.end());
  return runs[2];
}

/// Bytes read and written per second by a copy of n floats.
template <class Math>
double copy_rate(const Cuda<float, Math>& gpu, Index n) {
  const auto from = random_numbers(gpu, n);
  const auto to = gpu.template allocate<float>(n);
  const double seconds = device_seconds(gpu, 4, [&] {
    copy_rows(gpu, MatrixView<const float>(from.data(), 1, n), MatrixView<float>(to.data(), 1, n));
  });
  const double rate = 2.0 * sizeof(float) * static_cast<double>(n) / seconds;
  std::printf("copies              %7.2f TB/s\n", rate / 1e12);
  return rate;
}

/// Operations per second of a product of two n x n matrices.
template <class Math>
double product_rate(const Cuda<float, Math>& gpu, Index n) {
  const auto a = random_numbers(gpu, n * n), c = random_numbers(gpu, n * n);
  const TensorView<const float> x(a.data(), 1, n, n);
  const double seconds = device_seconds(gpu, 2, [&] {
    gemm(gpu, Op::none, Op::transpose, 1, x, x, 0, TensorView<float>(c.data(), 1, n, n));
  });
  const double side = static_cast<double>(n), rate = 2.0 * side * side * side / seconds;
  std::printf("products, %-9s %7.1f TFLOP/s\n", math_name<Math>, rate / 1e12);
  return rate;
}

}  // namespace bench
