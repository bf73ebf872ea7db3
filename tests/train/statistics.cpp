// Running statistics of batch norm estimated anew, against a double loop, and held still.
#include "expunge/train/statistics.hpp"

#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/nn/conv_net.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/train/train.hpp"
#include "expunge/unlearning/gradient_descent.hpp"
#include "small_data.hpp"

using namespace expunge;

namespace {

using Picture = Shape<2, 4, 3>;
/// The first norm sees the data themselves, so a double loop over the data gives its statistics.
using Bare = Sequential<BatchNorm2d<Picture>, Flatten<Picture>, Linear<24, 3>>;
using Net = ConvNet<3, 4, Shape<1, 8, 8>>;

template <class Model, class Real>
Ensemble<Model, Real> random_models(Index members) {
  Ensemble<Model, Real> models = initialise<Model, Real>(3, members);
  const std::vector<Real> noise = normals<Real>(members * Model::statistics, 7);
  for (std::size_t i = 0; i < noise.size(); ++i)
    models.stats.data()[i] = Real(1) + std::abs(noise[i]);
  return models;
}

/// Mean over the batches of a channel's mean and unbiased variance, over the listed examples.
std::pair<double, double> by_double_loop(const Dataset& data, const std::vector<Index>& list,
                                         const std::vector<Index>& ends, Index channel,
                                         Index plane) {
  double mean_sum = 0, var_sum = 0;
  for (std::size_t b = 0; b < ends.size(); ++b) {
    const Index first = b == 0 ? 0 : ends[b - 1];
    const double n = static_cast<double>((ends[b] - first) * plane);
    double mean = 0, squares = 0;
    const auto each = [&](auto see) {
      for (Index i = first; i < ends[b]; ++i)
        for (Index k = 0; k < plane; ++k)
          see(static_cast<double>(
              data.inputs(list[static_cast<std::size_t>(i)], channel * plane + k)));
    };
    each([&](double x) { mean += x / n; });
    each([&](double x) { squares += (x - mean) * (x - mean); });
    mean_sum += mean;
    var_sum += squares / (n - 1);
  }
  const auto batches = static_cast<double>(ends.size());
  return {mean_sum / batches, var_sum / batches};
}

/// Largest distance of the statistics of `Bare` from the double loop.
template <class Real>
double distance(const Ensemble<Bare, Real>& models, const Dataset& data, const SubsetMasks& masks,
                const std::vector<Index>& ends) {
  double largest = 0;
  for (Index m = 0; m < models.members(); ++m)
    for (Index c = 0; c < 2; ++c) {
      const auto [mean, var] = by_double_loop(data, masks.members(m), ends, c, 12);
      for (const auto& [value, expected] :
           {std::pair{models.stats(m, c), mean}, std::pair{models.stats(m, c + 2), var}}) {
        const double away = std::abs(static_cast<double>(value) - expected);
        if (!(away <= largest)) largest = away;
      }
    }
  return largest;
}

}  // namespace

TEST_CASE_TEMPLATE("statistics are the mean over batches of theirs, by a double loop", Real, float,
                   double) {
  const double tolerance = std::is_same_v<Real, float> ? 1e-6 : 1e-14;
  const Dataset data = clouds(29, 24, 3);
  Cpu<Real> backend(2);
  const SubsetMasks all = all_but(3, 29, {});
  auto models = random_models<Bare, Real>(3);
  reestimate_statistics(backend, models, view(data.inputs), 8);
  CHECK(distance(models, data, all, {8, 16, 24, 29}) <= tolerance);
  reestimate_statistics(backend, models, view(data.inputs), 9);  // the last two join
  CHECK(distance(models, data, all, {9, 18, 29}) <= tolerance);
  reestimate_statistics(backend, models, view(data.inputs), 100);
  CHECK(distance(models, data, all, {29}) <= tolerance);

  const SubsetMasks subsets = fixed_size_subsets(5, 3, 29, 0.6);
  reestimate_statistics(backend, models, view(data.inputs), subsets, 7);
  CHECK(distance(models, data, subsets, {7, 17}) <= tolerance);
  CHECK(distance(models, data, all, {7, 17}) > 1e-3);
}

