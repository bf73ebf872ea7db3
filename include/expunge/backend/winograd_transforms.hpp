// The transforms of Winograd's F(4x4, 3x3) on vectors: 36 products for 16 outputs of a 3x3 filter
// instead of 144 (Lavin and Gray 2016, section 4). With tiles d of 6x6 inputs and filters g,
//
//   y  = A' [(G g G') o (B' d B)] A      o summed over channels: 36 matrix products
//   dg = G' [(B' d B) o (A dy A')] G     o summed over tiles: the transpose of the same algorithm
//
// The interpolation points are 0, a, -a, b, -b and infinity. a = 5/8 and b = 3/2 have a third of
// the rounding errors of 1 and 2, which are the usual ones.
#pragma once

#include "expunge/backend/lanes.hpp"

namespace expunge::detail {

/// The one-dimensional transforms, on numbers or vectors at a stride.
template <class Real>
struct WinogradTransforms {
  using Vector = typename Lanes<Real>::Vector;
  static constexpr Real a = Real(5) / 8, b = Real(3) / 2;
  static constexpr Real aa = a * a, bb = b * b;
  static constexpr Real n0 = 1 / (aa * bb), na = 1 / (2 * aa * (aa - bb)),
                        nb = 1 / (2 * bb * (bb - aa));

  struct Data {  // B' d
    static constexpr Index in = 6, out = 6;
    EXPUNGE_INLINE static void apply(const Vector* d, Index s, Vector* o, Index t) {
      const Vector even_a = d[4 * s] - bb * d[2 * s], odd_a = a * (d[3 * s] - bb * d[s]);
      const Vector even_b = d[4 * s] - aa * d[2 * s], odd_b = b * (d[3 * s] - aa * d[s]);
      o[0] = aa * bb * d[0] - (aa + bb) * d[2 * s] + d[4 * s];
      o[t] = even_a + odd_a;
      o[2 * t] = even_a - odd_a;
      o[3 * t] = even_b + odd_b;
      o[4 * t] = even_b - odd_b;
      o[5 * t] = aa * bb * d[s] - (aa + bb) * d[3 * s] + d[5 * s];
    }
  };

  struct Output {  // A' m
    static constexpr Index in = 6, out = 4;
    EXPUNGE_INLINE static void apply(const Vector* m, Index s, Vector* o, Index t) {
      const Vector sum_a = m[s] + m[2 * s], difference_a = a * (m[s] - m[2 * s]);
      const Vector sum_b = m[3 * s] + m[4 * s], difference_b = b * (m[3 * s] - m[4 * s]);
      o[0] = m[0] + sum_a + sum_b;
      o[t] = difference_a + difference_b;
      o[2 * t] = aa * sum_a + bb * sum_b;
      o[3 * t] = aa * difference_a + bb * difference_b + m[5 * s];
    }
  };

  struct OutputSlope {  // A dy
    static constexpr Index in = 4, out = 6;
    EXPUNGE_INLINE static void apply(const Vector* y, Index s, Vector* o, Index t) {
      const Vector even_a = y[0] + aa * y[2 * s], odd_a = a * (y[s] + aa * y[3 * s]);
      const Vector even_b = y[0] + bb * y[2 * s], odd_b = b * (y[s] + bb * y[3 * s]);
      o[0] = y[0];
      o[t] = even_a + odd_a;
      o[2 * t] = even_a - odd_a;
      o[3 * t] = even_b + odd_b;
      o[4 * t] = even_b - odd_b;
      o[5 * t] = y[3 * s];
    }
  };

  struct Filter {  // G g
    static constexpr Index in = 3, out = 6;
    EXPUNGE_INLINE static void apply(const Vector* g, Index s, Vector* o, Index t) {
      const Vector even_a = na * (g[0] + aa * g[2 * s]), odd_a = na * a * g[s];
      const Vector even_b = nb * (g[0] + bb * g[2 * s]), odd_b = nb * b * g[s];
      o[0] = n0 * g[0];
      o[t] = even_a + odd_a;
      o[2 * t] = even_a - odd_a;
      o[3 * t] = even_b + odd_b;
      o[4 * t] = even_b - odd_b;
      o[5 * t] = g[2 * s];
    }
  };

  struct FilterSlope {  // G' u
    static constexpr Index in = 6, out = 3;
    EXPUNGE_INLINE static void apply(const Vector* u, Index s, Vector* o, Index t) {
      const Vector sum_a = na * (u[s] + u[2 * s]), difference_a = na * a * (u[s] - u[2 * s]);
      const Vector sum_b = nb * (u[3 * s] + u[4 * s]);
      const Vector difference_b = nb * b * (u[3 * s] - u[4 * s]);
      o[0] = n0 * u[0] + sum_a + sum_b;
      o[t] = difference_a + difference_b;
      o[2 * t] = aa * sum_a + bb * sum_b + u[5 * s];
    }
  };

  /// T z T' of one square: vector (i, j) from `from(i, j)`, to `to(i, j)`.
  template <class T>
  static void both_ways(const Real* from, Index row, Index column, Real* to, Index to_row,
                        Index to_column) {
    Vector square[T::in * T::in], half[T::out * T::in], whole[T::out * T::out];
    EXPUNGE_UNROLLED
    for (Index i = 0; i < T::in; ++i) EXPUNGE_UNROLLED
    for (Index j = 0; j < T::in; ++j)
      square[i * T::in + j] = Lanes<Real>::load(from + i * row + j * column);
    EXPUNGE_UNROLLED
    for (Index j = 0; j < T::in; ++j) T::apply(square + j, T::in, half + j, T::in);
    EXPUNGE_UNROLLED
    for (Index i = 0; i < T::out; ++i) T::apply(half + i * T::in, 1, whole + i * T::out, 1);
    EXPUNGE_UNROLLED
    for (Index i = 0; i < T::out; ++i) EXPUNGE_UNROLLED
    for (Index j = 0; j < T::out; ++j)
      Lanes<Real>::store(to + i * to_row + j * to_column, whole[i * T::out + j]);
  }
};

}  // namespace expunge::detail
