// Targets solved side by side, on the host: the code that a GPU runs, against the solver of one
// target.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "attribution/lockstep_cases.hpp"
#include "expunge/core/half.hpp"

using namespace expunge;
using test::SideBySide;

namespace {

static_assert(Backend<SideBySide<float>>);

/// Solutions of all targets at one penalty, in blocks of `at_once`.
std::vector<double> solve_in_blocks(const test::LockstepProblem<double>& problem, Index at_once,
                                    Index* blocks) {
  const SideBySide<double> backend(1);
  const MaskColumns columns(problem.masks);
  const Array<double, 2> gram = mask_correlations(backend, columns);
  LockstepRegression<SideBySide<double>> regression(backend, columns, view(gram));
  std::vector<double> weights;
  *blocks = 0;
  regression.for_each_block(
      view(problem.outputs),
      [&](auto& block) {
        ++*blocks;
        LockstepPenalties<double> at(block.count());
        for (Index t = 0; t < block.count(); ++t) detail::set_penalty(at, t, 0.03, 1.0, {});
        block.solver().solve(block.backend(), at, 1000);
        block.fetch();
        for (Index t = 0; t < block.count(); ++t) {
          const auto solution = block.solution(t);
          for (Index a = 0; a < std::ssize(solution.members()); ++a)
            weights.push_back(solution.weight(a));
        }
      },
      at_once);
  return weights;
}

}  // namespace

TEST_CASE("LASSO and plug-in LASSO side by side are those of one target at a time") {
  test::check_lockstep_lasso(SideBySide<double>(2), 1e-9, 1e-6);
  test::check_lockstep_lasso(SideBySide<float>(2), 1e-4, 2e-3);
}

TEST_CASE("targets whose working set outgrows its room are solved on the host, all or some") {
  test::check_lockstep_lasso(SideBySide<double, 1>(2), 1e-9, 1e-6);
  test::check_lockstep_lasso(SideBySide<double, 20>(2), 1e-9, 1e-6);
  test::check_lockstep_lasso(SideBySide<double, 70>(2), 1e-9, 1e-6);  // beyond the first capacity
}

TEST_CASE("columns that are all alike do not all join") {
  const Index n = 300;
  std::vector<double> gram(static_cast<std::size_t>(n * n), 1.0);
  const std::vector<double> correlations(static_cast<std::size_t>(n), 0.5);
  const SideBySide<double> backend(1);
  LockstepDescent<SideBySide<double>> solver(backend, {gram.data(), n, n},
                                             {correlations.data(), 1, n}, 100);
  LockstepPenalties<double> at(1);
  at.l1[0] = 0.1, at.tolerance[0] = 1e-9, at.bound[0] = 0.2;
  solver.solve(backend, at, 1000);
  CHECK(!solver.outgrown(0));
  CHECK(solver.residuals(backend)[0] <= 1e-9);
}

TEST_CASE("no penalty at all, too few sweeps, and numbers that are none") {
  const SideBySide<double> backend(1);
  const test::LockstepProblem<double> problem(120, 12, 4);
  const LassoRegression<double> regression(backend, problem.masks, 120, {.tolerance = 1e-10});
  Array<double, 1> zero = make_array<double>(4);
  zero.fill(0.0);
  test::check_close(regression.fit(backend, problem.outputs, zero),
                    regression.fit(Cpu<double>(1), problem.outputs, zero), 1e-7);
  const LassoRegression<double> hasty(backend, problem.masks, 120,
                                      {.tolerance = 1e-10, .max_sweeps = 1});
  const Effects<double> unfinished = hasty.fit(backend, problem.outputs, zero);
  CHECK(unfinished.targets_converged < 4);
  CHECK(unfinished.sweeps <= 4);

  std::vector<double> gram{1, 0, 0, 1}, correlations{0.5, std::nan(""), 0.5, 0.1};
  LockstepDescent<SideBySide<double>> solver(backend, {gram.data(), 2, 2},
                                             {correlations.data(), 2, 2}, 2);
  LockstepPenalties<double> at(2);
  at.l1 = {0.2, 0.2}, at.tolerance = {1e-9, 1e-9}, at.bound = {0.3, 0.3};
  solver.solve(backend, at, 100);
  CHECK(std::isnan(solver.residuals(backend)[0]));
  CHECK(solver.residuals(backend)[1] <= 1e-9);
}

TEST_CASE("how many targets are side by side changes no target beyond rounding") {
  const test::LockstepProblem<double> problem(150, 90, 20);
  Index blocks = 0;
  const std::vector<double> all = solve_in_blocks(problem, 0, &blocks);
  CHECK(blocks == 1);
  CHECK(all.size() > 20);
  CHECK(relative_difference(solve_in_blocks(problem, 3, &blocks), all) < 1e-12);
  CHECK(blocks == 7);
}

TEST_CASE_TEMPLATE("correlations by products are those of counted bits, over several chunks", Real,
                   float, double) {
  const SubsetMasks masks = bernoulli_subsets(8, MaskProducts<Cpu<Real>>::chunk + 131, 70, 0.3);
  const MaskColumns columns(masks);
  const Array<Real, 2> counted = mask_correlations(Cpu<Real>(1), columns),
                       multiplied = correlations_by_product(Cpu<Real>(1), columns);
  CHECK(relative_difference(multiplied, counted) < std::numeric_limits<Real>::epsilon());
}

TEST_CASE("sums by products, in half precision too, and refusals") {
  const SideBySide<float> backend(1);
  const test::LockstepProblem<float> problem(60, 30, 5);
  Array<Half, 2> half = make_array<Half>(60, 5);
  Array<float, 2> same = make_array<float>(60, 5);
  for (Index m = 0; m < 60; ++m)
    for (Index t = 0; t < 5; ++t) {
      half(m, t) = static_cast<Half>(problem.outputs(m, t));
      same(m, t) = static_cast<float>(half(m, t));
    }
  CHECK(PlugInLasso{}.fit(backend, problem.masks, half).weights ==
        PlugInLasso{}.fit(backend, problem.masks, same).weights);
  CHECK(PlugInLasso{}.fit(backend, problem.masks, view(same).columns(0, 0)).targets() == 0);
  same(17, 3) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH((void)PlugInLasso{}.fit(backend, problem.masks, same),
                    "PlugInLasso: the output of model 17 at target 3 is nan");
  CHECK_THROWS_WITH((void)Lasso{}.fit(backend, problem.masks, same),
                    "Lasso: the output of model 17 at target 3 is nan");
}
