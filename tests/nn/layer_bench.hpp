// One layer with its weights, statistics and cache, and what every layer of images is checked by:
// gradients and tangents against central differences, and each against the other, in double.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "comparators.hpp"
#include "expunge/nn/layer.hpp"
#include "nn/directions.hpp"

namespace expunge {

/// Statistics as initialise leaves them, away from 0 and 1.
template <class L, class Real>
std::vector<Real> used_statistics(Index members) {
  std::vector<Real> theta(static_cast<std::size_t>(L::parameters) + 1);
  std::vector<Real> stats(static_cast<std::size_t>(members * L::statistics));
  const std::vector<Real> away = normals<Real>(members * L::statistics, 9);
  for (Index m = 0; m < members; ++m)
    L::initialise(1, m, 0, theta.data(), stats.data() + m * L::statistics);
  for (std::size_t i = 0; i < stats.size(); ++i) stats[i] += Real(0.3) * std::abs(away[i]);
  return stats;
}

/// A layer on fixed random numbers. Every forward pass begins with the same statistics.
template <class L, class Real = double>
struct LayerBench {
  Index members, rows;
  Mode mode = Mode::train;
  std::vector<Real> theta = normals<Real>(members * L::parameters, 1);
  std::vector<Real> x = normals<Real>(members * rows * L::Input::size, 2);
  std::vector<Real> direction = normals<Real>(members * L::parameters, 3);
  std::vector<Real> dx = normals<Real>(members * rows * L::Input::size, 4);
  std::vector<Real> a = normals<Real>(members * rows * L::Output::size, 5);
  std::vector<Real> start = used_statistics<L, Real>(members);
  std::vector<Real> stats = start;  // after the last forward pass
  std::vector<Real> cache = std::vector<Real>(std::size_t(members * rows * L::cache), Real(77));
  std::vector<Real> y = std::vector<Real>(a.size(), Real(77));
  std::vector<Real> back_x = std::vector<Real>(x.size(), Real(77));
  std::vector<Real> back_theta = std::vector<Real>(theta.size(), Real(77));
  Cpu<Real> backend{1};

  Weights<Real> weights(const std::vector<Real>& at) {
    return {MatrixView<const Real>(at.data(), members, L::parameters),
            MatrixView<Real>(stats.data(), members, L::statistics)};
  }
  template <class T>
  TensorView<T> rows_of(T* data, Index features) {
    return {data, members, rows, features};
  }
  TensorView<Real> saved() { return rows_of(cache.data(), L::cache); }

  const std::vector<Real>& forward(const std::vector<Real>& theta_, const std::vector<Real>& x_) {
    stats = start;
    L::forward(backend, weights(theta_), rows_of<const Real>(x_.data(), L::Input::size),
               rows_of(y.data(), L::Output::size), saved(), mode);
    return y;
  }
  const std::vector<Real>& forward() { return forward(theta, x); }

  /// J'a into back_x and back_theta, after a forward pass.
  void backward(bool with_dx = true, bool with_dtheta = true) {
    TensorView<Real> to_x;
    MatrixView<Real> to_theta;
    if (with_dx) to_x = rows_of(back_x.data(), L::Input::size);
    if (with_dtheta) to_theta = {back_theta.data(), members, L::parameters};
    L::backward(backend, weights(theta), rows_of<const Real>(x.data(), L::Input::size),
                rows_of<const Real>(y.data(), L::Output::size), saved(),
                rows_of<const Real>(a.data(), L::Output::size), to_x, to_theta);
  }

  /// J (dx, direction), after a forward pass.
  std::vector<Real> tangent(bool x_moves) {
    std::vector<Real> dy(a.size(), Real(77));
    TensorView<const Real> along;
    if (x_moves) along = rows_of<const Real>(dx.data(), L::Input::size);
    L::tangent(backend, weights(theta), rows_of<const Real>(x.data(), L::Input::size),
               rows_of<const Real>(y.data(), L::Output::size), saved(), along,
               MatrixView<const Real>(direction.data(), members, L::parameters),
               rows_of(dy.data(), L::Output::size));
    return dy;
  }

