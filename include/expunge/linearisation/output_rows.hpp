// What the Jacobian does to each point between the passes through the model: its outputs f of the
// logits z, and the two directions through df / dz. Functors of for_each_element.
#pragma once

#include "expunge/core/view.hpp"
#include "expunge/output/output_function.hpp"

namespace expunge {

/// out[m][first + i outputs + o] = f(z) of every row.
template <class F, class Real>
struct OutputRows {
  F f;
  TensorView<const Real> z;        // [members][rows][k]
  MatrixView<const Label> labels;  // [members][rows]
  MatrixView<Real> out;            // [members][rows * outputs]
  EXPUNGE_HD void operator()(Index m, Index i, Index) const {
    const Index k = z.features, outputs = F::outputs(k);
    f.value(z.row(m, i), k, labels(m, i), out.row(m) + i * outputs);
  }
};

/// out = (d f / d z) dz.
template <class F, class Real>
struct PushforwardRows {
  F f;
  TensorView<const Real> z, dz;
  MatrixView<const Label> labels;
  MatrixView<Real> out;
  EXPUNGE_HD void operator()(Index m, Index i, Index) const {
    const Index k = z.features, outputs = F::outputs(k);
    f.pushforward(z.row(m, i), k, labels(m, i), dz.row(m, i), out.row(m) + i * outputs);
  }
};

/// dz = (d f / d z)' a.
template <class F, class Real>
struct PullbackRows {
  F f;
  TensorView<const Real> z;
  MatrixView<const Label> labels;
  MatrixView<const Real> a;
  TensorView<Real> dz;
  EXPUNGE_HD void operator()(Index m, Index i, Index) const {
    const Index k = z.features, outputs = F::outputs(k);
    for (Index j = 0; j < k; ++j) dz(m, i, j) = 0;
    f.pullback(z.row(m, i), k, labels(m, i), a.row(m) + i * outputs, dz.row(m, i));
  }
};

}  // namespace expunge
