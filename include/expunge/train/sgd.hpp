// Stochastic gradient descent, with PyTorch's conventions (torch.optim.SGD, dampening 0):
//
//   g <- gradient + weight_decay theta
//   v <- momentum v + g
//   theta <- theta - rate (nesterov ? g + momentum v : v)
#pragma once

#include "expunge/backend/cpu.hpp"
#include "expunge/core/check.hpp"
#include "expunge/train/optimizer.hpp"

namespace expunge {

template <class Real>
struct SgdStep {
  MatrixView<Real> theta;
  MatrixView<const Real> gradient;
  MatrixView<Real> velocity;
  Real rate, momentum, weight_decay;
  bool nesterov;

  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    const Real g = gradient(m, j) + weight_decay * theta(m, j);
    const Real v = momentum * velocity(m, j) + g;
    velocity(m, j) = v;
    theta(m, j) -= rate * (nesterov ? g + momentum * v : v);
  }
};

struct Sgd {
  double momentum = 0.9;    // in [0, 1)
  double weight_decay = 0;  // >= 0, on all weights and biases
  bool nesterov = false;

  static constexpr Index slots = 1;

  void validate() const {
    require(momentum >= 0 && momentum < 1, "Sgd: momentum is ", momentum, ", not in [0, 1)");
    require(weight_decay >= 0, "Sgd: weight_decay is ", weight_decay, ", negative");
  }

  template <class B>
  void step(B& backend, MatrixView<typename B::Real> theta,
            MatrixView<const typename B::Real> gradient, const MatrixView<typename B::Real>* slot,
            double rate, Index) const {
    using Real = typename B::Real;
    for_each_element(
        backend, theta.rows, 1, theta.cols,
        SgdStep<Real>{theta, gradient, slot[0], static_cast<Real>(rate),
                      static_cast<Real>(momentum), static_cast<Real>(weight_decay), nesterov});
  }
};

static_assert(Optimizer<Sgd, Cpu<float>>);

}  // namespace expunge
