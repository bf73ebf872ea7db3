#include "expunge/attribution/shared_starts.hpp"

#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/attribution/difference_of_means.hpp"
#include "expunge/attribution/lasso.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/core/half.hpp"
#include "problem.hpp"

using namespace expunge;

namespace {

/// Adds `scale` times a normal number of the start and the target to every output.
template <class T>
Array<T, 2> with_offsets(Array<T, 2> y, Index starts, double scale) {
  const Index targets = static_cast<Index>(y.shape()[1]);
  for (Index m = 0; m < static_cast<Index>(y.shape()[0]); ++m)
    for (Index t = 0; t < targets; ++t)
      y(m, t) = static_cast<T>(
          static_cast<double>(y(m, t)) +
          scale * random_normal(8, {Purpose::test, 500},
                                static_cast<std::uint64_t>(m % starts * targets + t)));
  return y;
}

template <class T>
Array<T, 2> centred_in_place(Array<T, 2> y, Index starts, int threads = 2) {
  centre_by_start(view(y), starts, threads);
  return y;
}

/// The planted effect of test::planted_outputs.
double planted(Index examples, Index i, Index t) {
  double effect = 0;
  for (Index k = 0; k < 6; ++k)
    if ((7 * t + 11 * k) % examples == i) effect += k % 2 == 0 ? 1.0 : -0.5;
  return effect;
}

/// Root mean square of estimated minus planted effects.
double error_of(const Effects<double>& effects) {
  const Index n = effects.examples(), targets = effects.targets();
  double sum = 0;
  for (Index i = 0; i < n; ++i)
    for (Index t = 0; t < targets; ++t)
      sum += std::pow(effects.weights(i, t) - planted(n, i, t), 2);
  return std::sqrt(sum / static_cast<double>(n * targets));
}

double mean_of(const Eigen::MatrixXd& y, Index t) {
  return y.col(t).mean();
}

}  // namespace

TEST_CASE("difference of means and LASSO find effects that the starts' offsets hid") {
  const Index starts = 8;
  const SubsetMasks masks = fixed_size_subsets(4, 403, 60, 0.5);  // no multiple of the starts
  const Array<double, 2> raw =
      with_offsets(test::planted_outputs<double>(masks, 12, 0.1), starts, 8.0);
  const Array<double, 2> centred = centred_in_place(raw, starts);
  const Cpu<double> cpu(2);
  const DifferenceOfMeans means{{.standard_errors = 0}};
  CHECK(error_of(means.fit(cpu, masks, raw)) > 0.5);
  CHECK(error_of(means.fit(cpu, masks, centred)) < 0.2 * error_of(means.fit(cpu, masks, raw)));
  const Lasso lasso{{.fit_models = 320, .validation_models = 80}};
  CHECK(error_of(lasso.fit(cpu, masks, centred)) < 0.03);
  CHECK(error_of(lasso.fit(cpu, masks, centred)) < 0.15 * error_of(lasso.fit(cpu, masks, raw)));
}

TEST_CASE("with three models a start, effects keep their size") {
  const SubsetMasks masks = bernoulli_subsets(6, 1800, 40, 0.5);
  const Array<double, 2> y =
      centred_in_place(with_offsets(test::planted_outputs<double>(masks, 40, 0.1), 600, 8.0), 600);
  const Effects<double> effects =
      DifferenceOfMeans{{.standard_errors = 0}}.fit(Cpu<double>(2), masks, y);
  double estimated = 0, true_sum = 0;  // slope of the estimated on the planted effects
  for (Index i = 0; i < 40; ++i)
    for (Index t = 0; t < 40; ++t) {
      estimated += effects.weights(i, t) * planted(40, i, t);
      true_sum += planted(40, i, t) * planted(40, i, t);
    }
  CHECK(std::abs(estimated / true_sum - 1) <= 0.05);  // 2/3 without the factor n / (n - 1)
}

TEST_CASE_TEMPLATE("every output is its definition's, also where starts have unlike counts", T,
                   Half, float, double) {
  const double tolerance = sizeof(T) == 2 ? 1e-2 : sizeof(T) == 4 ? 1e-5 : 1e-12;
  const Index starts = 5, targets = 515;  // two blocks of targets
  const SubsetMasks masks = fixed_size_subsets(2, 23, 30, 0.5);
  const Array<T, 2> before =
      with_offsets(test::planted_outputs<T>(masks, targets, 0.5), starts, 2.0);
  const Array<T, 2> after = centred_in_place(before, starts);
  const Eigen::MatrixXd y = test::dense(before), z = test::dense(after);
  double worst = 0, worst_mean = 0, worst_offset = 0;
  for (Index t = 0; t < targets; ++t) {
    worst_mean = std::max(worst_mean, std::abs(mean_of(y, t) - mean_of(z, t)));
    for (Index s = 0; s < starts; ++s) {
      double n = 0, sum = 0, sum_after = 0;
      for (Index m = s; m < 23; m += starts) {
        n += 1;
        sum += y(m, t);
        sum_after += z(m, t);
      }
      worst_offset = std::max(worst_offset, std::abs(sum_after / n - mean_of(y, t)));
      for (Index m = s; m < 23; m += starts)
        worst = std::max(worst,
                         std::abs(z(m, t) - (n / (n - 1) * (y(m, t) - sum / n) + mean_of(y, t))));
    }
  }
  CHECK(worst <= tolerance);
  CHECK(worst_mean <= tolerance);    // the mean over all models is kept
  CHECK(worst_offset <= tolerance);  // and is that of every start
}

