// Preconditioner: for every output o the exact kernel between the points,
//
//   K_o [points][points],   K_o(x, x') = grad f_o(x) . grad f_o(x'),   factor of K_o + shift
//
// The blocks between different outputs are left out; in a network with a linear head and logits as
// outputs they are the smaller part. They come from products of layer inputs and of cotangents, never
// from gradients. Memory: outputs x points^2 numbers per member. Cost per factorisation, for an MLP
// of hidden width h: outputs x points^2 (2 h + points / 3) operations.
#pragma once

#include "expunge/linearisation/preconditioning.hpp"

namespace expunge {

struct OutputBlocks {
  double max_bytes = 1e9;  // of the blocks of one member; more is refused

  void validate() const { require(max_bytes > 0, "OutputBlocks: max_bytes is ", max_bytes); }

  template <class JacobianType, class B>
  class Factor {
    using Real = typename B::Real;
    using Model = typename JacobianType::ModelType;
    static constexpr Index outputs = JacobianType::outputs;
    static_assert(KernelModel<Model, B>,
                  "OutputBlocks: every layer of the model must have prepare_kernel and add_kernel; "
                  "see docs/concepts.md#kernellayer");

   public:
    Factor(B& backend, const OutputBlocks& policy, JacobianType& jacobian)
        : jacobian_(jacobian),
          members_(jacobian.members()),
          points_(allowed_points(policy, jacobian)),
          stride_(padded<Real>(points_ * points_)),
          kernels_(Model::kernel_space(backend, members_, points_, KernelOf::all_layers)),
          blocks_(backend.template allocate<Real>(outputs * members_ * stride_)),
          columns_(backend, members_, points_) {}

    void factorise(B& backend, MatrixView<const Real> shift, const PerMember&) {
      jacobian_.prepare_kernel(backend, kernels_);
      const std::vector<Real> one(static_cast<std::size_t>(members_), Real(1));
      const MatrixView<const Real> ones =
          resident(backend, MatrixView<const Real>(one.data(), members_, 1));
      for (Index o = 0; o < outputs; ++o) {
        const TensorView<Real> k = block(o);
        fill_zero(backend, k.flat());
        jacobian_.add_kernel_block(backend, o, kernels_, k);
        for_each_element(backend, members_, points_, points_,
                         detail::ScaleAndShift<Real>{ones, shift, outputs, o, k});
        definite_[static_cast<std::size_t>(o)] = cholesky(backend, k);
      }
      flops_ += detail::kernel_flops(kernels_.flops, points_, outputs);
    }

    /// A block that is not positive definite leaves its output as it is.
    void apply(B& backend, MatrixView<const Real> r, MatrixView<Real> z) {
      copy_rows(backend, r, z);
      for (Index o = 0; o < outputs; ++o) {
        const MatrixView<Real> x = columns_.view();
        for_each_element(backend, members_, 1, points_, TakeOutput{z, x, o});
        const TensorView<const Real> factors = block(o);
        for (Index m = 0; m < members_; ++m)
          if (definite_[static_cast<std::size_t>(o)][static_cast<std::size_t>(m)])
            solve_cholesky(backend, factors.member_range(m, 1),
                           TensorView<Real>(x.row(m), 1, points_, 1));
        for_each_element(backend, members_, 1, points_, PutOutput{x, z, o});
      }
      const double p = static_cast<double>(points_);
      flops_ += 2 * p * p * static_cast<double>(outputs);
    }

    double flops() const { return flops_; }

   private:
    struct TakeOutput {
      MatrixView<const Real> from;  // [members][points * outputs]
      MatrixView<Real> to;          // [members][points]
      Index o;
      EXPUNGE_HD void operator()(Index m, Index, Index i) const {
        to(m, i) = from(m, i * outputs + o);
      }
    };
    struct PutOutput {
      MatrixView<const Real> from;
      MatrixView<Real> to;
      Index o;
      EXPUNGE_HD void operator()(Index m, Index, Index i) const {
        to(m, i * outputs + o) = from(m, i);
      }
    };

    static Index allowed_points(const OutputBlocks& policy, const JacobianType& jacobian) {
      const double p = static_cast<double>(jacobian.points());
      const double bytes = p * p * static_cast<double>(outputs) * sizeof(Real);
      require(bytes <= policy.max_bytes, "OutputBlocks: ", outputs, " blocks of ",
              jacobian.points(), " points need ", bytes / 1e6, " MB per member, max_bytes allows ",
              policy.max_bytes / 1e6, " MB; use fewer points, or HeadKernel");
      return jacobian.points();
    }
    TensorView<Real> block(Index o) const {
      return {blocks_.data() + o * members_ * stride_, members_, points_, points_, stride_};
    }

    JacobianType& jacobian_;
    Index members_, points_, stride_;
    typename Model::template KernelSpace<B> kernels_;
    typename B::template Buffer<Real> blocks_;  // [outputs][members][points][points]
    MemberVectors<B> columns_;
    std::array<std::vector<char>, static_cast<std::size_t>(outputs)> definite_;
    double flops_ = 0;
  };
};

}  // namespace expunge
