// Mistakes that published unlearning code has made, one test each.
//
// Two are tested elsewhere. "Frozen weights moved by weight decay and momentum": no method freezes
// weights; statistics that are frozen stay in tests/train/statistics.cpp, theta0 stays below.
// "Settings chosen by the reported metric on the reported forget set": calibrate chooses on
// held-out sets, in tests/unlearning/calibrate.cpp.
#include <doctest/doctest.h>

#include <filesystem>
#include <set>

#include "comparators.hpp"
#include "expunge/evaluation/klom.hpp"
#include "expunge/io/stage_store.hpp"
#include "expunge/unlearning/ascent_descent.hpp"
#include "expunge/unlearning/gradient_ascent.hpp"
#include "expunge/unlearning/oracle_matching.hpp"
#include "expunge/unlearning/retrain.hpp"
#include "expunge/unlearning/scrub.hpp"
#include "unlearning/small_problem.hpp"

using namespace expunge;

namespace {

const FixedChange attribution = fixed_change(60, 3);
using Dmm = DatamodelMatching<FixedChange>;

/// Calls f with every method, at settings that a small network survives.
template <class F>
void for_each_method(const SmallProblem& small, F&& f) {
  Array<double, 3> oracle = small.logits;
  for (double& z : oracle) z *= 0.5;
  f(GradientAscent<>{.learning_rate = 1e-3, .epochs = 2, .batch = 4});
  f(GradientDescent<>{.learning_rate = 0.01, .epochs = 2, .batch = 16});
  f(AscentDescent<>{.learning_rate = 1e-3, .epochs = 2, .ascent_epochs = 1, .forget_batch = 4});
  f(Scrub<>{.epochs = 2, .max_steps = 2, .forget_batch = 4});
  f(Dmm{.target = {attribution}, .epochs = 2, .batch = 16});
  f(OracleMatching<OracleOutputs<double>>{
      .target = {view(oracle)}, .epochs = 2, .batch = 16, .seed = 5});
}

/// An objective that notes which examples each epoch and pass took, in their order.
template <class Inner>
struct Recorded {
  Inner inner;
  std::vector<std::vector<Index>>* passes_seen;  // of member 0

  Index passes(Index epoch) const { return inner.passes(epoch); }
  Index batch_size(Index epoch, Index pass) const { return inner.batch_size(epoch, pass); }
  std::vector<Index> examples(Index member, Index epoch, Index pass) const {
    return inner.examples(member, epoch, pass);
  }
  template <class B>
  void operator()(B& backend, const Minibatch<typename B::Real>& batch) const {
    if (batch.first_member == 0) {
      const std::size_t number = static_cast<std::size_t>(2 * batch.epoch + batch.pass);
      if (passes_seen->size() <= number) passes_seen->resize(number + 1);
      std::vector<Index>& seen = (*passes_seen)[number];
      seen.insert(seen.end(), batch.examples.row(0), batch.examples.row(0) + batch.examples.cols);
    }
    inner(backend, batch);
  }
};

/// What member 0 went through: [2 epoch + pass] lists, empty where there was no such pass.
template <class Method>
std::vector<std::vector<Index>> orders(SmallProblem& small, const Method& method) {
  std::vector<std::vector<Index>> seen;
  const auto objective = method.objective(small.problem);
  SmallEnsemble models = small.models;
  descend(small.backend, method.descent(), small.problem.data,
          Recorded<decltype(objective)>{objective, &seen}, method.optimizer(), method.schedule(),
          models);
  return seen;
}

}  // namespace

TEST_CASE("mistake: the optimiser was built on the teacher, so that no setting changed anything") {
  SmallProblem small;
  const Array<double, 2> theta0 = small.models.theta;
  const Array<double, 3> logits = small.logits;
  for_each_method(small, [&](auto method) {
    const Array<double, 2> after = unlearn(small.backend, method, small.problem).models.theta;
    for (Index m = 0; m < 3; ++m)
      CHECK(relative_difference(after.data() + m * SmallModel::parameters,
                                theta0.data() + m * SmallModel::parameters,
                                SmallModel::parameters) > 1e-6);
    auto other_rate = method, more_epochs = method;
    other_rate.learning_rate *= 2;
    more_epochs.epochs += 1;
    CHECK(!same_bytes(unlearn(small.backend, other_rate, small.problem).models.theta, after));
    CHECK(!same_bytes(unlearn(small.backend, more_epochs, small.problem).models.theta, after));
    CHECK(same_bytes(small.models.theta, theta0));  // the teacher stayed
    CHECK(same_bytes(small.logits, logits));
  });
}

TEST_CASE("mistake: the forget set was cut to the number of models") {
  const std::vector<Index> forget = {0, 1, 2, 3, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 59};
  SmallProblem small(forget);
  REQUIRE(small.models.members() < static_cast<Index>(forget.size()));
  CHECK(small.problem.forget == forget);
  std::vector<Index> both = small.problem.forget;
  both.insert(both.end(), small.problem.retain.begin(), small.problem.retain.end());
  std::sort(both.begin(), both.end());
  CHECK(both == all_indices(60));

  const auto check = [&](std::vector<Index> seen, const std::vector<Index>& whole) {
    std::sort(seen.begin(), seen.end());
    CHECK(seen == whole);
  };
  check(orders(small, GradientAscent<>{.batch = 4})[0], forget);
  check(orders(small, GradientDescent<>{.epochs = 1})[0], small.problem.retain);
  const auto scrub = orders(small, Scrub<>{.epochs = 1, .max_steps = 1});
  check(scrub[0], forget);
  check(scrub[1], small.problem.retain);
}

