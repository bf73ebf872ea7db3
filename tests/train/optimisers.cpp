// Ten steps of PyTorch's optimisers, through the whole loop: one epoch a step.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/loss/cross_entropy.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/train/adam.hpp"
#include "expunge/train/descend.hpp"
#include "expunge/train/sgd.hpp"
#include "fixed_order.hpp"
#include "golden_arrays.hpp"

using namespace expunge;

namespace {

using M = Mlp<12, 9, 7, 4>;

/// One batch of six an epoch: the rows that the golden run used in that step.
struct GoldenBatches {
  const Array<Index, 2>& batches;
  const Label* labels;

  Index passes(Index) const { return 1; }
  Index batch_size(Index, Index) const { return 6; }
  std::vector<Index> examples(Index member, Index epoch, Index pass) const {
    const Index* row = batches.data() + epoch * 6;
    return arranged(5, member, epoch, pass, {row, row + 6});
  }
  template <class B>
  void operator()(B& backend, const Minibatch<typename B::Real>& minibatch) const {
    add_loss(backend, CrossEntropy{}, LabelTarget{labels}, minibatch, 1);
  }
};

/// The golden rate of each step.
struct TableRate {
  Array<double, 1> rates;
  double operator()(Moment moment) const { return rates.data()[moment.epoch]; }
};

template <class Real, class Optimizer>
void check(const Optimizer& optimizer, const std::string& name, const std::string& rates,
           double tolerance, Index members = 1) {
  const Array<float, 2> inputs = converted<float>(golden<2>("mlp/12_9_7_4_inputs"));
  const Array<Label, 1> labels = golden_integers<Label, 1>("mlp/12_9_7_4_labels");
  const Array<Index, 2> batches = golden_integers<Index, 2>("mlp/batches");
  const Array<double, 1> start = golden<1>("mlp/12_9_7_4_theta");
  const Array<double, 2> expected = golden<2>("mlp/theta_" + name);
  auto models = Ensemble<M, Real>::uninitialised(members);
  for (Index m = 0; m < members; ++m)
    std::transform(start.begin(), start.end(), models.theta.data() + m * M::parameters,
                   [](double w) { return static_cast<Real>(w); });
  Index steps = 0;
  const auto after_step = [&](Cpu<Real>&, const EpochEnd<Real>& end) {
    for (Index m = 0; m < members; ++m)
      CHECK(relative_difference(end.weights.theta.row(m),
                                expected.data() + end.epoch * M::parameters,
                                M::parameters) <= tolerance);
    ++steps;
  };
  Cpu<Real> backend(1, members);
  descend(backend, DescentConfig{.learning_rate = 1, .epochs = 10, .seed = 5},
          DatasetView{view(inputs), labels.data()}, GoldenBatches{batches, labels.data()},
          optimizer, TableRate{golden<1>("mlp/" + rates + "_rates")}, models, after_step);
  CHECK(steps == 10);
}

template <class Real>
void check_all(double tolerance) {
  check<Real>(Sgd{.momentum = 0, .weight_decay = 0}, "sgd_plain", "sgd", tolerance);
  check<Real>(Sgd{.momentum = 0.9, .weight_decay = 5e-4}, "sgd_momentum", "sgd", tolerance);
  check<Real>(Sgd{.momentum = 0.9, .weight_decay = 5e-4, .nesterov = true}, "sgd_nesterov", "sgd",
              tolerance);
  check<Real>(Adam{}, "adam", "adam", tolerance);
  check<Real>(Adam{.weight_decay = 5e-4}, "adam_l2", "adam", tolerance);
}

}  // namespace

TEST_CASE("weights after every step are PyTorch's") {
  check_all<double>(1e-12);
  check_all<float>(2e-5);
}

TEST_CASE("Adam in float takes PyTorch's steps to the last digits, not only to the fifth") {
  const Array<double, 2> gradients = golden<2>("adam/gradients");  // [steps][n], from theta = 0
  const Array<double, 2> expected = golden<2>("adam/theta");
  const auto n = static_cast<Index>(gradients.shape()[1]);
  Cpu<float> backend(1);
  std::vector<float> numbers(static_cast<std::size_t>(3 * n));  // theta, and Adam's two slots
  const auto row = [&](Index i) { return MatrixView<float>(numbers.data() + i * n, 1, n); };
  const MatrixView<float> slots[] = {row(1), row(2)};
  const Array<float, 2> g = converted<float>(gradients);
  for (Index step = 0; step < static_cast<Index>(gradients.shape()[0]); ++step) {
    Adam{}.step(backend, row(0), view(g).row_range(step, 1), slots, 1e-3, step);
    CHECK(relative_difference(numbers.data(), expected.data() + step * n, n) <= 1e-6);
  }
}

TEST_CASE("every member of a cohort takes the same steps") {
  check<double>(Sgd{.momentum = 0.9, .weight_decay = 5e-4}, "sgd_momentum", "sgd", 1e-12, 4);
  check<double>(Adam{}, "adam", "adam", 1e-12, 3);
}

TEST_CASE("optimisers refuse settings that make no sense, with name and number") {
  CHECK_THROWS_WITH(Sgd{.momentum = 1}.validate(), "Sgd: momentum is 1, not in [0, 1)");
  CHECK_THROWS_WITH(Sgd{.weight_decay = -1}.validate(), "Sgd: weight_decay is -1, negative");
  CHECK_THROWS_WITH(Adam{.beta1 = -0.1}.validate(), "Adam: beta1 is -0.1, not in [0, 1)");
  CHECK_THROWS_WITH(Adam{.beta2 = 1}.validate(), "Adam: beta2 is 1, not in [0, 1)");
  CHECK_THROWS_WITH(Adam{.epsilon = 0}.validate(), "Adam: epsilon is 0, not positive");
  CHECK_THROWS_WITH(Adam{.weight_decay = -1}.validate(), "Adam: weight_decay is -1, negative");
  CHECK_THROWS(Sgd{.momentum = std::nan("")}.validate());
  CHECK_THROWS(Adam{.beta1 = std::nan("")}.validate());
}
