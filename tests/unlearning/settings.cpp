// What a method's settings become, and which settings are refused.
#include <doctest/doctest.h>

#include "expunge/unlearning/ascent_descent.hpp"
#include "expunge/unlearning/gradient_ascent.hpp"
#include "expunge/unlearning/oracle_matching.hpp"
#include "expunge/unlearning/scrub.hpp"
#include "unlearning/small_problem.hpp"

using namespace expunge;

namespace {

Moment epoch(Index e) {
  return {e, 10, static_cast<double>(e) / 10};
}

using Om = OracleMatching<OracleOutputs<double>>;

const Array<double, 3>& oracle() {
  static const Array<double, 3> outputs = make_array<double>(2, 60, 3);
  return outputs;
}

}  // namespace

TEST_CASE("rate, epochs and seed of every method reach the loop") {
  const auto check = [](auto method) {
    method.learning_rate = 0.125;
    method.epochs = 6;
    method.seed = 99;
    method.validate();
    const DescentConfig config = method.descent();
    CHECK(config.learning_rate == 0.125);
    CHECK(config.epochs == 6);
    CHECK(config.seed == 99);
    CHECK(config.stop_after == 0);
    CHECK(config.last_batch == LastBatch::keep);
    CHECK(config.mode == Mode::train);
  };
  check(GradientAscent<>{});
  check(GradientDescent<>{});
  check(AscentDescent<>{});
  check(Scrub<>{});
  check(Om{.target = {view(oracle())}});
}

TEST_CASE("the optimisers are those that the methods were given") {
  const Sgd sgd{.momentum = 0.5, .weight_decay = 0.25, .nesterov = true};
  const auto check = [&](auto method) {
    CHECK(method.optimizer().momentum == 0.9);
    CHECK(method.optimizer().weight_decay == 5e-4);
    CHECK(!method.optimizer().nesterov);
    method.sgd = sgd;
    CHECK(method.optimizer().momentum == 0.5);
    CHECK(method.optimizer().weight_decay == 0.25);
    CHECK(method.optimizer().nesterov);
  };
  check(GradientAscent<>{});
  check(GradientDescent<>{});
  check(AscentDescent<>{});
  check(Scrub<>{});
  CHECK(Om{.target = {view(oracle())}}.optimizer().weight_decay == 0);
  CHECK(Om{.target = {view(oracle())}, .adam = {.beta1 = 0.5}}.optimizer().beta1 == 0.5);
}

TEST_CASE("SCRUB's rate falls once each published decay epoch has passed, OM's every epoch") {
  const Scrub<> scrub;
  const double rates[] = {1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01, 0.001};
  for (Index e = 0; e < 10; ++e) CHECK(scrub.schedule()(epoch(e)) == doctest::Approx(rates[e]));
  const Om om{.target = {view(oracle())}};
  for (Index e = 0; e < 4; ++e)
    CHECK(om.schedule()(epoch(e)) == doctest::Approx(std::pow(0.95, static_cast<double>(e))));
  CHECK(GradientAscent<>{}.schedule()(epoch(7)) == 1);
}

TEST_CASE("SCRUB and GDA go over F before R in their first epochs, then over R alone") {
  const SmallProblem small;
  const auto check = [&](const auto& objective, Index steps, Index forget_batch,
                         Index retain_batch) {
    for (Index e = 0; e < 5; ++e) {
      CHECK(objective.passes(e) == (e < steps ? 2 : 1));
      for (Index pass = 0; pass < objective.passes(e); ++pass) {
        const bool forgets = e < steps && pass == 0;
        CHECK(objective.examples(0, e, pass) ==
              (forgets ? small.problem.forget : small.problem.retain));
        CHECK(objective.batch_size(e, pass) == (forgets ? forget_batch : retain_batch));
      }
    }
  };
  check(Scrub<>{.epochs = 5, .max_steps = 2, .forget_batch = 3, .retain_batch = 7}.objective(
            small.problem),
        2, 3, 7);
  check(AscentDescent<>{.epochs = 5, .ascent_epochs = 3, .forget_batch = 2, .retain_batch = 9}
            .objective(small.problem),
        3, 2, 9);
  check(Scrub<>{.max_steps = 0}.objective(small.problem), 0, 32, 64);
}

TEST_CASE("settings without a meaning are refused, with method, field and number") {
  CHECK_THROWS_WITH(GradientAscent<>{.batch = 0}.validate(), "GradientAscent: batch is 0, below 1");
  CHECK_THROWS_WITH(GradientDescent<>{.batch = -2}.validate(),
                    "GradientDescent: batch is -2, below 1");
  CHECK_THROWS_WITH(GradientAscent<>{.learning_rate = -1}.validate(),
                    "DescentConfig: learning_rate is -1, not positive");
  CHECK_THROWS_WITH((AscentDescent<>{.epochs = 2, .ascent_epochs = 3}.validate()),
                    "AscentDescent: ascent_epochs is 3, not in 0 .. 2");
  CHECK_THROWS_WITH(AscentDescent<>{.forget_batch = 0}.validate(),
                    "AscentDescent: forget_batch is 0, below 1");
  CHECK_THROWS_WITH((Scrub<>{.epochs = 2, .max_steps = 3}.validate()),
                    "Scrub: max_steps is 3, not in 0 .. 2");
  CHECK_THROWS_WITH(Scrub<>{.alpha = -1}.validate(),
                    "Scrub: gamma is 0.99, alpha is -1; neither may be negative");
  CHECK_THROWS_WITH(Scrub<>{.distillation = {.temperature = -4}}.validate(),
                    "Distillation: temperature is -4, not positive");
  CHECK_THROWS_WITH(Scrub<>{.retain_batch = 0}.validate(), "Scrub: retain_batch is 0, below 1");
  CHECK_THROWS_WITH((Om{.target = {view(oracle())}, .batch = 0}.validate()),
                    "OracleMatching: batch is 0");
  CHECK_THROWS_WITH((Om{.target = {view(oracle())}, .retain_multiple = -1}.validate()),
                    "OracleMatching: retain_multiple is -1");
  CHECK_THROWS_WITH((Om{.target = {view(oracle())}, .distance_penalty = -1}.validate()),
                    "OracleMatching: distance_penalty is -1");
  CHECK_THROWS_WITH(
      (Om{.target = {view(oracle())}, .retain_multiple = 0, .forget_multiple = 0}.validate()),
      "OracleMatching: forget_multiple and retain_multiple are both 0");
  CHECK_THROWS_WITH((Om{.target = {view(oracle()), 3}}.validate()),
                    "OracleOutputs: averaged is 3, not in 1 .. 2");
}
