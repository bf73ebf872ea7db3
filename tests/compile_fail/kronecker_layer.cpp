// Gauss-Newton matching under the Kronecker prior of a model with a layer that has no factors.
#include "expunge/nn/mlp.hpp"
#include "expunge/unlearning/gauss_newton_matching.hpp"

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
  template <class B>
  static void tangent(B&, WeightsOn<B>, ConstTensor<B>, ConstTensor<B>, ConstTensor<B>,
                      ConstTensor<B>, MatrixView<const typename B::Real>, Tensor<B>) {}
#ifdef EXPUNGE_CORRECT
  static constexpr KroneckerSizes kronecker{};
  static constexpr Index kronecker_scratch(Index) {
    return 0;
  }
  template <class B>
  static void add_moments(B&, ConstTensor<B>, ConstTensor<B>, Matrix<B>, Tensor<B>, Tensor<B>) {}
  template <class B>
  static void kronecker_product(B&, ConstTensor<B>, ConstTensor<B>,
                                MatrixView<const typename B::Real>, Matrix<B>, Matrix<B>) {}
  template <class B>
  static void kronecker_solve(B&, Solve, ConstTensor<B>, ConstTensor<B>,
                              MatrixView<const typename B::Real>, Matrix<B>, Matrix<B>) {}
#endif
};

using Net = Sequential<Linear<4, 3>, Doubling>;

void run(const Problem<Net, float>& problem, TensorView<const float> outputs) {
  Cpu<float> backend;
  const GaussNewtonMatching<OracleOutputs<float>> method{.target = {outputs}};
  unlearn(backend, method, problem);
}
