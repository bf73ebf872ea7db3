#include "expunge/unlearning/scrub_rewind.hpp"

#include <doctest/doctest.h>

#include "comparators.hpp"
#include "unlearning/small_problem.hpp"

using namespace expunge;

namespace {

/// The weights after every epoch of SCRUB, theta0 first.
std::vector<SmallEnsemble> trajectory(SmallProblem& small, const Scrub<>& method) {
  std::vector<SmallEnsemble> kept(static_cast<std::size_t>(method.epochs + 1), small.models);
  unlearn(small.backend, method, small.problem,
          [&](Cpu<double>& worker, const EpochEnd<double>& end) {
            copy_rows(worker, end.weights.theta,
                      view(kept[static_cast<std::size_t>(end.epoch + 1)].theta)
                          .row_range(end.first_member, end.weights.theta.rows));
          });
  return kept;
}

/// The share of the listed points that the member gets wrong.
double error_of(SmallProblem& small, const SmallEnsemble& models, Index member, const Dataset& data,
                const std::vector<Label>& classes) {
  const Array<double, 3> z = evaluate_logits<double>(small.backend, models, view(data.inputs));
  double wrong = 0, count = 0;
  for (Index i = 0; i < data.size(); ++i) {
    const Label y = data.labels[static_cast<std::size_t>(i)];
    if (std::find(classes.begin(), classes.end(), y) == classes.end()) continue;
    const double* row = view(z).row(member, i);
    ++count;
    if (std::max_element(row, row + 3) - row != y) ++wrong;
  }
  return wrong / count;
}

/// All of class 2: their error rises as SCRUB pushes the student away.
const std::vector<Index> one_class = {2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 32, 35, 38, 41, 44, 47};

}  // namespace

TEST_CASE("the error rate counts ties and NaN as wrong") {
  const std::vector<double> z = {1, 2, 0, 5, 5, 0, 9, 0, 0, std::nan(""), 0, 0, 0, std::nan(""), 9};
  const MatrixView<const double> rows(z.data(), 5, 3);
  CHECK(error_rate(rows, {1, 0, 0, 0, 2}) == doctest::Approx(3.0 / 5));
  CHECK(error_rate(rows, {0, 0, 1, 0, 2}) == doctest::Approx(1));
}

TEST_CASE("SCRUB+R takes the epoch whose forget error is nearest to the reference") {
  SmallProblem small(one_class);
  const Dataset validation = clouds(90, 6, 3, 7);
  const Scrub<> method{.learning_rate = 0.02,
                       .epochs = 8,
                       .max_steps = 8,
                       .forget_batch = 4,
                       .retain_batch = 16,
                       .decay_epochs = {}};
  const std::vector<SmallEnsemble> kept = trajectory(small, method);
  const auto rewound = scrub_rewind(small.backend, method, small.problem, validation);
  const Dataset forget = forget_examples(small.problem);
  bool inside = false;
  for (Index m = 0; m < 3; ++m) {
    const double goal = error_of(small, kept.back(), m, validation, {2});
    std::size_t best = 0;
    double nearest = 2;
    for (std::size_t e = 0; e < kept.size(); ++e) {
      const double gap = std::abs(error_of(small, kept[e], m, forget, {2}) - goal);
      if (gap < nearest) best = e;
      nearest = std::min(nearest, gap);
    }
    const std::size_t at = static_cast<std::size_t>(m);
    CHECK(rewound.epoch[at] == static_cast<Index>(best));
    CHECK(relative_difference(rewound.unlearned.models.theta.data() + m * SmallModel::parameters,
                              kept[best].theta.data() + m * SmallModel::parameters,
                              SmallModel::parameters) == 0);
    inside = inside || (best > 0 && best + 1 < kept.size());
  }
  CHECK(inside);  // the case is worth its name: some member went back, but not to theta0
}

