// The weights of m models of one type: one row each. One model is an ensemble of one.
#pragma once

#include <cmath>

#include "expunge/core/array.hpp"
#include "expunge/core/check.hpp"
#include "expunge/nn/model.hpp"

namespace expunge {

template <class Model, class Real>
struct Ensemble {
  Array<Real, 2> theta;  // [members][parameters]
  Array<Real, 2> stats;  // [members][statistics]

  Index members() const { return static_cast<Index>(theta.shape()[0]); }

  static Ensemble uninitialised(Index members) {
    return {make_array<Real>(members, Model::parameters),
            make_array<Real>(members, Model::statistics)};
  }
};

/// Row `row` becomes the fresh weights of member `member` of the seed.
template <class Model, class Real>
void initialise_member(std::uint64_t seed, Index member, Index row,
                       Ensemble<Model, Real>& ensemble) {
  Model::initialise(seed, member, ensemble.theta.data() + row * Model::parameters,
                    ensemble.stats.data() + row * Model::statistics);
}

/// Fresh weights; member i of the result is member first + i of the seed.
template <class Model, class Real>
Ensemble<Model, Real> initialise(std::uint64_t seed, Index members, Index first = 0) {
  auto ensemble = Ensemble<Model, Real>::uninitialised(members);
  for (Index m = 0; m < members; ++m) initialise_member(seed, first + m, m, ensemble);
  return ensemble;
}

/// Whether every weight and statistic of the member is a finite number. Those of a model that
/// diverged are not.
template <class Model, class Real>
bool is_finite(const Ensemble<Model, Real>& ensemble, Index member) {
  const auto all_finite = [](const Real* row, Index n) {
    return std::all_of(row, row + n, [](Real w) { return std::isfinite(w); });
  };
  return all_finite(ensemble.theta.data() + member * Model::parameters, Model::parameters) &&
         all_finite(ensemble.stats.data() + member * Model::statistics, Model::statistics);
}

/// The weights of one cohort on a backend, every member's row aligned.
template <class Model, class B>
class CohortWeights {
  using Real = typename B::Real;

 public:
  CohortWeights(B& backend, Index members)
      : members_(members),
        theta_(backend.template allocate<Real>(members * theta_stride)),
        stats_(backend.template allocate<Real>(members * stats_stride)) {}

  MatrixView<Real> theta() const {
    return {theta_.data(), members_, Model::parameters, theta_stride};
  }
  MatrixView<Real> stats() const {
    return {stats_.data(), members_, Model::statistics, stats_stride};
  }
  Weights<Real> view() const { return {theta(), stats()}; }

  /// Members [first, first + members) of the ensemble, onto the backend.
  void load(B& backend, const Ensemble<Model, Real>& ensemble, Index first) {
    copy_rows(backend, expunge::view(ensemble.theta).row_range(first, members_), theta());
    copy_rows(backend, expunge::view(ensemble.stats).row_range(first, members_), stats());
  }
  /// Back to the host.
  void store(B& backend, Ensemble<Model, Real>& ensemble, Index first) const {
    copy_rows(backend, MatrixView<const Real>(theta()),
              expunge::view(ensemble.theta).row_range(first, members_));
    copy_rows(backend, MatrixView<const Real>(stats()),
              expunge::view(ensemble.stats).row_range(first, members_));
  }

 private:
  static constexpr Index theta_stride = padded<Real>(Model::parameters);
  static constexpr Index stats_stride = padded<Real>(Model::statistics);

  Index members_;
  typename B::template Buffer<Real> theta_;
  typename B::template Buffer<Real> stats_;
};

}  // namespace expunge
