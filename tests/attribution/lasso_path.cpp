#include "expunge/attribution/lasso_path.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "../golden/lasso_sklearn.hpp"
#include "expunge/attribution/gram.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/core/random.hpp"
#include "problem.hpp"

using namespace expunge;

namespace {

/// A Gram matrix and correlations, in double by dense products and as given to the solver.
template <class Real>
struct Regression {
  Eigen::MatrixXd x, y;
  Array<Real, 2> gram, correlations;

  Regression(const SubsetMasks& masks, const Eigen::MatrixXd& outputs)
      : x(test::standardised(test::dense(masks))), y(test::centred(outputs)) {
    const double m = static_cast<double>(x.rows());
    const Eigen::MatrixXd g = x.transpose() * x / m, c = x.transpose() * y / m;
    gram = make_array<Real>(x.cols(), x.cols());
    correlations = make_array<Real>(y.cols(), x.cols());
    for (Index i = 0; i < x.cols(); ++i) {
      for (Index j = 0; j < x.cols(); ++j) gram(i, j) = static_cast<Real>(g(i, j));
      for (Index t = 0; t < y.cols(); ++t) correlations(t, i) = static_cast<Real>(c(i, t));
    }
  }

  double lambda_max(Index t) const {
    return (x.transpose() * y.col(t)).cwiseAbs().maxCoeff() / static_cast<double>(x.rows());
  }

  /// Largest violation of the optimality conditions in double, from the residuals themselves.
  double kkt(const Eigen::VectorXd& w, Index t, double l1, double l2) const {
    const Eigen::VectorXd r =
        x.transpose() * (y.col(t) - x * w) / static_cast<double>(x.rows()) - l2 * w;
    double worst = 0;
    for (Index j = 0; j < r.size(); ++j)
      worst = std::max(worst,
                       w[j] == 0 ? std::abs(r[j]) - l1 : std::abs(r[j] - std::copysign(l1, w[j])));
    return worst;
  }

  double objective(const Eigen::VectorXd& w, Index t, double l1, double l2) const {
    return (y.col(t) - x * w).squaredNorm() / (2 * static_cast<double>(x.rows())) +
           l1 * w.lpNorm<1>() + l2 / 2 * w.squaredNorm();
  }
};

template <class Real>
Eigen::VectorXd row(const Real* data, Index n) {
  Eigen::VectorXd w(n);
  for (Index i = 0; i < n; ++i) w[i] = static_cast<double>(data[i]);
  return w;
}

SubsetMasks golden_masks() {
  SubsetMasks masks(golden::models, golden::examples);
  for (Index m = 0; m < golden::models; ++m)
    for (Index i = 0; i < golden::examples; ++i)
      if (golden::masks[m][i] == '1') masks.insert(m, i);
  return masks;
}

template <class Real>
void check_golden(double l1_ratio, const double* expected) {
  Eigen::MatrixXd y(golden::models, golden::targets);
  for (Index m = 0; m < golden::models; ++m)
    for (Index t = 0; t < golden::targets; ++t) y(m, t) = golden::outputs[m * golden::targets + t];
  const Regression<Real> problem(golden_masks(), y);
  for (Index f = 0; f < 3; ++f) {
    Array<Real, 1> lambda = make_array<Real>(golden::targets);
    for (Index t = 0; t < golden::targets; ++t)
      lambda(t) = static_cast<Real>(golden::fractions[f] * problem.lambda_max(t) / l1_ratio);
    const LassoSolution<Real> solution =
        solve_lasso(Cpu<Real>(1), view(problem.gram), view(problem.correlations), lambda,
                    {.tolerance = 1e-6, .l1_ratio = l1_ratio});
    CHECK(solution.targets_converged == golden::targets);
    for (Index t = 0; t < golden::targets; ++t) {
      const double l1 = l1_ratio * static_cast<double>(lambda(t)),
                   l2 = (1 - l1_ratio) * static_cast<double>(lambda(t));
      const Eigen::VectorXd w = row(&solution.weights(t, 0), golden::examples);
      const double target = expected[3 * t + f];
      CHECK(std::abs(problem.objective(w, t, l1, l2) - target) <= 1e-5 * target);
    }
  }
}

}  // namespace

