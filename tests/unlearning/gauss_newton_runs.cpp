// Whole runs of Gauss-Newton matching on small networks.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/output/margin.hpp"
#include "expunge/unlearning/gauss_newton_matching.hpp"
#include "expunge/unlearning/retain/nearest.hpp"
#include "unlearning/small_problem.hpp"

using namespace expunge;

namespace {

template <class Prior>
using MatchingWith = GaussNewtonMatching<DmDirect<FixedChange>, UniformRetain, Prior>;
using Kfac = MatchingWith<KroneckerPrior>;
using Plain = MatchingWith<IsotropicPrior>;

static_assert(std::is_same_v<Kfac, GaussNewtonMatching<DmDirect<FixedChange>>>);
static_assert(SolvingUnlearner<Kfac, SmallModel, Cpu<double>>);
static_assert(!Unlearner<Kfac, SmallModel, Cpu<double>>);

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Index few = 10, all = 52;  // retain points: 54 outputs, fewer than 83 weights, and 180
const FixedChange attribution = fixed_change(60, 3);

template <class M>
M method(Index retain_count) {
  return {.target = {attribution},
          .damping = 3e-2,
          .iterations = 8,
          .retain_count = retain_count,
          .retain_multiple = 0};
}

FixedChange constant_change(double value) {
  FixedChange change = attribution;
  change.change.fill(value);
  return change;
}

bool same_member(const SmallEnsemble& a, std::size_t m, const SmallEnsemble& b, std::size_t n) {
  return std::memcmp(&a.theta(m, 0), &b.theta(n, 0), SmallModel::parameters * sizeof(double)) == 0;
}

bool all_finite(const SmallEnsemble& models) {
  return std::all_of(models.theta.begin(), models.theta.end(),
                     [](double w) { return std::isfinite(w); });
}

/// The points that members match, F first, [1 or members][points].
template <class M>
Array<Index, 2> points_of(SmallProblem& small, const M& of, TensorView<const double> targets) {
  const auto query = RetainQuery<SmallModel, double>{small.problem, view(small.logits), targets,
                                                     of.retain_count, of.seed};
  const RetainLists lists = of.retain.select(small.backend, query);
  Array<Index, 2> points = make_array<Index>(static_cast<Index>(lists.size()), 8 + of.retain_count);
  for (std::size_t m = 0; m < lists.size(); ++m) {
    std::copy(small.problem.forget.begin(), small.problem.forget.end(), &points(m, 0));
    for (std::size_t i = 0; i < lists[m].size(); ++i) points(m, 8 + i) = lists[m][i];
  }
  return points;
}

/// Phi of the matching of F and the retain points, for every member.
template <class T, class R, class Prior, class P>
PerMember objective(SmallProblem& small, const GaussNewtonMatching<T, R, Prior, P>& of,
                    const SmallEnsemble& models) {
  using B = Cpu<double>;
  const Array<double, 3> targets =
      of.target.targets(TensorView<const double>(view(small.logits)), small.problem.forget);
  const Array<Index, 2> points = points_of(small, of, view(targets));
  const Index count = static_cast<Index>(points.shape()[1]);
  const Array<double, 3> some = make_array<double>(3, count, 3);  // mu depends on no targets
  CohortWeights<SmallModel, B> start(small.backend, 3);
  start.load(small.backend, small.models, 0);
  detail::MatchingSystem<SmallModel, B, Logits, Prior> system(small.backend, Logits{}, of.prior,
                                                              small.data, view(points), 8, 1, 1024,
                                                              start.theta(), view(some));
  const MemberVectors<B> move(small.backend, 3, SmallModel::parameters);
  system.begin(small.backend, start.view(), of.damping, move);
  Array<double, 2> moved = models.theta;
  moved -= small.models.theta;
  copy_rows(small.backend, MatrixView<const double>(view(moved)), move.view());
  system.metric().apply_inverse(small.backend, move.view());
  const Array<double, 3> z =
      evaluate_logits<double>(small.backend, models, view(small.data.inputs));
  PerMember phi;
  for (std::size_t m = 0; m < 3; ++m) {
    double sum = 0, distance = 0;
    for (std::size_t p = 0; p < points.shape()[1]; ++p)
      for (std::size_t j = 0; j < 3; ++j) {
        const auto i = static_cast<std::size_t>(points(m, p));
        const double weight = p < 8 ? of.forget_weight : 1;
        sum += weight * std::pow(z(m, i, j) - targets(m, i, j), 2);
      }
    for (std::size_t i = 0; i < SmallModel::parameters; ++i)
      distance += moved(m, i) * move.view()(static_cast<Index>(m), static_cast<Index>(i));
    phi.push_back(sum + system.mu()[m] * distance);
  }
  return phi;
}

template <class Report>
void check_loss_falls(const Report& report, double share) {
  for (std::size_t m = 0; m < report.first_loss.size(); ++m)
    CHECK(report.last_loss[m] <= share * report.first_loss[m]);
}

/// Uniform, but says that it took two passes.
struct CostlyRetain : UniformRetain {
  double passes(Index) const { return 2; }
};
/// One point too few.
struct ShortRetain : UniformRetain {
  template <class B, class Model, class Real>
  RetainLists select(B& backend, RetainQuery<Model, Real> query) const {
    --query.count;
    return UniformRetain::select(backend, query);
  }
};
/// Takes forget points.
struct ForgetfulRetain : UniformRetain {
  template <class B, class Model, class Real>
  RetainLists select(B&, const RetainQuery<Model, Real>& query) const {
    return {{query.problem.forget.begin(), query.problem.forget.begin() + query.count}};
  }
};
/// As many lists as it is told to give.
struct CountedRetain : UniformRetain {
  std::size_t lists = 2;
  template <class B, class Model, class Real>
  RetainLists select(B& backend, const RetainQuery<Model, Real>& query) const {
    RetainLists chosen = UniformRetain::select(backend, query);
    chosen.resize(lists, chosen[0]);
    return chosen;
  }
};
/// The first or the last points for all members.
struct FirstOrLast : UniformRetain {
  bool last = false;
  template <class B, class Model, class Real>
  RetainLists select(B&, const RetainQuery<Model, Real>& query) const {
    const std::vector<Index>& r = query.problem.retain;
    if (last) return {{r.end() - query.count, r.end()}};
    return {{r.begin(), r.begin() + query.count}};
  }
};
/// The first points for members 0 and 2, the last for member 1.
struct SplitRetain : UniformRetain {
  template <class B, class Model, class Real>
  RetainLists select(B&, const RetainQuery<Model, Real>& query) const {
    const std::vector<Index>& r = query.problem.retain;
    const std::vector<Index> first(r.begin(), r.begin() + query.count);
    return {first, std::vector<Index>(r.end() - query.count, r.end()), first};
  }
};

template <class RetainType>
GaussNewtonMatching<DmDirect<FixedChange>, RetainType> retaining(Index count) {
  return {.target = {attribution}, .retain_count = count, .retain_multiple = 0};
}

}  // namespace

