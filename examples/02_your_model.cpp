// A layer of your own in a Sequential: shapes, one forward and one backward function, and a check
// of the gradient in double precision, which is where a wrong one shows.
#include <cmath>
#include <cstdio>

#include "expunge/expunge.hpp"

using namespace expunge;

/// y = tanh(x). Element-wise maths is a small functor, so that every backend can run it.
template <Index Width>
struct Tanh {
  using Input = Shape<Width>;
  using Output = Shape<Width>;
  static constexpr Index parameters = 0, statistics = 0, cache = 0;

  template <class Real>
  struct Forward {
    TensorView<const Real> x;
    TensorView<Real> y;
    EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
      y(m, i, j) = std::tanh(x(m, i, j));
    }
  };
  template <class Real>
  struct Backward {
    TensorView<const Real> y, dy;
    TensorView<Real> dx;
    EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
      dx(m, i, j) = dy(m, i, j) * (1 - y(m, i, j) * y(m, i, j));
    }
  };

  template <class Real>
  static void initialise(std::uint64_t, Index, Index, Real*, Real*) {}

  template <class B>
  static void forward(B& backend, WeightsOn<B>, ConstTensor<B> x, Tensor<B> y, Tensor<B>, Mode) {
    for_each_element(backend, y.members, y.rows, Width, Forward<typename B::Real>{x, y});
  }
  template <class B>
  static void backward(B& backend, WeightsOn<B>, ConstTensor<B>, ConstTensor<B> y, ConstTensor<B>,
                       ConstTensor<B> dy, Tensor<B> dx, Matrix<B>) {
    if (dx.empty()) return;  // the first layer's: nobody needs it
    for_each_element(backend, dy.members, dy.rows, Width, Backward<typename B::Real>{y, dy, dx});
  }
};

static_assert(Layer<Tanh<4>, Cpu<float>>);
using Net = Sequential<Linear<8, 16>, Tanh<16>, Linear<16, 3>>;

/// The largest difference between the layer's gradient and a central difference; the layer works
/// on each number alone, so all are moved at once.
double gradient_error() {
  Cpu<double> cpu(1);
  const double step = 1e-5;
  Array<double, 3> x = make_array<double>(1, 5, 4), y = x, dx = x, unused = x;
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = std::sin(static_cast<double>(i));
  const Array<double, 3> dy = xt::ones_like(x), right = x + step, left = x - step;
  Tanh<4>::forward(cpu, {}, view(x), view(y), view(unused), Mode::train);
  Tanh<4>::backward(cpu, {}, view(x), view(y), view(unused), view(dy), view(dx), {});
  Array<double, 3> above = x, below = x;
  Tanh<4>::forward(cpu, {}, view(right), view(above), view(unused), Mode::train);
  Tanh<4>::forward(cpu, {}, view(left), view(below), view(unused), Mode::train);
  return xt::amax(xt::abs((above - below) / (2 * step) - dx))();
}

int main() {
  std::printf("gradient error of the layer: %.1e\n", gradient_error());

  Cpu<float> cpu;
  const Dataset data = gaussian_classes(1, 300, 8, 3);
  const auto models =
      train<Net>(cpu, Recipe<>{.descent = {.epochs = 20}}, data, all_but(10, 300, {}));
  const auto logits = evaluate_logits(cpu, models, view(data.inputs));
  const double share = accuracy(logits, data.labels, all_indices(300)).mean;
  std::printf("training accuracy of 10 models: %.3f\n", share);
  return gradient_error() < 1e-8 && share > 0.8 ? 0 : 1;
}
