// Preconditioners of J J' + shift against the dense matrices that they invert.
#include <doctest/doctest.h>

#include "explicit.hpp"
#include "expunge/linearisation/head_kernel.hpp"
#include "expunge/linearisation/kernel_operator.hpp"
#include "expunge/linearisation/output_blocks.hpp"
#include "expunge/solvers/conjugate_gradients.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;
using Small = Mlp<5, 4, 3>;
constexpr Index head_parameters = 4 * 3 + 3;

/// One shift per output, the same for all points, other ones for every member.
template <class Bench>
Vectors shift_of(const Bench& bench) {
  Vectors shift(bench.members, bench.rows());
  for (Index m = 0; m < bench.members; ++m)
    for (Index row = 0; row < bench.rows(); ++row)
      shift.view()(m, row) = 0.5 + static_cast<double>(m) + 0.1 * static_cast<double>(row);
  return shift;
}

/// The mean diagonal of J J' of every member.
template <class Bench>
PerMember diagonal_of(Bench& bench) {
  PerMember means;
  for (Index m = 0; m < bench.members; ++m)
    means.push_back(bench.dense(m).rowwise().squaredNorm().mean());
  return means;
}

template <class Policy, class Bench>
Vectors apply(Bench& bench, const Policy& policy, const Vectors& shift, const Vectors& r) {
  using JacobianType = decltype(bench.jacobian);
  static_assert(PreconditionerPolicy<Policy, JacobianType, B>);
  typename Policy::template Factor<JacobianType, B> factor(bench.backend, policy, bench.jacobian);
  factor.factorise(bench.backend, shift, diagonal_of(bench));
  Vectors z(r.members, r.n, 77);
  factor.apply(bench.backend, r, z.view());
  return z;
}

/// The rows and columns of output o.
DenseMatrix block_of(const DenseMatrix& all, Index o, Index outputs) {
  const Index points = all.rows() / outputs;
  DenseMatrix block(points, points);
  for (Index i = 0; i < points; ++i)
    for (Index j = 0; j < points; ++j) block(i, j) = all(i * outputs + o, j * outputs + o);
  return block;
}

/// blocks[o] solved for output o of r.
DenseVector solve_blocks(const std::vector<DenseMatrix>& blocks, const DenseVector& r) {
  const Index outputs = static_cast<Index>(blocks.size()), points = r.size() / outputs;
  DenseVector z(r.size());
  for (Index o = 0; o < outputs; ++o) {
    DenseVector own(points);
    for (Index i = 0; i < points; ++i) own(i) = r(i * outputs + o);
    own = blocks[static_cast<std::size_t>(o)].fullPivLu().solve(own).eval();
    for (Index i = 0; i < points; ++i) z(i * outputs + o) = own(i);
  }
  return z;
}

}  // namespace

TEST_CASE("no preconditioner leaves everything as it is") {
  Linearised<Small> bench{2};
  bench.linearise();
  const Vectors r = Vectors::random(2, bench.rows(), 3);
  CHECK(same_bytes(apply(bench, NoPreconditioner{}, shift_of(bench), r).data, r.data));
}

TEST_CASE_TEMPLATE("OutputBlocks inverts the blocks of every output of J J' + shift", F, Logits,
                   Margin, Prediction) {
  Linearised<Small, F> bench{3};
  bench.linearise();
  const Vectors shift = shift_of(bench), r = Vectors::random(3, bench.rows(), 3);
  const Vectors z = apply(bench, OutputBlocks{.principal = false}, shift, r);
  for (Index m = 0; m < 3; ++m) {
    const DenseMatrix j = bench.dense(m);
    const DenseMatrix all = j * j.transpose() + DenseMatrix(shift[m].asDiagonal());
    std::vector<DenseMatrix> blocks;
    for (Index o = 0; o < bench.outputs; ++o) blocks.push_back(block_of(all, o, bench.outputs));
    CHECK(relative_difference(z[m], solve_blocks(blocks, r[m])) <= 1e-11);
  }
}