TEST_CASE_TEMPLATE("matching moves the students towards the targets, and leaves theta0 as it is", M,
                   Kfac, Plain) {
  SmallProblem small;
  const SmallEnsemble before = small.models;
  for (const Index retain_count : {few, all}) {
    const auto result = unlearn(small.backend, method<M>(retain_count), small.problem);
    CHECK(same_bytes(small.models.theta, before.theta));
    for (std::size_t m = 0; m < 3; ++m) CHECK(!same_member(result.models, m, small.models, m));
    check_loss_falls(result.report, 0.95);
    CHECK(result.report.steps == std::vector<Index>(3, 1));
    CHECK(result.report.diverged() == 0);
    CHECK(result.report.refused() == 0);
  }
}

TEST_CASE_TEMPLATE("the losses of the report are the mean squared distances to the targets", M,
                   Kfac, Plain) {
  SmallProblem small;
  M weighted = method<M>(few);
  weighted.damping = 1e-12;  // so that Phi is the weighted sum alone
  weighted.forget_weight = 3;
  const auto result = unlearn(small.backend, weighted, small.problem);
  const PerMember before = objective(small, weighted, small.models);
  const PerMember after = objective(small, weighted, result.models);
  for (std::size_t m = 0; m < 3; ++m) {
    CHECK(result.report.first_loss[m] == doctest::Approx(before[m] / 54).epsilon(1e-8));
    CHECK(result.report.last_loss[m] == doctest::Approx(after[m] / 54).epsilon(1e-4));
  }
}

