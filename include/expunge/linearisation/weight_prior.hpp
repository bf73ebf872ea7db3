// How far weights may move, and in which directions: the covariance P of a Gaussian prior of their
// move D. Least squares with the penalty mu D'P^-1 D are solved by it.
//
// A policy W:
//
//   w.validate()
//   W::Metric<JacobianType, B>(b, w, jacobian)     P of one cohort
//     .measure(b, signs, from, out)     out = J'signs where the Jacobian stands, and whatever P is
//                                       made from; signs [members][rows] are -1 and 1, points before
//                                       `from` are those that the weights move for
//     .set(b, mu)                       makes P, for one mu per member
//     .apply(b, v)                      v = P v               all in place, v [members][parameters]
//     .apply_inverse(b, v)              v = P^-1 v
//     .apply_root(b, v)                 v = R v,   P = R R'
//     .apply_root_transpose(b, v)       v = R'v
//     .flops()                          operations so far, per member
#pragma once

#include "expunge/linearisation/kernel_operator.hpp"

namespace expunge {

/// See docs/concepts.md#weightprior.
template <class W, class JacobianType, class B>
concept WeightPrior = requires(const W& policy, B& backend, JacobianType& jacobian,
                               typename W::template Metric<JacobianType, B>& metric,
                               MatrixView<const typename B::Real> signs,
                               MatrixView<typename B::Real> v, const PerMember& mu) {
  policy.validate();
  requires std::constructible_from<typename W::template Metric<JacobianType, B>, B&, const W&,
                                   JacobianType&>;
  metric.measure(backend, signs, Index{}, v);
  metric.set(backend, mu);
  metric.apply(backend, v);
  metric.apply_inverse(backend, v);
  metric.apply_root(backend, v);
  metric.apply_root_transpose(backend, v);
  { metric.flops() } -> std::convertible_to<double>;
};

/// P = I: every weight alike.
struct IsotropicPrior {
  void validate() const {}

  template <class JacobianType, class B>
  class Metric : public IdentityMetric {
    using Real = typename B::Real;

   public:
    Metric(B&, const IsotropicPrior&, JacobianType& jacobian) : jacobian_(jacobian) {}
    void measure(B& backend, MatrixView<const Real> signs, Index, MatrixView<Real> out) {
      jacobian_.apply_transpose(backend, signs, out);
    }
    void set(B&, const PerMember&) {}
    void apply_inverse(B&, MatrixView<Real>) const {}
    void apply_root(B&, MatrixView<Real>) const {}
    void apply_root_transpose(B&, MatrixView<Real>) const {}
    double flops() const { return 0; }

   private:
    JacobianType& jacobian_;
  };
};

}  // namespace expunge
