// Sums over the channels of images: over all rows and all numbers of a plane.
//
//   x, v   [members][rows][C * plane]
//
//   channel_sums       out [members][C]                 sum of x
//   channel_moments    by_plane [members][rows][2 C]    row 0: mean of x, then sum of (x - mean)^2
//   channel_products   by_plane [members][rows][2 C]    row 0: sum of v xhat, then sum of v,
//                                                       xhat = (x - mean) inverse_sd
//
// Rows of `by_plane` beyond the first are scratch. Here: plane by plane, while it is in the
// processor's cache, and then over the rows, always in that order.
#pragma once

#include "expunge/backend/cpu.hpp"

namespace expunge {

/// f(0) + .. + f(n - 1), as sixteen sums that advance side by side: registers hold them, and
/// rounding grows with n / 16. Indices of the sums are constants, so that a GPU keeps them there
/// too.
template <class Real, class F>
EXPUNGE_HD Real lane_sum(Index n, const F& f) {
  constexpr Index lanes = 16;
  Real sums[lanes] = {};
  const Index whole = n / lanes * lanes;
  for (Index k = 0; k < whole; k += lanes)
    for (Index l = 0; l < lanes; ++l) sums[l] += f(k + l);
  if (whole < n)
    for (Index l = 0; l < lanes; ++l)
      if (whole + l < n) sums[l] += f(whole + l);
  for (Index width = lanes / 2; width > 0; width /= 2)
    for (Index l = 0; l < width; ++l) sums[l] += sums[l + width];
  return sums[0];
}

/// What channel_products normalises by.
template <class Real>
struct ChannelNormal {
  MatrixView<const Real> mean;        // [members][C]
  MatrixView<const Real> inverse_sd;  // [members][C]
};

namespace detail {

template <class Real>
struct SumChannels {
  TensorView<const Real> x;
  MatrixView<Real> out;
  Index plane;
  EXPUNGE_HD void operator()(Index m, Index, Index c) const {
    Real sum = 0;
    for (Index i = 0; i < x.rows; ++i) {
      const Real* at = x.row(m, i) + c * plane;
      sum += lane_sum<Real>(plane, [=](Index k) { return at[k]; });
    }
    out(m, c) = sum;
  }
};

/// Mean of every plane, and the sum of its squared distances from that mean.
template <class Real>
struct PlaneMoments {
  TensorView<const Real> x;
  TensorView<Real> moments;
  Index plane;
  EXPUNGE_HD void operator()(Index m, Index i, Index c) const {
    const Real* at = x.row(m, i) + c * plane;
    const Real mean = lane_sum<Real>(plane, [=](Index k) { return at[k]; }) / Real(plane);
    moments(m, i, c) = mean;
    moments(m, i, moments.features / 2 + c) =
        lane_sum<Real>(plane, [=](Index k) { return (at[k] - mean) * (at[k] - mean); });
  }
};

/// Joins the moments of planes (Chan, Golub and LeVeque 1979).
template <class Real>
struct JoinMoments {
  TensorView<Real> moments;
  Index plane;
  EXPUNGE_HD void operator()(Index m, Index, Index c) const {
    const Index channels = moments.features / 2;
    Real mean = 0, squares = 0;
    for (Index i = 0; i < moments.rows; ++i) mean += moments(m, i, c);
    mean /= Real(moments.rows);
    for (Index i = 0; i < moments.rows; ++i) {
      const Real away = moments(m, i, c) - mean;
      squares += moments(m, i, channels + c) + Real(plane) * away * away;
    }
    moments(m, 0, c) = mean;
    moments(m, 0, channels + c) = squares;
  }
};

template <class Real>
struct PlaneProducts {
  TensorView<const Real> x, v;
  ChannelNormal<Real> normal;
  TensorView<Real> sums;
  Index plane;
  EXPUNGE_HD void operator()(Index m, Index i, Index c) const {
    const Real* at = x.row(m, i) + c * plane;
    const Real* by = v.row(m, i) + c * plane;
    const Real mean = normal.mean(m, c);
    sums(m, i, c) = normal.inverse_sd(m, c) *
                    lane_sum<Real>(plane, [=](Index k) { return by[k] * (at[k] - mean); });
    sums(m, i, sums.features / 2 + c) = lane_sum<Real>(plane, [=](Index k) { return by[k]; });
  }
};

/// Row 0 becomes the sum of all rows, in their order.
template <class Real>
struct FoldRows {
  TensorView<Real> sums;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    Real sum = 0;
    for (Index i = 0; i < sums.rows; ++i) sum += sums(m, i, j);
    sums(m, 0, j) = sum;
  }
};

}  // namespace detail

template <class Real>
void channel_sums(const Cpu<Real>& backend, std::type_identity_t<TensorView<const Real>> x,
                  Index plane, MatrixView<Real> out) {
  detail::check_channel_sums(x, plane, out);
  for_each_element(backend, x.members, 1, out.cols, detail::SumChannels<Real>{x, out, plane});
}

template <class Real>
void channel_moments(const Cpu<Real>& backend, std::type_identity_t<TensorView<const Real>> x,
                     Index plane, TensorView<Real> by_plane) {
  detail::check_channels("channel_moments", x, plane, by_plane);
  const Index channels = by_plane.features / 2;
  for_each_element(backend, x.members, x.rows, channels,
                   detail::PlaneMoments<Real>{x, by_plane, plane});
  for_each_element(backend, x.members, 1, channels, detail::JoinMoments<Real>{by_plane, plane});
}

template <class Real>
void channel_products(const Cpu<Real>& backend, std::type_identity_t<TensorView<const Real>> x,
                      std::type_identity_t<TensorView<const Real>> v,
                      std::type_identity_t<ChannelNormal<Real>> normal, Index plane,
                      TensorView<Real> by_plane) {
  detail::check_channels("channel_products", x, plane, by_plane);
  const Index channels = by_plane.features / 2;
  for_each_element(backend, x.members, x.rows, channels,
                   detail::PlaneProducts<Real>{x, v, normal, by_plane, plane});
  for_each_element(backend, x.members, 1, 2 * channels, detail::FoldRows<Real>{by_plane});
}

}  // namespace expunge