TEST_CASE("mistake: an oracle started from weights that had seen the forget set") {
  SmallProblem small;
  const std::vector<Index>& forget = small.problem.forget;
  Recipe<> still = small.recipe;
  still.descent.learning_rate = 1e-300;
  const auto start = retrain<SmallModel>(small.backend, still, small.data, forget, 3, 9);
  const auto fresh = initialise<SmallModel, double>(9, 3);
  CHECK(relative_difference(start.theta, fresh.theta) <= 1e-15);  // all layers, not the last alone
  for (std::size_t i = 0; i < 6 * 8; ++i)                         // the first layer's weights
    CHECK(start.theta.data()[i] != small.models.theta.data()[i]);

  const Dataset poisoned = with_rows_set_to(small.data, forget, std::nanf(""));
  const auto oracles = retrain<SmallModel>(small.backend, small.recipe, poisoned, forget, 3, 9);
  const auto clean = retrain<SmallModel>(small.backend, small.recipe, small.data, forget, 3, 9);
  CHECK(same_bytes(oracles.theta, clean.theta));
  for (Index m = 0; m < 3; ++m) CHECK(is_finite(oracles, m));
}

TEST_CASE("mistake: the teacher was a shallow copy of the student, so that KL was 0 for ever") {
  SmallProblem small;
  const Scrub<> method{.epochs = 3, .max_steps = 2, .forget_batch = 4};
  const auto result = unlearn(small.backend, method, small.problem);
  const Array<double, 3> student =
      evaluate_logits<double>(small.backend, result.models, view(small.data.inputs));
  const auto objective = method.objective(small.problem);
  for (Index m = 0; m < 3; ++m) {
    double kl = 0, ignored[3] = {};
    for (const Index i : small.problem.forget)
      kl += objective.distillation(view(student).row(m, i), 3, objective.teacher.row(m, i), 1.0,
                                   ignored);
    CHECK((std::isfinite(kl) && kl > 1e-4));
  }
  // were KL 0 for ever, its weight would change nothing
  Scrub<> heavier = method;
  heavier.alpha = 1;
  CHECK(relative_difference(unlearn(small.backend, heavier, small.problem).models.theta,
                            result.models.theta) > 1e-4);
}

TEST_CASE("mistake: a cache answered with the results of other settings") {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / "expunge_published_mistakes";
  std::filesystem::remove_all(folder);
  const StageStore store(folder);
  const auto key = [](const Scrub<>& s) {
    return sentence(s.learning_rate, ' ', s.epochs, ' ', s.max_steps, ' ', s.alpha, ' ', s.seed);
  };
  int made = 0;
  const auto result = [&](const Scrub<>& method) {
    return store.get_or_make<double, 1>("scrub", key(method), [&] {
      ++made;
      Array<double, 1> value = make_array<double>(1);
      value(0) = method.learning_rate + static_cast<double>(method.epochs);
      return value;
    })(0);
  };
  CHECK(result(Scrub<>{}) == result(Scrub<>{}));
  CHECK(made == 1);
  int expected = 1;
  for (const Scrub<>& changed :
       {Scrub<>{.learning_rate = 0.02}, Scrub<>{.epochs = 11}, Scrub<>{.max_steps = 4},
        Scrub<>{.alpha = 0.2}, Scrub<>{.seed = 1}}) {
    CHECK(result(changed) == changed.learning_rate + static_cast<double>(changed.epochs));
    CHECK(made == ++expected);
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("mistake: batches were not shuffled, and forget batches came in one order for ever") {
  SmallProblem small;
  for_each_method(small, [&](auto method) {
    method.epochs = 3;
    if constexpr (requires { method.max_steps; }) method.max_steps = 3;
    if constexpr (requires { method.ascent_epochs; }) method.ascent_epochs = 3;
    const std::vector<std::vector<Index>> seen = orders(small, method);
    for (const std::size_t pass : {std::size_t{0}, std::size_t{1}}) {
      std::set<std::vector<Index>> different;
      Index count = 0;
      for (std::size_t number = pass; number < seen.size(); number += 2) {
        if (seen[number].empty()) continue;
        ++count;
        different.insert(seen[number]);
        CHECK(!std::is_sorted(seen[number].begin(), seen[number].end()));
        CHECK(seen[number] != small.problem.forget);
      }
      CHECK(static_cast<Index>(different.size()) == count);
      CHECK((count == 3 || (pass == 1 && count == 0)));
    }
  });
}

TEST_CASE("mistake: what had to stay moved: theta0 keeps its bytes under every method") {
  SmallProblem small;
  const Array<double, 2> theta0 = small.models.theta, stats0 = small.models.stats;
  for_each_method(small, [&](const auto& method) {
    unlearn(small.backend, method, small.problem);
    CHECK(same_bytes(small.problem.models.theta, theta0));
    CHECK(same_bytes(small.problem.models.stats, stats0));
  });
}

TEST_CASE("mistake: models that ascended to NaN were scored as success") {
  SmallProblem small;
  const GradientAscent<> too_far{.learning_rate = 1e200, .epochs = 3, .batch = 4};
  const auto result = unlearn(small.backend, too_far, small.problem);
  CHECK(result.report.diverged() == 3);
  const Array<double, 2> unlearned =
      margins(evaluate_logits<double>(small.backend, result.models, view(small.data.inputs)),
              small.data.labels.data());
  const Array<double, 2> oracle = margins(small.logits, small.data.labels.data());
  const KlomResult score = klom(oracle, unlearned);
  CHECK(score.bad_points == 60);
  for (const double point : score.per_point) CHECK(point == score.config.ceiling());
}
