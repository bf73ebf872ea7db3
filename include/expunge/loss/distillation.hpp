// Distillation (Hinton et al. 2015; the form of SCRUB, Kurmanji et al. 2023):
//
//   KL_T(teacher || student) = T^2 sum_j t_j log(t_j / s_j)
//
//   t = softmax(teacher / T),   s = softmax(z / T)
//   d / dz = T (s - t),   d2 / dz2 = diag(s) - s s'
#pragma once

#include "expunge/core/check.hpp"
#include "expunge/loss/loss.hpp"
#include "expunge/output/softmax.hpp"

namespace expunge {

struct Distillation {
  static constexpr Index least_answers = 2;  // a softmax of one is 1, whatever the answer

  double temperature = 4;

  void validate() const {
    require(temperature > 0, "Distillation: temperature is ", temperature, ", not positive");
  }

  template <class Real>
  EXPUNGE_HD Real operator()(const Real* z, Index k, const Real* teacher, Real weight,
                             Real* dz) const {
    const Real t = static_cast<Real>(temperature);
    const Real student_norm = log_sum_exp_at(z, k, t);
    const Real teacher_norm = log_sum_exp_at(teacher, k, t);
    Real divergence = 0;
    for (Index j = 0; j < k; ++j) {
      const Real log_s = z[j] / t - student_norm;
      const Real log_t = teacher[j] / t - teacher_norm;
      const Real p = std::exp(log_t);
      dz[j] += weight * t * (std::exp(log_s) - p);
      divergence += p * (log_t - log_s);
    }
    return t * t * divergence;
  }

  template <class Real>
  EXPUNGE_HD void curvature(const Real* z, Index k, const Real*, Real weight, const Real* v,
                            Real* hv) const {
    add_softmax_jacobian(z, k, static_cast<Real>(temperature), weight, v, hv);
  }
};

static_assert(VectorLoss<Distillation, float> && CurvatureLoss<Distillation, const float*, float>);

}  // namespace expunge
