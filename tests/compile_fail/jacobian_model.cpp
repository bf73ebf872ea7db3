// The Jacobian of a model with a layer that only goes backwards.
#include "expunge/linearisation/jacobian.hpp"
#include "expunge/nn/mlp.hpp"

using namespace expunge;

struct Doubling {
  using Input = Shape<3>;
  using Output = Shape<3>;
  static constexpr Index parameters = 0, statistics = 0, cache = 0;

  template <class Real>
  static void initialise(std::uint64_t, Index, Index, Real*, Real*) {}
  template <class B>
  static void forward(B&, WeightsOn<B>, ConstTensor<B>, Tensor<B>, Tensor<B>, Mode) {}
  template <class B>
  static void backward(B&, WeightsOn<B>, ConstTensor<B>, ConstTensor<B>, ConstTensor<B>,
                       ConstTensor<B>, Tensor<B>, Matrix<B>) {}
#ifdef EXPUNGE_CORRECT
  template <class B>
  static void tangent(B&, WeightsOn<B>, ConstTensor<B>, ConstTensor<B>, ConstTensor<B>,
                      ConstTensor<B>, MatrixView<const typename B::Real>, Tensor<B>) {}
#endif
};

void run(DatasetView data) {
  Cpu<float> backend;
  Jacobian<Sequential<Linear<4, 3>, Doubling>, Cpu<float>>(backend, Logits{}, data, {0}, 1, 1);
}