TEST_CASE("epoch 0 counts: where nothing changes, theta0 is kept") {
  SmallProblem small(one_class);
  const Scrub<> method{.learning_rate = 1e-12, .epochs = 3};
  const auto rewound = scrub_rewind(small.backend, method, small.problem, clouds(30, 6, 3, 7));
  CHECK(rewound.epoch == std::vector<Index>(3, 0));
  CHECK(same_bytes(rewound.unlearned.models.theta, small.models.theta));
}

namespace {

/// SCRUB that has two sound epochs; in the third the rate is 1e300 times as large.
const Scrub<> explodes{.learning_rate = 0.035,
                       .epochs = 4,
                       .max_steps = 4,
                       .forget_batch = 2,
                       .retain_batch = 52,
                       .decay_epochs = {2},
                       .decay = 1e300};

/// Checks that every member went to the sound epoch whose forget error is nearest to `goal`.
void check_sound_epochs(SmallProblem& small, const Dataset& validation, double goal) {
  const std::vector<SmallEnsemble> kept = trajectory(small, explodes);
  const Dataset forget = forget_examples(small.problem);
  const auto rewound = scrub_rewind(small.backend, explodes, small.problem, validation);
  CHECK(rewound.unlearned.report.diverged() == 0);  // what is returned are numbers
  bool errors_differ = false;
  for (Index m = 0; m < 3; ++m) {
    REQUIRE((is_finite(kept[2], m) && !is_finite(kept[3], m) && !is_finite(kept[4], m)));
    REQUIRE(error_of(small, kept[2], m, validation, {2}) == goal);
    double gap[3];
    for (std::size_t e = 0; e < 3; ++e)
      gap[e] = std::abs(error_of(small, kept[e], m, forget, {2}) - goal);
    CHECK(rewound.epoch[static_cast<std::size_t>(m)] == std::min_element(gap, gap + 3) - gap);
    CHECK(is_finite(rewound.unlearned.models, m));
    errors_differ = errors_differ || gap[0] != gap[2];
  }
  CHECK(errors_differ);
}

/// Points called class 2 on which all members of `models` are right, or all are wrong.
Dataset agreed_points(SmallProblem& small, const SmallEnsemble& models, bool right) {
  Dataset data = clouds(300, 6, 3, 7);
  const Array<double, 3> z = evaluate_logits<double>(small.backend, models, view(data.inputs));
  std::vector<Index> rows;
  for (Index i = 0; i < data.size(); ++i) {
    Index says_two = 0;
    for (Index m = 0; m < 3; ++m) {
      const double* row = view(z).row(m, i);
      says_two += std::max_element(row, row + 3) - row == 2;
    }
    if (says_two == (right ? 3 : 0)) rows.push_back(i);
    data.labels[static_cast<std::size_t>(i)] = 2;
  }
  return select_rows(data, rows);
}

}  // namespace

TEST_CASE("an epoch that diverged is never chosen, however near its error is to the reference") {
  SmallProblem small(one_class);
  const SmallEnsemble sound = trajectory(small, explodes)[2];
  check_sound_epochs(small, agreed_points(small, sound, false), 1);  // NaN would match best
}

TEST_CASE("an epoch that diverged gives no reference error: the last sound one does") {
  SmallProblem small(one_class);
  const SmallEnsemble sound = trajectory(small, explodes)[2];
  check_sound_epochs(small, agreed_points(small, sound, true), 0);  // NaN's error would be 1
}

TEST_CASE("without validation points of the forgotten classes there is no reference") {
  SmallProblem small(one_class);
  const Dataset validation = select_rows(clouds(9, 6, 3, 7), {0, 1, 3, 4});
  CHECK_THROWS_WITH(scrub_rewind(small.backend, Scrub<>{}, small.problem, validation),
                    "scrub_rewind: no validation point has a class of the forget set");
  CHECK_THROWS_WITH(
      scrub_rewind(small.backend, Scrub<>{.epochs = -5}, small.problem, clouds(9, 6, 3, 7)),
      "DescentConfig: epochs is -5, below 1");
}
