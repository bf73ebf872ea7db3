// What a backend that solves targets side by side must give: the LASSO of the backend that solves
// them one by one, to the tolerance of both.
#pragma once

#include <doctest/doctest.h>

#include <cmath>

#include "attribution/problem.hpp"
#include "comparators.hpp"
#include "expunge/attribution/lasso.hpp"

namespace test {

/// The CPU, as a backend that is quick only where many do the same thing.
template <class Real, Index Members = 1024>
struct SideBySide : Cpu<Real> {
  static constexpr Index lockstep_members = Members;
  using Exact = SideBySide;
  using Cpu<Real>::Cpu;
};

/// A column that every model saw, one that none saw, and a constant target.
template <class Real>
struct LockstepProblem {
  SubsetMasks masks;
  Array<Real, 2> outputs;

  LockstepProblem(Index models, Index examples, Index targets)
      : masks(bernoulli_subsets(5, models, examples, 0.5)) {
    for (Index m = 0; m < models; ++m) {
      masks.insert(m, 2);
      masks.erase(m, 3);
    }
    outputs = planted_outputs<Real>(masks, targets, 0.4);
    for (Index m = 0; m < models; ++m) outputs(m, 1) = Real(2.5);
  }
};

/// Effects of both backends, `close` apart relative to the largest.
template <class Real>
void check_close(const Effects<Real>& side_by_side, const Effects<Real>& one_by_one, double close) {
  CHECK(relative_difference(side_by_side.weights, one_by_one.weights) < close);
  CHECK(relative_difference(side_by_side.intercept, one_by_one.intercept) < close);
  CHECK(relative_difference(side_by_side.lambda, one_by_one.lambda) < close);
  CHECK(side_by_side.targets_converged == side_by_side.targets());
  CHECK(side_by_side.sweeps > 0);
}

/// Penalties chosen on a path whose steps are `step`: where two are as good, either may be chosen.
template <class Real>
void check_chosen(const LassoPenalties<Real>& side_by_side, const LassoPenalties<Real>& one_by_one,
                  double step, double close) {
  CHECK(relative_difference(side_by_side.validation_error, one_by_one.validation_error) < close);
  Index same = 0;
  const Index targets = std::ssize(one_by_one.lambda);
  for (Index t = 0; t < targets; ++t) {
    const double a = static_cast<double>(side_by_side.lambda(t));
    const double b = static_cast<double>(one_by_one.lambda(t));
    const double apart = b > 0 ? std::abs(std::log(a / b)) : a;
    CHECK(apart < 1.01 * step);
    same += apart < close;
  }
  CHECK(same >= targets - 2);
}

/// B solves side by side, Cpu one by one; tolerance of the optimality conditions.
template <class B>
void check_lockstep_lasso(const B& backend, double tolerance, double close) {
  using Real = typename B::Real;
  const Cpu<Real> cpu(2);
  const LockstepProblem<Real> problem(260, 150, 40);
  for (const double l1_ratio : {1.0, 0.6}) {
    CAPTURE(l1_ratio);
    const LassoSolverConfig solver{.tolerance = tolerance, .l1_ratio = l1_ratio};
    const PlugInLasso plug_in{{.standard_errors = 0.4, .solver = solver}};  // many join: sets grow
    check_close(plug_in.fit(backend, problem.masks, problem.outputs),
                plug_in.fit(cpu, problem.masks, problem.outputs), close);
    const LassoConfig config{.lambdas = 30, .solver = solver};
    const LassoPenaltyChoice<Real> choice(backend, problem.masks, config);
    const LassoPenalties<Real> chosen = choice.choose(backend, problem.outputs),
                               expected = choice.choose(cpu, problem.outputs);
    check_chosen(chosen, expected, std::log(100.0) / 29, close);
    const LassoRegression<Real> regression(backend, problem.masks, choice.models(), solver);
    const Effects<Real> effects = regression.fit(backend, problem.outputs, chosen.lambda);
    check_close(effects, regression.fit(cpu, problem.outputs, chosen.lambda), close);
    const Effects<Real> at_once = Lasso{config}.fit(backend, problem.masks, problem.outputs);
    CHECK(at_once.lambda == chosen.lambda);
    CHECK(relative_difference(at_once.weights, effects.weights) < close);
    for (const Real residual : effects.kkt_residual) CHECK(residual <= Real(1.001 * tolerance));
    for (Index t = 0; t < 40; ++t) CHECK(effects.weights(2, t) == 0);
    for (Index i = 0; i < 150; ++i) CHECK(effects.weights(i, 1) == 0);
  }
  CHECK(Lasso{}.fit(backend, problem.masks, view(problem.outputs).columns(0, 0)).targets() == 0);
}

}  // namespace test
