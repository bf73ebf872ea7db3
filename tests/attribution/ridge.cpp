#include "expunge/attribution/ridge.hpp"

#include <doctest/doctest.h>

#include "../golden/lasso_sklearn.hpp"
#include "expunge/backend/cpu.hpp"
#include "problem.hpp"

using namespace expunge;

TEST_CASE("ridge solves its normal equations") {
  const SubsetMasks masks = bernoulli_subsets(1, 90, 60, 0.6);
  const Array<double, 2> y = test::planted_outputs<double>(masks, 70, 0.5);
  const Eigen::MatrixXd x = test::standardised(test::dense(masks));
  const Eigen::MatrixXd c = x.transpose() * test::centred(test::dense(y)) / 90;
  const Eigen::MatrixXd w =
      (x.transpose() * x / 90 + 0.2 * Eigen::MatrixXd::Identity(60, 60)).fullPivLu().solve(c);
  const MaskColumns columns(masks);
  for (const double tolerance : {1e-10, 1e-4}) {
    Eigen::MatrixXd beta;
    if (tolerance < 1e-6)
      beta = test::dense(Ridge{{.lambda = 0.2}}.fit(Cpu<double>(1), masks, y).weights);
    else
      beta = test::dense(Ridge{{.lambda = 0.2}}.fit(Cpu<float>(1), masks, y).weights);
    for (Index j = 0; j < 60; ++j) beta.row(j) *= columns.sd(j);
    CHECK((beta - w).cwiseAbs().maxCoeff() <= tolerance);
  }
}

TEST_CASE("ridge equals scikit-learn's with alpha = m lambda on standardised columns") {
  SubsetMasks masks(golden::models, golden::examples);
  for (Index m = 0; m < golden::models; ++m)
    for (Index i = 0; i < golden::examples; ++i)
      if (golden::masks[m][i] == '1') masks.insert(m, i);
  const MatrixView<const double> y(golden::outputs, golden::models, golden::targets);
  const Effects<double> effects = Ridge{{.lambda = 0.3}}.fit(Cpu<double>(1), masks, y);
  const MaskColumns columns(masks);
  for (Index t = 0; t < golden::targets; ++t)
    for (Index i = 0; i < golden::examples; ++i)
      CHECK(std::abs(effects.weights(i, t) * columns.sd(i) -
                     golden::ridge[t * golden::examples + i]) <= 1e-12);
}

TEST_CASE("a penalty of zero is refused") {
  CHECK_THROWS_WITH((RidgeConfig{.lambda = 0}.validate()), "RidgeConfig: lambda is 0, not above 0");
}
