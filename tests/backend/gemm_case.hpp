// One product to check: what is multiplied, and whether the members share it.
#pragma once

#include <utility>

#include "expunge/backend/gemm.hpp"

namespace expunge {

struct GemmCase {
  Op op_a, op_b;
  Index members, rows, inner, cols;
  bool share_a, share_b;
  double alpha, beta;
};

/// op(X) is [rows][cols], each member after the other or all the same.
template <class Real>
TensorView<const Real> gemm_operand(const Real* numbers, Op op, bool share, Index members,
                                    Index rows, Index cols) {
  if (op == Op::transpose) std::swap(rows, cols);
  return {numbers, members, rows, cols, share ? 0 : rows * cols};
}

}  // namespace expunge
