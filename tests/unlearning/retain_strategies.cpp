// Which retain points the strategies of matching choose.
#include <doctest/doctest.h>

#include <set>

#include "comparators.hpp"
#include "expunge/data/forget_sets.hpp"
#include "expunge/unlearning/retain/largest_change.hpp"
#include "expunge/unlearning/retain/leverage.hpp"
#include "expunge/unlearning/retain/nearest.hpp"
#include "expunge/unlearning/retain/uniform.hpp"
#include "unlearning/small_problem.hpp"

using namespace expunge;

namespace {

using Points = std::vector<Index>;

static_assert(RetainStrategy<UniformRetain, SmallModel, Cpu<double>>);
static_assert(RetainStrategy<NearestRetain, SmallModel, Cpu<double>>);
static_assert(RetainStrategy<LargestChangeRetain, SmallModel, Cpu<double>>);
static_assert(RetainStrategy<LeverageRetain, SmallModel, Cpu<double>>);

/// Untrained networks, their outputs on the data, and targets that are these outputs to begin with.
struct Choice {
  Cpu<double> backend{1};
  Dataset data;
  SmallEnsemble models;
  Array<double, 3> logits = evaluate_logits<double>(backend, models, view(data.inputs));
  Array<double, 3> targets = logits;
  std::vector<Index> forget = {2, 5, 8, 11, 14, 17, 20, 50};
  Problem<SmallModel, double> problem;  // by hand: make_problem refuses broken models

  explicit Choice(Dataset data_ = clouds(60, 6, 3),
                  SmallEnsemble models_ = initialise<SmallModel, double>(3, 5))
      : data(std::move(data_)),
        models(std::move(models_)),
        problem{data, forget, retain_set(forget, data.size()), models, view(logits)} {}
  Choice(const Choice&) = delete;

  template <class S>
  RetainLists lists(const S& strategy, Index count, std::uint64_t seed = 0) {
    return strategy.select(backend, RetainQuery<SmallModel, double>{problem, view(logits),
                                                                    view(targets), count, seed});
  }
  /// The list for all members, or that of member 0.
  template <class S>
  Points select(const S& strategy, Index count, std::uint64_t seed = 0) {
    return lists(strategy, count, seed)[0];
  }
};

std::set<Index> set_of(const Points& points) {
  return {points.begin(), points.end()};
}

/// Members 1 and 3 hold a number that is none.
SmallEnsemble partly_broken() {
  SmallEnsemble models = initialise<SmallModel, double>(3, 5);
  models.theta(1, 4) = std::nan("");
  models.theta(3, 4) = std::numeric_limits<double>::infinity();
  return models;
}

/// Members 0, 2 and 4.
SmallEnsemble sound_members() {
  const SmallEnsemble models = initialise<SmallModel, double>(3, 5);
  SmallEnsemble rest = SmallEnsemble::uninitialised(3);
  for (std::size_t m = 0; m < 3; ++m)
    std::copy_n(&models.theta(2 * m, 0), SmallModel::parameters, &rest.theta(m, 0));
  return rest;
}

}  // namespace

TEST_CASE_TEMPLATE("a strategy chooses as many different retain points as are asked for", S,
                   UniformRetain, NearestRetain, LargestChangeRetain, LeverageRetain) {
  Choice choice;
  const std::vector<double> noise = normals<double>(5 * 60 * 3, 4);
  for (std::size_t i = 0; i < noise.size(); ++i) choice.targets.data()[i] += noise[i];
  for (const Index count : {0, 1, 7, 51, 52}) {
    const RetainLists lists = choice.lists(S{}, count);
    CHECK(lists.size() == (std::is_same_v<S, UniformRetain> ? 5 : 1));
    for (const Points& points : lists) {
      CHECK(points.size() == static_cast<std::size_t>(count));
      const std::set<Index> distinct = set_of(points);
      CHECK(distinct.size() == points.size());
      for (const Index i : distinct)
        CHECK(std::count(choice.problem.retain.begin(), choice.problem.retain.end(), i) == 1);
    }
    CHECK(choice.lists(S{}, count) == lists);
  }
  CHECK(set_of(choice.select(S{}, 52)) == set_of(choice.problem.retain));
}

TEST_CASE("random strategies depend on the seed, the others do not") {
  Choice choice;
  CHECK(choice.select(UniformRetain{}, 10, 1) != choice.select(UniformRetain{}, 10, 2));
  CHECK(choice.select(LeverageRetain{}, 10, 1) != choice.select(LeverageRetain{}, 10, 2));
  CHECK(choice.select(NearestRetain{}, 10, 1) == choice.select(NearestRetain{}, 10, 2));
  CHECK(choice.select(LargestChangeRetain{}, 10, 1) == choice.select(LargestChangeRetain{}, 10, 2));
}