TEST_CASE_TEMPLATE("more steps never raise the objective, and the first lowers it", M, Kfac,
                   Plain) {
  SmallProblem small;
  for (const Index retain_count : {few, all})
    for (const double damping : {1e-4, 1e-2, 1.0})
      for (const Index iterations : {1, 5, 200}) {
        M each = method<M>(retain_count);
        each.damping = damping;
        each.iterations = iterations;
        each.tolerance = 0;
        PerMember last = objective(small, each, small.models);
        for (Index steps = 1; steps <= 5; ++steps) {
          each.steps = steps;
          const auto result = unlearn(small.backend, each, small.problem);
          const PerMember now = objective(small, each, result.models);
          for (std::size_t m = 0; m < 3; ++m) {
            CHECK(now[m] <= last[m] * (steps == 1 && iterations == 200 ? 0.99 : 1 + 1e-10));
            CHECK(result.report.last_loss[m] <= result.report.first_loss[m]);
          }
          last = now;
        }
      }
}

TEST_CASE_TEMPLATE("many steps come nearer than one", M, Kfac, Plain) {
  SmallProblem small;
  M each = method<M>(few);
  if constexpr (requires { each.prior.points; }) each.prior.points = 100;
  each.damping = 1e-4;
  each.iterations = 60;
  const PerMember one = objective(small, each, unlearn(small.backend, each, small.problem).models);
  each.steps = 8;
  const PerMember many = objective(small, each, unlearn(small.backend, each, small.problem).models);
  for (std::size_t m = 0; m < 3; ++m) CHECK(many[m] <= 0.9 * one[m]);
}

TEST_CASE_TEMPLATE("Gauss-Newton matching of theta0's own outputs stays where it is", M, Kfac,
                   Plain) {
  SmallProblem small;
  const FixedChange none = constant_change(0);
  for (const Index retain_count : {few, all}) {
    M own{.target = {none}, .steps = 3, .retain_count = retain_count, .retain_multiple = 0};
    const auto result = unlearn(small.backend, own, small.problem);
    CHECK(relative_difference(result.models.theta, small.models.theta) <= 1e-10);
    CHECK(result.report.diverged() == 0);
  }
}

TEST_CASE_TEMPLATE("a target out of all reach is refused, and the weights stay bit for bit", M,
                   Kfac, Plain) {
  SmallProblem small;
  for (const double value : {1e30, -1e30, 1e200, infinity, -infinity, std::nan("")})
    for (const Index retain_count : {few, all}) {
      CAPTURE(value);
      const FixedChange wild = constant_change(value);
      M each{.target = {wild}, .steps = 3, .retain_count = retain_count, .retain_multiple = 0};
      const auto result = unlearn(small.backend, each, small.problem);
      CHECK(same_bytes(result.models.theta, small.models.theta));
      CHECK(result.report.refused() == 3);
      CHECK(result.report.steps == std::vector<Index>(3, 0));
      CHECK(result.report.finite == std::vector<char>(3, 1));
    }
}

TEST_CASE_TEMPLATE("a target that is far never makes the models worse", M, Kfac, Plain) {
  SmallProblem small;
  for (const double value : {1.0, 1e2, 1e4, 1e8})
    for (const Index retain_count : {few, all}) {
      CAPTURE(value);
      const FixedChange far = fixed_change(60, 3);
      const M each{
          .target = {far, value}, .damping = 1e-6, .steps = 4, .retain_count = retain_count};
      const auto result = unlearn(small.backend, each, small.problem);
      CHECK(all_finite(result.models));
      for (std::size_t m = 0; m < 3; ++m) {
        CHECK(result.report.last_loss[m] <= result.report.first_loss[m]);
        if (result.report.steps[m] == 0) CHECK(same_member(result.models, m, small.models, m));
      }
    }
}

TEST_CASE_TEMPLATE("one member's wild target is refused and disturbs no other member", Prior,
                   KroneckerPrior, IsotropicPrior) {
  SmallProblem small;
  Array<double, 3> outputs = small.logits;
  for (double& z : outputs) z += 0.3;
  using Oracle = GaussNewtonMatching<OracleOutputs<double>, UniformRetain, Prior>;
  const Oracle calm{.target = {view(outputs)}, .steps = 2};
  const auto reference = unlearn(small.backend, calm, small.problem);
  for (const double value : {1e30, infinity, std::nan("")})
    for (const Index cohort : {1, 3}) {
      Array<double, 3> spoiled = outputs;
      for (std::size_t i = 0; i < 60; ++i) spoiled(1, i, 2) = value;
      Cpu<double> backend(1, cohort);
      const Oracle wild{.target = {view(spoiled)}, .steps = 2};
      const auto result = unlearn(backend, wild, small.problem);
      CHECK(same_member(result.models, 0, reference.models, 0));
      CHECK(same_member(result.models, 1, small.models, 1));
      CHECK(same_member(result.models, 2, reference.models, 2));
      CHECK(result.report.outcome[0] == reference.report.outcome[0]);
      CHECK(result.report.outcome[1] == MatchingOutcome::refused);
    }
}

