// f_x of arrays of logits: [models][points][k] -> [models][points][outputs].
#pragma once

#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/output/margin.hpp"

namespace expunge {

/// f of every model and point. `labels` has one entry per point, each in 0 .. k - 1. The result is
/// float, or double for double logits. Threads: 0 = all.
template <class F, TensorLike A>
auto evaluate_output(const F& f, const A& logits, const Label* labels, int threads = 0) {
  const auto z = view(logits);
  using Stored = typename decltype(z)::value_type;
  using Real = std::conditional_t<std::is_same_v<Stored, double>, double, float>;
  static_assert(OutputFunction<F, Real>,
                "evaluate_output: F must have value(z, k, y, out) and outputs(k); see "
                "docs/concepts.md#outputfunction");
  require(z.features >= least_classes<F>, "evaluate_output: logits of ", z.features,
          " class, this output function needs ", least_classes<F>,
          ": with fewer it is the same for every model; take Logits");
  for (Index i = 0; i < z.rows; ++i)
    require(labels[i] >= 0 && labels[i] < z.features, "evaluate_output: the label of point ", i,
            " is ", labels[i], ", logits have ", z.features, " classes");
  const Index outputs = F::outputs(z.features);
  Array<Real, 3> result = make_array<Real>(z.members, z.rows, outputs);
  parallel_for(threads, z.members, [&](int, Index m) {
    std::vector<Real> row(static_cast<std::size_t>(z.features));
    for (Index i = 0; i < z.rows; ++i) {
      for (Index j = 0; j < z.features; ++j)
        row[static_cast<std::size_t>(j)] = static_cast<Real>(z(m, i, j));
      f.value(row.data(), z.features, labels[i], result.data() + (m * z.rows + i) * outputs);
    }
  });
  return result;
}

/// Margins [models][points] of logits [models][points][k].
template <TensorLike A, class F = Margin>
auto margins(const A& logits, const Label* labels, int threads = 0, const F& f = {}) {
  static_assert(F::outputs(10) == 1, "margins: F must give one number per point.");
  require(view(logits).features >= 2, "margins: logits of ", view(logits).features,
          " class have no rival");
  auto values = evaluate_output(f, logits, labels, threads);
  using Real = typename decltype(values)::value_type;
  Array<Real, 2> result = make_array<Real>(values.shape()[0], values.shape()[1]);
  std::copy_n(values.data(), values.size(), result.data());
  return result;
}

}  // namespace expunge
