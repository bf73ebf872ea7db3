// Arithmetic on one vector per member on the GPU: what vectors.hpp brings to the host.
#pragma once

#include <vector>

#include "expunge/backend/cuda_elements.cuh"
#include "expunge/backend/vectors.hpp"

namespace expunge {

/// Partial sums in double: part t adds elements t, t + parts, ..., so that neighbours read
/// neighbours.
template <class Real>
struct DotParts {
  MatrixView<const Real> x, y;
  MatrixView<double> parts;  // [members][parts]
  EXPUNGE_HD void operator()(Index m, Index, Index t) const {
    double sum = 0;
    for (Index j = t; j < x.cols; j += parts.cols)
      sum += static_cast<double>(x(m, j)) * static_cast<double>(y(m, j));
    parts(m, t) = sum;
  }
};

/// Inner products in double, in a fixed order.
template <class Real, class Math>
void dot_rows(const Cuda<Real, Math>& backend, std::type_identity_t<MatrixView<const Real>> x,
              std::type_identity_t<MatrixView<const Real>> y, PerMember& out) {
  detail::check_dot_rows(x, y);
  const Index parts = std::clamp<Index>(x.cols / 16, 1, 1024);
  const auto buffer = backend.template allocate<double>(x.rows * parts);
  const MatrixView<double> device(buffer.data(), x.rows, parts);
  for_each_element(backend, x.rows, 1, parts, DotParts<Real>{x, y, device});
  std::vector<double> sums(static_cast<std::size_t>(x.rows * parts));
  copy_rows(backend, MatrixView<const double>(device),
            MatrixView<double>(sums.data(), x.rows, parts));
  out.assign(static_cast<std::size_t>(x.rows), 0.0);
  for (std::size_t i = 0; i < sums.size(); ++i) out[i / static_cast<std::size_t>(parts)] += sums[i];
}

template <class Real>
struct TakeDiagonal {
  TensorView<const Real> a;
  MatrixView<Real> diagonal;
  EXPUNGE_HD void operator()(Index m, Index, Index i) const { diagonal(m, i) = a(m, i, i); }
};

/// The mean of the diagonal of a [members][n][n], on the host.
template <class Real, class Math>
PerMember mean_diagonal(const Cuda<Real, Math>& backend,
                        std::type_identity_t<TensorView<const Real>> a) {
  const auto buffer = backend.template allocate<Real>(a.members * a.rows);
  const MatrixView<Real> device(buffer.data(), a.members, a.rows);
  for_each_element(backend, a.members, 1, a.rows, TakeDiagonal<Real>{a, device});
  std::vector<Real> diagonal(static_cast<std::size_t>(a.members * a.rows));
  copy_rows(backend, MatrixView<const Real>(device),
            MatrixView<Real>(diagonal.data(), a.members, a.rows));
  PerMember means(static_cast<std::size_t>(a.members), 0.0);
  for (std::size_t i = 0; i < diagonal.size(); ++i)
    means[i / static_cast<std::size_t>(a.rows)] +=
        static_cast<double>(diagonal[i]) / static_cast<double>(a.rows);
  return means;
}

}  // namespace expunge