TEST_CASE_TEMPLATE("a member whose theta0 holds a NaN is reported, and disturbs no other member", M,
                   Kfac, Plain) {
  SmallProblem small;
  SmallEnsemble broken = small.models;
  broken.theta(1, 7) = std::nan("");
  broken.theta(1, 60) = infinity;
  const Array<double, 3> broken_logits =
      evaluate_logits<double>(small.backend, broken, view(small.data.inputs));
  const Problem<SmallModel, double> problem{small.data, small.problem.forget, small.problem.retain,
                                            broken, view(broken_logits)};
  CHECK_THROWS(unlearn(small.backend, method<M>(few), problem));  // so solve is called by itself
  for (const Index retain_count : {few, all}) {
    M each = method<M>(retain_count);
    each.steps = 2;
    const auto reference = unlearn(small.backend, each, small.problem);
    for (const Index cohort : {1, 3}) {
      Cpu<double> backend(1, cohort);
      SmallEnsemble models = broken;
      const GaussNewtonReport report =
          each.solve(backend, problem, models, NoObserver{}, Progress{});
      CHECK(same_member(models, 0, reference.models, 0));
      CHECK(same_member(models, 1, broken, 1));
      CHECK(same_member(models, 2, reference.models, 2));
      CHECK(report.finite == std::vector<char>{1, 0, 1});
      CHECK(report.diverged() == 1);
      CHECK(report.outcome[1] == MatchingOutcome::refused);
      CHECK(report.iterations[0] == reference.report.iterations[0]);
      CHECK(report.iterations[2] == reference.report.iterations[2]);
    }
  }
}

TEST_CASE("a member whose logits are far beyond those of the starting models is seen to run away") {
  SmallProblem small;
  SmallEnsemble far = small.models;
  for (Index j = 0; j < SmallModel::parameters; ++j) far.theta(1, j) *= 100;
  const Array<double, 3> start =
      evaluate_logits<double>(small.backend, far, view(small.data.inputs));
  Array<double, 3> outputs = start;
  for (double& z : outputs) z *= 1.01;
  const Problem<SmallModel, double> problem =
      make_problem(small.data, small.problem.forget, far, view(start));
  using Oracle = GaussNewtonMatching<OracleOutputs<double>, UniformRetain, IsotropicPrior>;
  for (const Index batch : {Index{1024}, Index{7}})
    for (const Index cohort : {1, 3}) {
      Cpu<double> backend(1, cohort);
      const Oracle each{.target = {view(outputs)}, .retain_count = all, .batch = batch};
      const auto result = unlearn(backend, each, problem);
      const GaussNewtonReport& report = result.report;
      CHECK(report.finite == std::vector<char>(3, 1));
      CHECK(report.runaway == std::vector<char>{0, 1, 0});
      CHECK(report.diverged() == 1);
      // all 60 points are matched, so that the report's are the largest of all
      const Array<double, 3> logits =
          evaluate_logits<double>(small.backend, result.models, view(small.data.inputs));
      const std::vector<double> largest = largest_logits(TensorView<const double>(view(logits)));
      for (std::size_t m = 0; m < 3; ++m)
        CHECK(report.largest_logit[m] == doctest::Approx(largest[m]).epsilon(1e-12));
      CHECK(unlearn(backend, method<Kfac>(few), small.problem).report.diverged() == 0);
    }
}

TEST_CASE_TEMPLATE("the bytes of matched weights do not depend on threads and cohorts", M, Kfac,
                   Plain) {
  SmallProblem small;
  for (const Index retain_count : {few, all}) {
    M each = method<M>(retain_count);
    each.steps = 3;
    const auto reference = unlearn(small.backend, each, small.problem);
    check_loss_falls(reference.report, 0.97);
    for (const auto& [threads, cohort] :
         {std::pair<int, Index>{2, 1}, {1, 3}, {1, 2}, {2, 2}, {2, 7}}) {
      Cpu<double> backend(threads, cohort);
      const auto result = unlearn(backend, each, small.problem);
      CHECK(same_bytes(result.models.theta, reference.models.theta));
      CHECK(result.report.iterations == reference.report.iterations);
      CHECK(result.report.steps == reference.report.steps);
      CHECK(result.report.outcome == reference.report.outcome);
      CHECK(same_bytes(result.report.last_loss, reference.report.last_loss));
      if (cohort == 1) CHECK(result.report.samples == reference.report.samples);
    }
  }
}