TEST_CASE("uniform choice takes every retain point alike, for every member") {
  Choice choice;
  for (const bool shared : {false, true}) {
    const std::size_t lists = shared ? 1 : 5;
    std::vector<std::vector<int>> times(lists, std::vector<int>(60));
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
      const RetainLists drawn = choice.lists(UniformRetain{.shared = shared}, 13, seed);
      REQUIRE(drawn.size() == lists);
      for (std::size_t m = 0; m < lists; ++m)
        for (const Index i : drawn[m]) ++times[m][static_cast<std::size_t>(i)];
    }
    for (const std::vector<int>& own : times)
      for (const Index i : choice.problem.retain) {  // 500 expected, with a deviation of 19
        CHECK(own[static_cast<std::size_t>(i)] > 400);
        CHECK(own[static_cast<std::size_t>(i)] < 600);
      }
  }
}

TEST_CASE("uniform choice draws for every member anew, whatever the others, or once for all") {
  Choice five, three(clouds(60, 6, 3), sound_members());
  const RetainLists own = five.lists(UniformRetain{}, 13, 4);
  for (std::size_t m = 0; m < 5; ++m)
    for (std::size_t n = 0; n < m; ++n) CHECK(set_of(own[m]) != set_of(own[n]));
  const RetainLists first = three.lists(UniformRetain{}, 13, 4);
  CHECK(first == RetainLists(own.begin(), own.begin() + 3));

  const RetainLists shared = five.lists(UniformRetain{.shared = true}, 13, 4);
  REQUIRE(shared.size() == 1);
  CHECK(shared[0] ==
        random_sample(4, Stream{Purpose::retain_sample}, five.problem.retain, Index{13}));
  for (const Points& points : own) CHECK(points != shared[0]);
}

TEST_CASE("the largest changes come first, whatever their sign, member and output") {
  Choice choice;
  choice.targets(0, 40, 1) += 3;
  choice.targets(2, 10, 0) -= 4;
  for (std::size_t m = 0; m < 5; ++m) choice.targets(m, 33, 2) += 2;  // squares sum to 20
  for (const Index i : choice.problem.forget)
    choice.targets(0, static_cast<std::size_t>(i), 0) += 9;
  CHECK(choice.select(LargestChangeRetain{}, 3) == Points{33, 10, 40});
  CHECK(choice.select(LargestChangeRetain{}, 1) == Points{33});
}

TEST_CASE("a change that is no number or infinite is not the largest") {
  for (const double value : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    Choice choice;
    choice.targets(0, 40, 1) = value;
    choice.targets(0, 10, 0) += 1;
    CHECK(choice.select(LargestChangeRetain{}, 1) == Points{10});
    CHECK(set_of(choice.select(LargestChangeRetain{}, 51)).count(40) == 0);
  }
}

TEST_CASE("copies of forget points are the nearest retain points") {
  Dataset data = clouds(60, 6, 3);
  const Points copies = {30, 55, 4}, originals = {2, 50, 8};
  for (std::size_t i = 0; i < 3; ++i)
    std::copy_n(data.inputs.data() + originals[i] * 6, 6, data.inputs.data() + copies[i] * 6);
  Choice choice(std::move(data));
  CHECK(set_of(choice.select(NearestRetain{}, 3)) == set_of(copies));
  CHECK(set_of(choice.select(NearestRetain{.models = 1}, 3)) == set_of(copies));
  CHECK(set_of(Choice().select(NearestRetain{}, 3)) != set_of(copies));
}

TEST_CASE("nearness is that of the last layer's features, averaged over the first models") {
  Choice choice;
  std::vector<double> best(60, -1.0);
  for (const Index i : choice.problem.retain)
    for (const Index z : choice.problem.forget) {
      double sum = 0;
      for (Index m = 0; m < 2; ++m) {
        const Array<double, 2> a =
            head_features(choice.backend, choice.models, m, view(choice.data.inputs));
        double iz = 0, ii = 0, zz = 0;
        for (std::size_t j = 0; j < 9; ++j) {
          const double x = a(static_cast<std::size_t>(i), j), y = a(static_cast<std::size_t>(z), j);
          iz += x * y, ii += x * x, zz += y * y;
        }
        sum += iz / std::sqrt(ii * zz);
      }
      double& score = best[static_cast<std::size_t>(i)];
      score = std::max(score, sum);
    }
  const Points points = choice.select(NearestRetain{.models = 2}, 52);
  for (std::size_t p = 1; p < points.size(); ++p)
    CHECK(best[static_cast<std::size_t>(points[p])] <=
          best[static_cast<std::size_t>(points[p - 1])] + 1e-12);
  CHECK(points != choice.select(NearestRetain{.models = 1}, 52));
  CHECK(choice.select(NearestRetain{.models = 5}, 52) ==
        choice.select(NearestRetain{.models = 99}, 52));
}