TEST_CASE_TEMPLATE("HeadKernel inverts the head's kernel, scaled to the whole one's diagonal", F,
                   Logits, Margin) {
  Linearised<Small, F> bench{3};
  bench.linearise();
  const Vectors shift = shift_of(bench), r = Vectors::random(3, bench.rows(), 3);
  const Vectors z = apply(bench, HeadKernel{}, shift, r);
  const PerMember whole = diagonal_of(bench);
  for (Index m = 0; m < 3; ++m) {
    const DenseMatrix head = bench.dense(m).rightCols(head_parameters);
    DenseMatrix k = block_of(head * head.transpose(), 0, bench.outputs);
    k *= whole[static_cast<std::size_t>(m)] / k.diagonal().mean();
    for (Index i = 0; i < bench.count(); ++i) k(i, i) += shift[m](i * bench.outputs);
    const std::vector<DenseMatrix> blocks(static_cast<std::size_t>(bench.outputs), k);
    CHECK(relative_difference(z[m], solve_blocks(blocks, r[m])) <= 1e-11);
  }
}

TEST_CASE("factors are those of the weights of the last linearise") {
  Linearised<Small> bench{1};
  bench.linearise();
  const Vectors shift = shift_of(bench), r = Vectors::random(1, bench.rows(), 3);
  OutputBlocks::Factor<decltype(bench.jacobian), B> factor(bench.backend, {.principal = false},
                                                           bench.jacobian);
  Vectors first(1, bench.rows()), second(1, bench.rows());
  factor.factorise(bench.backend, shift, {});
  factor.apply(bench.backend, r, first.view());
  const double flops = factor.flops();
  CHECK(flops > 0);
  bench.theta = Vectors::random(1, Small::parameters, 40);
  bench.linearise();
  factor.factorise(bench.backend, shift, {});
  factor.apply(bench.backend, r, second.view());
  CHECK(factor.flops() == doctest::Approx(2 * flops));
  CHECK(relative_difference(second.data, first.data) > 0.01);
  CHECK(relative_difference(
            second.data, apply(bench, OutputBlocks{.principal = false}, shift, r).data) <= 1e-14);
}

TEST_CASE("for one linear layer HeadKernel and OutputBlocks are exact: one iteration is enough") {
  Linearised<Mlp<4, 3>> bench{2};
  bench.linearise();
  const Vectors shift(2, bench.rows(), 0.7), b = Vectors::random(2, bench.rows(), 3);
  const auto iterations = [&]<class Policy>(const Policy& policy) {
    using JacobianType = decltype(bench.jacobian);
    typename Policy::template Factor<JacobianType, B> factor(bench.backend, policy, bench.jacobian);
    factor.factorise(bench.backend, shift, diagonal_of(bench));
    KernelOperator<JacobianType, B> kernel(bench.backend, bench.jacobian, shift);
    ConjugateGradients<B> solver(bench.backend, 2, bench.rows());
    Vectors x(2, bench.rows());
    const auto statuses =
        solver(bench.backend, {.iterations = 40, .tolerance = 1e-10}, kernel, factor, b, x.view());
    for (Index m = 0; m < 2; ++m) {
      const DenseMatrix j = bench.dense(m);
      const DenseVector product = j * (j.transpose() * x[m]) + 0.7 * x[m];
      CHECK(relative_difference(product, b[m]) <= 1e-9);
    }
    return std::max(statuses[0].iterations, statuses[1].iterations);
  };
  CHECK(iterations(HeadKernel{}) == 1);
  CHECK(iterations(OutputBlocks{}) == 1);
  CHECK(iterations(NoPreconditioner{}) > 1);
}

TEST_CASE("a member whose block is not positive definite is left as it is") {
  Linearised<Small> bench{2};
  bench.linearise();
  Vectors shift = shift_of(bench);
  for (Index row = 0; row < bench.rows(); ++row) shift.view()(1, row) = -1e6;
  const Vectors r = Vectors::random(2, bench.rows(), 3);
  for (const Vectors& z : {apply(bench, HeadKernel{}, shift, r),
                           apply(bench, OutputBlocks{.principal = false}, shift, r)}) {
    CHECK(z[1] == r[1]);
    CHECK(relative_difference(z[0], r[0]) > 0.01);
  }
}