TEST_CASE_TEMPLATE("a batch smaller than the points changes nothing", M, Kfac, Plain) {
  SmallProblem small;
  for (const Index retain_count : {few, all}) {
    M each = method<M>(retain_count);
    each.steps = 2;
    const auto reference = unlearn(small.backend, each, small.problem);
    for (const Index batch : {1, 7, 18}) {
      each.batch = batch;
      const auto result = unlearn(small.backend, each, small.problem);
      CHECK(relative_difference(result.models.theta, reference.models.theta) <= 1e-9);
    }
  }
}

TEST_CASE_TEMPLATE("after each step an observer sees the weights of every cohort", M, Kfac, Plain) {
  SmallProblem small;
  M each = method<M>(few);
  each.steps = 3;
  std::vector<std::pair<Index, Index>> calls;  // member, step
  std::vector<std::vector<double>> seen;
  Index done = 0;
  const auto result = unlearn(
      small.backend, each, small.problem,
      [&](Cpu<double>&, const EpochEnd<double>& end) {
        calls.emplace_back(end.first_member, end.epoch);
        REQUIRE(end.weights.theta.rows == 1);
        seen.emplace_back(end.weights.theta.row(0),
                          end.weights.theta.row(0) + SmallModel::parameters);
      },
      [&](Index now, Index total) {
        CHECK(now == ++done);
        CHECK(total == 3);
      });
  CHECK(done == 3);
  const std::vector<std::pair<Index, Index>> expected = {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1},
                                                         {1, 2}, {2, 0}, {2, 1}, {2, 2}};
  REQUIRE(calls == expected);
  each.steps = 1;
  const auto first = unlearn(small.backend, each, small.problem);
  for (std::size_t m = 0; m < 3; ++m) {
    CHECK(std::equal(seen[3 * m].begin(), seen[3 * m].end(), &first.models.theta(m, 0)));
    CHECK(std::equal(seen[3 * m + 2].begin(), seen[3 * m + 2].end(), &result.models.theta(m, 0)));
    CHECK(seen[3 * m] != seen[3 * m + 2]);
  }
}

TEST_CASE_TEMPLATE("samples count the work of solver, trials and choice", M, Kfac, Plain) {
  SmallProblem small;
  Index last = 0;
  for (const Index iterations : {1, 2, 5, 20}) {
    M each = method<M>(few);
    each.iterations = iterations;
    each.tolerance = 0;
    const auto result = unlearn(small.backend, each, small.problem);
    for (const Index samples : result.report.samples) CHECK(samples > 0);
    CHECK(result.report.iterations == std::vector<Index>(3, iterations));
    CHECK(result.report.samples[0] > last);
    last = result.report.samples[0];
    const Index most =
        *std::max_element(result.report.samples.begin(), result.report.samples.end());
    CHECK(result.compute(60, 4) == doctest::Approx(static_cast<double>(most) / 240));
  }
  const auto plain = unlearn(small.backend, retaining<UniformRetain>(few), small.problem);
  const auto costly = unlearn(small.backend, retaining<CostlyRetain>(few), small.problem);
  for (std::size_t m = 0; m < 3; ++m)
    CHECK(costly.report.samples[m] == plain.report.samples[m] + 60);
}

TEST_CASE_TEMPLATE("samples by step grow to the total of member 0", M, Kfac, Plain) {
  SmallProblem small;
  M each = method<M>(few);
  each.steps = 4;
  const auto result = unlearn(small.backend, each, small.problem);
  REQUIRE(result.report.samples_by_epoch.size() == 4);
  CHECK(
      std::is_sorted(result.report.samples_by_epoch.begin(), result.report.samples_by_epoch.end()));
  CHECK(result.report.samples_by_epoch[0] > 0);
  CHECK(result.report.samples_by_epoch.back() == result.report.samples[0]);
}

