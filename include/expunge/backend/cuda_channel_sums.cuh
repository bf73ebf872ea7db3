// The sums of channel_sums.hpp on the GPU: a block of threads for each member and channel,
// neighbours of which read neighbours.
#pragma once

#include "expunge/backend/channel_sums.hpp"
#include "expunge/backend/cuda_blocks.cuh"
#include "expunge/backend/cuda_elements.cuh"

namespace expunge {

namespace detail {

/// What one thread of a channel's block adds up: `unit` numbers, then those as many threads
/// further.
template <Index unit, class Sum>
struct ChannelBlock {
  using Value = typename Sum::Value;
  using Join = typename Sum::Join;
  Sum sum;
  Index channels, rows, plane;  // of which unit is a divisor

  EXPUNGE_HD Value part(Index block, Index thread, Index threads) const {
    const Index m = block / channels, c = block % channels;
    const Index first = thread * unit, step = threads * unit;
    const Index rows_on = step / plane, on = step % plane;  // so that the loop divides nothing
    Value value{};
    for (Index i = first / plane, k = first % plane; i < rows;) {
      for (Index u = 0; u < unit; ++u) sum.add(m, i, c * plane + k + u, c, value);
      i += rows_on;
      k += on;
      if (k < plane) continue;
      k -= plane;
      ++i;
    }
    return value;
  }
  EXPUNGE_HD void store(Index block, const Value& value) const {
    sum.store(block / channels, block % channels, value);
  }
};

template <class Real>
struct JoinSums {
  EXPUNGE_HD Real operator()(Real a, Real b) const { return a + b; }
};

template <class Real>
struct ChannelSum {
  using Value = Real;
  using Join = JoinSums<Real>;
  TensorView<const Real> x;
  MatrixView<Real> out;
  EXPUNGE_HD void add(Index m, Index i, Index j, Index, Real& value) const { value += x(m, i, j); }
  EXPUNGE_HD void store(Index m, Index c, Real value) const { out(m, c) = value; }
};

/// Of n numbers, the mean and the sum of squared distances from it.
template <class Real>
struct Moments {
  Real n = 0, mean = 0, squares = 0;
};

/// Chan, Golub and LeVeque 1979.
template <class Real>
struct AddMoments {
  EXPUNGE_HD Moments<Real> operator()(const Moments<Real>& a, const Moments<Real>& b) const {
    const Real n = a.n + b.n;
    if (n == Real(0)) return a;
    const Real away = b.mean - a.mean, share = b.n / n;
    return {n, a.mean + away * share, a.squares + b.squares + away * away * a.n * share};
  }
};

template <class Real>
struct ChannelMoments {
  using Value = Moments<Real>;
  using Join = AddMoments<Real>;
  TensorView<const Real> x;
  TensorView<Real> out;  // [members][rows][2 C], of which row 0 is written
  EXPUNGE_HD void add(Index m, Index i, Index j, Index, Value& value) const {
    value.n += Real(1);
    const Real away = x(m, i, j) - value.mean;
    value.mean += away / value.n;
    value.squares += away * (x(m, i, j) - value.mean);
  }
  EXPUNGE_HD void store(Index m, Index c, const Value& value) const {
    out(m, 0, c) = value.mean;
    out(m, 0, out.features / 2 + c) = value.squares;
  }
};

/// Sums of v (x - mean) and of v.
template <class Real>
struct Products {
  Real with_x = 0, alone = 0;
};

template <class Real>
struct AddProducts {
  EXPUNGE_HD Products<Real> operator()(const Products<Real>& a, const Products<Real>& b) const {
    return {a.with_x + b.with_x, a.alone + b.alone};
  }
};

template <class Real>
struct ChannelProducts {
  using Value = Products<Real>;
  using Join = AddProducts<Real>;
  TensorView<const Real> x, v;
  ChannelNormal<Real> normal;
  TensorView<Real> out;  // as above
  EXPUNGE_HD void add(Index m, Index i, Index j, Index c, Value& value) const {
    value.with_x += v(m, i, j) * (x(m, i, j) - normal.mean(m, c));
    value.alone += v(m, i, j);
  }
  EXPUNGE_HD void store(Index m, Index c, const Value& value) const {
    out(m, 0, c) = normal.inverse_sd(m, c) * value.with_x;
    out(m, 0, out.features / 2 + c) = value.alone;
  }
};

/// Four numbers at a time where planes allow it: more reads are under way then.
template <class B, class Sum>
void sum_channels(const B& backend, TensorView<const typename B::Real> x, Index plane,
                  const Sum& sum) {
  const Index channels = x.features / plane, blocks = x.members * channels;
  if (plane % 4 == 0)
    launch_blocks(backend.context(), blocks, ChannelBlock<4, Sum>{sum, channels, x.rows, plane});
  else
    launch_blocks(backend.context(), blocks, ChannelBlock<1, Sum>{sum, channels, x.rows, plane});
}

}  // namespace detail

template <class Real, class Math>
void channel_sums(const Cuda<Real, Math>& backend, std::type_identity_t<TensorView<const Real>> x,
                  Index plane, MatrixView<Real> out) {
  detail::check_channel_sums(x, plane, out);
  detail::sum_channels(backend, x, plane, detail::ChannelSum<Real>{x, out});
}

template <class Real, class Math>
void channel_moments(const Cuda<Real, Math>& backend,
                     std::type_identity_t<TensorView<const Real>> x, Index plane,
                     TensorView<Real> by_plane) {
  detail::check_channels("channel_moments", x, plane, by_plane);
  detail::sum_channels(backend, x, plane, detail::ChannelMoments<Real>{x, by_plane});
}

template <class Real, class Math>
void channel_products(const Cuda<Real, Math>& backend,
                      std::type_identity_t<TensorView<const Real>> x,
                      std::type_identity_t<TensorView<const Real>> v,
                      std::type_identity_t<ChannelNormal<Real>> normal, Index plane,
                      TensorView<Real> by_plane) {
  detail::check_channels("channel_products", x, plane, by_plane);
  detail::sum_channels(backend, x, plane, detail::ChannelProducts<Real>{x, v, normal, by_plane});
}

}  // namespace expunge