TEST_CASE("leverage prefers a point that the others do not pin down") {
  Dataset data = clouds(60, 6, 3);
  for (std::size_t j = 0; j < 6; ++j) data.inputs(40, j) *= 20;
  Choice choice(std::move(data));
  int outlier = 0, uniform = 0;
  constexpr int seeds = 300;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    outlier += static_cast<int>(set_of(choice.select(LeverageRetain{}, 5, seed)).count(40));
    uniform += static_cast<int>(set_of(choice.select(UniformRetain{}, 5, seed)).count(40));
  }
  CHECK(uniform <= seeds / 5);  // 5 of 52
  CHECK(outlier >= seeds * 2 / 5);
}

TEST_CASE("with much ridge, leverage is the squared length of the features") {
  Dataset data = clouds(60, 6, 3);
  for (const Index i : {7, 21, 45})
    for (Index j = 0; j < 6; ++j) data.inputs(i, j) *= 10;
  Choice choice(std::move(data));
  std::vector<double> times(60), lengths(60);
  for (std::uint64_t seed = 0; seed < 4000; ++seed)
    times[static_cast<std::size_t>(
        choice.select(LeverageRetain{.models = 1, .ridge = 1e6}, 1, seed)[0])] += 1;
  const Array<double, 2> a =
      head_features(choice.backend, choice.models, 0, view(choice.data.inputs));
  double total = 0;
  for (const Index i : choice.problem.retain) {
    const auto x = static_cast<std::size_t>(i);
    for (std::size_t j = 0; j < 9; ++j) lengths[x] += a(x, j) * a(x, j);
    total += lengths[x];
  }
  for (const Index i : choice.problem.retain) {
    const auto x = static_cast<std::size_t>(i);
    const double share = lengths[x] / total;  // the first point drawn has these chances
    CHECK(std::abs(times[x] / 4000 - share) <= 5 * std::sqrt(share * (1 - share) / 4000) + 1e-3);
  }
}

TEST_CASE_TEMPLATE("members whose weights are no numbers have no say in the choice", S,
                   NearestRetain, LargestChangeRetain, LeverageRetain) {
  Choice broken(clouds(60, 6, 3), partly_broken()), sound(clouds(60, 6, 3), sound_members());
  for (Choice* choice : {&broken, &sound})
    for (std::size_t i = 0; i < choice->targets.size(); ++i)
      choice->targets.data()[i] += 0.1 * static_cast<double>(i * 7 % 180);  // alike for all members
  if constexpr (requires(S s) { s.models; })
    CHECK(broken.select(S{.models = 5}, 12) == sound.select(S{.models = 5}, 12));
  else
    CHECK(broken.select(S{}, 12) == sound.select(S{}, 12));
}

TEST_CASE("settings of retain strategies out of range are named, passes are counted") {
  CHECK_THROWS_WITH(NearestRetain{.models = 0}.validate(), "NearestRetain: models is 0, below 1");
  CHECK_THROWS_WITH(LeverageRetain{.models = -2}.validate(),
                    "LeverageRetain: models is -2, below 1");
  CHECK_THROWS_WITH(LeverageRetain{.ridge = 0}.validate(),
                    "LeverageRetain: ridge is 0, not positive");
  CHECK_THROWS_WITH(LeverageRetain{.ridge = std::nan("")}.validate(),
                    "LeverageRetain: ridge is nan, not positive");
  CHECK_NOTHROW(UniformRetain{}.validate());
  CHECK_NOTHROW(LargestChangeRetain{}.validate());
  CHECK_NOTHROW(NearestRetain{}.validate());
  CHECK_NOTHROW(LeverageRetain{}.validate());
  CHECK(UniformRetain{}.passes(8) == 0);
  CHECK(LargestChangeRetain{}.passes(8) == 0);
  CHECK(NearestRetain{}.passes(8) == 0.5);
  CHECK(NearestRetain{}.passes(3) == 1);
  CHECK(LeverageRetain{.models = 2}.passes(8) == 0.25);
}
