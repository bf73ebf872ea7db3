// The paper's ridge experiment: its table, its two theorems, and the exact downdate.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "ridge_theory/ridge_experiment.hpp"

using namespace ridge;

namespace {

// R_t over draws of the data: mean and standard deviation of a single draw.
struct Spread {
  double mean = 0;
  double sd = 0;
};

Setting isotropic(double lambda) {
  Setting setting;
  setting.lambda = lambda;
  return setting;
}

// R_t of every draw, [seed][t].
template <class Gradient>
std::vector<std::vector<double>> draws(const Setting& setting, const Gradient& gradient, int steps,
                                       int seeds = 16) {
  std::vector<std::vector<double>> all;
  for (int s = 0; s < seeds; ++s)
    all.push_back(
        trajectory(make_problem(setting, static_cast<std::uint64_t>(s)), gradient, steps));
  return all;
}

Spread at(const std::vector<std::vector<double>>& all, std::size_t t) {
  double sum = 0, squares = 0;
  for (const std::vector<double>& r : all) sum += r[t];
  const double n = static_cast<double>(all.size());
  for (const std::vector<double>& r : all) squares += (r[t] - sum / n) * (r[t] - sum / n);
  return {sum / n, std::sqrt(squares / (n - 1))};
}

}  // namespace

TEST_CASE("the gradient descent rows of the paper's ridge table are reproduced") {
  const auto weak = draws(isotropic(4), Descent{}, 200);
  CHECK(std::abs(at(weak, 1).mean - 0.99) <= 0.002);
  CHECK(std::abs(at(weak, 2).mean - 0.98) <= 0.002);
  CHECK(std::abs(at(weak, 5).mean - 0.952) <= 0.002);
  CHECK(std::abs(at(weak, 10).mean - 0.906) <= 0.002);
  CHECK(std::abs(at(weak, 200).mean - 0.141) <= 0.002);
  // The figure was read at t = 53 and t = 97 where the table says 50 and 100.
  CHECK(std::abs(at(weak, 53).mean - 0.595) <= 0.002);
  CHECK(std::abs(at(weak, 97).mean - 0.387) <= 0.002);

  const auto strong = draws(isotropic(400), Descent{}, 10);
  CHECK(std::abs(at(strong, 1).mean - 0.243) <= 0.006);
  CHECK(std::abs(at(strong, 2).mean - 0.062) <= 0.003);
  CHECK(std::abs(at(strong, 5).mean - 0.001) <= 0.001);
  CHECK(at(strong, 10).mean <= 1e-4);
}

TEST_CASE("the oracle matching rows of the paper's ridge table are within two spreads of a draw") {
  struct Row {
    double lambda;
    std::size_t t;
    double low, high;  // the published range, which comes from one draw of the data
  };
  for (const Row& row : {Row{4, 1, .46, .49}, Row{4, 2, .26, .29}, Row{4, 5, .07, .08},
                         Row{4, 10, .011, .011}, Row{400, 1, .33, .36}, Row{400, 2, .16, .18},
                         Row{400, 5, .03, .04}, Row{400, 10, .005, .005}}) {
    CAPTURE(row.lambda);
    CAPTURE(row.t);
    const Spread r = at(draws(isotropic(row.lambda), OracleMatching{}, 10, 32), row.t);
    CHECK(r.mean + 2 * r.sd >= row.low);
    CHECK(r.mean - 2 * r.sd <= row.high);
    CHECK(r.sd <= 0.05);  // or the two lines above could not fail
    CHECK(std::abs(r.mean - (row.low + row.high) / 2) <= 0.05);
  }
}

TEST_CASE("oracle matching on the retain set alone stalls at nine tenths, as the paper shows") {
  const auto all = draws(isotropic(400), RetainMatching{}, 50);
  CHECK(std::abs(at(all, 1).mean - 0.946) <= 0.015);
  CHECK(std::abs(at(all, 2).mean - 0.926) <= 0.02);
  CHECK(std::abs(at(all, 5).mean - 0.907) <= 0.025);
  CHECK(std::abs(at(all, 50).mean - 0.90) <= 0.03);
}

TEST_CASE("descent and ascent comes near, then leaves for ever") {
  for (const double lambda : {4.0, 400.0}) {
    const auto all = draws(isotropic(lambda), DescentAscent{1.0}, 100, 4);
    double least = 1;
    for (std::size_t t = 0; t <= 100; ++t) least = std::min(least, at(all, t).mean);
    CHECK(least <= 0.3);
    CHECK(least >= 0.01);
    CHECK(at(all, 100).mean >= 1e3);
  }
}

