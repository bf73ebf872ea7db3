// expunge lds: published check values, a brute-force witness, both orders of axes, unfinished
// models, and what is refused.
#include <doctest/doctest.h>

#include <cmath>

#include "cli/run.hpp"
#include "cli/unwrapped.hpp"
#include "expunge/core/random.hpp"
#include "expunge/data/subset_masks.hpp"
#include "expunge/evaluation/lds.hpp"
#include "expunge/io/npy.hpp"

using namespace expunge;

namespace {

constexpr Index models = 30, examples = 37, targets = 21;

double uniform(std::uint32_t which, Index i) {
  return random_uniform(7, {Purpose::test, which}, static_cast<std::uint64_t>(i));
}

/// Scores [examples][targets], masks and outputs that the scores half explain. Target 3 is
/// constant, output 5 of model 2 is NaN.
struct Case {
  Array<double, 2> scores = make_array<double>(examples, targets);
  SubsetMasks masks = fixed_size_subsets(1, models, examples, .5);
  Array<double, 2> outputs;

  explicit Case(bool flaws = true) {
    for (Index i = 0; i < examples * targets; ++i) scores.data()[i] = uniform(0, i) - .5;
    outputs = predict_outputs(scores, masks);
    for (Index i = 0; i < models * targets; ++i) outputs.data()[i] += uniform(1, i) * 4;
    for (Index m = 0; flaws && m < models; ++m) outputs(static_cast<std::size_t>(m), 3) = 1;
    if (flaws) outputs(2, 5) = std::nan("");
  }

  void write(const Scratch& at) const {
    write_npy(at / "s.npy", scores);
    write_npy(at / "m.npy", to_bool(masks));
    write_npy(at / "y.npy", outputs);
  }
};

Array<double, 2> transposed(const Array<double, 2>& a) {
  Array<double, 2> b = make_array<double>(a.shape()[1], a.shape()[0]);
  for (std::size_t i = 0; i < a.shape()[0]; ++i)
    for (std::size_t j = 0; j < a.shape()[1]; ++j) b(j, i) = a(i, j);
  return b;
}

/// Average rank of each value, by counting.
std::vector<double> ranks_by_counting(const std::vector<double>& values) {
  std::vector<double> ranks;
  for (const double x : values) {
    double below = 0, equal = 0;
    for (const double y : values) {
      below += y < x;
      equal += y == x;
    }
    ranks.push_back(below + (equal + 1) / 2);
  }
  return ranks;
}

double spearman_by_counting(const std::vector<double>& a, const std::vector<double>& b) {
  const std::vector<double> x = ranks_by_counting(a), y = ranks_by_counting(b);
  const double n = static_cast<double>(a.size()), middle = (n + 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    xy += (x[i] - middle) * (y[i] - middle);
    xx += (x[i] - middle) * (x[i] - middle);
    yy += (y[i] - middle) * (y[i] - middle);
  }
  return xy / std::sqrt(xx * yy);
}

/// Of target t over models [first, models), sums taken entry by entry.
double score_by_hand(const Case& c, Index t, Index first = 0) {
  std::vector<double> predicted, truth;
  for (Index m = first; m < models; ++m) {
    double sum = 0;
    for (Index i = 0; i < examples; ++i)
      if (c.masks.contains(m, i))
        sum += c.scores(static_cast<std::size_t>(i), static_cast<std::size_t>(t));
    predicted.push_back(sum);
    truth.push_back(c.outputs(static_cast<std::size_t>(m), static_cast<std::size_t>(t)));
  }
  return spearman_by_counting(predicted, truth);
}

}  // namespace

