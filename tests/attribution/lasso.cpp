#include "expunge/attribution/lasso.hpp"

#include <doctest/doctest.h>

#include "expunge/backend/cpu.hpp"
#include "problem.hpp"

using namespace expunge;

namespace {

/// Largest violation of the optimality conditions of effects in raw units, in double.
double kkt(const SubsetMasks& masks, const Eigen::MatrixXd& outputs, const Effects<double>& effects,
           Index t) {
  const Eigen::MatrixXd x = test::standardised(test::dense(masks));
  const Eigen::MatrixXd y = test::centred(outputs);
  const MaskColumns columns(masks);
  Eigen::VectorXd w(x.cols());
  for (Index j = 0; j < x.cols(); ++j) w[j] = effects.weights(j, t) * columns.sd(j);
  const Eigen::VectorXd r =
      x.transpose() * (y.col(t) - x * w) / static_cast<double>(masks.models());
  double worst = 0;
  for (Index j = 0; j < r.size(); ++j)
    worst = std::max(worst, w[j] == 0 ? std::abs(r[j]) - effects.lambda(t)
                                      : std::abs(r[j] - std::copysign(effects.lambda(t), w[j])));
  return worst /
         ((x.transpose() * y.col(t)).cwiseAbs().maxCoeff() / static_cast<double>(masks.models()));
}

}  // namespace

TEST_CASE("the plug-in penalty is c sd_y / sqrt(m), and the effects are optimal at it") {
  const SubsetMasks masks = bernoulli_subsets(4, 160, 60, 0.6);
  const Array<double, 2> y = test::planted_outputs<double>(masks, 66, 0.5);
  const Effects<double> effects =
      PlugInLasso{{.standard_errors = 1.1}}.fit(Cpu<double>(2), masks, y);
  CHECK(effects.targets_converged == 66);
  CHECK(effects.sweeps > 66);
  const Eigen::MatrixXd centred = test::centred(test::dense(y));
  for (const Index t : {0, 13, 65}) {
    const double sd = std::sqrt(centred.col(t).squaredNorm() / 160);
    CHECK(std::abs(effects.lambda(t) - 1.1 * sd / std::sqrt(160.0)) <= 1e-12);
    CHECK(kkt(masks, test::dense(y), effects, t) <= 1.01e-4);
  }
}

TEST_CASE("LASSO finds planted effects and its intercept predicts held-out models") {
  const SubsetMasks masks = fixed_size_subsets(4, 600, 80, 0.5);
  const Array<float, 2> y = test::planted_outputs<float>(masks, 10, 0.2);
  const Effects<float> effects =
      Lasso{{.fit_models = 400, .validation_models = 100}}.fit(Cpu<float>(1), masks, y);
  CHECK(effects.targets_converged == 10);
  const Array<float, 2> predicted = predict(Cpu<float>(1), effects, model_range(masks, 500, 100));
  for (Index t = 0; t < 10; ++t) {
    for (Index k = 0; k < 6; ++k)
      CHECK(std::abs(effects.weights((7 * t + 11 * k) % 80, t) - (k % 2 == 0 ? 1.0F : -0.5F)) <=
            0.1F);
    double error = 0;
    for (Index m = 0; m < 100; ++m)
      error += std::pow(static_cast<double>(predicted(m, t) - y(500 + m, t)), 2) / 100;
    CHECK(error <= 0.09);  // noise alone is 0.04
    CHECK(effects.validation_error(t) <= 0.09F);
    CHECK(effects.validation_error(t) >= 0.01F);
    CHECK(effects.kkt_residual(t) <= 1e-4F);
  }
}

TEST_CASE("the chosen penalty has the least validation error of the path, refitted on all models") {
  const SubsetMasks masks = bernoulli_subsets(5, 120, 40, 0.5);
  const Array<double, 2> y = test::planted_outputs<double>(masks, 1, 0.8);
  const LassoConfig config{.fit_models = 90,
                           .validation_models = 30,
                           .lambdas = 25,
                           .lambda_ratio = 0.02,
                           .patience = 25,
                           .solver = {.tolerance = 1e-8}};
  const Effects<double> chosen = Lasso{config}.fit(Cpu<double>(1), masks, y);
  const SubsetMasks fit = model_range(masks, 0, 90), held_out = model_range(masks, 90, 30);
  const Eigen::MatrixXd x = test::standardised(test::dense(fit));
  const Eigen::MatrixXd c = x.transpose() * test::centred(test::dense(y).topRows(90)) / 90;
  const double largest = c.cwiseAbs().maxCoeff();
  double best = 1e300, best_lambda = 0;
  for (int k = 0; k < 25; ++k) {
    const double lambda = largest * std::pow(0.02, k / 24.0);
    const double sd = std::sqrt(test::centred(test::dense(y).topRows(90)).squaredNorm() / 90);
    const PlugInLasso at{
        {.standard_errors = lambda * std::sqrt(90.0) / sd, .solver = {.tolerance = 1e-8}}};
    const Effects<double> effects = at.fit(Cpu<double>(1), fit, view(y).row_range(0, 90));
    const Array<double, 2> predicted = predict(Cpu<double>(1), effects, held_out);
    double error = 0;
    for (Index m = 0; m < 30; ++m) error += std::pow(predicted(m, 0) - y(90 + m, 0), 2) / 30;
    if (error < best) {
      best = error;
      best_lambda = lambda;
    }
  }
  CHECK(std::abs(chosen.lambda(0) - best_lambda) <= 1e-9);
  CHECK(std::abs(chosen.validation_error(0) - best) <= 1e-6 * best);
  CHECK(kkt(masks, test::dense(y), chosen, 0) <= 1e-7);
}

TEST_CASE("models beyond the fitted and the validating ones change nothing") {
  const SubsetMasks masks = fixed_size_subsets(4, 100, 30, 0.5);
  Array<float, 2> y = test::planted_outputs<float>(masks, 3, 0.2);
  const Lasso lasso{{.fit_models = 60, .validation_models = 20}};
  const Effects<float> before = lasso.fit(Cpu<float>(1), masks, y);
  for (Index m = 80; m < 100; ++m) y(m, 1) = 1e6F;
  CHECK(lasso.fit(Cpu<float>(1), masks, y).weights == before.weights);
}

TEST_CASE("progress counts every target twice, and impossible splits are refused") {
  const SubsetMasks masks = fixed_size_subsets(4, 100, 30, 0.5);
  const Array<float, 2> y = test::planted_outputs<float>(masks, 70, 0.2);
  Index last = 0, total = 0;
  Lasso{}.fit(Cpu<float>(2), masks, y, [&](Index done, Index all) {
    CHECK(done > last);
    last = done;
    total = all;
  });
  CHECK(last == 140);
  CHECK(total == 140);
  CHECK_THROWS_WITH(
      (Lasso{{.fit_models = 90, .validation_models = 20}}.fit(Cpu<float>(1), masks, y)),
      "Lasso: 90 models to fit and 20 to validate, of 100");
  CHECK_THROWS_WITH((LassoConfig{.lambda_ratio = 1}.validate()),
                    "LassoConfig: lambda_ratio is 1, not in (0, 1)");
}
