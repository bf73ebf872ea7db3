// Conv2d against PyTorch, central differences, the transpose identity and a plain sum in double.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/nn/conv2d.hpp"
#include "golden_arrays.hpp"
#include "nn/directions.hpp"

using namespace expunge;

namespace {

template <class T>
std::size_t size_of(T n) {
  return static_cast<std::size_t>(n);
}

/// The numbers that tests/golden/conv2d/make_conv2d.py feeds to PyTorch.
template <class Real>
std::vector<Real> wave(Index n, Index s) {
  std::vector<Real> values;
  for (Index i = 0; i < n; ++i)
    values.push_back(static_cast<Real>((i * i * 31 + i * 7919 + s * 104729) % 2003 - 1001) / 512);
  return values;
}

template <class L, class Real>
struct Pass {
  Index members, rows;
  bool shared_input = false;
  std::vector<Real> x = wave<Real>((shared_input ? 1 : members) * rows * L::Input::size, 1);
  std::vector<Real> theta = wave<Real>(members * L::parameters, 2);
  std::vector<Real> a = wave<Real>(members * rows * L::Output::size, 3);
  std::vector<Real> y = std::vector<Real>(a.size(), 77);
  std::vector<Real> dx = std::vector<Real>(size_of(members * rows * L::Input::size), 77);
  std::vector<Real> dtheta = std::vector<Real>(theta.size(), 77);
  Cpu<Real> backend{1};

  Weights<Real> weights() const {
    return {MatrixView<const Real>(theta.data(), members, L::parameters), {}};
  }
  TensorView<const Real> in(const std::vector<Real>& from) const {
    const bool one = from.size() < size_of(members * rows * L::Input::size);
    return {from.data(), members, rows, L::Input::size, one ? 0 : rows * L::Input::size};
  }
  TensorView<Real> out(std::vector<Real>& to) const {
    return {to.data(), members, rows, L::Output::size};
  }

  double objective() {
    L::forward(backend, weights(), in(x), out(y), TensorView<Real>(), Mode::train);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i)
      sum += static_cast<double>(a[i]) * static_cast<double>(y[i]);
    return sum;
  }
  void backward(bool with_dx = true, bool with_dtheta = true) {
    TensorView<Real> slope;
    if (with_dx) slope = TensorView<Real>(dx.data(), members, rows, L::Input::size);
    MatrixView<Real> slopes;
    if (with_dtheta) slopes = MatrixView<Real>(dtheta.data(), members, L::parameters);
    L::backward(backend, weights(), in(x), out(y), TensorView<const Real>(), out(a), slope, slopes);
  }
  std::vector<Real> tangent(const std::vector<Real>& x_moves, const std::vector<Real>& direction) {
    std::vector<Real> dy(a.size(), 77);
    L::tangent(backend, weights(), in(x), out(y), TensorView<const Real>(),
               x_moves.empty() ? TensorView<const Real>() : in(x_moves),
               MatrixView<const Real>(direction.data(), members, L::parameters), out(dy));
    return dy;
  }
};

/// Output and both gradients of two members and two rows.
template <class L, class Real>
void check_golden(const std::string& name, double tolerance) {
  CAPTURE(name);
  Pass<L, Real> pass{2, 2, name.rfind("shared_", 0) == 0};
  pass.objective();
  pass.backward();
  const Array<double, 1> expected = golden<1>("conv2d/" + name + "_out");
  const double* next = expected.data();
  REQUIRE(expected.size() == pass.y.size() + pass.dx.size() + pass.theta.size());
  CHECK(relative_difference(pass.y.data(), next, std::ssize(pass.y)) <= tolerance);
  next += pass.y.size();
  CHECK(relative_difference(pass.dx.data(), next, std::ssize(pass.dx)) <= tolerance);
  next += pass.dx.size();
  CHECK(relative_difference(pass.dtheta.data(), next, std::ssize(pass.theta)) <= tolerance);
}