TEST_CASE("expunge lds: the published check values") {
  const Scratch at;
  write_npy(at / "s.npy", Array<double, 2>{{.1, .2, .3, .4}, {.2, .1, .3, .4}});
  write_npy(at / "m.npy", Array<std::int64_t, 2>{{1, 1, 0, 0}, {1, 0, 1, 0}, {0, 1, 1, 0}});
  write_npy(at / "y.npy", Array<double, 2>{{.3, .3}, {.4, .4}, {.5, .3}});
  const Ran ran =
      run(at, "lds --scores s.npy --masks m.npy --outputs y.npy --per-target t.npy --json l.json");
  REQUIRE_MESSAGE(ran.status == 0, ran.err);
  const Array<double, 1> score = read_npy<double, 1>(at / "t.npy");
  CHECK(score(0) == doctest::Approx(1).epsilon(1e-12));
  CHECK(score(1) == doctest::Approx(.8660254).epsilon(1e-7));
  const auto json = json_of(at / "l.json");
  CHECK(json["kind"] == "lds");
  CHECK(json["results"]["mean"].get<double>() == doctest::Approx(.9330127).epsilon(1e-7));
  CHECK(json["results"]["models"] == 3);
  CHECK(json["results"]["targets"] == 2);
}

TEST_CASE("expunge lds: equal to counting ranks, without a score as 0 in the mean") {
  const Scratch at;
  const Case c;
  c.write(at);
  const std::string line = "lds --scores s.npy --masks m.npy --outputs y.npy --json l.json ";
  const Ran ran = run(at, line + "--per-target t.npy");
  REQUIRE_MESSAGE(ran.status == 0, ran.err);
  const Array<double, 1> score = read_npy<double, 1>(at / "t.npy");
  double mean = 0;
  for (Index t = 0; t < targets; ++t) {
    const double found = score(static_cast<std::size_t>(t));
    if (t == 3 || t == 5) {
      CHECK(std::isnan(found));
      continue;
    }
    CHECK(std::abs(found - score_by_hand(c, t)) < 1e-12);
    mean += score_by_hand(c, t) / static_cast<double>(targets);
  }
  const auto results = json_of(at / "l.json")["results"];
  CHECK(std::abs(results["mean"].get<double>() - mean) < 1e-12);
  CHECK(results["without_score"] == 2);
  CHECK(contains(ran.out, "2 of 21 targets have no rank correlation"));
  const LdsResult library = lds(predict_outputs(c.scores, c.masks), c.outputs);
  CHECK(results["interval"][0].get<double>() == doctest::Approx(library.interval.low));
  CHECK(results["interval"][1].get<double>() == doctest::Approx(library.interval.high));
}

TEST_CASE("expunge lds: constant scores on subsets of one size have no score, in every type") {
  const Scratch at;
  const Case c(false);
  c.write(at);
  const auto check = [&](auto constant) {
    using T = decltype(constant);
    Array<T, 2> scores = make_array<T>(examples, targets);
    scores.fill(constant);
    write_npy(at / "constant.npy", scores);
    const Ran ran =
        run(at, "lds --scores constant.npy --masks m.npy --outputs y.npy --json l.json");
    REQUIRE_MESSAGE(ran.status == 0, ran.err);
    const auto results = json_of(at / "l.json")["results"];
    CHECK(results["without_score"] == targets);
    CHECK(results["mean"] == 0);
    CHECK(contains(ran.out, "21 of 21 targets have no rank correlation"));
  };
  check(.1);
  check(.1f);
  check(static_cast<Half>(.1f));
}

TEST_CASE("expunge lds: scores in tenths tie as fractions do, in float as in double") {
  const Scratch at;
  const Case c(false);
  c.write(at);
  Array<double, 2> tenths = make_array<double>(examples, targets), whole = tenths;
  for (std::size_t i = 0; i < tenths.size(); ++i) {
    whole.data()[i] = static_cast<double>(i * i % 7);  // sums of these are exact
    tenths.data()[i] = whole.data()[i] / 10;
  }
  const auto mean = [&](const auto& scores) {
    write_npy(at / "quantised.npy", scores);
    const Ran ran =
        run(at, "lds --scores quantised.npy --masks m.npy --outputs y.npy --json l.json");
    REQUIRE_MESSAGE(ran.status == 0, ran.err);
    return json_of(at / "l.json")["results"]["mean"].get<double>();
  };
  const double exact = mean(whole);
  CHECK(mean(tenths) == doctest::Approx(exact).epsilon(1e-12));
  CHECK(mean(Array<float, 2>(xt::cast<float>(tenths))) == doctest::Approx(exact).epsilon(1e-12));
}

