#include "expunge/evaluation/lds.hpp"

#include <doctest/doctest.h>

#include <set>

#include "evaluation/margins.hpp"
#include "expunge/attribution/effects.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/evaluation/attribution_checks.hpp"
#include "expunge/evaluation/klom_floor.hpp"

using namespace expunge;

namespace {

Array<double, 2> matrix(std::initializer_list<std::initializer_list<double>> rows) {
  Array<double, 2> a =
      make_array<double>(static_cast<Index>(rows.size()), static_cast<Index>(rows.begin()->size()));
  std::size_t i = 0;
  for (const auto& row : rows)
    for (const double x : row) a.data()[i++] = x;
  return a;
}

// What tests/golden/lds/make_ties.py makes: scores in tenths, 20 of 41 examples a model.
constexpr Index tied_examples = 41, tied_models = 60, tied_targets = 4;

template <class T>
Array<T, 2> tied_scores() {
  Array<T, 2> scores = make_array<T>(tied_examples, tied_targets);
  for (Index i = 0; i < tied_examples; ++i)
    for (Index t = 0; t < tied_targets; ++t) {
      const Index tenths = t < 3 ? (7 * i * i + 3 * i + 5 * t) % 5 + 1 : 3;
      scores.data()[i * tied_targets + t] = static_cast<T>(static_cast<double>(tenths) / 10);
    }
  return scores;
}

SubsetMasks tied_masks() {
  SubsetMasks masks(tied_models, tied_examples);
  for (Index j = 0; j < tied_models; ++j)
    for (Index i = 0; i < tied_examples; ++i)
      if (((j % 40 + 1) * i + 11 * j) % tied_examples < 20) masks.insert(j, i);
  return masks;
}

Array<double, 2> tied_truth() {
  Array<double, 2> truth = make_array<double>(tied_models, tied_targets);
  for (Index j = 0; j < tied_models; ++j)
    for (Index t = 0; t < tied_targets; ++t)
      truth.data()[j * tied_targets + t] =
          static_cast<double>((37 * j * j + 11 * j + 17 * t) % 101);
  return truth;
}

/// Column t of values, without repetition.
std::set<double> different_values(const Array<double, 2>& values, std::size_t t) {
  std::set<double> different;
  for (std::size_t m = 0; m < values.shape()[0]; ++m) different.insert(values(m, t));
  return different;
}

}  // namespace

TEST_CASE("predictions that are equal but for rounding tie, as SciPy ranks the exact fractions") {
  // tests/golden/lds/make_ties.py: different predictions and Spearman's correlation
  const std::vector<std::pair<std::size_t, double>> expected = {
      {10, 0.006077387675988669}, {10, -0.07648335056383738}, {10, 0.05079778755590528}};
  const auto check = [&](const auto& scores) {
    const Array<double, 2> predicted = predict_outputs(scores, tied_masks());
    const LdsResult result = lds(predicted, tied_truth());
    for (std::size_t t = 0; t < expected.size(); ++t) {
      CHECK(different_values(predicted, t).size() == expected[t].first);
      CHECK(result.score(t) == doctest::Approx(expected[t].second).epsilon(1e-12));
    }
    CHECK(std::isnan(result.score(3)));
    CHECK(result.without_score == 1);
  };
  check(tied_scores<double>());
  check(tied_scores<float>());
}

TEST_CASE("constant effects on subsets of one size predict nothing, in any order of summation") {
  const Index examples = 200, models = 80;
  const SubsetMasks masks = fixed_size_subsets(1, models, examples, .5);
  Effects<double> effects = zero_effects<double>(examples, 3);
  for (Index i = 0; i < examples; ++i) {
    effects.weights.data()[3 * i] = .1;
    effects.weights.data()[3 * i + 1] = -1e-9 / 3;
    effects.weights.data()[3 * i + 2] = i % 2 == 0 ? .1 : std::nextafter(.1, 1);
  }
  effects.intercept.fill(-7.3);
  const Array<double, 2> predicted = predict(Cpu<double>(1), effects, masks);
  for (std::size_t t = 0; t < 3; ++t) CHECK(different_values(predicted, t).size() == 1);
  const LdsResult result = lds(predicted, normal_margins(4, models, 3));
  CHECK(result.without_score == 3);
  CHECK(result.mean == 0);
  CHECK(result.interval.low == 0);
  CHECK(result.interval.high == 0);
}

