// The damped least-squares problem of Gauss-Newton matching, for one cohort:
//
//   Phi(theta) = sum_i w_i (f_i(theta) - t_i)^2 + mu D'P^-1 D,     D = theta - theta0
//
//   f, t   outputs and targets [members][rows], rows = points * outputs
//   w      forget_weight on the rows of forget points, 1 on the others
//   mu     damping x mean diagonal of J J' at theta0, one per member
//   P      the prior of the weights' move (linearisation/weight_prior.hpp)
//
// It holds the Jacobian at theta and says what Phi is there, and how its linearisation falls along
// a direction. Every move D goes with its pull P^-1 D, which the dual solver has for nothing.
#pragma once

#include <cmath>

#include "expunge/core/random.hpp"
#include "expunge/linearisation/weight_prior.hpp"

namespace expunge::detail {

/// out = sqrt(w) (a - b).
template <class Real>
struct WeightedDifference {
  MatrixView<const Real> root_weight, a, b;  // root_weight [1][rows]
  MatrixView<Real> out;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    out(m, j) = root_weight(0, j) * (a(m, j) - b(m, j));
  }
};

/// out = sqrt(w) x.
template <class Real>
struct MultiplyByRoot {
  MatrixView<const Real> root_weight, x;
  MatrixView<Real> out;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    out(m, j) = root_weight(0, j) * x(m, j);
  }
};

/// shift = mu / w.
template <class Real>
struct DivideByWeight {
  MatrixView<const Real> mu, root_weight;  // mu [members][1]
  MatrixView<Real> shift;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    shift(m, j) = mu(m, 0) / (root_weight(0, j) * root_weight(0, j));
  }
};

/// How the linearised Phi falls along s times a direction: 2 slope s - curvature s^2.
struct PredictedFall {
  double slope = 0;
  double curvature = 0;
  double operator()(double s) const { return s * (2 * slope - curvature * s); }
};

template <class Model, class B, class OutputType, class PriorType>
class MatchingSystem {
  using Real = typename B::Real;

 public:
  using JacobianType = Jacobian<Model, B, OutputType>;
  using Metric = typename PriorType::template Metric<JacobianType, B>;

  /// `points` [1 or members][count], the `forget` forget points first; `targets`
  /// [members][points][outputs]; `start` = theta0.
  MatchingSystem(B& backend, const OutputType& output, const PriorType& prior, DatasetView data,
                 MatrixView<const Index> points, Index forget, double forget_weight, Index batch,
                 MatrixView<const Real> start, TensorView<const Real> targets)
      : members_(start.rows),
        forget_(forget),
        start_(start),
        jacobian_(backend, output, data, points, members_, batch),
        metric_(backend, prior, jacobian_),
        values_(backend, members_, jacobian_.rows()),
        targets_(backend, members_, jacobian_.rows()),
        weighted_(backend, members_, jacobian_.rows()),
        image_(backend, members_, jacobian_.rows()),
        moved_(backend, members_, jacobian_.rows()),
        shift_(backend, members_, jacobian_.rows()),
        root_weight_(backend, 1, jacobian_.rows()),
        displacement_(backend, members_, Model::parameters),
        pull_(backend, members_, Model::parameters) {
    copy_rows(backend, targets.flat(), targets_.view());
    std::vector<Real> roots;
    for (Index i = 0; i < rows(); ++i)
      roots.push_back(
          static_cast<Real>(i < forget * JacobianType::outputs ? std::sqrt(forget_weight) : 1.0));
    copy_rows(backend, MatrixView<const Real>(roots.data(), 1, rows()), root_weight_.view());
  }

  Index members() const { return members_; }
  Index rows() const { return jacobian_.rows(); }
  JacobianType& jacobian() { return jacobian_; }
  Metric& metric() { return metric_; }
  MatrixView<const Real> root_weight() const { return root_weight_; }
  MatrixView<const Real> shift() const { return shift_; }  // mu / w  [members][rows]
  const PerMember& mu() const { return mu_; }