TEST_CASE("expunge lds: the order of axes, --negate and threads") {
  const Scratch at;
  const Case c;
  c.write(at);
  write_npy(at / "turned.npy", transposed(c.scores));
  const std::string rest = " --masks m.npy --outputs y.npy ";
  const auto results = [&](const std::string& line) {
    const Ran ran = run(at, line + " --json l.json");
    REQUIRE_MESSAGE(ran.status == 0, ran.err);
    return json_of(at / "l.json")["results"];
  };
  const auto plain = results("lds --scores s.npy" + rest);
  CHECK(results("lds --scores turned.npy" + rest) == plain);
  CHECK(results("lds --scores turned.npy --scores-axes targets-examples" + rest) == plain);
  CHECK(results("lds --threads 1 --scores s.npy" + rest) == plain);
  const auto negated = results("lds --negate --scores s.npy" + rest);
  CHECK(negated["mean"].get<double>() == doctest::Approx(-plain["mean"].get<double>()));
  CHECK(negated["p5"].get<double>() == doctest::Approx(-plain["p95"].get<double>()));
  CHECK(refused(run(at, "lds --scores turned.npy --scores-axes examples-targets" + rest), 3,
                "scores of 21 examples and 37 targets"));
}

TEST_CASE("expunge lds: square scores must say their axes") {
  const Scratch at;
  const SubsetMasks masks = fixed_size_subsets(2, 8, 6, .5);
  Array<double, 2> scores = make_array<double>(6, 6), outputs = make_array<double>(8, 6);
  for (Index i = 0; i < 36; ++i) scores.data()[i] = uniform(2, i);
  for (Index i = 0; i < 48; ++i) outputs.data()[i] = uniform(3, i);
  write_npy(at / "s.npy", scores);
  write_npy(at / "m.npy", to_bool(masks));
  write_npy(at / "y.npy", outputs);
  const std::string line = "lds --scores s.npy --masks m.npy --outputs y.npy";
  CHECK(refused(run(at, line), 2, "--scores-axes"));
  for (const bool turned : {false, true}) {
    const std::string axes = turned ? "targets-examples" : "examples-targets";
    REQUIRE(run(at, line + " --per-target t.npy --scores-axes " + axes).status == 0);
    const LdsResult library =
        lds(predict_outputs(turned ? transposed(scores) : scores, masks), outputs);
    const Array<double, 1> score = read_npy<double, 1>(at / "t.npy");
    for (std::size_t t = 0; t < 6; ++t) CHECK(score(t) == doctest::Approx(library.score(t)));
  }
}

TEST_CASE("expunge lds: unfinished models leave outputs and masks alike; --first-model") {
  const Scratch at;
  Case c(false);
  c.write(at);
  const std::string line =
      "lds --scores s.npy --masks m.npy --outputs y.npy --per-target t.npy --json l.json";
  REQUIRE(run(at, line + " --first-model 10").status == 0);
  CHECK(json_of(at / "l.json")["results"]["models"] == 20);
  const Array<double, 1> held_out = read_npy<double, 1>(at / "t.npy");
  CHECK(std::abs(held_out(4) - score_by_hand(c, 4, 10)) < 1e-12);
  Array<bool, 1> completed = make_array<bool>(models);
  for (Index m = 0; m < models; ++m) completed(static_cast<std::size_t>(m)) = m >= 10 || m == 4;
  write_npy(at / "_completed.npy", completed);
  REQUIRE(run(at, line + " --first-model 10").status == 0);  // a row of the files, not of the rest
  CHECK(json_of(at / "l.json")["results"]["models"] == 20);
  CHECK(read_npy<double, 1>(at / "t.npy") == held_out);
  REQUIRE(run(at, line).status == 0);
  CHECK(json_of(at / "l.json")["results"]["models"] == 21);
  CHECK(refused(run(at, line + " --first-model 29"), 2, "1 are left"));
  CHECK(refused(run(at, line + " --first-model 99999"), 2, "0 are left"));
}