template <class L>
void check_golden_in_both(const std::string& name) {
  check_golden<L, double>(name, 1e-10);
  check_golden<L, float>(name, 1e-5);
}

/// The plain sum, in double.
template <class E>
std::vector<double> plain_convolution(const std::vector<float>& x, const std::vector<float>& w) {
  std::vector<double> y(size_of(E::filters * E::out_height * E::out_width));
  const auto at = [](const std::vector<float>& v, Index i) {
    return static_cast<double>(v[size_of(i)]);
  };
  for (Index f = 0; f < E::filters; ++f)
    for (Index c = 0; c < E::channels; ++c)
      for (Index tap = 0; tap < E::taps; ++tap)
        for (Index i = 0; i < E::out_height * E::out_width; ++i) {
          const Index v = i / E::out_width * E::stride + tap / E::kernel - E::padding;
          const Index h = i % E::out_width * E::stride + tap % E::kernel - E::padding;
          if (v < 0 || h < 0 || v >= E::height || h >= E::width) continue;
          y[size_of(f * E::out_height * E::out_width + i)] +=
              at(w, (f * E::channels + c) * E::taps + tap) *
              at(x, (c * E::height + v) * E::width + h);
        }
  return y;
}

template <class Real>
struct Results {
  std::vector<Real> y, dx, dw;
};

/// All that algorithm A makes of these inputs and filters, with dy = cos(1), cos(2), ..
template <class A, class E, class Real>
Results<Real> results_of(const std::vector<Real>& x, const std::vector<Real>& w) {
  const Index in = E::channels * E::height * E::width, rows = std::ssize(x) / in;
  const Index out = E::filters * E::out_height * E::out_width;
  std::vector<Real> dy;
  for (Index i = 1; i <= rows * out; ++i)
    dy.push_back(static_cast<Real>(std::cos(static_cast<float>(i))));
  Results<Real> r{std::vector<Real>(dy.size()), std::vector<Real>(x.size()),
                  std::vector<Real>(w.size())};
  const MatrixView<const Real> images(x.data(), rows, in), slopes(dy.data(), rows, out);
  A::forward(images, w.data(), MatrixView<Real>(r.y.data(), rows, out), Write::set);
  A::input_gradient(slopes, w.data(), MatrixView<Real>(r.dx.data(), rows, in));
  A::filter_gradient(images, slopes, r.dw.data());
  return r;
}

using Plain = Conv2d<Shape<3, 6, 5>, 4, 3, 1, 1>;
using Stride2 = Conv2d<Shape<2, 7, 9>, 3, 3, 2, 1>;
using Five = Conv2d<Shape<3, 9, 7>, 4, 5, 2, 2>;
using Even = Conv2d<Shape<2, 6, 7>, 3, 4, 3, 1>;
using WidePadding = Conv2d<Shape<2, 3, 4>, 2, 3, 1, 2>;
using Skipping = Conv2d<Shape<2, 7, 7>, 2, 1, 2, 0>;
using Biased = Conv2d<Shape<2, 4, 5>, 3, 3, 2, 1, Bias::per_filter>;
using Tiles = Conv2d<Shape<16, 7, 6>, 17, 3, 1, 1>;
using StridedTiles = Conv2d<Shape<16, 16, 15>, 16, 5, 2, 2>;
using ValidTiles = Conv2d<Shape<18, 6, 6>, 16, 3, 1, 0>;

static_assert(detail::by_winograd<Tiles::Extents> && detail::by_winograd<ValidTiles::Extents> &&
              detail::by_winograd<StridedTiles::Extents> && !detail::by_winograd<Plain::Extents>);
static_assert(detail::slopes_by_winograd<Tiles::Extents> &&
              detail::slopes_by_winograd<ValidTiles::Extents> &&
              detail::slopes_by_winograd<StridedTiles::Extents>);

}  // namespace