TEST_CASE("objectives equal scikit-learn's to 1e-5, LASSO and elastic net, float and double") {
  check_golden<double>(1, golden::lasso);
  check_golden<float>(1, golden::lasso);
  check_golden<double>(0.7, golden::elastic_net);
  check_golden<float>(0.7, golden::elastic_net);
}

TEST_CASE_TEMPLATE("an independent check in double finds the optimality conditions fulfilled", Real,
                   float, double) {
  const SubsetMasks masks = fixed_size_subsets(2, 150, 130, 0.5);
  const Regression<Real> problem(masks, test::dense(test::planted_outputs<double>(masks, 9, 1.0)));
  for (const double fraction : {0.9, 0.4, 0.1, 0.02}) {
    Array<Real, 1> lambda = make_array<Real>(9);
    for (Index t = 0; t < 9; ++t) lambda(t) = static_cast<Real>(fraction * problem.lambda_max(t));
    const LassoSolution<Real> solution =
        solve_lasso(Cpu<Real>(2), view(problem.gram), view(problem.correlations), lambda);
    CHECK(solution.targets_converged == 9);
    for (Index t = 0; t < 9; ++t) {
      const Eigen::VectorXd w = row(&solution.weights(t, 0), 130);
      const double kkt = problem.kkt(w, t, static_cast<double>(lambda(t)), 0);
      CHECK(kkt <= 1.01e-4 * problem.lambda_max(t));
      CHECK(kkt / problem.lambda_max(t) <=
            static_cast<double>(solution.kkt_residual(t)) + 1e-5);  // what is reported is true
    }
  }
}

TEST_CASE("every point of a path is optimal and the path starts at zero weights") {
  const SubsetMasks masks = bernoulli_subsets(2, 200, 90, 0.8);
  const Regression<float> problem(masks, test::dense(test::planted_outputs<double>(masks, 4, 0.5)));
  const LassoPath<float> path =
      lasso_path(Cpu<float>(1), view(problem.gram), view(problem.correlations), 30, 0.01);
  CHECK(path.targets_converged == 4);
  for (Index t = 0; t < 4; ++t) {
    const double largest = problem.lambda_max(t);
    CHECK(std::abs(static_cast<double>(path.lambda(t, 0)) / largest - 1) <= 1e-5);
    CHECK(std::abs(static_cast<double>(path.lambda(t, 29)) / largest - 0.01) <= 1e-6);
    CHECK(row(&path.weights(t, 0, 0), 90).lpNorm<1>() <= 1e-4 * largest);
    for (Index k = 0; k < 30; ++k)
      CHECK(problem.kkt(row(&path.weights(t, k, 0), 90), t, static_cast<double>(path.lambda(t, k)),
                        0) <= 1.02e-4 * largest);
  }
}

/// Neighbouring columns agree in nine models of ten, so that correlations change fast along a path
/// and coordinates join that nothing announced.
SubsetMasks correlated_masks(Index models, Index examples) {
  SubsetMasks masks(models, examples);
  for (Index m = 0; m < models; ++m) {
    const Stream stream{Purpose::test, static_cast<std::uint32_t>(m)};
    bool in = random_uniform(1, stream, 0) < 0.5;
    for (Index i = 0; i < examples; ++i) {
      if (random_uniform(1, stream, static_cast<std::uint64_t>(i + 1)) < 0.1) in = !in;
      if (in) masks.insert(m, i);
    }
  }
  return masks;
}