TEST_CASE("expunge lds: a score that is no number has no target score, even if no model saw it") {
  const Scratch at;
  Case c(false);
  for (Index m = 0; m < models; ++m) c.masks.erase(m, 9);
  c.scores(9, 2) = std::nan("");
  c.scores(1, 7) = INFINITY;
  c.write(at);
  REQUIRE(run(at, "lds --scores s.npy --masks m.npy --outputs y.npy --per-target t.npy").status ==
          0);
  const Array<double, 1> score = read_npy<double, 1>(at / "t.npy");
  for (std::size_t t = 0; t < targets; ++t) CHECK(std::isnan(score(t)) == (t == 2 || t == 7));
}

TEST_CASE("expunge lds: logits are targets, one for each class") {
  const Scratch at;
  const Case c(false);
  c.write(at);
  Array<double, 3> logits = make_array<double>(models, targets / 3, 3);
  std::copy(c.outputs.begin(), c.outputs.end(), logits.begin());
  write_npy(at / "l.npy", logits);
  REQUIRE(run(at, "lds --scores s.npy --masks m.npy --outputs l.npy --per-target a.npy").status ==
          0);
  REQUIRE(run(at, "lds --scores s.npy --masks m.npy --outputs y.npy --per-target b.npy").status ==
          0);
  CHECK(read_npy<double, 1>(at / "a.npy") == read_npy<double, 1>(at / "b.npy"));
}

TEST_CASE("expunge lds: what is refused") {
  const Scratch at;
  const Case c;
  c.write(at);
  const auto with_masks = [&](const std::string& file) {
    return run(at, "lds --scores s.npy --outputs y.npy --masks " + file);
  };
  Array<std::int8_t, 2> masks = make_array<std::int8_t>(models, examples);
  masks.fill(1);
  masks(4, 11) = 2;
  write_npy(at / "two.npy", masks);
  CHECK(refused(with_masks("two.npy"), 3, "row 4, column 11 is 2"));
  masks(4, 11) = -1;
  write_npy(at / "minus.npy", masks);
  CHECK(refused(with_masks("minus.npy"), 3, "row 4, column 11 is -1"));
  write_npy(at / "floats.npy", Array<float, 2>(to_bool(c.masks)));
  CHECK(with_masks("floats.npy").status == 0);
  CHECK(refused(with_masks("s.npy"), 3, "(f8); masks [models][examples] hold 0 and 1"));
  CHECK(refused(with_masks("absent.npy"), 3, "absent.npy"));
  write_npy(at / "few.npy", to_bool(model_range(c.masks, 0, 7)));
  CHECK(refused(with_masks("few.npy"), 3, "masks of 7 models"));
  write_npy(at / "flat.npy", Array<bool, 1>{true, false});
  CHECK(refused(with_masks("flat.npy"), 3, "the array is ["));
  write_npy(at / "_completed.npy", Array<bool, 1>{true, false});
  const Ran others = with_masks("m.npy");  // flags of other models
  CHECK(others.status == 0);
  CHECK(contains(unwrapped(others.out), "! _completed.npy has 2 entries and y.npy"));
  std::filesystem::copy_file(at / "m.npy", at / "masks.npy");
  CHECK(refused(with_masks("m.npy"), 3, "one entry for each of the"));
  CHECK(refused(run(at, "lds --scores s.npy --masks m.npy"), 2, "--outputs"));
  CHECK(refused(run(at, "lds --scores s.npy --masks m.npy --outputs y.npy --per-target t.txt"), 2,
                ".npy"));
}