TEST_CASE("outputs and gradients of a convolution are PyTorch's") {
  check_golden_in_both<Plain>("plain");
  check_golden_in_both<Stride2>("stride2");
  check_golden_in_both<Conv2d<Shape<3, 6, 6>, 2, 3>>("valid");
  check_golden_in_both<Five>("five");
  check_golden_in_both<Conv2d<Shape<1, 5, 5>, 1, 3, 1, 1>>("one_channel");
  check_golden_in_both<Conv2d<Shape<5, 3, 4>, 6, 1>>("pointwise");
  check_golden_in_both<Conv2d<Shape<2, 4, 4>, 3, 3, 1, 1>>("small");
  check_golden_in_both<Even>("even");
  check_golden_in_both<WidePadding>("wide_padding");
  check_golden_in_both<Skipping>("skipping");
}

TEST_CASE("so are those of a convolution by Winograd's algorithm") {
  check_golden_in_both<Conv2d<Shape<16, 8, 8>, 16, 3, 1, 1>>("tiles");
  check_golden_in_both<Conv2d<Shape<19, 7, 6>, 18, 3, 1, 1>>("odd_tiles");
  check_golden_in_both<Conv2d<Shape<16, 8, 8>, 17, 3>>("valid_tiles");
  check_golden_in_both<Conv2d<Shape<16, 7, 8>, 16, 5, 2, 2>>("strided_tiles");
  check_golden_in_both<Conv2d<Shape<17, 11, 12>, 16, 5, 2, 0>>("valid_strided_tiles");
}

TEST_CASE("members with their own weights may share an input") {
  check_golden_in_both<Conv2d<Shape<3, 6, 5>, 4, 3, 2, 1>>("shared_plain");
  check_golden_in_both<Conv2d<Shape<16, 4, 4>, 16, 3, 1, 1>>("shared_tiles");
}

TEST_CASE_TEMPLATE("gradients are those of central differences", L, Plain, Stride2, Five, Even,
                   WidePadding, Skipping, Biased) {
  Pass<L, double> pass{2, 2};
  pass.objective();
  pass.backward();
  const auto differences = [&](std::vector<double>& variables) {
    std::vector<double> slopes;
    for (double& variable : variables)
      slopes.push_back(central_difference(variable, [&] { return pass.objective(); }));
    return slopes;
  };
  CHECK(relative_difference(pass.dx, differences(pass.x)) <= 1e-7);
  CHECK(relative_difference(pass.dtheta, differences(pass.theta)) <= 1e-7);
}

TEST_CASE_TEMPLATE("tangent and backward pass are transposes of each other", L, Plain, Stride2,
                   Five, Even, WidePadding, Skipping, Biased, Tiles, ValidTiles, StridedTiles) {
  for (const Index rows : {1, 3}) {
    Pass<L, double> pass{2, rows};
    pass.objective();
    pass.backward();
    const std::vector<double> moves = normals<double>(std::ssize(pass.x), 4);
    const std::vector<double> direction = normals<double>(std::ssize(pass.theta), 5);
    const double by_x = dot(moves, pass.dx), by_theta = dot(direction, pass.dtheta);
    const auto lost = [&](const std::vector<double>& dy) {
      return 1e-12 * std::sqrt(dot(pass.a, pass.a) * dot(dy, dy));
    };
    const std::vector<double> along_both = pass.tangent(moves, direction);
    const std::vector<double> along_theta = pass.tangent({}, direction);
    CHECK(std::abs(dot(pass.a, along_theta) - by_theta) <= lost(along_theta));
    CHECK(std::abs(dot(pass.a, along_both) - by_x - by_theta) <= lost(along_both));
  }
}