TEST_CASE("margins can be matched by Gauss-Newton steps") {
  SmallProblem small;
  const FixedChange change = fixed_change(60, 1);
  const GaussNewtonMatching<DmDirect<FixedChange>, UniformRetain, IsotropicPrior, Margin> each{
      .target = {change},
      .damping = 3e-2,
      .iterations = 40,
      .steps = 3,
      .retain_count = few,
      .retain_multiple = 0};
  const auto result = unlearn(small.backend, each, small.problem);
  const Array<double, 2> before = margins(small.logits, small.data.labels.data());
  const Array<double, 2> after =
      margins(evaluate_logits<double>(small.backend, result.models, view(small.data.inputs)),
              small.data.labels.data());
  double initial = 0, final = 0;
  for (std::size_t m = 0; m < 3; ++m)
    for (const Index i : small.problem.forget) {
      const auto x = static_cast<std::size_t>(i);
      const double target = before(m, x) + 8 * change.change(x, 0);
      initial += std::pow(before(m, x) - target, 2);
      final += std::pow(after(m, x) - target, 2);
    }
  CHECK(final <= 0.3 * initial);
  check_loss_falls(result.report, 0.5);
}

TEST_CASE("matching the outputs of oracles brings the models nearer to them") {
  SmallProblem small;
  const SmallEnsemble oracles = train<SmallModel>(small.backend, small.recipe, small.data,
                                                  all_but(3, 60, small.problem.forget));
  const Array<double, 3> outputs =
      evaluate_logits<double>(small.backend, oracles, view(small.data.inputs));
  const GaussNewtonMatching<OracleOutputs<double>> each{
      .target = {view(outputs)}, .damping = 3e-3, .iterations = 8, .steps = 2};
  const auto result = unlearn(small.backend, each, small.problem);
  check_loss_falls(result.report, 0.7);
  const Array<double, 3> after =
      evaluate_logits<double>(small.backend, result.models, view(small.data.inputs));
  double initial = 0, final = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    initial += std::pow(small.logits.data()[i] - outputs.data()[i], 2);
    final += std::pow(after.data()[i] - outputs.data()[i], 2);
  }
  CHECK(final <= 0.7 * initial);
}

TEST_CASE_TEMPLATE("a heavier forget set is matched better, more damping moves less", M, Kfac,
                   Plain) {
  SmallProblem small;
  M each = method<M>(all);
  each.iterations = 60;
  each.steps = 4;
  const auto error_on_forget = [&](const SmallEnsemble& models) {
    const Array<double, 3> targets =
        each.target.targets(TensorView<const double>(view(small.logits)), small.problem.forget);
    const Array<double, 3> z =
        evaluate_logits<double>(small.backend, models, view(small.data.inputs));
    double sum = 0;
    for (std::size_t m = 0; m < 3; ++m)
      for (const Index i : small.problem.forget)
        for (std::size_t j = 0; j < 3; ++j) {
          const auto x = static_cast<std::size_t>(i);
          sum += std::pow(z(m, x, j) - targets(m, x, j), 2);
        }
    return sum;
  };
  const auto plain = unlearn(small.backend, each, small.problem);
  each.forget_weight = 20;
  const auto heavy = unlearn(small.backend, each, small.problem);
  CHECK(error_on_forget(heavy.models) <= 0.7 * error_on_forget(plain.models));
  each.forget_weight = 1;
  each.damping = 10;
  const auto damped = unlearn(small.backend, each, small.problem);
  const auto moved = [&](const SmallEnsemble& models) {
    double sum = 0;
    for (std::size_t i = 0; i < models.theta.size(); ++i)
      sum += std::pow(models.theta.data()[i] - small.models.theta.data()[i], 2);
    return sum;
  };
  CHECK(moved(damped.models) <= 0.5 * moved(plain.models));
  CHECK(moved(damped.models) > 0);
}

TEST_CASE("the seed and the strategy decide which retain points are held") {
  SmallProblem small;
  Kfac each = method<Kfac>(few);
  const auto reference = unlearn(small.backend, each, small.problem);
  each.seed = 1;
  CHECK(!same_bytes(unlearn(small.backend, each, small.problem).models.theta,
                    reference.models.theta));
  CHECK(
      !same_bytes(unlearn(small.backend, retaining<NearestRetain>(few), small.problem).models.theta,
                  reference.models.theta));
  CHECK(same_bytes(unlearn(small.backend, method<Kfac>(52), small.problem).models.theta,
                   unlearn(small.backend, method<Kfac>(1000), small.problem).models.theta));
  CHECK(unlearn(small.backend, method<Kfac>(0), small.problem).report.refused() == 0);
}

