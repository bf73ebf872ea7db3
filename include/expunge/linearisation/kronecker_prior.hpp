// A prior under which weights move freely only where that does not change the outputs of ordinary
// points: as if `points` more retain points were held where they are,
//
//   mu P^-1 = mu I + points G,   G = mean over retain points of J_x'J_x
//
// with G replaced, layer by layer, by the Kronecker product of two second moments, A of what the
// layer's weights multiply and S of the slopes of the outputs in its outputs, and the sum by a
// product:
//
//   mu P^-1 ~ points (A + pi g I) (x) (S + g / pi I),   g = sqrt(mu / points),
//   pi^2 = (tr A / rows of A) / (tr S / rows of S)
//
// The moments are taken over the matched retain points (all points where there are none), S with
// one random sign for each output of each point. A product with P costs 2 (in^2 out + out^2 in)
// operations for each layer.
//
// Source: KFAC, Martens and Grosse 2015 (arXiv 1503.05671), sections 3 and 6.3 (factored damping).
#pragma once

#include <cmath>
#include <vector>

#include "expunge/backend/cholesky.hpp"
#include "expunge/linearisation/weight_prior.hpp"

namespace expunge {

struct KroneckerPrior {
  double points = 200;  // > 0: retain points that the prior stands for

  void validate() const {
    require(points > 0 && std::isfinite(points), "KroneckerPrior: points is ", points,
            ", not positive and finite");
  }

  template <class JacobianType, class B>
  class Metric {
    using Real = typename B::Real;
    using Model = typename JacobianType::ModelType;
    static_assert(KroneckerModel<Model, B>,
                  "KroneckerPrior: every layer of the model must have kronecker, add_moments, "
                  "kronecker_product and kronecker_solve; see docs/concepts.md#kroneckerlayer, or "
                  "match under the IsotropicPrior");
    using Factors = typename Model::template KroneckerFactors<B>;

   public:
    Metric(B& backend, const KroneckerPrior& policy, JacobianType& jacobian)
        : jacobian_(jacobian),
          points_(policy.points),
          inverse_(backend, jacobian.members()),
          factors_(backend, jacobian.members()),
          scratch_(backend, jacobian.members(), Model::kronecker_scratch(1)) {}

    void measure(B& backend, MatrixView<const Real> signs, Index from, MatrixView<Real> out) {
      require(from >= 0 && from <= jacobian_.points(), "KroneckerPrior: from is ", from, " of ",
              jacobian_.points(), " points");
      if (from == jacobian_.points()) from = 0;
      for (std::size_t l = 0; l < Model::kronecker_sizes.size(); ++l) {
        fill_zero(backend, inverse_.input(l).flat());
        fill_zero(backend, inverse_.output(l).flat());
      }
      rows_ = static_cast<double>(jacobian_.points() - from);
      jacobian_.apply_transpose_with_moments(backend, signs, from, inverse_, out);
    }

    void set(B& backend, const PerMember& mu) {
      product_ = 0;
      for (std::size_t l = 0; l < Model::kronecker_sizes.size(); ++l) {
        const KroneckerSizes size = Model::kronecker_sizes[l];
        if (size.inputs == 0) continue;
        damp(backend, inverse_.input(l), inverse_.output(l), mu);
        copy_rows(backend, MatrixView<const Real>(inverse_.input(l).flat()),
                  factors_.input(l).flat());
        copy_rows(backend, MatrixView<const Real>(inverse_.output(l).flat()),
                  factors_.output(l).flat());
        cholesky(backend, factors_.input(l));  // one that fails is NaN, and so will D be
        cholesky(backend, factors_.output(l));
        const auto in = static_cast<double>(size.inputs), out = static_cast<double>(size.outputs);
        flops_ += 2 * rows_ * (in * in + out * out) + (in * in * in + out * out * out) / 3;
        product_ += 2 * in * out * (in + out);
      }
    }

    void apply(B& backend, MatrixView<Real> v) { solve(backend, Solve::whole, v); }
    void apply_inverse(B& backend, MatrixView<Real> v) {
      Model::kronecker_product(backend, inverse_, v, scratch_.view(), v);
      flops_ += product_;
    }
    void apply_root(B& backend, MatrixView<Real> v) { solve(backend, Solve::half_transpose, v); }
    void apply_root_transpose(B& backend, MatrixView<Real> v) { solve(backend, Solve::half, v); }
    double flops() const { return flops_; }

    /// a = scale a, and shift is added to its diagonal.
    struct ScaleThenShift {
      MatrixView<const Real> scale, shift;  // [members][1]
      TensorView<Real> a;
      EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
        a(m, i, j) = scale(m, 0) * a(m, i, j) + (i == j ? shift(m, 0) : Real(0));
      }
    };

   private:
    /// A / (rows g) + pi I and S / (rows g) + I / pi: their product is P^-1.
    void damp(B& backend, TensorView<Real> inputs, TensorView<Real> outputs, const PerMember& mu) {
      const PerMember a = mean_diagonal(backend, inputs);
      const PerMember s = mean_diagonal(backend, outputs);
      std::vector<Real> scale, in, out;
      for (std::size_t m = 0; m < mu.size(); ++m) {
        const double g = std::sqrt(mu[m] / points_);
        const double pi = a[m] > 0 && s[m] > 0 ? std::sqrt(a[m] / s[m]) : 1.0;
        scale.push_back(static_cast<Real>(g > 0 ? 1 / (rows_ * g) : 0.0));
        in.push_back(static_cast<Real>(pi));
        out.push_back(static_cast<Real>(1 / pi));
      }
      const auto column = [&](const std::vector<Real>& x) {
        return resident(backend, MatrixView<const Real>(x.data(), inputs.members, 1));
      };
      for_each_element(backend, inputs.members, inputs.rows, inputs.rows,
                       ScaleThenShift{column(scale), column(in), inputs});
      for_each_element(backend, outputs.members, outputs.rows, outputs.rows,
                       ScaleThenShift{column(scale), column(out), outputs});
    }

    void solve(B& backend, Solve which, MatrixView<Real> v) {
      Model::kronecker_solve(backend, which, factors_, v, scratch_.view(), v);
      flops_ += which == Solve::whole ? product_ : product_ / 2;
    }

    JacobianType& jacobian_;
    double points_, rows_ = 0;
    Factors inverse_, factors_;  // moments, then those of P^-1; their Cholesky factors
    MemberVectors<B> scratch_;
    double flops_ = 0, product_ = 0;
  };
};

}  // namespace expunge