TEST_CASE_TEMPLATE("an empty dx or dtheta is not written, and the other one is the same", L, Plain,
                   Tiles) {
  Pass<L, double> both{2, 2}, only_x{2, 2}, only_theta{2, 2};
  both.backward();
  only_x.backward(true, false);
  only_theta.backward(false, true);
  CHECK(same_bytes(only_x.dx, both.dx));
  CHECK(same_bytes(only_theta.dtheta, both.dtheta));
  CHECK(only_x.dtheta == std::vector<double>(both.dtheta.size(), 77));
  CHECK(only_theta.dx == std::vector<double>(both.dx.size(), 77));
}

TEST_CASE_TEMPLATE("an example's numbers do not depend on its batch, nor a member's on the cohort",
                   L, Plain, Five, Tiles, StridedTiles) {
  Pass<L, float> many{3, 21};  // more rows than one group of tiles
  many.objective();
  many.backward();
  for (const Index m : {0, 2}) {
    Pass<L, float> one{1, 21};
    const auto part = [m](const std::vector<float>& all, std::vector<float>& mine) {
      std::copy_n(all.data() + m * std::ssize(mine), mine.size(), mine.data());
    };
    part(many.x, one.x), part(many.theta, one.theta), part(many.a, one.a);
    one.objective();
    one.backward();
    CHECK(std::equal(one.y.begin(), one.y.end(), many.y.data() + m * std::ssize(one.y)));
    CHECK(std::equal(one.dx.begin(), one.dx.end(), many.dx.data() + m * std::ssize(one.dx)));
    CHECK(std::equal(one.dtheta.begin(), one.dtheta.end(),
                     many.dtheta.data() + m * std::ssize(one.dtheta)));
    Pass<L, float> last{1, 1};
    last.theta = one.theta;
    std::copy_n(one.x.data() + 20 * L::Input::size, last.x.size(), last.x.data());
    last.objective();
    CHECK(std::equal(last.y.begin(), last.y.end(), one.y.data() + 20 * L::Output::size));
  }
}

TEST_CASE("a NaN in one example stays in that example") {
  Pass<Tiles, float> pass{1, 3};
  pass.x[size_of(Tiles::Input::size) + 7] = std::nanf("");
  pass.objective();
  const auto finite = [&](Index row) {
    const float* y = pass.y.data() + row * Tiles::Output::size;
    return std::all_of(y, y + Tiles::Output::size, [](float v) { return std::isfinite(v); });
  };
  CHECK(finite(0));
  CHECK_FALSE(finite(1));
  CHECK(finite(2));
  Pass<Tiles, float> after{1, 3};  // nor does it stay in the memory that the thread keeps
  after.objective();
  after.backward();
  CHECK(std::all_of(after.y.begin(), after.y.end(), [](float v) { return std::isfinite(v); }));
  CHECK(std::all_of(after.dtheta.begin(), after.dtheta.end(),
                    [](float v) { return std::isfinite(v); }));
}

TEST_CASE("the plain sum is that of five loops") {
  using E = ConvolutionExtents<9, 8, 7, 20, 5, 2, 1>;
  const std::vector<float> x = normals<float>(E::channels * E::height * E::width, 1);
  const std::vector<float> w = normals<float>(E::filters * E::channels * E::taps, 2);
  const std::vector<double> exact = plain_convolution<E>(x, w);
  CHECK(relative_difference(results_of<detail::DirectConvolution<E, float>, E>(x, w).y, exact) <=
        1e-6);
}