TEST_CASE(
    "blocks that are too large, and points in several batches, are refused with the numbers") {
  Linearised<Small> bench{1};
  using Blocks = OutputBlocks::Factor<decltype(bench.jacobian), B>;
  const OutputBlocks none{.max_bytes = 500}, enough{.max_bytes = 600};
  CHECK_THROWS_WITH(Blocks(bench.backend, none, bench.jacobian),
                    "OutputBlocks: 3 blocks of 5 points need 0.0006 MB per member, max_bytes "
                    "allows 0.0005 MB; use fewer points, or HeadKernel");
  Blocks(bench.backend, enough, bench.jacobian);
  CHECK_THROWS_WITH(OutputBlocks{.max_bytes = 0}.validate(), "OutputBlocks: max_bytes is 0");

  Linearised<Small> batched{1, 2};
  batched.linearise();
  const Vectors shift = shift_of(batched);
  HeadKernel::Factor<decltype(batched.jacobian), B> factor(batched.backend, {}, batched.jacobian);
  CHECK_THROWS_WITH(factor.factorise(batched.backend, shift, {1}),
                    "Jacobian: kernel blocks need all 5 points in one batch, which holds 2");
}

TEST_CASE("principal OutputBlocks are blocks in the basis in which outputs do not move together") {
  Linearised<Small> bench{3};
  bench.linearise();
  const Index points = bench.count(), outputs = bench.outputs;
  Vectors shift(3, bench.rows(), 0.7);
  const Vectors r = Vectors::random(3, bench.rows(), 3);
  const Array<double, 3> coupling = bench.jacobian.output_coupling(bench.backend, points);
  const Vectors z = apply(bench, OutputBlocks{.coupling_points = points}, shift, r);
  for (Index m = 0; m < 3; ++m) {
    const DenseMatrix j = bench.dense(m);
    const DenseMatrix all = j * j.transpose();
    DenseMatrix mean = DenseMatrix::Zero(outputs, outputs);
    for (Index i = 0; i < points; ++i)
      mean += all.block(i * outputs, i * outputs, outputs, outputs) / static_cast<double>(points);
    for (Index a = 0; a < outputs; ++a)
      for (Index b = 0; b < outputs; ++b)
        CHECK(std::abs(coupling(m, a, b) - mean(a, b)) <= 1e-12 * mean.norm());
    const Eigen::SelfAdjointEigenSolver<DenseMatrix> solver(mean);
    DenseMatrix turn = DenseMatrix::Zero(bench.rows(), bench.rows());
    for (Index i = 0; i < points; ++i)
      turn.block(i * outputs, i * outputs, outputs, outputs) = solver.eigenvectors();
    DenseMatrix turned = turn.transpose() * all * turn;
    turned.diagonal().array() += 0.7;
    std::vector<DenseMatrix> blocks;
    for (Index o = 0; o < outputs; ++o) blocks.push_back(block_of(turned, o, outputs));
    const DenseVector expected = turn * solve_blocks(blocks, turn.transpose() * r[m]);
    CHECK(relative_difference(z[m], expected) <= 1e-10);
  }
}

TEST_CASE("the coupling of outputs is taken over the first points alone") {
  Linearised<Small> bench{1};
  bench.linearise();
  const DenseMatrix j = bench.dense(0);
  const Array<double, 3> first = bench.jacobian.output_coupling(bench.backend, 1);
  const DenseMatrix block = (j * j.transpose()).topLeftCorner(bench.outputs, bench.outputs);
  for (Index a = 0; a < bench.outputs; ++a)
    for (Index b = 0; b < bench.outputs; ++b)
      CHECK(std::abs(first(0, a, b) - block(a, b)) <= 1e-12 * block.norm());
  CHECK_THROWS_WITH(OutputBlocks{.coupling_points = 0}.validate(),
                    "OutputBlocks: coupling_points is 0, below 1");
}