  std::vector<double> differences(std::vector<double>& variables) {
    std::vector<double> slopes;
    for (double& variable : variables)
      slopes.push_back(central_difference(variable, [&] { return dot(a, forward()); }));
    return slopes;
  }
};

template <class L>
void check_gradients(LayerBench<L> bench) {
  const std::vector<double> by_x = bench.differences(bench.x);
  const std::vector<double> by_theta = bench.differences(bench.theta);
  bench.forward();
  bench.backward();
  CHECK(relative_difference(bench.back_x, by_x) <= 1e-7);
  if (L::parameters > 0) CHECK(relative_difference(bench.back_theta, by_theta) <= 1e-7);
}

template <class L>
void check_tangents(LayerBench<L> bench) {
  for (const bool x_moves : {false, true}) {
    const std::vector<double> slopes = slope([&](double step) {
      return bench.forward(moved(bench.theta, step, bench.direction),
                           x_moves ? moved(bench.x, step, bench.dx) : bench.x);
    });
    bench.forward();
    CHECK(relative_difference(bench.tangent(x_moves), slopes) <= 1e-7);
  }
}

/// a . (J v) = v . (J'a), in any order of the passes, and an empty dx or dtheta is not written.
template <class L>
void check_passes(LayerBench<L> bench) {
  bench.forward();
  bench.backward(false, false);
  CHECK(bench.back_x == std::vector<double>(bench.x.size(), 77));
  CHECK(bench.back_theta == std::vector<double>(bench.theta.size(), 77));
  bench.backward(false, true);
  const std::vector<double> first_theta = bench.back_theta;
  bench.backward(true, false);
  const std::vector<double> first_x = bench.back_x;
  const std::vector<double> along_both = bench.tangent(true), along_theta = bench.tangent(false);
  bench.backward();
  CHECK(same_bytes(bench.back_theta, first_theta));
  CHECK(same_bytes(bench.back_x, first_x));
  CHECK(same_bytes(bench.tangent(true), along_both));
  const double rounding = 1e-12 * std::sqrt(dot(bench.a, bench.a) * dot(along_both, along_both));
  const double by_theta = dot(bench.direction, first_theta);
  CHECK(std::abs(dot(bench.a, along_theta) - by_theta) <= rounding);
  CHECK(std::abs(dot(bench.a, along_both) - by_theta - dot(bench.dx, first_x)) <= rounding);
}

/// All of the above.
template <class L>
void check_derivatives(Index members, Index rows, Mode mode = Mode::train) {
  CAPTURE(members);
  CAPTURE(rows);
  const bool training = mode == Mode::train;
  CAPTURE(training);
  check_gradients<L>({members, rows, mode});
  check_tangents<L>({members, rows, mode});
  check_passes<L>({members, rows, mode});
}

/// Every member of three gives the bytes that it gives alone.
template <class L, class Real>
void check_members_alone(Index rows, Mode mode = Mode::train) {
  LayerBench<L, Real> all{3, rows, mode};
  all.forward();
  all.backward();
  const auto part = [](const std::vector<Real>& v, Index m) {
    const Index length = static_cast<Index>(v.size()) / 3;
    return std::vector<Real>(v.begin() + m * length, v.begin() + (m + 1) * length);
  };
  for (Index m = 0; m < 3; ++m) {
    LayerBench<L, Real> one{1, rows, mode};
    one.theta = part(all.theta, m);
    one.x = part(all.x, m);
    one.a = part(all.a, m);
    one.start = part(all.start, m);
    one.forward();
    one.backward();
    CHECK(same_bytes(one.y, part(all.y, m)));
    CHECK(same_bytes(one.stats, part(all.stats, m)));
    CHECK(same_bytes(one.back_x, part(all.back_x, m)));
    CHECK(same_bytes(one.back_theta, part(all.back_theta, m)));
  }
}

}  // namespace expunge
