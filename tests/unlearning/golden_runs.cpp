// Whole runs of PyTorch, in its order of examples.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/train/evaluate_logits.hpp"
#include "expunge/unlearning/ascent_descent.hpp"
#include "expunge/unlearning/gradient_ascent.hpp"
#include "expunge/unlearning/gradient_descent.hpp"
#include "expunge/unlearning/oracle_matching.hpp"
#include "expunge/unlearning/scrub.hpp"
#include "fixed_order.hpp"
#include "golden_arrays.hpp"

using namespace expunge;

namespace {

using M = Mlp<12, 9, 7, 4>;
constexpr Index forget_size = 12, retain_size = 40;

/// theta0 and the 52 examples, the forget set first.
struct Golden {
  Cpu<double> backend{1};
  Dataset data;
  Ensemble<M, double> models = Ensemble<M, double>::uninitialised(1);
  Array<double, 3> logits;

  Golden() {
    for (const std::string set : {"forget", "retain"}) {
      const auto labels = golden_integers<Label, 1>("objectives/run_" + set + "_labels");
      const Dataset part{converted<float>(golden<2>("objectives/run_" + set + "_inputs")),
                         {labels.begin(), labels.end()}};
      data = set == "forget" ? part : concatenate(data, part);
    }
    const Array<double, 1> theta0 = golden<1>("objectives/run_theta0");
    std::copy(theta0.begin(), theta0.end(), models.theta.data());
    logits = evaluate_logits<double>(backend, models, view(data.inputs));
  }
  Problem<M, double> problem() const {
    return make_problem(data, all_indices(forget_size), models, view(logits));
  }
};

/// Row `epoch` of an array of orders, as positions in the data.
std::vector<Index> order_of(const std::string& name, Index epoch, Index offset) {
  const Array<Index, 2> orders = golden_integers<Index, 2>("objectives/run_" + name + "_orders");
  const Index n = static_cast<Index>(orders.shape()[1]);
  std::vector<Index> order(orders.data() + epoch * n, orders.data() + (epoch + 1) * n);
  for (Index& i : order) i += offset;
  return order;
}

std::vector<Index> forget_order(Index epoch) {
  return order_of("forget", epoch, 0);
}
std::vector<Index> retain_order(Index epoch) {
  return order_of("retain", epoch, forget_size);
}

template <class Method, class Order>
double distance(const Method& method, const Order& order, const std::string& expected,
                bool other_examples = false) {
  Golden golden_problem;
  const Problem<M, double> problem = golden_problem.problem();
  auto objective = method.objective(problem);
  const FixedOrder<decltype(objective)> fixed{objective, method.seed, order, other_examples};
  Ensemble<M, double> models = problem.models;
  method.validate();
  const DescentReport report = descend(golden_problem.backend, method.descent(), problem.data,
                                       fixed, method.optimizer(), method.schedule(), models);
  CHECK(report.diverged() == 0);
  return relative_difference(models.theta, golden<1>("objectives/run_" + expected));
}

}  // namespace

TEST_CASE("gradient ascent is PyTorch's") {
  const GradientAscent<> method{.learning_rate = 0.01, .epochs = 2, .batch = 4};
  CHECK(distance(
            method, [](Index epoch, Index) { return forget_order(epoch); }, "gradient_ascent") <=
        1e-10);
}

TEST_CASE("gradient descent is PyTorch's") {
  const GradientDescent<> method{.learning_rate = 0.02, .epochs = 2, .batch = 8, .seed = 3};
  CHECK(distance(
            method, [](Index epoch, Index) { return retain_order(epoch); }, "gradient_descent") <=
        1e-10);
}

TEST_CASE("ascent and descent in turns are PyTorch's, with one optimiser") {
  const AscentDescent<> method{
      .learning_rate = 0.01, .epochs = 3, .ascent_epochs = 2, .forget_batch = 4, .retain_batch = 8};
  const auto order = [](Index epoch, Index pass) {
    return epoch < 2 && pass == 0 ? forget_order(epoch) : retain_order(epoch);
  };
  CHECK(distance(method, order, "descent_ascent") <= 1e-10);
}

TEST_CASE("SCRUB is PyTorch's, the fall of the rate included") {
  const Scrub<> method{.learning_rate = 0.01,
                       .epochs = 3,
                       .max_steps = 2,
                       .forget_batch = 4,
                       .retain_batch = 8,
                       .decay_epochs = {2}};
  const auto order = [](Index epoch, Index pass) {
    return epoch < 2 && pass == 0 ? forget_order(epoch) : retain_order(epoch);
  };
  CHECK(distance(method, order, "scrub") <= 1e-10);
}

TEST_CASE("Oracle Matching is PyTorch's") {
  const Array<Index, 1> rows = golden_integers<Index, 1>("objectives/run_match_rows");
  const Array<double, 2> targets = golden<2>("objectives/run_match_targets");
  Array<double, 3> oracle = make_array<double>(1, forget_size + retain_size, 4);
  oracle.fill(std::nan(""));  // the other rows are no targets
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::copy_n(targets.data() + 4 * i, 4, oracle.data() + 4 * rows(i));
  const OracleMatching<OracleOutputs<double>> method{.target = {view(oracle)},
                                                     .learning_rate = 0.01,
                                                     .epochs = 4,
                                                     .batch = 8,
                                                     .retain_multiple = 10.0 / 12,
                                                     .forget_multiple = 2};
  const auto order = [&](Index epoch, Index) {
    std::vector<Index> list = order_of("match", epoch, 0);
    for (Index& i : list) i = rows.data()[i];
    return list;
  };
  CHECK(distance(method, order, "oracle_matching", true) <= 1e-10);
}

TEST_CASE("the golden runs are told apart: another rate is far from PyTorch's weights") {
  const GradientAscent<> method{.learning_rate = 0.0101, .epochs = 2, .batch = 4};
  CHECK(distance(
            method, [](Index epoch, Index) { return forget_order(epoch); }, "gradient_ascent") >
        1e-6);
}
