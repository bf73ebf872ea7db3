// What the numerical tests share: random numbers, and a difference that scales with magnitude and
// cannot be passed by a NaN.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "expunge/core/random.hpp"

namespace expunge {

/// max |a_i - b_i| / max |b_i| over n numbers; plain max |a_i - b_i| where b is all zero. Infinity
/// if any of the numbers is not finite, or if there are none.
template <class A, class B>
double relative_difference(const A* a, const B* b, Index n) {
  double largest = 0, scale = 0;
  for (Index i = 0; i < n; ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    if (!std::isfinite(x) || !std::isfinite(y)) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, std::abs(x - y));
    scale = std::max(scale, std::abs(y));
  }
  if (n == 0) return std::numeric_limits<double>::infinity();
  return scale > 0 ? largest / scale : largest;
}

/// The same for two containers of one size; infinity if the sizes differ.
template <class A, class B>
double relative_difference(const A& a, const B& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  return relative_difference(a.data(), b.data(), static_cast<Index>(a.size()));
}

/// Whether two containers hold the same bytes. Fails on 0 against -0, passes on equal NaNs.
template <class A, class B>
bool same_bytes(const A& a, const B& b) {
  using T = std::remove_cvref_t<decltype(*a.data())>;
  static_assert(std::is_same_v<T, std::remove_cvref_t<decltype(*b.data())>>);
  return a.size() == b.size() &&
         (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// n standard normals; `member` tells arrays of one test apart.
template <class Real>
std::vector<Real> normals(Index n, std::uint32_t member) {
  std::vector<Real> values;
  for (Index i = 0; i < n; ++i)
    values.push_back(static_cast<Real>(
        random_normal(2024, Stream{Purpose::test, member}, static_cast<std::uint64_t>(i))));
  return values;
}

/// The central difference of f() in the number at `x`. The step suits doubles of size one: with an
/// error of h^2 f'''/6 and of rounding/h it separates right from wrong at 1e-7.
template <class F>
double central_difference(double& x, F&& f) {
  const double at = x, step = 1e-5;
  x = at + step;
  const double above = f();
  x = at - step;
  const double below = f();
  x = at;
  return (above - below) / (2 * step);
}

}  // namespace expunge
