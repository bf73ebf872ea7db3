// Preconditioner: for every output o the exact kernel between the points,
//
//   K_o [points][points],   K_o(x, x') = grad f_o(x) . grad f_o(x'),   factor of K_o + shift
//
// The blocks between different outputs are left out. So that little is left out, `principal` first
// turns the outputs into the basis in which they do not move together on average: the eigenvectors
// of the mean of J_x J_x' over a few points. A point's shift must be the same for all its outputs.
//
// Blocks come from products of layer inputs and of cotangents, never from gradients. Memory:
// outputs x points^2 numbers per member. Cost per factorisation, for an MLP of hidden width h:
// outputs x points^2 (2 h + points / 3) operations.
#pragma once

#include "expunge/backend/eigenvectors.hpp"
#include "expunge/linearisation/preconditioning.hpp"

namespace expunge {

struct OutputBlocks {
  bool principal = true;      // blocks of principal combinations of outputs, not of outputs
  Index coupling_points = 8;  // >= 1: points that the combinations are computed from
  double max_bytes = 1e9;     // of the blocks of one member; more is refused

  void validate() const {
    require(max_bytes > 0, "OutputBlocks: max_bytes is ", max_bytes);
    require(coupling_points >= 1, "OutputBlocks: coupling_points is ", coupling_points,
            ", below 1");
  }

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
          columns_(backend, members_, points_),
          turned_(backend, members_, jacobian.rows()),
          direction_(backend, members_, outputs),
          basis_(backend, members_, outputs * outputs),
          principal_(policy.principal),
          coupling_points_(std::min(policy.coupling_points, points_)) {}

    void factorise(B& backend, MatrixView<const Real> shift, const PerMember&) {
      jacobian_.prepare_kernel(backend, kernels_);
      choose_basis(backend);
      const std::vector<Real> one(static_cast<std::size_t>(members_), Real(1));
      const typename B::template Resident<Real> ones =
          resident(backend, MatrixView<const Real>(one.data(), members_, 1));
      for (Index o = 0; o < outputs; ++o) {
        const TensorView<Real> k = block(o);
        fill_zero(backend, k.flat());
        for_each_element(backend, members_, 1, outputs, TakeColumn{basis(), direction_, o});
        jacobian_.add_kernel_block(backend, direction_, kernels_, k);
        for_each_element(backend, members_, points_, points_,
                         detail::ScaleAndShift<Real>{ones, shift, outputs, o, k});
        definite_[static_cast<std::size_t>(o)] = cholesky(backend, k);
      }
      flops_ += detail::kernel_flops(kernels_.flops, points_, outputs) +
                detail::cholesky_flops(points_, outputs);
    }

    /// A block that is not positive definite leaves its combination of outputs as it is.
    void apply(B& backend, MatrixView<const Real> r, MatrixView<Real> z) {
      const MatrixView<Real> turned = turned_;
      gemm(backend, Op::none, Op::none, 1, by_point(r), basis(), 0, by_point(turned));
      for (Index o = 0; o < outputs; ++o) {
        const MatrixView<Real> x = columns_.view();
        for_each_element(backend, members_, 1, points_, TakeOutput{turned, x, o});
        solve_definite(backend, definite_[static_cast<std::size_t>(o)], block(o),
                       TensorView<Real>(x.data, members_, points_, 1, x.stride));
        for_each_element(backend, members_, 1, points_, PutOutput{x, turned, o});
      }
      gemm(backend, Op::none, Op::transpose, 1, by_point(turned), basis(), 0, by_point(z));
      const double p = static_cast<double>(points_), k = static_cast<double>(outputs);
      flops_ += 2 * p * p * k + 4 * p * k * k;
    }

    double flops() const { return flops_; }

    /// direction[m] = column o of basis[m].
    struct TakeColumn {
      TensorView<const Real> basis;
      MatrixView<Real> direction;
      Index o;
      EXPUNGE_HD void operator()(Index m, Index, Index j) const {
        direction(m, j) = basis(m, j, o);
      }
    };
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

   private:
    static Index allowed_points(const OutputBlocks& policy, const JacobianType& jacobian) {
      const double p = static_cast<double>(jacobian.points());
      const double bytes = p * p * static_cast<double>(outputs) * sizeof(Real);
      require(bytes <= policy.max_bytes, "OutputBlocks: ", outputs, " blocks of ",
              jacobian.points(), " points need ", bytes / 1e6, " MB per member, max_bytes allows ",
              policy.max_bytes / 1e6, " MB; use fewer points, or HeadKernel");
      return jacobian.points();
    }
    /// The combinations of outputs that the blocks are of, one a column.
    void choose_basis(B& backend) {
      if (!principal_ || outputs == 1) {
        for (Index o = 0; o < outputs; ++o) {
          const detail::OutputDirection<B> unit(backend, members_, outputs, o);
          copy_rows(backend, unit.view(), basis_.view().columns(o * outputs, outputs));
        }
        return;
      }
      const Array<Real, 3> coupling = jacobian_.output_coupling(backend, coupling_points_);
      copy_rows(backend, view(coupling).flat(), basis_.view());
      eigenvectors(backend, TensorView<Real>(basis_.view().data, members_, outputs, outputs,
                                             basis_.view().stride));
      flops_ += detail::kernel_flops(kernels_.flops, coupling_points_ * outputs, 1);
    }
    TensorView<const Real> basis() const {
      return {basis_.view().data, members_, outputs, outputs, basis_.view().stride};
    }
    /// [members][points * outputs] as [members][points][outputs].
    template <class T>
    TensorView<T> by_point(MatrixView<T> x) const {
      return {x.data, members_, points_, outputs, x.stride};
    }
    TensorView<Real> block(Index o) const {
      return {blocks_.data() + o * members_ * stride_, members_, points_, points_, stride_};
    }

    JacobianType& jacobian_;
    Index members_, points_, stride_;
    typename Model::template KernelSpace<B> kernels_;
    typename B::template Buffer<Real> blocks_;  // [outputs][members][points][points]
    MemberVectors<B> columns_, turned_, direction_;
    MemberVectors<B> basis_;  // [members][outputs][outputs]
    bool principal_;
    Index coupling_points_;
    std::array<std::vector<char>, static_cast<std::size_t>(outputs)> definite_;
    double flops_ = 0;
  };
};

}  // namespace expunge
