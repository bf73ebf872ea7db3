// LASSO of many targets on one Gram matrix that is already there: one penalty each, or a whole
// path.
//
//   minimise 1/(2m) ||y - b - X~ w||^2 + lambda ( a ||w||_1 + (1 - a)/2 ||w||^2 )
//
// X~ are centred columns divided by their population sd, a = l1_ratio. The same lambda as `alpha`
// of scikit-learn's Lasso and `lambda` of glmnet on X~; fast_l1 writes the squares with 1/m and no
// 2, so its lambda is twice ours. Weights stay in standardised units here; lasso.hpp converts them.
//
// Every target is solved on its own by one thread: results do not depend on the number of threads.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "expunge/attribution/coordinate_descent.hpp"
#include "expunge/core/array.hpp"
#include "expunge/core/check.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/core/progress.hpp"

namespace expunge {

struct LassoSolverConfig {
  double tolerance =
      1e-4;  // largest violation of the optimality conditions, relative to lambda_max
  Index max_sweeps = 10000;  // of the working set, for each penalty of each target
  double l1_ratio = 1.0;     // 1 = LASSO, below it elastic net

  void validate() const {
    require(tolerance > 0, "LassoSolverConfig: tolerance is ", tolerance, ", not above 0");
    require(max_sweeps >= 1, "LassoSolverConfig: max_sweeps is ", max_sweeps, ", below 1");
    require(l1_ratio > 0 && l1_ratio <= 1, "LassoSolverConfig: l1_ratio is ", l1_ratio,
            ", not in (0, 1]");
  }
};

/// Solutions of one penalty for each target.
template <class Real>
struct LassoSolution {
  Array<Real, 2> weights;       // [targets][examples], standardised columns
  Array<Real, 1> kkt_residual;  // [targets], relative to lambda_max
  Index targets_converged = 0;
  Index sweeps = 0;
};

/// Solutions along a path of falling penalties.
template <class Real>
struct LassoPath {
  Array<Real, 2> lambda;        // [targets][lambdas]
  Array<Real, 3> weights;       // [targets][lambdas][examples], standardised columns
  Array<Real, 2> kkt_residual;  // [targets][lambdas], relative to lambda_max
  Index targets_converged = 0;  // at every lambda
  Index sweeps = 0;
};

namespace detail {

/// Penalty k of a path from l1_max down to ratio * l1_max.
template <class Real>
Real penalty(Real l1_max, Index k, Index lambdas, double ratio) {
  const double step = lambdas > 1 ? static_cast<double>(k) / static_cast<double>(lambdas - 1) : 1;
  return static_cast<Real>(static_cast<double>(l1_max) * std::pow(ratio, step));
}

/// One target's walk down its path. f(k, lambda, solver, status) is called after each penalty and
/// returns how many more are wanted in any case; 0 ends the walk. Penalties are solved ahead as far
/// as they are wanted and near: far ones have many more members than the near ones need.
template <class Real, class F>
void walk_path(CoordinateDescent<Real>& solver, Index lambdas, double ratio,
               const LassoSolverConfig& config, F f) {
  constexpr Real near = Real(0.8);
  const Real l1_max = solver.largest_correlation();
  const Real a = static_cast<Real>(config.l1_ratio);
  const Real tolerance = static_cast<Real>(config.tolerance) * l1_max;
  std::vector<Real> l1, l2;
  Real previous = l1_max;
  Index wanted = lambdas;
  for (Index k = 0; k < lambdas && wanted > 0;) {
    l1.clear();
    l2.clear();
    const Index most = std::min({wanted, lambdas - k, CoordinateDescent<Real>::run_length});
    for (Index i = 0; i < most; ++i) {
      const Real next = penalty(l1_max, k + i, lambdas, ratio);
      if (i > 0 && !(next >= near * previous)) break;
      l1.push_back(next);
      l2.push_back(next / a * (1 - a));
    }
    solver.solve_ahead(l1, l2, previous, tolerance, config.max_sweeps);
    bool good = true;
    for (std::size_t i = 0; i < l1.size() && good && wanted > 0; ++i, ++k) {
      DescentStatus<Real> status = solver.check(static_cast<Index>(i), l1[i], l2[i], tolerance);
      good = status.converged;
      if (!good) status = solver.finish(status, l1[i], l2[i], tolerance, config.max_sweeps);
      wanted = f(k, l1[i] / a, solver, status);
      previous = l1[i];
    }
  }
}

/// One penalty, from w = 0.
template <class Real>
DescentStatus<Real> solve_at(CoordinateDescent<Real>& solver, Real lambda,
                             const LassoSolverConfig& config) {
  const Real a = static_cast<Real>(config.l1_ratio);
  const Real tolerance = static_cast<Real>(config.tolerance) * solver.largest_correlation();
  solver.approach(a * lambda, (1 - a) * lambda);
  return solver.solve(a * lambda, (1 - a) * lambda, tolerance, config.max_sweeps);
}

template <class Real>
Real relative(Real residual, Real lambda_max) {
  return lambda_max > 0 ? residual / lambda_max : Real(0) * residual;  // NaN stays NaN
}

template <class Real>
void check_gram(const char* who, MatrixView<const Real> gram, MatrixView<const Real> correlations) {
  require(gram.rows == gram.cols, who, ": the Gram matrix is ", gram.rows, " x ", gram.cols);
  require(correlations.cols == gram.rows, who, ": correlations of ", correlations.cols,
          " examples, a Gram matrix of ", gram.rows);
  for (Index i = 0; i < gram.rows; ++i)
    for (Index j = 0; j < gram.cols; ++j)
      if (!std::isfinite(gram(i, j)))
        require(false, who, ": entry ", i, ", ", j, " of the Gram matrix is ", gram(i, j));
  for (Index t = 0; t < correlations.rows; ++t)
    for (Index j = 0; j < correlations.cols; ++j)
      if (!std::isfinite(correlations(t, j)))
        require(false, who, ": the correlation of target ", t, " with example ", j, " is ",
                correlations(t, j));
}

}  // namespace detail

/// One penalty for each target: gram [n][n] (unit diagonal, or zero rows), correlations X~'y/m
/// [targets][n], lambdas [targets]. Throws std::invalid_argument where one is not finite.
template <class B>
LassoSolution<typename B::Real> solve_lasso(const B& backend,
                                            MatrixView<const typename B::Real> gram,
                                            MatrixView<const typename B::Real> correlations,
                                            const Array<typename B::Real, 1>& lambdas,
                                            const LassoSolverConfig& config = {},
                                            const Progress& progress = {}) {
  using Real = typename B::Real;
  config.validate();
  detail::check_gram("solve_lasso", gram, correlations);
  const Index targets = correlations.rows;
  require(static_cast<Index>(lambdas.size()) == targets, "solve_lasso: ", lambdas.size(),
          " lambdas for ", targets, " targets");
  for (Index t = 0; t < targets; ++t)
    require(lambdas.data()[t] >= 0, "solve_lasso: lambda of target ", t, " is ", lambdas.data()[t]);
  LassoSolution<Real> solution{make_array<Real>(targets, gram.rows), make_array<Real>(targets)};
  Array<Index, 2> counts = make_array<Index>(targets, 2);
  std::vector<CoordinateDescent<Real>> solvers(
      static_cast<std::size_t>(thread_count(backend.threads())), CoordinateDescent<Real>(gram));
  ProgressCounter counter(progress, targets);
  parallel_for(backend.threads(), targets, [&](int thread, Index t) {
    CoordinateDescent<Real>& solver = solvers[static_cast<std::size_t>(thread)];
    solver.start(correlations.row(t));
    const DescentStatus<Real> status = detail::solve_at(solver, lambdas.data()[t], config);
    solver.write_weights(solution.weights.data() + t * gram.rows);
    solution.kkt_residual.data()[t] =
        detail::relative(status.residual, solver.largest_correlation());
    counts(t, 0) = status.converged;
    counts(t, 1) = status.sweeps;
    counter.add(1);
  });
  for (Index t = 0; t < targets; ++t) {
    solution.targets_converged += counts(t, 0);
    solution.sweeps += counts(t, 1);
  }
  return solution;
}

/// A path for each target: `lambdas` penalties from lambda_max of the target down to `ratio` of it,
/// evenly spaced in the logarithm. Throws as solve_lasso does.
template <class B>
LassoPath<typename B::Real> lasso_path(const B& backend, MatrixView<const typename B::Real> gram,
                                       MatrixView<const typename B::Real> correlations,
                                       Index lambdas = 100, double ratio = 0.01,
                                       const LassoSolverConfig& config = {},
                                       const Progress& progress = {}) {
  using Real = typename B::Real;
  config.validate();
  detail::check_gram("lasso_path", gram, correlations);
  require(lambdas >= 1, "lasso_path: ", lambdas, " lambdas");
  require(ratio > 0 && ratio <= 1, "lasso_path: ratio is ", ratio, ", not in (0, 1]");
  const Index targets = correlations.rows, n = gram.rows;
  LassoPath<Real> path{make_array<Real>(targets, lambdas), make_array<Real>(targets, lambdas, n),
                       make_array<Real>(targets, lambdas)};
  Array<Index, 2> counts = make_array<Index>(targets, 2);
  std::vector<CoordinateDescent<Real>> solvers(
      static_cast<std::size_t>(thread_count(backend.threads())), CoordinateDescent<Real>(gram));
  ProgressCounter counter(progress, targets);
  parallel_for(backend.threads(), targets, [&](int thread, Index t) {
    CoordinateDescent<Real>& target = solvers[static_cast<std::size_t>(thread)];
    target.start(correlations.row(t));
    counts(t, 0) = 1;
    counts(t, 1) = 0;
    detail::walk_path(target, lambdas, ratio, config,
                      [&](Index k, Real lambda, const CoordinateDescent<Real>& solver,
                          const DescentStatus<Real>& status) {
                        path.lambda(t, k) = lambda;
                        solver.write_weights(path.weights.data() + (t * lambdas + k) * n);
                        path.kkt_residual(t, k) =
                            detail::relative(status.residual, solver.largest_correlation());
                        counts(t, 0) &= status.converged;
                        counts(t, 1) += status.sweeps;
                        return lambdas;
                      });
    counter.add(1);
  });
  for (Index t = 0; t < targets; ++t) {
    path.targets_converged += counts(t, 0);
    path.sweeps += counts(t, 1);
  }
  return path;
}

}  // namespace expunge