TEST_CASE("penalties solved ahead are as optimal as those solved alone, on correlated columns") {
  const SubsetMasks masks = correlated_masks(120, 200);
  const Regression<double> problem(masks,
                                   test::dense(test::planted_outputs<double>(masks, 6, 0.5)));
  for (const Index lambdas : {3, 12, 60, 101})  // far apart and near
    for (const double l1_ratio : {1.0, 0.5}) {
      const LassoPath<double> path =
          lasso_path(Cpu<double>(2), view(problem.gram), view(problem.correlations), lambdas, 0.02,
                     {.tolerance = 1e-6, .l1_ratio = l1_ratio});
      CHECK(path.targets_converged == 6);
      double worst = 0;
      for (Index t = 0; t < 6; ++t)
        for (Index k = 0; k < lambdas; ++k) {
          const Eigen::VectorXd w = row(path.weights.data() + (t * lambdas + k) * 200, 200);
          const double lambda = path.lambda(t, k);
          worst = std::max(worst, problem.kkt(w, t, l1_ratio * lambda, (1 - l1_ratio) * lambda) /
                                      problem.lambda_max(t));
        }
      CHECK(worst <= 1.01e-6);
    }
}

TEST_CASE("a path does not depend on the number of threads") {
  const SubsetMasks masks = bernoulli_subsets(2, 100, 70, 0.5);
  const Regression<float> problem(masks,
                                  test::dense(test::planted_outputs<double>(masks, 11, 0.5)));
  const LassoPath<float> one =
      lasso_path(Cpu<float>(1), view(problem.gram), view(problem.correlations), 20, 0.05);
  for (const int threads : {2, 5})
    CHECK(lasso_path(Cpu<float>(threads), view(problem.gram), view(problem.correlations), 20, 0.05)
              .weights == one.weights);
}

TEST_CASE("twin columns, and a penalty of zero on a well-posed problem, are no trouble") {
  SubsetMasks masks = bernoulli_subsets(3, 200, 20, 0.5);
  const Regression<double> plain(masks, test::dense(test::planted_outputs<double>(masks, 1, 0.5)));
  Array<double, 1> zero = make_array<double>(1);
  zero(0) = 0;
  const LassoSolution<double> least_squares = solve_lasso(
      Cpu<double>(1), view(plain.gram), view(plain.correlations), zero, {.tolerance = 1e-10});
  const Eigen::VectorXd w =
      (plain.x.transpose() * plain.x).llt().solve(plain.x.transpose() * plain.y.col(0));
  CHECK((row(&least_squares.weights(0, 0), 20) - w).cwiseAbs().maxCoeff() <= 1e-8);

  for (Index m = 0; m < 200; ++m) masks.contains(m, 0) ? masks.insert(m, 1) : masks.erase(m, 1);
  const Regression<double> twins(masks, test::dense(test::planted_outputs<double>(masks, 1, 0.5)));
  Array<double, 1> lambda = make_array<double>(1);
  lambda(0) = 0.1 * twins.lambda_max(0);
  const LassoSolution<double> solution =
      solve_lasso(Cpu<double>(1), view(twins.gram), view(twins.correlations), lambda);
  CHECK(twins.kkt(row(&solution.weights(0, 0), 20), 0, lambda(0), 0) <=
        1.01e-4 * twins.lambda_max(0));
}

TEST_CASE("a solve that runs out of sweeps says so") {
  const SubsetMasks masks = bernoulli_subsets(2, 100, 90, 0.5);
  const Regression<float> problem(masks, test::dense(test::planted_outputs<double>(masks, 1, 0.5)));
  Array<float, 1> lambda = make_array<float>(1);
  lambda(0) = static_cast<float>(0.01 * problem.lambda_max(0));
  const LassoSolution<float> solution =
      solve_lasso(Cpu<float>(1), view(problem.gram), view(problem.correlations), lambda,
                  {.tolerance = 1e-6, .max_sweeps = 2});
  CHECK(solution.targets_converged == 0);
  CHECK(solution.kkt_residual(0) > 1e-6F);
}