TEST_CASE("ties take no rank from predictions that differ") {
  const SubsetMasks masks = fixed_size_subsets(2, 300, 500, .5);
  const Array<float, 2> weights = xt::cast<float>(normal_margins(3, 500, 5));
  const Array<double, 2> predicted = predict_outputs(weights, masks);
  for (std::size_t t = 0; t < 5; ++t) CHECK(different_values(predicted, t).size() == 300);
  // a step in the last place of float of a common constant is no effect; a hundred of them are
  Array<float, 2> steps = make_array<float>(500, 2);
  for (std::size_t i = 0; i < 500; ++i) {
    steps(i, 0) = 1 + 0x1p-23f * static_cast<float>(i % 2);
    steps(i, 1) = 1 + 100 * 0x1p-23f * static_cast<float>(i % 2);
  }
  const Array<double, 2> of_steps = predict_outputs(steps, masks);
  CHECK(different_values(of_steps, 1).size() > 10);
  CHECK(different_values(of_steps, 0).size() < different_values(of_steps, 1).size());
}

TEST_CASE("ties: groups end at the tolerance above their first value; NaN and infinity stay") {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  std::vector<double> values = {3, 1, 1.5, nan, 2.0, infinity, 2.6, -infinity};
  merge_ties(values, 1);
  CHECK(values[0] == 2.6);
  CHECK(values[1] == 1);
  CHECK(values[2] == 1);
  CHECK(std::isnan(values[3]));
  CHECK(values[4] == 1);
  CHECK(values[5] == infinity);
  CHECK(values[6] == 2.6);
  CHECK(values[7] == -infinity);
  std::vector<double> same = {3, 3.5};
  merge_ties(same, nan);
  CHECK(same == std::vector<double>{3, 3.5});
  merge_ties(same, 0);
  CHECK(same == std::vector<double>{3, 3.5});
}

TEST_CASE("the tolerance of a sum is its bound, and grows with intercept and type") {
  const Array<double, 2> weights = matrix({{3, 0}, {-4, 0}});
  const double u = 0x1p-53;
  CHECK(sum_tolerances(weights)[0] == doctest::Approx(2 * u * 2 * 7 + 2 * u * 5));
  CHECK(sum_tolerances(weights)[1] == 0);
  CHECK(sum_tolerances(weights, u, {-8, 0})[0] == doctest::Approx(2 * u * (14 + 8) + 2 * u * 5));
  CHECK(sum_tolerances(Array<float, 2>(xt::cast<float>(weights)))[0] > 2 * 0x1p-24 * 5);
  CHECK(unit_roundoff<Half> == 0x1p-11);
  CHECK_THROWS_AS(sum_tolerances(weights, u, {1}), std::invalid_argument);
  CHECK(std::isnan(sum_tolerances(matrix({{std::nan("")}, {1}}))[0]));
}

TEST_CASE("scores that differ by rounding alone have no leave-one-out correlation") {
  Array<double, 2> scores = make_array<double>(50, 2), truth = make_array<double>(50, 2);
  for (std::size_t i = 0; i < 50; ++i) {
    scores(i, 0) = i % 2 == 0 ? .1 : std::nextafter(.1, 1);  // noise
    scores(i, 1) = 1e8 + 1e-4 * static_cast<double>(i);      // small beside its mean
    truth(i, 0) = static_cast<double>(i % 2);
    truth(i, 1) = static_cast<double>(i);
  }
  const Array<double, 1> r = leave_one_out_correlation(scores, truth);
  CHECK(std::isnan(r(0)));
  CHECK(r(1) == doctest::Approx(1).epsilon(1e-9));
  CHECK(std::isnan(leave_one_out_correlation(truth, scores)(0)));
  const Array<float, 2> single = xt::cast<float>(scores);
  CHECK(std::isnan(leave_one_out_correlation(single, truth)(1)));  // all 1e8 in float
}

