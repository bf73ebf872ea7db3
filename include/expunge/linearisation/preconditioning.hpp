// Preconditioners of kernel systems (J J' + shift) a = b, as policies: small configs that a solver
// makes a factor from.
//
//   NoPreconditioner   none
//   HeadKernel         the last layer's kernel, scaled: one P x P factor   (head_kernel.hpp)
//   OutputBlocks       the exact block of every output: k of them          (output_blocks.hpp)
//
// A policy P has a member template P::Factor<JacobianType, B> with
//
//   Factor(b, policy, jacobian)
//   factor.factorise(b, shift, diagonal)    at the weights of the Jacobian's last `linearise`;
//                                           shift [members][rows], diagonal = mean of J J''s
//   factor.apply(b, r, z)                   z = (approximate inverse) r
//   factor.flops()                          spent so far for each member, beside the Jacobian's work
#pragma once

#include "expunge/backend/cholesky.hpp"
#include "expunge/linearisation/jacobian.hpp"

namespace expunge {

/// See docs/concepts.md#preconditioner.
template <class P, class JacobianType, class B>
concept PreconditionerPolicy = requires(const P& policy, JacobianType& jacobian, B& backend,
                                        typename P::template Factor<JacobianType, B>& factor,
                                        MatrixView<const typename B::Real> in,
                                        MatrixView<typename B::Real> out,
                                        const PerMember& diagonal) {
  requires std::constructible_from<typename P::template Factor<JacobianType, B>, B&, const P&,
                                   JacobianType&>;
  policy.validate();
  factor.factorise(backend, in, diagonal);
  factor.apply(backend, in, out);
  { factor.flops() } -> std::convertible_to<double>;
};

struct NoPreconditioner {
  void validate() const {}

  template <class JacobianType, class B>
  class Factor {
    using Real = typename B::Real;

   public:
    Factor(B&, const NoPreconditioner&, JacobianType&) {}
    void factorise(B&, MatrixView<const Real>, const PerMember&) {}
    void apply(B& backend, MatrixView<const Real> r, MatrixView<Real> z) const {
      copy_rows(backend, r, z);
    }
    double flops() const { return 0; }
  };
};

namespace detail {

/// a(i, i) = factor[m] a(i, i) + shift(m, i stride + offset), and the rest scaled alike.
template <class Real>
struct ScaleAndShift {
  MatrixView<const Real> factor;  // [members][1]
  MatrixView<const Real> shift;
  Index stride, offset;
  TensorView<Real> a;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    a(m, i, j) *= factor(m, 0);
    if (i == j) a(m, i, j) += shift(m, i * stride + offset);
  }
};

/// e_o for every member, [members][outputs].
template <class B>
class OutputDirection {
  using Real = typename B::Real;

 public:
  OutputDirection(B& backend, Index members, Index outputs, Index o)
      : values_(unit_rows(members, outputs, o)),
        resident_(resident(backend, MatrixView<const Real>(values_.data(), members, outputs))) {}
  MatrixView<const Real> view() const { return resident_; }

 private:
  static std::vector<Real> unit_rows(Index members, Index outputs, Index o) {
    std::vector<Real> rows(static_cast<std::size_t>(members * outputs));
    for (Index m = 0; m < members; ++m) rows[static_cast<std::size_t>(m * outputs + o)] = 1;
    return rows;
  }

  std::vector<Real> values_;
  typename B::template Resident<Real> resident_;
};

/// Of `count` kernels between so many points.
inline double kernel_flops(const KernelFlops& each, Index points, Index count) {
  const double p = static_cast<double>(points);
  return p * p * static_cast<double>(each.prepare) +
         static_cast<double>(count) *
             (p * p * static_cast<double>(each.add) + p * static_cast<double>(each.descend));
}

/// Of `count` Cholesky factors of so many rows.
inline double cholesky_flops(Index rows, Index count) {
  const double n = static_cast<double>(rows);
  return static_cast<double>(count) * n * n * n / 3;
}

}  // namespace detail
}  // namespace expunge
