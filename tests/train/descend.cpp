// What the loop shows to objectives, schedules and observers, and what it reports.
#include "expunge/train/descend.hpp"

#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/train/train.hpp"
#include "small_data.hpp"

using namespace expunge;

namespace {

using M = Mlp<6, 8, 3>;
using B = Cpu<double>;

/// Notes what every minibatch is; no gradient, so nothing moves.
struct Notes {
  struct Step {
    Index epoch, pass, rows, first_member;
  };
  Index forget = 4, retain = 7;
  std::vector<Step>* steps;

  Index passes(Index epoch) const { return epoch == 0 ? 2 : 1; }
  Index batch_size(Index epoch, Index pass) const { return epoch == 0 && pass == 0 ? 2 : 3; }
  std::vector<Index> examples(Index, Index epoch, Index pass) const {
    return all_indices(epoch == 0 && pass == 0 ? forget : retain);
  }
  void operator()(B&, const Minibatch<double>& batch) const {
    steps->push_back({batch.epoch, batch.pass, batch.logits.rows, batch.first_member});
    for (Index i = 0; i < batch.dlogits.rows; ++i)
      for (Index j = 0; j < batch.dlogits.features; ++j) CHECK(batch.dlogits(0, i, j) == 0);
  }
};

struct NotedRate {
  std::vector<double>* fractions;
  double operator()(Moment moment) const {
    fractions->push_back(moment.fraction);
    CHECK(moment.epochs == 2);
    return 1;
  }
};

double mean_cross_entropy(const Ensemble<M, double>& models, const Dataset& data, Index member) {
  B backend(1);
  const Array<double, 3> z = evaluate_logits<double>(backend, models, view(data.inputs));
  double sum = 0;
  std::vector<double> ignored(3);
  for (Index i = 0; i < data.size(); ++i)
    sum += CrossEntropy{}(view(z).row(member, i), 3, data.labels[static_cast<std::size_t>(i)], 1.0,
                          ignored.data());
  return sum / static_cast<double>(data.size());
}

}  // namespace

TEST_CASE("passes, batches and moments come in their order") {
  const Dataset data = clouds(10, 6, 3);
  B backend(1);
  auto models = initialise<M, double>(1, 1);
  std::vector<Notes::Step> steps;
  std::vector<double> fractions;
  const DescentReport report =
      descend(backend, DescentConfig{.epochs = 2}, data, Notes{.steps = &steps}, Sgd{},
              NotedRate{&fractions}, models);
  REQUIRE(steps.size() == 8);  // 4 in twos, 7 in threes; then 7 in threes
  const Index rows[] = {2, 2, 3, 3, 1, 3, 3, 1};
  const Index pass[] = {0, 0, 1, 1, 1, 0, 0, 0};
  const double fraction[] = {0, 1.0 / 8, 1.0 / 4, 1.0 / 3, 5.0 / 12, 1.0 / 2, 2.0 / 3, 5.0 / 6};
  for (std::size_t s = 0; s < 8; ++s) {
    CHECK(steps[s].epoch == (s < 5 ? 0 : 1));
    CHECK(steps[s].rows == rows[s]);
    CHECK(steps[s].pass == pass[s]);
    CHECK(fractions[s] == doctest::Approx(fraction[s]));
  }
  CHECK(report.samples == std::vector<Index>{4 + 7 + 7});
}

TEST_CASE("an epoch shows every listed example once, in an order of its own for epoch and member") {
  struct Seen {
    std::vector<std::vector<Index>>* orders;  // [member * epochs + epoch]
    Index passes(Index) const { return 1; }
    Index batch_size(Index, Index) const { return 4; }
    std::vector<Index> examples(Index, Index, Index) const { return all_indices(30); }
    void operator()(B&, const Minibatch<double>& batch) const {
      for (Index m = 0; m < batch.examples.rows; ++m) {
        auto& order =
            (*orders)[static_cast<std::size_t>(2 * (batch.first_member + m) + batch.epoch)];
        order.insert(order.end(), batch.examples.row(m),
                     batch.examples.row(m) + batch.examples.cols);
      }
    }
  };
  const Dataset data = clouds(30, 6, 3);
  for (const Index cohort : {1, 2}) {
    B backend(1, cohort);
    auto models = initialise<M, double>(1, 2);
    std::vector<std::vector<Index>> orders(4);
    descend(backend, DescentConfig{.epochs = 2}, data, Seen{&orders}, Sgd{}, ConstantRate{},
            models);
    for (std::size_t a = 0; a < 4; ++a) {
      CHECK(orders[a] != all_indices(30));
      for (std::size_t b = 0; b < a; ++b) CHECK(orders[a] != orders[b]);
      std::sort(orders[a].begin(), orders[a].end());
    }
    for (const std::vector<Index>& order : orders) CHECK(order == all_indices(30));
  }
}

TEST_CASE("the reported loss is the mean over the examples of the last epoch") {
  const Dataset data = clouds(20, 6, 3);
  B backend(1, 2);
  Recipe<> recipe{.descent = {.learning_rate = 1e-12, .epochs = 2, .seed = 3}, .batch = 8};
  auto models = initialise<M, double>(3, 2);
  const SubsetMasks masks = all_but(2, 20, {});
  const DescentReport report = descend(backend, recipe.descent, data,
                                       SubsetObjective<CrossEntropy>{masks, data, {}, recipe.batch},
                                       recipe.optimizer, recipe.schedule, models);
  for (Index m = 0; m < 2; ++m)
    CHECK(report.losses[static_cast<std::size_t>(m)] ==
          doctest::Approx(mean_cross_entropy(models, data, m)).epsilon(1e-9));
  CHECK(report.finite == std::vector<char>{1, 1});
  CHECK(report.samples == std::vector<Index>{40, 40});
}

TEST_CASE("what becomes of the last batch is counted") {
  const Dataset data = clouds(20, 6, 3);
  const SubsetMasks masks = all_but(1, 20, {});
  const auto samples = [&](LastBatch last, Index batch) {
    B backend(1);
    auto models = initialise<M, double>(3, 1);
    return descend(backend, DescentConfig{.epochs = 2, .last_batch = last}, data,
                   SubsetObjective<CrossEntropy>{masks, data, {}, batch}, Sgd{}, ConstantRate{},
                   models)
        .samples[0];
  };
  CHECK(samples(LastBatch::keep, 8) == 40);
  CHECK(samples(LastBatch::merge, 8) == 40);
  CHECK(samples(LastBatch::merge, 19) == 40);
  CHECK(samples(LastBatch::drop, 8) == 32);
  CHECK(samples(LastBatch::drop, 50) == 40);
}

TEST_CASE("training lowers the loss") {
  const Dataset data = clouds(60, 6, 3);
  B backend(1);
  const auto before = initialise<M, double>(0, 1);
  const auto after = train<M>(backend, Recipe<>{.descent = {.learning_rate = 0.05, .epochs = 10}},
                              data, all_but(1, 60, {}));
  CHECK(mean_cross_entropy(after, data, 0) <= 0.3 * mean_cross_entropy(before, data, 0));
}

TEST_CASE("progress counts the members") {
  const Dataset data = clouds(12, 6, 3);
  B backend(2, 2);
  std::vector<Index> done;
  train<M>(backend, Recipe<>{}, data, all_but(5, 12, {}), [&](Index now, Index total) {
    CHECK(total == 5);
    done.push_back(now);
  });
  CHECK(done.size() == 3);
  CHECK(done.back() == 5);
}
