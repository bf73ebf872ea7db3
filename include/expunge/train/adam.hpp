// Adam (Kingma and Ba 2015), with PyTorch's conventions (torch.optim.Adam):
//
//   g <- gradient + weight_decay theta
//   u <- beta1 u + (1 - beta1) g          v <- beta2 v + (1 - beta2) g^2
//   theta <- theta - rate u / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
//
// 1 - beta and the corrections are computed in double and rounded once, as PyTorch's are: 1 - beta2
// in float would be wrong in its fifth digit, and every step with it.
#pragma once

#include <cmath>

#include "expunge/backend/cpu.hpp"
#include "expunge/core/check.hpp"
#include "expunge/train/optimizer.hpp"

namespace expunge {

template <class Real>
struct AdamStep {
  MatrixView<Real> theta;
  MatrixView<const Real> gradient;
  MatrixView<Real> first, second;
  Real rest1;         // 1 - beta1
  Real beta2, rest2;  // rest2 = 1 - beta2
  Real epsilon, weight_decay;
  Real step_size;        // rate / (1 - beta1^t)
  Real root_correction;  // 1 / sqrt(1 - beta2^t)

  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    const Real g = gradient(m, j) + weight_decay * theta(m, j);
    const Real u = first(m, j) + rest1 * (g - first(m, j));  // as torch.lerp
    const Real v = beta2 * second(m, j) + rest2 * g * g;
    first(m, j) = u;
    second(m, j) = v;
    theta(m, j) -= step_size * u / (std::sqrt(v) * root_correction + epsilon);
  }
};

struct Adam {
  double beta1 = 0.9;       // in [0, 1)
  double beta2 = 0.999;     // in [0, 1)
  double epsilon = 1e-8;    // > 0
  double weight_decay = 0;  // >= 0, added to the gradient

  static constexpr Index slots = 2;

  void validate() const {
    require(beta1 >= 0 && beta1 < 1, "Adam: beta1 is ", beta1, ", not in [0, 1)");
    require(beta2 >= 0 && beta2 < 1, "Adam: beta2 is ", beta2, ", not in [0, 1)");
    require(epsilon > 0, "Adam: epsilon is ", epsilon, ", not positive");
    require(weight_decay >= 0, "Adam: weight_decay is ", weight_decay, ", negative");
  }

  template <class B>
  void step(B& backend, MatrixView<typename B::Real> theta,
            MatrixView<const typename B::Real> gradient, const MatrixView<typename B::Real>* slot,
            double rate, Index step_index) const {
    using Real = typename B::Real;
    const double t = static_cast<double>(step_index + 1);
    const auto real = [](double x) { return static_cast<Real>(x); };
    for_each_element(backend, theta.rows, 1, theta.cols,
                     AdamStep<Real>{theta, gradient, slot[0], slot[1], real(1 - beta1), real(beta2),
                                    real(1 - beta2), real(epsilon), real(weight_decay),
                                    real(rate / (1 - std::pow(beta1, t))),
                                    real(1 / std::sqrt(1 - std::pow(beta2, t)))});
  }
};

static_assert(Optimizer<Adam, Cpu<float>>);

}  // namespace expunge
