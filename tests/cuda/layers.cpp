// Every layer on the CUDA backend against the CPU: outputs, statistics, both gradients, tangents.
#include <doctest/doctest.h>

#include <ratio>

#include "cuda/device_array.hpp"
#include "nn/layer_bench.hpp"

using namespace expunge;

namespace {

/// The numbers of a LayerBench on the device, and its three passes there.
template <class L, class Real>
class DevicePasses {
  using B = Cuda<Real>;
  using Numbers = DeviceArray<B, Real>;

 public:
  explicit DevicePasses(const LayerBench<L, Real>& bench) : bench_(bench) {}

  std::vector<Real> forward() {
    L::forward(gpu_, weights(), in(x_, L::Input::size), out(y_, L::Output::size),
               out(cache_, L::cache), bench_.mode);
    return y_.host();
  }
  std::vector<Real> stats() const { return stats_.host(); }
  std::vector<Real> tangent() {
    const Numbers dy = numbers(bench_.y);
    L::tangent(gpu_, weights(), in(x_, L::Input::size), in(y_, L::Output::size),
               out(cache_, L::cache), in(dx_, L::Input::size),
               MatrixView<const Real>(matrix(direction_, L::parameters)), out(dy, L::Output::size));
    return dy.host();
  }
  void backward() {
    L::backward(gpu_, weights(), in(x_, L::Input::size), in(y_, L::Output::size),
                out(cache_, L::cache), in(a_, L::Output::size), out(back_x_, L::Input::size),
                matrix(back_theta_, L::parameters));
  }
  std::vector<Real> back_x() const { return back_x_.host(); }
  std::vector<Real> back_theta() const { return back_theta_.host(); }

 private:
  Numbers numbers(const std::vector<Real>& host) { return {gpu_, host, 1, std::ssize(host)}; }
  MatrixView<Real> matrix(const Numbers& x, Index cols) const {
    return {x.view().data, bench_.members, cols};
  }
  TensorView<Real> out(const Numbers& x, Index features) const {
    return {x.view().data, bench_.members, bench_.rows, features};
  }
  TensorView<const Real> in(const Numbers& x, Index features) const { return out(x, features); }
  Weights<Real> weights() const {
    return {matrix(theta_, L::parameters), matrix(stats_, L::statistics)};
  }

  const LayerBench<L, Real>& bench_;
  B gpu_;
  Numbers theta_ = numbers(bench_.theta), x_ = numbers(bench_.x), stats_ = numbers(bench_.start),
          direction_ = numbers(bench_.direction), dx_ = numbers(bench_.dx), a_ = numbers(bench_.a),
          cache_ = numbers(bench_.cache), y_ = numbers(bench_.y), back_x_ = numbers(bench_.back_x),
          back_theta_ = numbers(bench_.back_theta);
};

template <class L, class Real>
void check_layer(Index members, Index rows, Mode mode, double tolerance) {
  CAPTURE(members);
  CAPTURE(rows);
  LayerBench<L, Real> bench{members, rows, mode};
  DevicePasses<L, Real> device(bench);
  const std::vector<Real> y = bench.forward();
  CHECK(relative_difference(device.forward(), y) <= tolerance);
  if (L::statistics > 0) CHECK(relative_difference(device.stats(), bench.stats) <= tolerance);
  CHECK(relative_difference(device.tangent(), bench.tangent(true)) <= tolerance);
  bench.backward();
  device.backward();
  CHECK(relative_difference(device.back_x(), bench.back_x) <= tolerance);
  if (L::parameters > 0)
    CHECK(relative_difference(device.back_theta(), bench.back_theta) <= tolerance);
}

using Picture = Shape<3, 7, 5>;
using Wide = Shape<16, 8, 8>;

}  // namespace

TEST_CASE_TEMPLATE("layers on the GPU compute what they compute on the CPU", L, Linear<7, 5>,
                   LinearWithoutBias<7, 5>, Relu<11>, Flatten<Picture>,
                   Scale<Shape<7>, std::ratio<1, 5>>, Dropout<Picture, std::ratio<1, 3>>,
                   BatchNorm2d<Picture>, MaxPool2d<Picture, 2>, GlobalMaxPool<Picture>,
                   GlobalAveragePool<Picture>, Conv2d<Picture, 4, 3, 1, 1>,
                   Conv2d<Picture, 5, 5, 2, 2, Bias::per_filter>, Conv2d<Picture, 2, 2, 2, 0>,
                   Conv2d<Shape<1, 5, 5>, 1, 1>, Conv2d<Wide, 16, 3, 1, 1>,
                   ConvBlock<Picture, 4, 3>, Residual<ConvBlock<Picture, 3, 3>>,
                   ShortcutResidual<Conv2d<Picture, 4, 1>, ConvBlock<Picture, 4, 3>>) {
  for (const Mode mode : {Mode::train, Mode::eval}) {
    check_layer<L, double>(1, 4, mode, 1e-12);
    check_layer<L, double>(3, 2, mode, 1e-12);
  }
}

TEST_CASE_TEMPLATE("in float too", L, Linear<7, 5>, BatchNorm2d<Picture>,
                   Conv2d<Picture, 5, 5, 2, 2, Bias::per_filter>) {
  for (const Mode mode : {Mode::train, Mode::eval}) check_layer<L, float>(2, 5, mode, 1e-5);
}

TEST_CASE("a batch that goes through a convolution in chunks gives the numbers of one") {
  using L = Conv2d<Shape<40, 32, 32>, 8, 5, 1, 2>;  // patches of eight rows are the most at once
  check_layer<L, float>(1, 19, Mode::eval, 1e-5);
}
