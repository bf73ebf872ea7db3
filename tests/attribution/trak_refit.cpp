// What TRAK's effects are: the derivative of outputs in an example's weight in training. A model
// that is linear in its weights is trained to the end at other weights of one example, without
// TRAK's formula.
#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "expunge/attribution/trak.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/nn/mlp.hpp"
#include "small_data.hpp"

using namespace expunge;

namespace {

using Net = Mlp<5, 2>;  // logistic regression: the margin is linear in the weights
constexpr Index examples = 30, points = 40;

/// Gradients of the margins [points][parameters]: what the models of unit weights say.
Eigen::MatrixXd gradients_of(Cpu<double>& cpu, const Dataset& data) {
  Ensemble<Net, double> units = Ensemble<Net, double>::uninitialised(Net::parameters);
  units.theta.fill(0);
  for (Index j = 0; j < Net::parameters; ++j) units.theta(j, j) = 1;
  const Array<double, 2> margins = evaluate_margins(cpu, units, data);
  Eigen::MatrixXd gradients(data.size(), Net::parameters);
  for (Index i = 0; i < data.size(); ++i)
    for (Index j = 0; j < Net::parameters; ++j) gradients(i, j) = margins(j, i);
  return gradients;
}

/// 1 / (1 + exp(margin)): one minus the probability of the own label.
Eigen::VectorXd unsure(const Eigen::VectorXd& margins) {
  return (1 + margins.array().exp()).inverse();
}

/// The minimum of sum_i weight_i log(1 + exp(-margin_i)) + ridge / 2 |theta|^2, by Newton's method.
Eigen::VectorXd trained(const Eigen::MatrixXd& x, const Eigen::VectorXd& weight, double ridge) {
  Eigen::VectorXd theta = Eigen::VectorXd::Zero(x.cols());
  for (int step = 0; step < 30; ++step) {
    const Eigen::VectorXd q = unsure(x * theta);
    const Eigen::VectorXd gradient =
        ridge * theta - x.transpose() * (weight.array() * q.array()).matrix();
    const Eigen::VectorXd curvature = weight.array() * q.array() * (1 - q.array());
    Eigen::MatrixXd hessian = x.transpose() * curvature.asDiagonal() * x;
    hessian.diagonal().array() += ridge;
    theta -= hessian.ldlt().solve(gradient);
  }
  return theta;
}

/// A sketch of so many columns that adds no two of them together: inner products stay as they are.
SketchConfig exact_sketch(Cpu<double>& cpu) {
  Array<double, 2> identity = make_array<double>(Net::parameters, Net::parameters);
  identity.fill(0);
  for (Index j = 0; j < Net::parameters; ++j) identity(j, j) = 1;
  SketchConfig config{.dimensions = 96};
  Array<double, 2> matrix = make_array<double>(Net::parameters, config.dimensions);
  for (config.seed = 0; config.seed < 100; ++config.seed) {
    Sketch<Cpu<double>>(cpu, config, 0, Net::parameters)(
        cpu, MatrixView<const double>(view(identity)), view(matrix));
    bool exact = true;
    for (Index c = 0; c < config.dimensions; ++c) {
      Index entries = 0;
      for (Index j = 0; j < Net::parameters; ++j) entries += matrix(j, c) != 0;
      exact = exact && entries <= 1;
    }
    if (exact) return config;
  }
  return {};
}

/// A trained model, TRAK's effects on its margins, and how outputs change when it is trained anew.
struct Refit {
  Cpu<double> cpu{1};
  Dataset data = clouds(examples, 5, 2), at = clouds(points, 5, 2, 1);
  Eigen::MatrixXd x = gradients_of(cpu, data), at_x;
  double ridge;
  Eigen::VectorXd theta;
  Array<double, 2> on_points, on_itself;  // effects [examples][points], [examples][examples]

  explicit Refit(double ridge_) : ridge(ridge_) {
    at_x = gradients_of(cpu, at);
    theta = trained(x, Eigen::VectorXd::Ones(examples), ridge);
    const Eigen::VectorXd q = unsure(x * theta);
    const Eigen::VectorXd curvature = q.array() * (1 - q.array());
    const double unit = (curvature.asDiagonal() * x * x.transpose()).trace() / examples;
    Ensemble<Net, double> model = Ensemble<Net, double>::uninitialised(1);
    std::copy_n(theta.data(), theta.size(), model.theta.data());
    const TrakConfig config{.sketch = exact_sketch(cpu), .lambda = ridge / unit};
    on_points = trak(cpu, config, model, data, at).weights;
    on_itself = trak(cpu, config, model, data, data).weights;
  }

  /// Weights of the model when example i counts `weight` times.
  Eigen::VectorXd at_weight(Index i, double weight) const {
    Eigen::VectorXd weights = Eigen::VectorXd::Ones(examples);
    weights[i] = weight;
    return trained(x, weights, ridge);
  }
};

}  // namespace

TEST_CASE("TRAK's effects are the derivatives of outputs in an example's weight") {
  for (const double ridge : {3.0, 0.3}) {
    CAPTURE(ridge);
    const Refit refit(ridge);
    double largest = 0, size = 0;
    for (Index i = 0; i < examples; ++i) {
      const Eigen::VectorXd moved = (refit.theta - refit.at_weight(i, 1 - 1e-4)) / 1e-4;
      const Eigen::VectorXd on_points = refit.at_x * moved, on_itself = refit.x * moved;
      for (Index t = 0; t < points; ++t) {
        largest = std::max(largest, std::abs(refit.on_points(i, t) - on_points[t]));
        size = std::max(size, std::abs(on_points[t]));
      }
      for (Index t = 0; t < examples; ++t)
        largest = std::max(largest, std::abs(refit.on_itself(i, t) - on_itself[t]));
    }
    CHECK(size > 0.01);
    CHECK(largest < 1e-3 * size);
  }
}

TEST_CASE("leaving an example out altogether moves its own margin 1 / (1 - h) times as far") {
  const Refit refit(0.3);
  const Eigen::VectorXd q = unsure(refit.x * refit.theta);
  double effects = 0, changes = 0, predicted = 0;  // sums over examples
  for (Index i = 0; i < examples; ++i) {
    const Eigen::VectorXd without = refit.at_weight(i, 0);
    const double effect = refit.on_itself(i, i), h = (1 - q[i]) * effect;  // p z'A^-1 z (1 - p)
    CHECK(effect > 0);
    effects += effect;
    changes += refit.x.row(i).dot(refit.theta - without);
    predicted += effect / (1 - h);
  }
  CHECK(changes > 1.2 * effects);
  CHECK(changes == doctest::Approx(predicted).epsilon(0.1));
}