TEST_CASE("mistakes of the caller are named") {
  const Array<float, 2> gram = make_array<float>(3, 3), correlations = make_array<float>(2, 4);
  CHECK_THROWS_WITH(lasso_path(Cpu<float>(1), view(gram), view(correlations)),
                    "lasso_path: correlations of 4 examples, a Gram matrix of 3");
  CHECK_THROWS_WITH((LassoSolverConfig{.tolerance = 0}.validate()),
                    "LassoSolverConfig: tolerance is 0, not above 0");
  CHECK_THROWS_WITH((LassoSolverConfig{.l1_ratio = 1.5}.validate()),
                    "LassoSolverConfig: l1_ratio is 1.5, not in (0, 1]");
}

TEST_CASE_TEMPLATE("a Gram entry or a correlation that is not finite is refused by its place", Real,
                   float, double) {
  Array<Real, 2> gram = make_array<Real>(3, 3), correlations = make_array<Real>(2, 3);
  gram.fill(0);
  for (Index i = 0; i < 3; ++i) gram(i, i) = 1;
  correlations.fill(1);
  Array<Real, 1> lambda = make_array<Real>(2);
  lambda.fill(Real(0.1));
  gram(1, 2) = std::numeric_limits<Real>::quiet_NaN();
  CHECK_THROWS_WITH(solve_lasso(Cpu<Real>(1), view(gram), view(correlations), lambda),
                    "solve_lasso: entry 1, 2 of the Gram matrix is nan");
  CHECK_THROWS_WITH(lasso_path(Cpu<Real>(1), view(gram), view(correlations)),
                    "lasso_path: entry 1, 2 of the Gram matrix is nan");
  gram(1, 2) = 0;
  correlations(1, 0) = std::numeric_limits<Real>::infinity();
  CHECK_THROWS_WITH(solve_lasso(Cpu<Real>(1), view(gram), view(correlations), lambda),
                    "solve_lasso: the correlation of target 1 with example 0 is inf");
  CHECK_THROWS_WITH(lasso_path(Cpu<Real>(1), view(gram), view(correlations)),
                    "lasso_path: the correlation of target 1 with example 0 is inf");
  correlations(1, 0) = 1;
  lambda(1) = std::numeric_limits<Real>::quiet_NaN();
  CHECK_THROWS_WITH(solve_lasso(Cpu<Real>(1), view(gram), view(correlations), lambda),
                    "solve_lasso: lambda of target 1 is nan");
}

TEST_CASE("a solve that meets a number that is not finite has not converged") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const bool in_gram : {false, true}) {
    Array<double, 2> gram = make_array<double>(2, 2), c = make_array<double>(1, 2);
    gram(0, 0) = gram(1, 1) = 1;
    gram(0, 1) = gram(1, 0) = in_gram ? nan : 0;
    c(0, 0) = 1, c(0, 1) = in_gram ? 0.5 : nan;
    CoordinateDescent<double> solver(view(gram));
    solver.start(c.data());
    const DescentStatus<double> status = solver.solve(0.1, 0, 1e-4, 100);
    CHECK(!status.converged);
    CHECK(std::isnan(status.residual));
  }
}

TEST_CASE("the residual counts coordinates that are left out because they violate too little") {
  Array<double, 2> gram = make_array<double>(2, 2), c = make_array<double>(1, 2);
  gram(0, 0) = gram(1, 1) = 1;
  gram(0, 1) = gram(1, 0) = 0;
  c(0, 0) = 1, c(0, 1) = 0.5;
  CoordinateDescent<double> solver(view(gram));
  solver.start(c.data());
  const DescentStatus<double> status = solver.solve(0.49, 0, 0.02, 100);
  CHECK(status.converged);
  CHECK(std::abs(status.residual - 0.01) <= 1e-12);  // |c_1| - l1
}
