// Whole runs of Gauss-Newton matching on small networks.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/output/margin.hpp"
#include "expunge/unlearning/gauss_newton_matching.hpp"
#include "expunge/unlearning/retain/nearest.hpp"
#include "unlearning/small_problem.hpp"

using namespace expunge;

namespace {

template <class P>
using MatchingWith = GaussNewtonMatching<DmDirect<FixedChange>, UniformRetain, P>;
using Dmm = MatchingWith<OutputBlocks>;

static_assert(SolvingUnlearner<Dmm, SmallModel, Cpu<double>>);
static_assert(!Unlearner<Dmm, SmallModel, Cpu<double>>);

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Index few = 10, all = 52;  // retain points: 54 outputs, fewer than 83 weights, and 180
const FixedChange attribution = fixed_change(60, 3);

template <class P = OutputBlocks>
MatchingWith<P> method(Index retain_count) {
  return {.target = {attribution}, .retain_count = retain_count};
}

FixedChange constant_change(double value) {
  FixedChange change = attribution;
  change.change.fill(value);
  return change;
}

SmallEnsemble without(const SmallEnsemble& models, std::size_t left_out) {
  SmallEnsemble rest = SmallEnsemble::uninitialised(models.members() - 1);
  for (std::size_t m = 0, to = 0; m < models.theta.shape()[0]; ++m)
    if (m != left_out)
      std::copy_n(&models.theta(m, 0), SmallModel::parameters, &rest.theta(to++, 0));
  return rest;
}

bool same_member(const SmallEnsemble& a, std::size_t m, const SmallEnsemble& b, std::size_t n) {
  return std::memcmp(&a.theta(m, 0), &b.theta(n, 0), SmallModel::parameters * sizeof(double)) == 0;
}

bool all_finite(const SmallEnsemble& models) {
  return std::all_of(models.theta.begin(), models.theta.end(),
                     [](double w) { return std::isfinite(w); });
}

/// Phi of the matching of F and the listed retain points, for every member.
PerMember objective(SmallProblem& small, const Dmm& of, const SmallEnsemble& models) {
  const Array<double, 3> targets =
      of.target.targets(TensorView<const double>(view(small.logits)), small.problem.forget);
  const auto query = RetainQuery<SmallModel, double>{small.problem, view(small.logits),
                                                     view(targets), of.retain_count, of.seed};
  std::vector<Index> points = small.problem.forget;
  for (const Index i : UniformRetain{}.select(small.backend, query)) points.push_back(i);
  const Index count = static_cast<Index>(points.size());
  const Array<double, 3> some = make_array<double>(3, count, 3);  // mu depends on no targets
  CohortWeights<SmallModel, Cpu<double>> start(small.backend, 3);
  start.load(small.backend, small.models, 0);
  detail::MatchingSystem<SmallModel, Cpu<double>, Logits> system(
      small.backend, Logits{}, small.data, points, 8, 1, 1024, start.theta(), view(some));
  const MemberVectors<Cpu<double>> scratch(small.backend, 3, SmallModel::parameters);
  system.begin(small.backend, start.view(), of.damping, scratch);
  const Array<double, 3> z =
      evaluate_logits<double>(small.backend, models, view(small.data.inputs));
  PerMember phi;
  for (std::size_t m = 0; m < 3; ++m) {
    double sum = 0, distance = 0;
    for (std::size_t p = 0; p < points.size(); ++p)
      for (std::size_t j = 0; j < 3; ++j) {
        const auto i = static_cast<std::size_t>(points[p]);
        const double weight = p < 8 ? of.forget_weight : 1;
        sum += weight * std::pow(z(m, i, j) - targets(m, i, j), 2);
      }
    for (std::size_t i = 0; i < SmallModel::parameters; ++i)
      distance += std::pow(models.theta(m, i) - small.models.theta(m, i), 2);
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
  std::vector<Index> select(B& backend, RetainQuery<Model, Real> query) const {
    --query.count;
    return UniformRetain::select(backend, query);
  }
};
/// Takes forget points.
struct ForgetfulRetain : UniformRetain {
  template <class B, class Model, class Real>
  std::vector<Index> select(B&, const RetainQuery<Model, Real>& query) const {
    return {query.problem.forget.begin(), query.problem.forget.begin() + query.count};
  }
};

template <class RetainType>
GaussNewtonMatching<DmDirect<FixedChange>, RetainType> retaining(Index count) {
  return {.target = {attribution}, .retain_count = count};
}

}  // namespace

TEST_CASE("matching moves the students towards the targets, and leaves theta0 as it is") {
  SmallProblem small;
  const SmallEnsemble before = small.models;
  for (const Index retain_count : {few, all}) {
    const auto result = unlearn(small.backend, method(retain_count), small.problem);
    CHECK(same_bytes(small.models.theta, before.theta));
    for (std::size_t m = 0; m < 3; ++m) CHECK(!same_member(result.models, m, small.models, m));
    check_loss_falls(result.report, 0.9);
    CHECK(result.report.steps == std::vector<Index>(3, 1));
    CHECK(result.report.diverged() == 0);
    CHECK(result.report.refused() == 0);
  }
}

TEST_CASE("the losses of the report are the mean squared distances to the targets") {
  SmallProblem small;
  Dmm weighted = method(few);
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

TEST_CASE("more steps never raise the objective, and the first lowers it") {
  SmallProblem small;
  for (const Index retain_count : {few, all})
    for (const double damping : {1e-4, 1e-2, 1.0})
      for (const Index iterations : {1, 5, 60}) {
        Dmm each = method(retain_count);
        each.damping = damping;
        each.iterations = iterations;
        PerMember last = objective(small, each, small.models);
        for (Index steps = 1; steps <= 5; ++steps) {
          each.steps = steps;
          const auto result = unlearn(small.backend, each, small.problem);
          const PerMember now = objective(small, each, result.models);
          for (std::size_t m = 0; m < 3; ++m) {
            CHECK(now[m] <= last[m] * (steps == 1 && iterations == 60 ? 0.99 : 1 + 1e-10));
            CHECK(result.report.last_loss[m] <= result.report.first_loss[m]);
          }
          last = now;
        }
      }
}

TEST_CASE("many steps come nearer than one") {
  SmallProblem small;
  Dmm each = method(few);
  each.damping = 1e-4;
  each.iterations = 60;
  const PerMember one = objective(small, each, unlearn(small.backend, each, small.problem).models);
  each.steps = 8;
  const PerMember many = objective(small, each, unlearn(small.backend, each, small.problem).models);
  for (std::size_t m = 0; m < 3; ++m) CHECK(many[m] <= 0.7 * one[m]);
}

TEST_CASE("Gauss-Newton matching of theta0's own outputs stays where it is") {
  SmallProblem small;
  const FixedChange none = constant_change(0);
  for (const Index retain_count : {few, all}) {
    const Dmm own{.target = {none}, .steps = 3, .retain_count = retain_count};
    const auto result = unlearn(small.backend, own, small.problem);
    CHECK(relative_difference(result.models.theta, small.models.theta) <= 1e-10);
    CHECK(result.report.diverged() == 0);
  }
}

TEST_CASE("a target out of all reach is refused, and the weights stay bit for bit") {
  SmallProblem small;
  for (const double value : {1e30, -1e30, 1e200, infinity, -infinity, std::nan("")})
    for (const Index retain_count : {few, all}) {
      CAPTURE(value);
      const FixedChange wild = constant_change(value);
      const Dmm each{.target = {wild}, .steps = 3, .retain_count = retain_count};
      const auto result = unlearn(small.backend, each, small.problem);
      CHECK(same_bytes(result.models.theta, small.models.theta));
      CHECK(result.report.refused() == 3);
      CHECK(result.report.steps == std::vector<Index>(3, 0));
      CHECK(result.report.finite == std::vector<char>(3, 1));
    }
}

TEST_CASE("a target that is far never makes the models worse") {
  SmallProblem small;
  for (const double value : {1.0, 1e2, 1e4, 1e8})
    for (const Index retain_count : {few, all}) {
      CAPTURE(value);
      const FixedChange far = fixed_change(60, 3);
      const Dmm each{
          .target = {far, value}, .damping = 1e-6, .steps = 4, .retain_count = retain_count};
      const auto result = unlearn(small.backend, each, small.problem);
      CHECK(all_finite(result.models));
      for (std::size_t m = 0; m < 3; ++m) {
        CHECK(result.report.last_loss[m] <= result.report.first_loss[m]);
        if (result.report.steps[m] == 0) CHECK(same_member(result.models, m, small.models, m));
      }
    }
}

TEST_CASE("one member's wild target is refused and disturbs no other member") {
  SmallProblem small;
  Array<double, 3> outputs = small.logits;
  for (double& z : outputs) z += 0.3;
  using Oracle = GaussNewtonMatching<OracleOutputs<double>>;
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

TEST_CASE("a member whose theta0 holds a NaN is reported, and disturbs no other member") {
  SmallProblem small;
  const SmallEnsemble two = without(small.models, 1);
  const Array<double, 3> two_logits =
      evaluate_logits<double>(small.backend, two, view(small.data.inputs));
  const auto two_problem = make_problem(small.data, small.problem.forget, two, view(two_logits));
  SmallEnsemble broken = small.models;
  broken.theta(1, 7) = std::nan("");
  broken.theta(1, 60) = infinity;
  const Array<double, 3> broken_logits =
      evaluate_logits<double>(small.backend, broken, view(small.data.inputs));
  const auto problem = make_problem(small.data, small.problem.forget, broken, view(broken_logits));
  for (const Index retain_count : {few, all}) {
    Dmm each = method(retain_count);
    each.steps = 2;
    const auto reference = unlearn(small.backend, each, two_problem);
    for (const Index cohort : {1, 3}) {
      Cpu<double> backend(1, cohort);
      const auto result = unlearn(backend, each, problem);
      CHECK(same_member(result.models, 0, reference.models, 0));
      CHECK(same_member(result.models, 1, broken, 1));
      CHECK(same_member(result.models, 2, reference.models, 1));
      CHECK(result.report.finite == std::vector<char>{1, 0, 1});
      CHECK(result.report.diverged() == 1);
      CHECK(result.report.outcome[1] == MatchingOutcome::refused);
      CHECK(result.report.iterations[0] == reference.report.iterations[0]);
      CHECK(result.report.iterations[2] == reference.report.iterations[1]);
    }
  }
}

TEST_CASE_TEMPLATE("the bytes of matched weights do not depend on threads and cohorts", P,
                   OutputBlocks, HeadKernel, NoPreconditioner) {
  SmallProblem small;
  for (const Index retain_count : {few, all}) {
    MatchingWith<P> each = method<P>(retain_count);
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

TEST_CASE("without preconditioner a batch smaller than the points changes nothing") {
  SmallProblem small;
  for (const Index retain_count : {few, all}) {
    auto each = method<NoPreconditioner>(retain_count);
    each.steps = 2;
    const auto reference = unlearn(small.backend, each, small.problem);
    for (const Index batch : {1, 7, 18}) {
      each.batch = batch;
      const auto result = unlearn(small.backend, each, small.problem);
      CHECK(relative_difference(result.models.theta, reference.models.theta) <= 1e-9);
    }
  }
}

TEST_CASE("kernels between the points need all points in one batch, and room") {
  SmallProblem small;
  Dmm blocks = method(few);
  blocks.batch = 7;
  CHECK_THROWS_WITH(unlearn(small.backend, blocks, small.problem),
                    "Jacobian: kernel blocks need all 18 points in one batch, which holds 7");
  auto head = method<HeadKernel>(few);
  head.batch = 7;
  CHECK_THROWS_WITH(unlearn(small.backend, head, small.problem),
                    "Jacobian: kernel blocks need all 18 points in one batch, which holds 7");
  blocks.batch = 18;
  CHECK_NOTHROW(unlearn(small.backend, blocks, small.problem));
  blocks.preconditioner.max_bytes = 7775;
  CHECK_THROWS_WITH(unlearn(small.backend, blocks, small.problem),
                    doctest::Contains("OutputBlocks: 3 blocks of 18 points need 0.007776 MB"));
  blocks.preconditioner.max_bytes = 7776;
  CHECK_NOTHROW(unlearn(small.backend, blocks, small.problem));
}

TEST_CASE("after each step an observer sees the weights of every cohort") {
  SmallProblem small;
  Dmm each = method(few);
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

TEST_CASE("samples count the work of solver, trials and choice") {
  SmallProblem small;
  Index last = 0;
  for (const Index iterations : {1, 2, 5, 20}) {
    Dmm each = method(few);
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

TEST_CASE("samples by step grow to the total of member 0") {
  SmallProblem small;
  Dmm each = method(few);
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
  const GaussNewtonMatching<DmDirect<FixedChange>, UniformRetain, OutputBlocks, Margin> each{
      .target = {change}, .iterations = 40, .steps = 3, .retain_count = few};
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
  const GaussNewtonMatching<OracleOutputs<double>> each{.target = {view(outputs)}, .steps = 2};
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

TEST_CASE("a heavier forget set is matched better, more damping moves less") {
  SmallProblem small;
  Dmm each = method(all);
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
  Dmm each = method(few);
  const auto reference = unlearn(small.backend, each, small.problem);
  each.seed = 1;
  CHECK(!same_bytes(unlearn(small.backend, each, small.problem).models.theta,
                    reference.models.theta));
  CHECK(
      !same_bytes(unlearn(small.backend, retaining<NearestRetain>(few), small.problem).models.theta,
                  reference.models.theta));
  CHECK(same_bytes(unlearn(small.backend, method(52), small.problem).models.theta,
                   unlearn(small.backend, method(1000), small.problem).models.theta));
  CHECK(unlearn(small.backend, method(0), small.problem).report.refused() == 0);
}

TEST_CASE("a strategy that chooses too few or forgotten points is refused") {
  SmallProblem small;
  CHECK_THROWS_WITH(unlearn(small.backend, retaining<ShortRetain>(4), small.problem),
                    "GaussNewtonMatching: the strategy chose 3 retain points instead of 4");
  CHECK_THROWS_WITH(unlearn(small.backend, retaining<ForgetfulRetain>(3), small.problem),
                    "GaussNewtonMatching: the retain points: example 2 is listed twice");
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
  CHECK(said([](Method& m) { m.forget_weight = 0; }) ==
        "GaussNewtonMatching: forget_weight is 0, not positive and finite");
  CHECK(said([](Method& m) { m.forget_weight = std::nan(""); }) ==
        "GaussNewtonMatching: forget_weight is nan, not positive and finite");
  CHECK(said([](Method& m) { m.forget_weight = infinity; }) ==
        "GaussNewtonMatching: forget_weight is inf, not positive and finite");
  CHECK(said([](Method& m) { m.batch = 0; }) == "GaussNewtonMatching: batch is 0, below 1");
  CHECK(said([](Method& m) { m.target.multiplier = infinity; }) == "DmDirect: multiplier is inf");
  CHECK(said([](Method& m) { m.retain.models = 0; }) == "NearestRetain: models is 0, below 1");
  CHECK(said([](Method& m) { m.preconditioner.max_bytes = 0; }) == "OutputBlocks: max_bytes is 0");

  SmallProblem small;
  Method wrong{.target = {attribution}, .steps = 0};
  CHECK_THROWS_WITH(unlearn(small.backend, wrong, small.problem),
                    "GaussNewtonMatching: steps is 0, below 1");
}