TEST_CASE("a strategy that chooses too few or forgotten points is refused") {
  SmallProblem small;
  CHECK_THROWS_WITH(unlearn(small.backend, retaining<ShortRetain>(4), small.problem),
                    "GaussNewtonMatching: the strategy chose 3 retain points instead of 4");
  CHECK_THROWS_WITH(unlearn(small.backend, retaining<ForgetfulRetain>(3), small.problem),
                    "GaussNewtonMatching: the retain points: example 2 is listed twice");
  auto counted = retaining<CountedRetain>(4);
  for (const std::size_t lists : {std::size_t{2}, std::size_t{4}}) {
    counted.retain.lists = lists;
    CHECK_THROWS_WITH(unlearn(small.backend, counted, small.problem),
                      doctest::Contains(lists == 2 ? "GaussNewtonMatching: the strategy gave 2 "
                                                     "lists of retain points for 3 members"
                                                   : "the strategy gave 4 lists"));
  }
  counted.retain.lists = 3;
  CHECK_NOTHROW(unlearn(small.backend, counted, small.problem));
  counted.retain.lists = 1;
  CHECK_NOTHROW(unlearn(small.backend, counted, small.problem));
}

TEST_CASE("settings of Gauss-Newton matching out of range are named") {
  using Method = GaussNewtonMatching<DmDirect<FixedChange>, NearestRetain>;
  const auto said = [](auto&& change) {
    Method each{.target = {attribution}};
    change(each);
    try {
      each.validate();
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  CHECK(said([](Method&) {}) == "nothing");
  CHECK(said([](Method& m) { m.damping = 0; }) ==
        "GaussNewtonMatching: damping is 0, not positive and finite");
  CHECK(said([](Method& m) { m.damping = infinity; }) ==
        "GaussNewtonMatching: damping is inf, not positive and finite");
  CHECK(said([](Method& m) { m.damping = std::nan(""); }) ==
        "GaussNewtonMatching: damping is nan, not positive and finite");
  CHECK(said([](Method& m) { m.iterations = 0; }) == "SolverConfig: iterations is 0, below 1");
  CHECK(said([](Method& m) { m.tolerance = 1; }) == "SolverConfig: tolerance is 1, not in [0, 1)");
  CHECK(said([](Method& m) { m.tolerance = -0.5; }) ==
        "SolverConfig: tolerance is -0.5, not in [0, 1)");
  CHECK(said([](Method& m) { m.steps = 0; }) == "GaussNewtonMatching: steps is 0, below 1");
  CHECK(said([](Method& m) { m.retain_count = -1; }) ==
        "GaussNewtonMatching: retain_count is -1, negative");
  CHECK(said([](Method& m) { m.retain_multiple = -0.5; }) ==
        "GaussNewtonMatching: retain_multiple is -0.5, negative or not finite");
  CHECK(said([](Method& m) { m.retain_multiple = infinity; }) ==
        "GaussNewtonMatching: retain_multiple is inf, negative or not finite");
  CHECK(said([](Method& m) { m.retain_multiple = std::nan(""); }) ==
        "GaussNewtonMatching: retain_multiple is nan, negative or not finite");
  CHECK(said([](Method& m) { m.forget_weight = 0; }) ==
        "GaussNewtonMatching: forget_weight is 0, not positive and finite");
  CHECK(said([](Method& m) { m.forget_weight = std::nan(""); }) ==
        "GaussNewtonMatching: forget_weight is nan, not positive and finite");
  CHECK(said([](Method& m) { m.forget_weight = infinity; }) ==
        "GaussNewtonMatching: forget_weight is inf, not positive and finite");
  CHECK(said([](Method& m) { m.batch = 0; }) == "GaussNewtonMatching: batch is 0, below 1");
  CHECK(said([](Method& m) { m.target.multiplier = infinity; }) == "DmDirect: multiplier is inf");
  CHECK(said([](Method& m) { m.retain.models = 0; }) == "NearestRetain: models is 0, below 1");
  CHECK(said([](Method& m) { m.prior.points = 0; }) ==
        "KroneckerPrior: points is 0, not positive and finite");
  CHECK(said([](Method& m) { m.prior.points = -1; }) ==
        "KroneckerPrior: points is -1, not positive and finite");
  CHECK(said([](Method& m) { m.prior.points = infinity; }) ==
        "KroneckerPrior: points is inf, not positive and finite");
  CHECK(said([](Method& m) { m.prior.points = std::nan(""); }) ==
        "KroneckerPrior: points is nan, not positive and finite");

  SmallProblem small;
  Method wrong{.target = {attribution}, .steps = 0};
  CHECK_THROWS_WITH(unlearn(small.backend, wrong, small.problem),
                    "GaussNewtonMatching: steps is 0, below 1");
}

TEST_CASE("retain points are retain_count or a multiple of the forget set, at most all") {
  Kfac each{.target = {attribution}, .retain_count = 160, .retain_multiple = 2.5};
  CHECK(each.retain_points(10, 1000) == 160);
  CHECK(each.retain_points(64, 1000) == 160);
  CHECK(each.retain_points(65, 1000) == 162);  // 162.5
  CHECK(each.retain_points(100, 1000) == 250);
  CHECK(each.retain_points(100, 200) == 200);
  CHECK(each.retain_points(10, 120) == 120);
  each.retain_multiple = 0;
  CHECK(each.retain_points(100, 1000) == 160);
  each.retain_count = 0;
  CHECK(each.retain_points(100, 1000) == 0);
  each.retain_multiple = 1e300;
  CHECK(each.retain_points(100, 1000) == 1000);

  SmallProblem small;  // 8 of 60 to forget
  Kfac by_multiple{.target = {attribution}, .retain_count = 3, .retain_multiple = 1.6};
  Kfac by_count{.target = {attribution}, .retain_count = 12, .retain_multiple = 1};
  const auto multiple = unlearn(small.backend, by_multiple, small.problem);
  CHECK(same_bytes(multiple.models.theta,
                   unlearn(small.backend, by_count, small.problem).models.theta));
  by_count.retain_count = 13;
  CHECK(!same_bytes(multiple.models.theta,
                    unlearn(small.backend, by_count, small.problem).models.theta));
}

TEST_CASE_TEMPLATE("every member is matched at the retain points of its own list", Prior,
                   KroneckerPrior, IsotropicPrior) {
  SmallProblem small;
  using Matching = GaussNewtonMatching<DmDirect<FixedChange>, SplitRetain, Prior>;
  using Shared = GaussNewtonMatching<DmDirect<FixedChange>, FirstOrLast, Prior>;
  for (const Index cohort : {1, 2, 3}) {
    Cpu<double> backend(1, cohort);
    const Matching own{.target = {attribution}, .retain_count = few, .retain_multiple = 0};
    Shared shared{.target = {attribution}, .retain_count = few, .retain_multiple = 0};
    const auto each = unlearn(backend, own, small.problem);
    const auto first = unlearn(backend, shared, small.problem);
    shared.retain.last = true;
    const auto last = unlearn(backend, shared, small.problem);
    CHECK(same_member(each.models, 0, first.models, 0));
    CHECK(same_member(each.models, 1, last.models, 1));
    CHECK(same_member(each.models, 2, first.models, 2));
    CHECK(!same_member(each.models, 1, first.models, 1));
    CHECK(each.report.last_loss[1] == last.report.last_loss[1]);
  }
}

TEST_CASE_TEMPLATE("what becomes of a member depends on no other member", M, Kfac, Plain) {
  SmallProblem small;
  SmallEnsemble two = SmallEnsemble::uninitialised(2);
  for (std::size_t m = 0; m < 2; ++m)
    std::copy_n(&small.models.theta(m, 0), SmallModel::parameters, &two.theta(m, 0));
  const Array<double, 3> logits =
      evaluate_logits<double>(small.backend, two, view(small.data.inputs));
  const auto problem = make_problem(small.data, small.problem.forget, two, view(logits));
  for (const Index retain_count : {few, Index{30}})  // dual and primal
    for (const auto& [threads, cohort] : {std::pair<int, Index>{1, 1}, {1, 3}, {2, 2}}) {
      Cpu<double> backend(threads, cohort);
      const auto all_three = unlearn(backend, method<M>(retain_count), small.problem);
      const auto without_last = unlearn(backend, method<M>(retain_count), problem);
      for (std::size_t m = 0; m < 2; ++m)
        CHECK(same_member(all_three.models, m, without_last.models, m));
      M shared = method<M>(retain_count);
      shared.retain.shared = true;
      const auto with_one_sample = unlearn(backend, shared, small.problem);
      for (std::size_t m = 0; m < 3; ++m)
        CHECK(!same_member(all_three.models, m, with_one_sample.models, m));
    }
}
