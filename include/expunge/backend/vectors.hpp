// Arithmetic on one vector per member: x [members][n], one coefficient per member.
//
//   dot_rows(b, x, y, out)      out[m] = x[m] . y[m], on the host
//   add_scaled(b, a, x, y)      y[m] += a[m] x[m]
//   scale_add(b, x, a, y)       y[m] = x[m] + a[m] y[m]
//   scale_rows(b, a, x)         x[m] *= a[m]
//   mean_diagonal(b, a)         of square matrices a[m], on the host
//
// Coefficients are host numbers, one per member. A coefficient of 0 drops its term altogether, even
// where the vector holds numbers that are none: a member that broke down stays as it was.
#pragma once

#include <vector>

#include "expunge/backend/cpu.hpp"

namespace expunge {

/// One number per member, on the host.
using PerMember = std::vector<double>;

/// Inner products in double, in a fixed order.
template <class Real>
void dot_rows(const Cpu<Real>&, std::type_identity_t<MatrixView<const Real>> x,
              std::type_identity_t<MatrixView<const Real>> y, PerMember& out) {
  detail::check_dot_rows(x, y);
  using Vector = Eigen::Map<const Eigen::Array<Real, Eigen::Dynamic, 1>>;
  out.resize(static_cast<std::size_t>(x.rows));
  for (Index m = 0; m < x.rows; ++m) {
    const Vector a(x.row(m), x.cols), b(y.row(m), y.cols);
    out[static_cast<std::size_t>(m)] =
        (a.template cast<double>() * b.template cast<double>()).sum();
  }
}

/// The mean of the diagonal of a [members][n][n], on the host.
template <class Real>
PerMember mean_diagonal(const Cpu<Real>&, std::type_identity_t<TensorView<const Real>> a) {
  PerMember means;
  for (Index m = 0; m < a.members; ++m) {
    double sum = 0;
    for (Index i = 0; i < a.rows; ++i) sum += static_cast<double>(a(m, i, i));
    means.push_back(sum / static_cast<double>(a.rows));
  }
  return means;
}

template <class Real>
struct AddScaled {
  MatrixView<const Real> a, x;  // a [members][1]
  MatrixView<Real> y;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    if (a(m, 0) != Real(0)) y(m, j) += a(m, 0) * x(m, j);
  }
};

template <class Real>
struct ScaleAdd {
  MatrixView<const Real> a, x;
  MatrixView<Real> y;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    y(m, j) = a(m, 0) != Real(0) ? x(m, j) + a(m, 0) * y(m, j) : x(m, j);
  }
};

template <class Real>
struct ScaleRows {
  MatrixView<const Real> a;
  MatrixView<Real> x;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    x(m, j) = a(m, 0) != Real(0) ? a(m, 0) * x(m, j) : Real(0);
  }
};

namespace detail {

/// The coefficients in the backend's scalar type, [members][1].
template <class B>
class Coefficients {
  using Real = typename B::Real;

 public:
  Coefficients(B& backend, const PerMember& values, Index members)
      : values_(converted(values, members)),
        resident_(resident(backend, MatrixView<const Real>(values_.data(), members, 1))) {}
  MatrixView<const Real> view() const { return resident_; }

 private:
  static std::vector<Real> converted(const PerMember& values, Index members) {
    require(static_cast<Index>(values.size()) == members, "vectors: ", values.size(),
            " coefficients for ", members, " members");
    return {values.begin(), values.end()};
  }

  std::vector<Real> values_;
  typename B::template Resident<Real> resident_;
};

}  // namespace detail

template <class B, class Real = typename B::Real>
void add_scaled(B& backend, const PerMember& a, std::type_identity_t<MatrixView<const Real>> x,
                std::type_identity_t<MatrixView<Real>> y) {
  const detail::Coefficients<B> c(backend, a, y.rows);
  for_each_element(backend, y.rows, 1, y.cols, AddScaled<Real>{c.view(), x, y});
}

template <class B, class Real = typename B::Real>
void scale_add(B& backend, std::type_identity_t<MatrixView<const Real>> x, const PerMember& a,
               std::type_identity_t<MatrixView<Real>> y) {
  const detail::Coefficients<B> c(backend, a, y.rows);
  for_each_element(backend, y.rows, 1, y.cols, ScaleAdd<Real>{c.view(), x, y});
}

template <class B, class Real = typename B::Real>
void scale_rows(B& backend, const PerMember& a, std::type_identity_t<MatrixView<Real>> x) {
  const detail::Coefficients<B> c(backend, a, x.rows);
  for_each_element(backend, x.rows, 1, x.cols, ScaleRows<Real>{c.view(), x});
}

/// One vector of n numbers per member, aligned, zero at birth.
template <class B>
class MemberVectors {
  using Real = typename B::Real;

 public:
  MemberVectors(B& backend, Index members, Index n)
      : members_(members),
        n_(n),
        data_(backend.template allocate<Real>(members * padded<Real>(n))) {}

  MatrixView<Real> view() const { return {data_.data(), members_, n_, padded<Real>(n_)}; }
  operator MatrixView<Real>() const { return view(); }
  operator MatrixView<const Real>() const { return view(); }

 private:
  Index members_, n_;
  typename B::template Buffer<Real> data_;
};

}  // namespace expunge