TEST_CASE_TEMPLATE("the rounding of Winograd's algorithm is at most 5e-6 of the largest number", E,
                   ConvolutionExtents<128, 16, 16, 64, 3, 1, 1>,
                   ConvolutionExtents<256, 8, 8, 64, 3, 1, 0>,
                   ConvolutionExtents<64, 16, 16, 64, 5, 2, 2>) {
  static_assert(detail::by_winograd<E> && detail::slopes_by_winograd<E>);
  const std::vector<float> x = normals<float>(4 * E::channels * E::height * E::width, 1);
  const std::vector<float> w = normals<float>(E::filters * E::channels * E::taps, 2);
  const std::vector<double> x_exact(x.begin(), x.end()), w_exact(w.begin(), w.end());
  const auto exact = results_of<detail::DirectConvolution<E, double>, E>(x_exact, w_exact);
  const auto plain = results_of<detail::DirectConvolution<E, float>, E>(x, w);
  const auto winograd = results_of<detail::WinogradConvolution<E, float>, E>(x, w);
  CHECK(relative_difference(plain.y, exact.y) <= 2e-6);
  CHECK(relative_difference(plain.dx, exact.dx) <= 2e-6);
  CHECK(relative_difference(plain.dw, exact.dw) <= 2e-6);
  CHECK(relative_difference(winograd.y, exact.y) <= 5e-6);
  CHECK(relative_difference(winograd.dx, exact.dx) <= 5e-6);
  CHECK(relative_difference(winograd.dw, exact.dw) <= 5e-6);
  CHECK_FALSE(same_bytes(winograd.y, plain.y));  // they are two algorithms
  MESSAGE("plain ", relative_difference(plain.y, exact.y), " ",
          relative_difference(plain.dx, exact.dx), " ", relative_difference(plain.dw, exact.dw),
          ", Winograd ", relative_difference(winograd.y, exact.y), " ",
          relative_difference(winograd.dx, exact.dx), " ",
          relative_difference(winograd.dw, exact.dw));
}

TEST_CASE("initial filters are Kaiming normal in their fan-in, biases 0") {
  using L = Conv2d<Shape<8, 6, 6>, 500, 3, 1, 1, Bias::per_filter>;
  std::vector<double> theta(size_of(L::parameters), 77);
  L::initialise(5, 3, 0, theta.data(), static_cast<double*>(nullptr));
  double squares = 0;
  for (Index i = 0; i < L::filters; ++i) squares += theta[size_of(i)] * theta[size_of(i)];
  CHECK(squares / double(L::filters) == doctest::Approx(2.0 / (8 * 9)).epsilon(.03));
  CHECK(std::all_of(theta.begin() + L::filters, theta.end(), [](double b) { return b == 0; }));
  std::vector<double> other(theta.size());
  L::initialise(5, 3, 1, other.data(), static_cast<double*>(nullptr));
  CHECK(other[0] == theta[1]);  // weight i of the slice is number first_index + i of the stream
}

TEST_CASE("a bias is added to every position of its filter") {
  Pass<Biased, double> pass{2, 2};
  pass.objective();
  const std::vector<double> y = pass.y;
  pass.theta[size_of(Biased::filters) + 1] += 2;  // the first member's second filter
  pass.objective();
  const Index positions = Biased::Output::size / 3;
  for (Index i = 0; i < std::ssize(y); ++i) {
    const bool moved = i / (2 * Biased::Output::size) == 0 && i / positions % 3 == 1;
    CHECK(pass.y[size_of(i)] - y[size_of(i)] == doctest::Approx(moved ? 2 : 0));
  }
}

TEST_CASE("in float, the slope of a bias is a sum of thousands without their rounding") {
  using Wide = Conv2d<Shape<1, 64, 64>, 1, 1, 1, 0, Bias::per_filter>;
  Pass<Wide, float> pass{1, 16};
  std::fill(pass.a.begin(), pass.a.end(), 0.1f);
  pass.backward();
  CHECK(std::abs(pass.dtheta[1] / (0.1f * 65536) - 1) <= 4e-6f);  // one sum after the other: 6e-4
}

TEST_CASE("extents that do not fit are refused with the numbers") {
  Cpu<double> backend(1);
  std::vector<double> x(75 * 2), w(81), y(36);
  CHECK_THROWS_AS(
      (convolve<ConvolutionExtents<3, 5, 5, 3, 3, 2, 1>>(
          backend, TensorView<const double>(x.data(), 1, 2, 75),
          MatrixView<const double>(w.data(), 1, 81), TensorView<double>(y.data(), 1, 1, 27))),
      std::invalid_argument);
}
