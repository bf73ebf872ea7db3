// What the primitives of every backend ask of the extents that they are given. All throw
// std::invalid_argument with the numbers.
#pragma once

#include "expunge/core/check.hpp"
#include "expunge/core/view.hpp"

namespace expunge::detail {

template <class Real>
void check_sum_rows(TensorView<const Real> x, MatrixView<Real> out) {
  require(out.rows == x.members && out.cols == x.features, "sum_rows: [", x.members, "][", x.rows,
          "][", x.features, "] into [", out.rows, "][", out.cols, "]");
}

template <class From, class To>
void check_copy_rows(MatrixView<From> from, MatrixView<To> to) {
  require(from.rows == to.rows && from.cols == to.cols, "copy_rows: [", from.rows, "][", from.cols,
          "] into [", to.rows, "][", to.cols, "]");
}

template <class Source, class Real>
void check_gather_rows(MatrixView<const Source> source, MatrixView<const Index> ids,
                       TensorView<Real> out) {
  require(out.features == source.cols && out.rows == ids.cols && out.members == ids.rows,
          "gather_rows: [", ids.rows, "][", ids.cols, "] rows of ", source.cols, " into [",
          out.members, "][", out.rows, "][", out.features, "]");
}

template <class Real>
void check_dot_rows(MatrixView<const Real> x, MatrixView<const Real> y) {
  require(x.rows == y.rows && x.cols == y.cols, "dot_rows: [", x.rows, "][", x.cols, "] and [",
          y.rows, "][", y.cols, "]");
}

template <class Real>
void check_channel_sums(TensorView<const Real> x, Index plane, MatrixView<Real> out) {
  require(plane > 0 && out.rows == x.members && out.cols * plane == x.features, "channel_sums: [",
          x.members, "][", x.rows, "][", x.features, "] in planes of ", plane, " into [", out.rows,
          "][", out.cols, "]");
}

template <class Real>
void check_channels(const char* name, TensorView<const Real> x, Index plane,
                    TensorView<Real> by_plane) {
  require(plane > 0 && x.features % plane == 0 && by_plane.members == x.members &&
              by_plane.rows == x.rows && by_plane.features == 2 * (x.features / plane),
          name, ": [", x.members, "][", x.rows, "][", x.features, "] in planes of ", plane,
          " into [", by_plane.members, "][", by_plane.rows, "][", by_plane.features, "]");
}

}  // namespace expunge::detail
