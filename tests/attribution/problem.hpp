// A regression problem of masks and outputs with planted effects, and slow double-precision
// readings of it to compare with.
#pragma once

#include <Eigen/Dense>
#include <cmath>

#include "expunge/core/array.hpp"
#include "expunge/core/random.hpp"
#include "expunge/data/subset_masks.hpp"

namespace test {

using namespace expunge;

/// X [models][examples] of zeros and ones.
inline Eigen::MatrixXd dense(const SubsetMasks& masks) {
  Eigen::MatrixXd x(masks.models(), masks.examples());
  for (Index m = 0; m < masks.models(); ++m)
    for (Index i = 0; i < masks.examples(); ++i) x(m, i) = masks.contains(m, i) ? 1 : 0;
  return x;
}

/// Columns centred and divided by their population sd; constant ones become 0.
inline Eigen::MatrixXd standardised(Eigen::MatrixXd x) {
  for (Index j = 0; j < x.cols(); ++j) {
    x.col(j).array() -= x.col(j).mean();
    const double sd = std::sqrt(x.col(j).squaredNorm() / static_cast<double>(x.rows()));
    x.col(j) *= sd > 1e-9 ? 1 / sd : 0;
  }
  return x;
}

inline Eigen::MatrixXd centred(Eigen::MatrixXd y) {
  const Eigen::RowVectorXd mean = y.colwise().mean();
  y.rowwise() -= mean;
  return y;
}

/// Outputs [models][targets]: a few effects each, a constant of 3, noise.
template <class T>
Array<T, 2> planted_outputs(const SubsetMasks& masks, Index targets, double noise) {
  Array<T, 2> y = make_array<T>(masks.models(), targets);
  for (Index m = 0; m < masks.models(); ++m)
    for (Index t = 0; t < targets; ++t) {
      double value = 3 + noise * random_normal(1, {Purpose::test, static_cast<std::uint32_t>(t)},
                                               static_cast<std::uint64_t>(m));
      for (Index k = 0; k < 6; ++k) {
        const Index example = (7 * t + 11 * k) % masks.examples();
        if (masks.contains(m, example)) value += k % 2 == 0 ? 1.0 : -0.5;
      }
      y(m, t) = static_cast<T>(value);
    }
  return y;
}

template <class T>
Eigen::MatrixXd dense(const Array<T, 2>& a) {
  Eigen::MatrixXd x(a.shape()[0], a.shape()[1]);
  for (Index i = 0; i < x.rows(); ++i)
    for (Index j = 0; j < x.cols(); ++j) x(i, j) = static_cast<double>(a(i, j));
  return x;
}

}  // namespace test