TEST_CASE("LDS has its published check values") {
  const Array<double, 2> weights = matrix({{.1, .2}, {.2, .1}, {.3, .3}, {.4, .4}});
  SubsetMasks subsets(3, 4);
  for (const auto& [model, example] :
       {std::pair<Index, Index>{0, 0}, {0, 1}, {1, 0}, {1, 2}, {2, 1}, {2, 2}})
    subsets.insert(model, example);
  const Array<double, 2> truth = matrix({{.3, .3}, {.4, .4}, {.5, .3}});
  const LdsResult result = lds(predict_outputs(weights, subsets), truth);
  CHECK(result.score(0) == doctest::Approx(1.0).epsilon(1e-12));
  CHECK(result.score(1) == doctest::Approx(0.8660254037844387).epsilon(1e-12));
  CHECK(std::abs(result.p_value(0)) <= 1e-7);
  CHECK(result.p_value(1) == doctest::Approx(1.0 / 3).epsilon(1e-9));
  CHECK(result.mean == doctest::Approx((1 + 0.8660254037844387) / 2).epsilon(1e-12));
  CHECK(result.without_score == 0);
}

TEST_CASE("targets without a rank correlation count as 0 and are reported") {
  const Array<double, 2> predicted = matrix({{1, 5, 1, 1}, {2, 5, 2, 2}, {3, 5, 3, 3}});
  const Array<double, 2> truth = matrix({{1, 1, 4, 1}, {2, 2, 4, std::nan("")}, {3, 3, 4, 3}});
  const LdsResult result = lds(predicted, truth);
  CHECK(result.without_score == 3);
  CHECK(result.mean == doctest::Approx(0.25));
  CHECK(std::isnan(result.score(1)));
  CHECK(std::isnan(result.score(3)));
  CHECK(std::isnan(result.p_value(2)));
  CHECK(result.interval.low >= 0);
  CHECK(result.interval.high <= 1);
}

TEST_CASE("ties share their average rank") {
  CHECK(average_ranks({3, 1, 3, 2, 3}) == std::vector<double>{4, 1, 4, 2, 4});
  // scipy.stats.spearmanr([1, 2, 2, 4, 5], [2, 2, 3, 1, 5])
  CHECK(spearman({1, 2, 2, 4, 5}, {2, 2, 3, 1, 5}) ==
        doctest::Approx(0.2894736842105264).epsilon(1e-12));
  CHECK(correlation_p_value(0.2894736842105264, 5) ==
        doctest::Approx(0.6366447547494906).epsilon(1e-9));
}

TEST_CASE("p-values of correlations are Student's t with n - 2 degrees of freedom") {
  CHECK(correlation_p_value(0, 10) == doctest::Approx(1));
  CHECK(correlation_p_value(0.5, 3) == doctest::Approx(2.0 / 3).epsilon(1e-9));
  // scipy.stats.t.sf(r * sqrt((n - 2) / (1 - r^2)), n - 2) * 2
  CHECK(correlation_p_value(0.3, 50) == doctest::Approx(0.03428618003292997).epsilon(1e-9));
  CHECK(correlation_p_value(-0.9, 12) == doctest::Approx(6.644441406249981e-05).epsilon(1e-9));
}

TEST_CASE("the interval of LDS holds its mean and narrows with targets") {
  const auto width = [](Index targets) {
    const Array<double, 2> truth = normal_margins(1, 30, targets);
    Array<double, 2> predicted = normal_margins(2, 30, targets);
    for (std::size_t i = 0; i < truth.size(); ++i) predicted.data()[i] += truth.data()[i];
    const LdsResult result = lds(predicted, truth);
    CHECK(result.interval.low < result.mean);
    CHECK(result.interval.high > result.mean);
    CHECK(result.mean > 0.6);
    CHECK(result.mean < 0.75);
    return result.interval.high - result.interval.low;
  };
  CHECK(width(400) < 0.5 * width(40));
}