TEST_CASE("theorem 1: the closed forms of descent and of oracle matching equal the iteration") {
  for (const Spectrum spectrum : {Spectrum::isotropic, Spectrum::harmonic}) {
    Setting setting = isotropic(4);
    setting.spectrum = spectrum;
    const Problem p = make_problem(setting, 3);
    const double start = (p.theta_full - p.theta_star).norm();
    VectorXd descent = p.theta_full, matching = p.theta_full;
    for (int t = 1; t <= 40; ++t) {
      descent -= setting.step * Descent{}(p, descent);
      matching -= setting.step * OracleMatching{}(p, matching);
      if (t % 20 != 1) continue;
      const VectorXd gd = p.theta_star + theorem_1(p, descent_hessian(p), t);
      const VectorXd om = p.theta_star + theorem_1(p, matching_hessian(p), t);
      CHECK((gd - descent).norm() <= 1e-10 * start);
      CHECK((om - matching).norm() <= 1e-10 * start);
    }
  }
}

TEST_CASE("the gradients are those of their losses") {
  Setting setting = isotropic(4);
  setting.examples = 12;
  setting.features = 20;
  const Problem p = make_problem(setting, 5);
  const auto descent_loss = [&](const VectorXd& theta) {
    return (p.x_retain() * theta - p.y_retain()).squaredNorm() +
           setting.lambda * theta.squaredNorm();
  };
  const auto forget_loss = [&](const VectorXd& theta) {
    return (p.x_forget() * theta - p.y_forget()).squaredNorm();
  };
  const auto matching_loss = [&](const VectorXd& theta) {
    return (p.x * (theta - p.theta_star)).squaredNorm();
  };
  const VectorXd theta = normals(9, 0, 20), direction = normals(9, 1, 20).normalized();
  const double h = 1e-5;
  const auto slope = [&](const auto& loss) {
    const VectorXd plus = theta + h * direction, minus = theta - h * direction;
    return (loss(plus) - loss(minus)) / (2 * h);
  };
  const double gd = slope(descent_loss);
  CHECK(std::abs(Descent{}(p, theta).dot(direction) - gd) <= 1e-7 * std::abs(gd));
  const double gda = gd - 0.5 * slope(forget_loss);
  CHECK(std::abs(DescentAscent{0.5}(p, theta).dot(direction) - gda) <= 1e-7 * std::abs(gda));
  const double om = slope(matching_loss);
  CHECK(std::abs(OracleMatching{}(p, theta).dot(direction) - om) <= 1e-7 * std::abs(om));
}

TEST_CASE("one Newton step takes the full weights exactly to the retrained ones") {
  for (const double lambda : {0.25, 4.0, 400.0}) {
    for (const Spectrum spectrum : {Spectrum::isotropic, Spectrum::harmonic}) {
      Setting setting = isotropic(lambda);
      setting.spectrum = spectrum;
      const Problem p = make_problem(setting, 7);
      CHECK((p.theta_full - p.theta_star).norm() >= 1e-2);
      const VectorXd newton = newton_downdate(p);
      CHECK((newton - p.theta_star).norm() <= 1e-10 * (p.theta_full - p.theta_star).norm());
    }
  }
}

TEST_CASE("theorem 2: stochastic matching converges geometrically, SGD no faster than 1 / t^2") {
  const Setting setting = isotropic(400);
  const Problem p = make_problem(setting, 1);
  const auto om = stochastic_trajectory(p, matching_on_batch, 0, 100);
  CHECK(om[50] <= 1e-5);
  CHECK(om[100] <= 1e-4 * om[50]);

  const auto constant = stochastic_trajectory(p, descent_on_batch, setting.forget, 200);
  CHECK(constant[200] >= 0.1 * constant[50]);  // the noise of the gradient stays
  const auto falling =
      stochastic_trajectory(p, descent_on_batch, setting.forget, 200, StepDecay{100});
  CHECK(falling[200] <= 0.5 * falling[50]);
  CHECK(200.0 * 200.0 * falling[200] >= 0.3 * 50.0 * 50.0 * falling[50]);
}

TEST_CASE("a setting that makes no sense is refused with the field's name") {
  Setting setting;
  setting.forget = 100;
  CHECK_THROWS_WITH(setting.validate(), "ridge: forget is 100 of 100 examples");
  setting = Setting{};
  setting.lambda = 0;
  CHECK_THROWS_AS(make_problem(setting, 0), std::invalid_argument);
}