TEST_CASE("layers after the first see what the layers before make of the batch") {
  // One batch: the running statistics must normalise it as its own do, up to n against n - 1.
  const Dataset data = clouds(20, 64, 3);
  Cpu<double> backend(1);
  auto models = random_models<Net, double>(2);
  reestimate_statistics(backend, models, view(data.inputs), 20);
  auto before = backend.allocate<double>(20 * 64);
  const MatrixView<double> x(before.data(), 20, 64);
  copy_rows(backend, view(data.inputs), x);
  CohortWeights<Net, Cpu<double>> weights(backend, 2);
  weights.load(backend, models, 0);
  auto space = Net::workspace(backend, 2, 20);
  const auto logits = [&](Mode mode) {
    const auto z =
        Net::forward(backend, weights.view(), shared(MatrixView<const double>(x), 2), space, mode);
    std::vector<double> values;
    for (Index m = 0; m < 2; ++m) values.insert(values.end(), z.row(m, 0), z.row(m, 0) + 60);
    return values;
  };
  const std::vector<double> eval = logits(Mode::eval);
  CHECK(relative_difference(eval, logits(Mode::train)) <= 5e-3);  // planes of 16 numbers, 20 rows
}

TEST_CASE("the same bytes for any number of threads and any cohort, weights untouched") {
  const Dataset data = clouds(40, 64, 3);
  const SubsetMasks masks = fixed_size_subsets(5, 7, 40, 0.75);
  const auto start = random_models<Net, float>(7);
  const auto run = [&](int threads, Index cohort) {
    Cpu<float> backend(threads, cohort);
    auto models = start;
    reestimate_statistics(backend, models, view(data.inputs), masks, 8);
    CHECK(same_bytes(models.theta, start.theta));
    return models.stats;
  };
  const Array<float, 2> reference = run(1, 1);
  CHECK(!same_bytes(reference, start.stats));
  for (const int threads : {1, 2, 5})
    for (const Index cohort : {1, 3, 7}) CHECK(same_bytes(run(threads, cohort), reference));
}

TEST_CASE("the state of dropout is put back, and a model without batch norm stays as it is") {
  using Dropped = Sequential<Dropout<Picture, std::ratio<1, 2>>, BatchNorm2d<Picture>,
                             Flatten<Picture>, Linear<24, 3>>;
  const Dataset data = clouds(12, 24, 3);
  Cpu<float> backend(1);
  auto models = initialise<Dropped, float>(3, 2);
  const auto start = models;
  reestimate_statistics(backend, models, view(data.inputs), 5);
  for (Index m = 0; m < 2; ++m)
    for (Index s = 0; s < Dropped::statistics; ++s)
      CHECK((models.stats(m, s) == start.stats(m, s)) == (s < 6));
  CHECK(batch_norm_statistics<Dropped>() == std::vector<Index>{6, 7, 8, 9});

  auto plain = initialise<Mlp<24, 5, 3>, float>(3, 2);
  const auto same = plain;
  reestimate_statistics(backend, plain, view(data.inputs), 5);
  CHECK(same_bytes(plain.theta, same.theta));
}

TEST_CASE("mistakes are named") {
  const Dataset data = clouds(12, 24, 3);
  Cpu<float> backend(1, 2);
  auto models = initialise<Bare, float>(3, 2);
  SubsetMasks uneven = all_but(2, 12, {});
  uneven.erase(1, 3);
  CHECK_THROWS_AS(reestimate_statistics(backend, models, view(data.inputs), uneven, 4),
                  std::invalid_argument);
  CHECK_THROWS_AS(reestimate_statistics(backend, models, view(data.inputs), SubsetMasks(2, 12), 4),
                  std::invalid_argument);
  CHECK_THROWS_AS(reestimate_statistics(backend, models, view(data.inputs), 0),
                  std::invalid_argument);
  Cpu<float> alone(1);
  uneven.erase(1, 3);
  for (Index i = 0; i < 12; ++i) uneven.erase(1, i);  // the second cohort's
  const auto before = models;
  CHECK_THROWS_AS(reestimate_statistics(alone, models, view(data.inputs), uneven, 4),
                  std::invalid_argument);
  CHECK(same_bytes(models.stats, before.stats));
  const Dataset narrow = clouds(12, 23, 3);
  CHECK_THROWS_AS(reestimate_statistics(backend, models, view(narrow.inputs), 4),
                  std::invalid_argument);
}

TEST_CASE("frozen statistics do not move while weights do, and train mode moves both") {
  const Dataset data = clouds(40, 64, 3);
  Cpu<float> backend(1);
  const auto models = random_models<Net, float>(2);
  const Array<float, 3> logits = evaluate_logits<float>(backend, models, view(data.inputs));
  const auto problem = make_problem(data, {1, 2, 3}, models, TensorView<const float>(view(logits)));
  const GradientDescent<> descent{.learning_rate = 0.01, .epochs = 2, .batch = 8};
  const auto frozen = unlearn(backend, FrozenStatistics{descent}, problem);
  CHECK(same_bytes(frozen.models.stats, models.stats));
  CHECK(!same_bytes(frozen.models.theta, models.theta));
  const auto moved = unlearn(backend, descent, problem);
  CHECK(!same_bytes(moved.models.stats, models.stats));
  CHECK(!same_bytes(moved.models.theta, frozen.models.theta));
}
