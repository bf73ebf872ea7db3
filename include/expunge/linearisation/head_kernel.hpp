// Preconditioner: the kernel of the last layer alone, one factor for all outputs,
//
//   c (A A' + 1) + shift,   A = inputs of a linear head [points][features]
//
// with c such that its mean diagonal is the given estimate of the whole kernel's. Of the right
// shape for a model that is one linear layer with logits as outputs, and cheap for any other:
// points^2 (2 features + points / 3) operations, whatever the number of classes. For outputs that
// are not the logits the block of output 0 serves all, and so does its shift.
#pragma once

#include "expunge/linearisation/preconditioning.hpp"

namespace expunge {

struct HeadKernel {
  void validate() const {}

  template <class JacobianType, class B>
  class Factor {
    using Real = typename B::Real;
    using Model = typename JacobianType::ModelType;
    static_assert(KernelModel<Model, B>,
                  "HeadKernel: every layer of the model must have prepare_kernel and add_kernel; "
                  "see docs/concepts.md#kernellayer");

   public:
    Factor(B& backend, const HeadKernel&, JacobianType& jacobian)
        : jacobian_(jacobian),
          members_(jacobian.members()),
          points_(jacobian.points()),
          stride_(padded<Real>(points_ * points_)),
          kernels_(Model::kernel_space(backend, members_, points_, KernelOf::head)),
          kernel_(backend.template allocate<Real>(members_ * stride_)) {}

    void factorise(B& backend, MatrixView<const Real> shift, const PerMember& diagonal) {
      jacobian_.prepare_kernel(backend, kernels_);
      const TensorView<Real> k = kernel();
      fill_zero(backend, k.flat());
      const detail::OutputDirection<B> first(backend, members_, JacobianType::outputs, 0);
      jacobian_.add_kernel_block(backend, first.view(), kernels_, k);
      const PerMember own = mean_diagonal(backend, k);
      std::vector<Real> factors;
      for (std::size_t m = 0; m < own.size(); ++m)
        factors.push_back(static_cast<Real>(own[m] > 0 ? diagonal[m] / own[m] : 1.0));
      for_each_element(backend, members_, points_, points_,
                       detail::ScaleAndShift<Real>{
                           resident(backend, MatrixView<const Real>(factors.data(), members_, 1)),
                           shift, JacobianType::outputs, 0, k});
      definite_ = cholesky(backend, k);
      flops_ +=
          detail::kernel_flops(kernels_.flops, points_, 1) + detail::cholesky_flops(points_, 1);
    }

    /// A member whose factor is not positive definite is left as it is.
    void apply(B& backend, MatrixView<const Real> r, MatrixView<Real> z) {
      copy_rows(backend, r, z);
      solve_definite(backend, definite_, kernel(),
                     TensorView<Real>(z.data, members_, points_, JacobianType::outputs, z.stride));
      const double p = static_cast<double>(points_);
      flops_ += 2 * p * p * static_cast<double>(JacobianType::outputs);
    }

    double flops() const { return flops_; }

   private:
    TensorView<Real> kernel() const {
      return {kernel_.data(), members_, points_, points_, stride_};
    }

    JacobianType& jacobian_;
    Index members_, points_, stride_;
    typename Model::template KernelSpace<B> kernels_;
    typename B::template Buffer<Real> kernel_;  // [members][points][points]
    std::vector<char> definite_;
    double flops_ = 0;
  };
};

}  // namespace expunge