TEST_CASE("what one start's models have in common vanishes exactly") {
  Array<double, 2> y = make_array<double>(8, 3);
  for (std::size_t i = 0; i < y.size(); ++i) y.data()[i] = static_cast<double>(i * i % 7) / 4;
  Array<double, 2> moved = y;  // by 16 and -16: the mean over all models stays
  for (Index m = 0; m < 8; ++m)
    for (Index t = 0; t < 3; ++t) moved(m, t) += m % 2 == 0 ? 16 : -16;
  CHECK(!same_bytes(moved, y));
  CHECK(same_bytes(centred_in_place(moved, 2), centred_in_place(y, 2)));
  for (Index m = 1; m < 8; m += 2)
    for (Index t = 0; t < 3; ++t) moved(m, t) = 5;
  const Array<double, 2> constant = centred_in_place(moved, 2);
  for (Index t = 0; t < 3; ++t)
    CHECK(std::abs(constant(3, t) - mean_of(test::dense(moved), t)) <= 1e-14);
}

TEST_CASE("outputs far from 0 are centred as those near 0, however they are stored") {
  const Index starts = 7, models = 40, targets = 600;  // 600: two blocks
  const SubsetMasks masks = fixed_size_subsets(2, models, 30, 0.5);
  Array<double, 2> still =
      with_offsets(test::planted_outputs<double>(masks, targets, 0.5), starts, 2.0);
  for (double& y : still) y = std::nearbyint(512 * y) / 512;  // so that y + c is exact
  const Array<double, 2> reference = centred_by_start(still, starts, 2);
  const auto check = [&]<class T>(T, double c, double ulp) {
    Array<T, 2> moved = make_array<T>(models, targets);
    for (std::size_t i = 0; i < moved.size(); ++i)
      moved.data()[i] = static_cast<T>(still.data()[i] + c);
    const Array<double, 2> centred = centred_by_start(moved, starts, 2);
    double worst = 0;
    for (std::size_t i = 0; i < centred.size(); ++i)
      worst = std::max(worst, std::abs(centred.data()[i] - c - reference.data()[i]));
    CAPTURE(c);
    CHECK(worst <= ulp);  // one rounding of a number near c in double, and some of the spread
  };
  check(0.0F, 0x1p13, 2e-12);
  check(0.0F, -0x1p13, 2e-12);
  check(0.0, 0x1p28, 6e-8);
  check(0.0, -0x1p40, 2.5e-4);
  CHECK(same_bytes(centred_by_start(still, 0), still));
  CHECK(same_bytes(centred_by_start(still, starts, 1), reference));
  CHECK(same_bytes(centred_in_place(still, starts), reference));
  CHECK_THROWS_WITH_AS(centred_by_start(still, 21),
                       "centred_by_start: 40 models of 21 starts; each start needs at least two",
                       std::invalid_argument);
}

TEST_CASE("0 starts change nothing") {
  const Array<float, 2> y = test::planted_outputs<float>(bernoulli_subsets(1, 9, 12, 0.5), 4, 1);
  CHECK(same_bytes(centred_in_place(y, 0), y));
  CHECK(!same_bytes(centred_in_place(y, 4), y));
  const Array<float, 2> one = test::planted_outputs<float>(bernoulli_subsets(1, 1, 12, 0.5), 4, 1);
  CHECK(same_bytes(centred_in_place(one, 0), one));
}

TEST_CASE_TEMPLATE("threads do not change a byte", T, Half, float, double) {
  const Array<T, 2> y =
      test::planted_outputs<T>(bernoulli_subsets(1, 31, 20, 0.5), 2100, 0.7);  // five blocks
  const Array<T, 2> reference = centred_in_place(y, 3, 1);
  for (const int threads : {0, 2, 5}) CHECK(same_bytes(centred_in_place(y, 3, threads), reference));
}

TEST_CASE("each start needs two models, and their number is not negative") {
  Array<float, 2> y = test::planted_outputs<float>(bernoulli_subsets(1, 9, 12, 0.5), 4, 1);
  const Array<float, 2> before = y;
  CHECK_THROWS_WITH_AS(centre_by_start(view(y), 5),
                       "centre_by_start: 9 models of 5 starts; each start needs at least two",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(centre_by_start(view(y), -1), "centre_by_start: starts is -1, negative",
                       std::invalid_argument);
  CHECK(same_bytes(y, before));
  CHECK_NOTHROW(centre_by_start(view(y), 4));
}
