// The largest |logit| of each member over the rows that a model was run on: what tells a finite
// runaway (train/divergence.hpp).
#pragma once

#include <cmath>
#include <vector>

#include "expunge/backend/vectors.hpp"
#include "expunge/core/view.hpp"

namespace expunge {

/// Of logits [members][points][k] on the host; NaN where one is NaN.
template <class Real>
std::vector<double> largest_logits(TensorView<const Real> logits) {
  std::vector<double> largest(static_cast<std::size_t>(logits.members));
  for (Index m = 0; m < logits.members; ++m) {
    double& most = largest[static_cast<std::size_t>(m)];
    for (Index i = 0; i < logits.rows && !std::isnan(most); ++i)
      for (Index j = 0; j < logits.features; ++j) {
        const double z = std::abs(static_cast<double>(logits(m, i, j)));
        if (!(z <= most) && !std::isnan(most)) most = z;
      }
  }
  return largest;
}

/// The same of logits that may lie on the backend's device: those are copied, one member at a time.
template <class B, class Real>
std::vector<double> largest_logits(const B& backend, TensorView<const Real> logits) {
  if constexpr (requires { address_on_device(backend, logits.data); }) {
    if (address_on_device(backend, logits.data)) {
      const Index size = logits.rows * logits.features;
      const HostBuffer<Real> copy(size);
      std::vector<double> largest;
      for (Index m = 0; m < logits.members; ++m) {
        copy_rows(backend, logits.flat().row_range(m, 1), MatrixView<Real>(copy.data(), 1, size));
        largest.push_back(largest_logits(
            TensorView<const Real>(copy.data(), 1, logits.rows, logits.features))[0]);
      }
      return largest;
    }
  }
  return largest_logits(logits);
}

/// largest[m][i] becomes the largest |logit| that row i of a minibatch has had; NaN stays.
template <class Real>
struct KeepLargest {
  TensorView<const Real> logits;  // [members][rows][k]
  MatrixView<Real> largest;       // [members][rows]
  EXPUNGE_HD void operator()(Index m, Index i, Index) const {
    Real most = largest(m, i);
    for (Index j = 0; j < logits.features; ++j) {
      const Real z = logits(m, i, j) < Real(0) ? -logits(m, i, j) : logits(m, i, j);
      if (!(z <= most) && most == most) most = z;
    }
    largest(m, i) = most;
  }
};

/// The largest |logit| that each member of a cohort has had, of minibatches that are on the
/// backend.
template <class B>
class LargestLogits {
  using Real = typename B::Real;

 public:
  /// For minibatches of at most `rows` rows; starts at 0.
  LargestLogits(B& backend, Index members, Index rows)
      : members_(members), rows_(rows), largest_(backend.template allocate<Real>(members * rows)) {
    restart(backend);
  }

  void restart(B& backend) {
    fill_zero(backend, MatrixView<Real>(largest_.data(), members_, rows_));
  }

  void add(B& backend, TensorView<const Real> logits) {
    for_each_element(
        backend, members_, logits.rows, 1,
        KeepLargest<Real>{logits, MatrixView<Real>(largest_.data(), members_, logits.rows, rows_)});
  }

  /// Of each member so far; NaN where one was NaN.
  std::vector<double> read(B& backend) const {
    const HostBuffer<Real> host(members_ * rows_);
    copy_rows(backend, MatrixView<const Real>(largest_.data(), members_, rows_),
              MatrixView<Real>(host.data(), members_, rows_));
    return largest_logits(TensorView<const Real>(host.data(), members_, 1, rows_));
  }

 private:
  Index members_, rows_;
  typename B::template Buffer<Real> largest_;  // [members][rows]
};

}  // namespace expunge