TEST_CASE("LDS refuses shapes that differ and takes half precision") {
  CHECK_THROWS_WITH_AS(lds(normal_margins(1, 3, 2), normal_margins(1, 4, 2)),
                       "lds: predictions are [3][2], outputs [4][2]", std::invalid_argument);
  Array<Half, 2> half = make_array<Half>(3, 1);
  for (std::size_t i = 0; i < 3; ++i) half(i, 0) = static_cast<Half>(static_cast<float>(i));
  CHECK(lds(half, half).mean == doctest::Approx(1));
}

TEST_CASE("leave-one-out correlation has its published check values") {
  const Array<double, 1> r = leave_one_out_correlation(
      matrix({{.1, .4}, {.2, .3}, {.3, .2}, {.4, .1}}), matrix({{1, 1}, {2, 3}, {3, 2}, {4, 4}}));
  CHECK(r(0) == doctest::Approx(1).epsilon(1e-12));
  CHECK(r(1) == doctest::Approx(-0.8).epsilon(1e-12));
  CHECK(std::isnan(pearson({.1, .1, .1}, {1, 2, 3})));
}

TEST_CASE("mislabel AUC has its published check values") {
  std::vector<double> scores;
  std::vector<Index> top, lower;
  for (Index i = 0; i < 100; ++i) scores.push_back(static_cast<double>(i));
  for (Index i = 0; i < 10; ++i) top.push_back(90 + i), lower.push_back(80 + i);
  CHECK(mislabel_auc(scores, top) == 1);
  CHECK(mislabel_auc(scores, lower) == doctest::Approx(8.0 / 9).epsilon(1e-12));
  CHECK(mislabel_auc({1, 1, 1}, {0}) == 0.5);
  CHECK_THROWS_AS(mislabel_auc({1, std::nan(""), 1}, {0}), std::invalid_argument);
  CHECK_THROWS_AS(mislabel_auc({1, 2}, {0, 0}), std::invalid_argument);
  CHECK_THROWS_AS(mislabel_auc({1, 2}, {0, 1}), std::invalid_argument);
}

TEST_CASE("LDS of targets in pieces, put together, is LDS of all to the last bit") {
  const Array<double, 2> a = normal_margins(1, 20, 13), b = normal_margins(2, 20, 13);
  Array<double, 2> with_gap = b;
  with_gap(4, 6) = std::nan("");
  const LdsResult all = lds(a, with_gap, {{50, 0.9, 3}, 1});
  LdsScores pieces{make_array<double>(13), make_array<double>(13)};
  for (Index first = 0; first < 13; first += 5) {
    std::vector<Index> targets;
    for (Index t = first; t < std::min<Index>(first + 5, 13); ++t) targets.push_back(t);
    const LdsScores part =
        lds_scores(select_points(a, targets), select_points(with_gap, targets), 2);
    std::copy(part.score.begin(), part.score.end(), pieces.score.begin() + first);
    std::copy(part.p_value.begin(), part.p_value.end(), pieces.p_value.begin() + first);
  }
  const LdsResult put_together = summarise_lds(pieces, {50, 0.9, 3});
  CHECK(put_together.mean == all.mean);
  CHECK(put_together.interval.low == all.interval.low);
  CHECK(put_together.interval.high == all.interval.high);
  CHECK(put_together.without_score == 1);
  CHECK(all.without_score == 1);
  for (std::size_t t = 0; t < 13; ++t)
    if (t != 6) CHECK(put_together.p_value(t) == all.p_value(t));
  CHECK(lds_values(all.score)[6] == 0);
  CHECK_THROWS_AS(summarise_lds({make_array<double>(0), {}}), std::invalid_argument);
}