  /// Goes to theta0 and sets mu. One random sign vector z estimates the mean diagonal without
  /// bias: E |J'z|^2 = tr J J' (Hutchinson 1989). `scratch` [members][p].
  void begin(B& backend, Weights<Real> weights, double damping, MatrixView<Real> scratch) {
    mu_.assign(static_cast<std::size_t>(members_), 0.0);
    jacobian_.linearise(backend, weights, values_);
    std::vector<Real> signs;
    for (Index i = 0; i < rows(); ++i) {
      const auto word = random_word(0, Stream{Purpose::projection}, static_cast<std::uint64_t>(i));
      signs.push_back(word & 1 ? Real(1) : Real(-1));
    }
    for (Index m = 0; m < members_; ++m)
      copy_rows(backend, MatrixView<const Real>(signs.data(), 1, rows()),
                image_.view().row_range(m, 1));
    metric_.measure(backend, image_, forget_, scratch);
    PerMember squares;  // |J'z|^2
    dot_rows(backend, scratch, scratch, squares);
    std::vector<Real> mu;
    for (std::size_t m = 0; m < mu_.size(); ++m) {
      mu_[m] = damping * (squares[m] / static_cast<double>(rows()));
      mu.push_back(static_cast<Real>(mu_[m]));
    }
    const MatrixView<const Real> host(mu.data(), members_, 1);
    for_each_element(backend, members_, 1, rows(),
                     DivideByWeight<Real>{resident(backend, host), root_weight_, shift_});
    metric_.set(backend, mu_);
    displace(backend, weights.theta);
  }

  /// Goes to other weights, whose displacement has this pull.
  void move(B& backend, Weights<Real> weights, MatrixView<const Real> pull) {
    jacobian_.linearise(backend, weights, values_);
    displace(backend, weights.theta);
    copy_rows(backend, pull, pull_.view());
  }

  /// D = theta - theta0, and P^-1 D  [members][p].
  MatrixView<const Real> displacement() const { return displacement_; }
  MatrixView<const Real> pull() const { return pull_; }

  /// sum_i w_i (f_i - t_i)^2 where it stands.
  PerMember mismatch(B& backend) {
    PerMember squares;
    weigh_errors(backend);
    dot_rows(backend, weighted_, weighted_, squares);
    return squares;
  }

  /// Phi where it stands.
  PerMember phi(B& backend) {
    PerMember sum = mismatch(backend), distance;
    dot_rows(backend, displacement_, pull_, distance);
    for (std::size_t m = 0; m < sum.size(); ++m) sum[m] += mu_[m] * distance[m];
    return sum;
  }

  /// r = t - f + J (theta - theta0): what J D should be.
  void right_hand_side(B& backend, bool at_start, MatrixView<Real> r) {
    if (at_start)
      fill_zero(backend, moved_.view());
    else
      jacobian_.apply(backend, displacement_, moved_.view());
    copy_rows(backend, MatrixView<const Real>(moved_), r);
    const PerMember one(static_cast<std::size_t>(members_), 1.0);
    add_scaled(backend, one, targets_, r);
    add_scaled(backend, PerMember(one.size(), -1.0), values_, r);
  }

  /// Along `direction` [members][p], whose pull is P^-1 direction; `image` [members][rows] is J
  /// times the displacement that it leads to, for the last right_hand_side.
  std::vector<PredictedFall> predict(B& backend, MatrixView<const Real> direction,
                                     MatrixView<const Real> pull, MatrixView<const Real> image) {
    PerMember slopes, pulls, curvatures, lengths;
    for_each_element(backend, members_, 1, rows(),
                     WeightedDifference<Real>{root_weight_, image, moved_, image_});
    weigh_errors(backend);
    dot_rows(backend, weighted_, image_, slopes);
    dot_rows(backend, pull_, direction, pulls);
    dot_rows(backend, image_, image_, curvatures);
    dot_rows(backend, direction, pull, lengths);
    std::vector<PredictedFall> falls;
    for (std::size_t m = 0; m < mu_.size(); ++m)
      falls.push_back({-(slopes[m] + mu_[m] * pulls[m]), curvatures[m] + mu_[m] * lengths[m]});
    return falls;
  }

 private:
  void weigh_errors(B& backend) {
    for_each_element(backend, members_, 1, rows(),
                     WeightedDifference<Real>{root_weight_, values_, targets_, weighted_});
  }
  void displace(B& backend, MatrixView<const Real> theta) {
    copy_rows(backend, theta, displacement_.view());
    add_scaled(backend, PerMember(static_cast<std::size_t>(members_), -1.0), start_, displacement_);
  }

  Index members_, forget_;
  MatrixView<const Real> start_;
  JacobianType jacobian_;
  Metric metric_;
  MemberVectors<B> values_, targets_, weighted_, image_, moved_, shift_, root_weight_;
  MemberVectors<B> displacement_, pull_;
  PerMember mu_;
};

}  // namespace expunge::detail
