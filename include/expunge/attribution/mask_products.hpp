// Products of the mask matrix X in {0, 1}^(models x examples) by gemm, for a backend that
// multiplies faster than it counts bits:
//
//   correlations  of the columns, [examples][examples], from the counts X'X
//   sums          X'Y of outputs, [targets][examples]
//
// Masks travel as bits and are unpacked some thousand models at a time. Zeros and ones are exact in
// every type that products round to, and sums of them up to 2^24 in float: the counts are integers
// without error. Cost: 2 models examples (examples + targets) operations.
#pragma once

#include "expunge/attribution/mask_columns.hpp"
#include "expunge/backend/gemm.hpp"
#include "expunge/core/array.hpp"

namespace expunge {

/// out[0][j][m] = bit m of row j.
template <class Real>
struct UnpackBits {
  MatrixView<const std::uint64_t> words;  // [examples][words]
  TensorView<Real> out;                   // [1][examples][models]
  EXPUNGE_HD void operator()(Index, Index j, Index m) const {
    out(0, j, m) = static_cast<Real>((words(j, m / 64) >> (m % 64)) & 1u);
  }
};

/// A count of two examples to the correlation of their columns.
template <class Real>
struct CountToCorrelation {
  MatrixView<const double> mean, inverse_sd;  // [1][examples]
  double models;
  MatrixView<Real> gram;  // counts in, correlations out
  EXPUNGE_HD void operator()(Index i, Index, Index j) const {
    const double s_i = inverse_sd(0, i), s_j = inverse_sd(0, j);
    gram(i, j) =
        i == j ? Real(s_i > 0)
               : static_cast<Real>(correlation_of_count(static_cast<double>(gram(i, j)), models,
                                                        mean(0, i), mean(0, j), s_i, s_j));
  }
};

/// The masks of a regression on a backend, a chunk of models at a time.
template <class B>
class MaskProducts {
  using Real = typename B::Real;

 public:
  static constexpr Index chunk = 4096;  // models; whole words

  /// The columns must outlive this.
  MaskProducts(const B& backend, const MaskColumns& columns)
      : columns_(columns),
        unpacked_(backend.template allocate<Real>(columns.examples() *
                                                  std::min(chunk, columns.models()))) {
    require(columns.models() <= Index{1} << 24, "MaskProducts: ", columns.models(),
            " models, counts are exact up to ", Index{1} << 24);
  }

  /// Correlations of the columns into `gram` [examples][examples] of the backend.
  void correlations(const B& backend, MatrixView<Real> gram) const {
    const Index n = columns_.examples();
    const TensorView<Real> counts(gram.data, 1, n, n);
    for_each_chunk(backend, [&](Index first, Index, TensorView<const Real> x) {
      gemm(backend, Op::none, Op::transpose, 1, x, x, first == 0 ? 0 : 1, counts);
    });
    for_each_element(backend, n, 1, n,
                     CountToCorrelation<Real>{resident(backend, columns_.means()),
                                              resident(backend, columns_.inverse_sds()),
                                              static_cast<double>(columns_.models()), gram});
  }

  /// sums [targets][examples] = Y'X of outputs [models][targets], all of the backend.
  void sums(const B& backend, MatrixView<const Real> outputs, MatrixView<Real> sums) const {
    const TensorView<Real> out(sums.data, 1, sums.rows, sums.cols);
    for_each_chunk(backend, [&](Index first, Index models, TensorView<const Real> x) {
      const MatrixView<const Real> y = outputs.row_range(first, models);
      gemm(backend, Op::transpose, Op::transpose, 1,
           TensorView<const Real>(y.data, 1, models, y.cols), x, first == 0 ? 0 : 1, out);
    });
  }

 private:
  /// f(first model, models, x [1][examples][models])
  template <class F>
  void for_each_chunk(const B& backend, const F& f) const {
    const Index n = columns_.examples(), words = columns_.words_per_column();
    for (Index first = 0; first < columns_.models(); first += chunk) {
      const Index models = std::min(chunk, columns_.models() - first);
      const MatrixView<const std::uint64_t> all(columns_.column(0), n, words);
      const auto bits = resident(backend, all.columns(first / 64, (models + 63) / 64));
      const TensorView<Real> x(unpacked_.data(), 1, n, models);
      for_each_element(backend, 1, n, models, UnpackBits<Real>{bits, x});
      f(first, models, TensorView<const Real>(x));
    }
  }

  const MaskColumns& columns_;
  typename B::template Buffer<Real> unpacked_;
};

/// The correlation matrix of the columns on the host, as mask_correlations gives it.
template <class B>
Array<typename B::Real, 2> correlations_by_product(const B& backend, const MaskColumns& columns) {
  using Real = typename B::Real;
  const Index n = columns.examples();
  Array<Real, 2> gram = make_array<Real>(n, n);
  const auto buffer = backend.template allocate<Real>(n * n);
  const MatrixView<Real> there(buffer.data(), n, n);
  MaskProducts<B>(backend, columns).correlations(backend, there);
  copy_rows(backend, MatrixView<const Real>(there), view(gram));
  return gram;
}

}  // namespace expunge
