// Case 6: the convolutions of ResNet-9 at batch 64, float32, one thread: forward, the slope in the
// input, the slope in the filters.
//
//   bench_convolution [--data DIR] [--repeats R]
//
// Prints GFLOP/s by the plain formula, 2 operations per multiply-add, the best of R runs after a
// warm-up, and the weighted sum. With --data, inputs are DIR/<layer>_{x,w,dy}.npy as
// bench/peers/convolution_torch.py makes them, and results go to DIR/<layer>_{y,dx,dw}_ours.npy.
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>

#include "clock.hpp"
#include "expunge/core/random.hpp"
#include "expunge/io/npy.hpp"
#include "expunge/nn/conv2d.hpp"

namespace {

using namespace expunge;
constexpr Index batch = 64;

struct Arguments {
  std::filesystem::path data;
  int repeats = 5;
};

Array<float, 2> numbers(const Arguments& arguments, const std::string& name, Index rows,
                        Index columns) {
  if (!arguments.data.empty()) return read_npy<float, 2>(arguments.data / (name + ".npy"));
  auto values = Array<float, 2>::from_shape({std::size_t(rows), std::size_t(columns)});
  const Stream stream{Purpose::test, static_cast<std::uint32_t>(name.size())};
  for (Index i = 0; i < rows * columns; ++i)
    values.data()[i] = static_cast<float>(random_normal(1, stream, std::uint64_t(i)));
  return values;
}

struct Seconds {
  double forward = 0, dx = 0, dw = 0;
  double operations = 0;  // of one of the three
};

template <class L>
Seconds measure(const Arguments& arguments, const std::string& name) {
  const Array<float, 2> x = numbers(arguments, name + "_x", batch, L::Input::size);
  const Array<float, 2> w = numbers(arguments, name + "_w", 1, L::parameters);
  const Array<float, 2> dy = numbers(arguments, name + "_dy", batch, L::Output::size);
  Array<float, 2> y = dy, dx = x, dw = w;
  const auto cohort = [](auto& a) {
    return TensorView(a.data(), 1, batch, static_cast<Index>(a.shape()[1]));
  };
  Cpu<float> worker(1);
  const Weights<float> weights{MatrixView<const float>(w.data(), 1, L::parameters), {}};
  const auto backward = [&](TensorView<float> to_x, MatrixView<float> to_w) {
    L::backward(worker, weights, cohort(x), cohort(y), TensorView<const float>(), cohort(dy), to_x,
                to_w);
  };
  Seconds seconds;
  seconds.forward = bench::best_of(arguments.repeats, [&] {
    L::forward(worker, weights, cohort(x), cohort(y), TensorView<float>(), Mode::train);
  });
  seconds.dx = bench::best_of(arguments.repeats, [&] { backward(cohort(dx), {}); });
  seconds.dw = bench::best_of(
      arguments.repeats, [&] { backward({}, MatrixView<float>(dw.data(), 1, L::parameters)); });
  using E = typename L::Extents;
  seconds.operations = 2.0 * double(batch * L::Output::size * E::channels * E::taps);
  const auto rate = [&](double s) { return seconds.operations / s / 1e9; };
  std::printf("%-22s %9.0f %9.0f %9.0f\n", name.c_str(), rate(seconds.forward), rate(seconds.dx),
              rate(seconds.dw));
  if (!arguments.data.empty()) {
    write_npy(arguments.data / (name + "_y_ours.npy"), y);
    write_npy(arguments.data / (name + "_dx_ours.npy"), dx);
    write_npy(arguments.data / (name + "_dw_ours.npy"), dw);
  }
  return seconds;
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--data")) arguments.data = argv[i + 1];
    if (!std::strcmp(argv[i], "--repeats")) arguments.repeats = std::atoi(argv[i + 1]);
  }
  return arguments;
}

}  // namespace

int main(int argc, char** argv) try {
  const Arguments arguments = parse(argc, argv);
  std::printf("%-22s %9s %9s %9s   GFLOP/s, expunge, float32, 1 thread\n", "layer", "forward", "dx",
              "dw");
  double step = 0;
  const auto add = [&](const Seconds& s, double times, bool first) {
    step += times * (s.forward + s.dw + (first ? 0 : s.dx));
  };
  add(measure<Conv2d<Shape<3, 32, 32>, 64, 3, 1, 1>>(arguments, "3-64_32"), 1, true);
  add(measure<Conv2d<Shape<64, 32, 32>, 128, 5, 2, 2>>(arguments, "64-128_5x5"), 1, false);
  add(measure<Conv2d<Shape<128, 16, 16>, 128, 3, 1, 1>>(arguments, "128-128_16"), 2, false);
  add(measure<Conv2d<Shape<128, 16, 16>, 256, 3, 1, 1>>(arguments, "128-256_16"), 1, false);
  add(measure<Conv2d<Shape<256, 8, 8>, 256, 3, 1, 1>>(arguments, "256-256_8"), 2, false);
  add(measure<Conv2d<Shape<256, 8, 8>, 128, 3, 1, 0>>(arguments, "256-128_6"), 1, false);
  std::printf("step: all convolutions, forward and back, without the first dx: %.4f s\n", step);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_convolution: " << error.what() << "\n";
  return 1;
}
