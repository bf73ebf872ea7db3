// expunge predict: equal to DM-Direct of the library, from every shape of base, and what is
// refused.
#include <doctest/doctest.h>

#include <cmath>

#include "cli/run.hpp"
#include "cli/unwrapped.hpp"
#include "expunge/attribution/datamodels.hpp"
#include "expunge/core/random.hpp"
#include "expunge/io/npy.hpp"
#include "expunge/unlearning/dm_direct.hpp"

using namespace expunge;

namespace {

constexpr Index examples = 25, points = 7, outputs = 3, models = 4;

template <std::size_t Rank>
Array<float, Rank> noise(Array<float, Rank> a, std::uint32_t which) {
  for (std::size_t i = 0; i < a.size(); ++i)
    a.data()[i] = static_cast<float>(random_uniform(5, {Purpose::test, which}, i) - .5);
  return a;
}

struct Case {
  Effects<float> effects = zero_effects<float>(examples, points* outputs);
  std::vector<Index> forget{3, 24, 0, 11};
  Array<float, 3> base = noise(make_array<float>(models, points, outputs), 1);

  Case() { effects.weights = noise(std::move(effects.weights), 0); }

  void write(const Scratch& at) const {
    std::filesystem::create_directory(at / "fit");
    write_npy(at / "fit/effects.npy", effects.weights);
    report::write_text_file((at / "fit/fit.json").string(), "{\"points\": 7, \"outputs\": 3}");
    write_npy(at / "f.npy", Array<std::int64_t, 1>{3, 24, 0, 11});
    write_npy(at / "b.npy", base);
  }

  Array<double, 3> expected(double multiplier) const {
    const Datamodels<float> datamodels(effects, points, outputs);
    const Array<double, 3> b = base;
    const DmDirect<Datamodels<float>> direct{datamodels, multiplier};
    return direct.targets(TensorView<const double>(view(b)), forget);
  }
};

template <class A, class B>
double largest_difference(const A& a, const B& b) {
  if (a.size() != b.size()) return INFINITY;
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i]));
    if (!(d <= most)) most = d;  // NaN too
  }
  return most;
}

}  // namespace

TEST_CASE("expunge predict: many models, as the library's DmDirect, written as double") {
  const Scratch at;
  const Case c;
  c.write(at);
  const std::string line = "predict --effects fit --forget f.npy --base b.npy --out p.npy ";
  REQUIRE(run(at, line).status == 0);
  CHECK(largest_difference(read_npy<float, 3>(at / "p.npy"), c.expected(1)) < 1e-6);
  REQUIRE(run(at, line + "--multiplier 0.9").status == 0);
  CHECK(largest_difference(read_npy<float, 3>(at / "p.npy"), c.expected(.9)) < 1e-6);
  CHECK(read_npy_header(at / "p.npy").type() == "f8");
}

TEST_CASE("expunge predict: the change alone, and the figures") {
  const Scratch at;
  const Case c;
  c.write(at);
  const Ran ran = run(at, "predict --effects fit --forget f.npy --out p.npy --json p.json");
  REQUIRE_MESSAGE(ran.status == 0, ran.err);
  const Array<float, 2> change = read_npy<float, 2>(at / "p.npy");
  double mean = 0, most = 0;
  Index most_point = -1;
  for (Index x = 0; x < points; ++x)
    for (Index j = 0; j < outputs; ++j) {
      double sum = 0;
      for (const Index i : c.forget)
        sum -= static_cast<double>(c.effects.weights.data()[(i * points + x) * outputs + j]);
      CHECK(std::abs(static_cast<double>(
                         change(static_cast<std::size_t>(x), static_cast<std::size_t>(j))) -
                     sum) < 1e-6);
      mean += std::abs(sum) / (points * outputs);
      if (std::abs(sum) > most) most_point = x;
      most = std::max(most, std::abs(sum));
    }
  const auto results = json_of(at / "p.json")["results"];
  CHECK(results["mean_absolute_change"].get<double>() == doctest::Approx(mean));
  CHECK(results["largest_absolute_change"].get<double>() == doctest::Approx(most));
  CHECK(results["largest"][0]["point"] == most_point);
  CHECK(results["forget_set"] == 4);
  CHECK(results["shape"] == std::vector<Index>{points, outputs});
}

TEST_CASE("expunge predict: one model, one output, effects as a bare file") {
  const Scratch at;
  const Case c;
  c.write(at);
  const std::string fit = "predict --effects fit --forget f.npy --out p.npy --base ";
  const std::string bare = "predict --effects fit/effects.npy --forget f.npy --out p.npy --base ";
  const Array<double, 3> expected = c.expected(1);
  Array<float, 2> one = make_array<float>(points, outputs);
  std::copy_n(c.base.data(), one.size(), one.data());
  write_npy(at / "one.npy", one);
  REQUIRE(run(at, fit + "one.npy").status == 0);
  const Array<float, 2> found = read_npy<float, 2>(at / "p.npy");
  for (std::size_t i = 0; i < found.size(); ++i)
    CHECK(std::abs(static_cast<double>(found.data()[i]) - expected.data()[i]) < 1e-6);
  REQUIRE(run(at, bare + "b.npy").status == 0);  // as many outputs as the base models have
  CHECK(largest_difference(read_npy<float, 3>(at / "p.npy"), expected) < 1e-6);
  Array<float, 2> flat = make_array<float>(models, points * outputs);
  std::copy(c.base.begin(), c.base.end(), flat.begin());
  write_npy(at / "flat.npy", flat);
  REQUIRE(run(at, bare + "flat.npy").status == 0);  // [models][points] of one output
  CHECK(largest_difference(read_npy<float, 2>(at / "p.npy"), expected) < 1e-6);
  Array<float, 1> line = make_array<float>(points * outputs);
  std::copy_n(flat.data(), line.size(), line.data());
  write_npy(at / "line.npy", line);
  REQUIRE(run(at, bare + "line.npy").status == 0);
  CHECK(read_npy<float, 1>(at / "p.npy").size() == points * outputs);
}

TEST_CASE("expunge predict: outputs of one where fit.json says nothing; NaN is counted") {
  const Scratch at;
  Case c;
  c.effects.weights(24, 5) = std::nanf("");
  c.write(at);
  report::write_text_file((at / "fit/fit.json").string(), "{\"points\": 21}");
  const Ran ran = run(at, "predict --effects fit --forget f.npy --out p.npy --json p.json");
  REQUIRE_MESSAGE(ran.status == 0, ran.err);
  CHECK(read_npy<float, 1>(at / "p.npy").size() == 21);
  const auto results = json_of(at / "p.json")["results"];
  CHECK(results["not_finite"] == 1);
  CHECK(results["mean_absolute_change"].is_null());
  CHECK(results["largest"][0]["point"] == 5);
  CHECK(contains(ran.out, "1 of the numbers written are NaN or infinite"));
}

TEST_CASE("expunge predict: what is refused, and no file is left") {
  const Scratch at;
  const Case c;
  c.write(at);
  const auto with = [&](const std::string& effects, const std::string& forget,
                        const std::string& rest) {
    const Ran ran =
        run(at, "predict --out p.npy --effects " + effects + " --forget " + forget + " " + rest);
    CHECK(!std::filesystem::exists(at / "p.npy"));
    return ran;
  };
  write_npy(at / "far.npy", Array<std::int64_t, 1>{3, 25});
  write_npy(at / "twice.npy", Array<std::int64_t, 1>{3, 3});
  write_npy(at / "small.npy", noise(make_array<float>(models, points - 1, outputs), 2));
  CHECK(refused(with("fit", "far.npy", ""), 3, "entry 1 is 25"));
  CHECK(refused(with("fit", "twice.npy", ""), 3, "listed twice"));
  CHECK(refused(with("fit", "f.npy", "--base small.npy"), 3, "[4][6][3]"));
  CHECK(refused(with("fit", "f.npy", "--base absent.npy"), 3, "absent.npy"));
  CHECK(refused(with("fit", "f.npy", "--multiplier nan"), 2, "--multiplier"));
  CHECK(refused(with("f.npy", "f.npy", ""), 3, "the array is [4]"));
  const auto fit_json = [&](const std::string& text) {
    report::write_text_file((at / "fit/fit.json").string(), text);
    return with("fit", "f.npy", "");
  };
  CHECK(refused(fit_json("{\"points\": 8, \"outputs\": 3}"), 3, "8 points of 3 outputs"));
  CHECK(refused(fit_json("{\"points\": 7, \"outputs\": 0}"), 3, "outputs"));
  CHECK(refused(fit_json("{\"points\": -7, \"outputs\": 3}"), 3, "points"));
  CHECK(refused(fit_json("{\"outputs\": 3}"), 3, "points is missing"));
  CHECK(refused(fit_json("[]"), 3, "points is missing"));
  CHECK(refused(fit_json("{"), 3, "not JSON"));
  std::filesystem::remove(at / "fit/fit.json");
  CHECK(refused(with("fit", "f.npy", ""), 3, "fit.json"));
  CHECK(
      refused(run(at, "predict --effects fit/effects.npy --forget f.npy --out p.txt"), 2, ".npy"));
}

TEST_CASE("predict: one base file a model, and a store with an unfinished model") {
  const Scratch at;
  const Case c;
  c.write(at);
  REQUIRE(run(at, "predict --effects fit --forget f.npy --base b.npy --out p.npy").status == 0);
  const Array<float, 3> whole = read_npy<float, 3>(at / "p.npy");
  std::filesystem::create_directories(at / "models");
  for (Index m = 0; m < models; ++m) {
    Array<float, 2> one = make_array<float>(points, outputs);
    std::copy_n(c.base.data() + m * points * outputs, one.size(), one.data());
    write_npy(at / sentence("models/id_", m, ".npy"), one);
  }
  for (const std::string base : {"models", "models/id_*.npy"}) {
    REQUIRE(run(at, {"predict", "--effects", "fit", "--forget", "f.npy", "--base", base, "--out",
                     "q.npy"})
                .status == 0);
    CHECK(read_npy<float, 3>(at / "q.npy") == whole);
  }
  Array<bool, 1> completed = make_array<bool>(models);
  completed.fill(true);
  completed(1) = false;
  write_npy(at / "_completed.npy", completed);
  REQUIRE(run(at, "predict --effects fit --forget f.npy --base b.npy --out q.npy").status == 0);
  const Array<float, 3> fewer = read_npy<float, 3>(at / "q.npy");
  CHECK(static_cast<Index>(fewer.shape()[0]) == models - 1);
  for (std::size_t x = 0; x < fewer.shape()[1]; ++x) CHECK(fewer(1, x, 0) == whole(2, x, 0));
}

TEST_CASE("predict: bases far from zero keep their digits") {
  const Scratch at;
  write_npy(at / "e.npy", Array<double, 2>{{.25, -.5}, {1, 2}, {3, 4}});
  write_npy(at / "f.npy", Array<std::int64_t, 1>{0});
  write_npy(at / "b.npy", Array<double, 2>{{1e8, -1e8}});
  REQUIRE(run(at, "predict --effects e.npy --forget f.npy --base b.npy --out p.npy").status == 0);
  const Array<double, 2> p = read_npy<double, 2>(at / "p.npy");
  CHECK(p(0, 0) == 1e8 - .25);
  CHECK(p(0, 1) == -1e8 + .5);
}

TEST_CASE("predict: outputs y and y + 10^7 change alike, and predictions differ by 10^7") {
  const Scratch at;
  const Case c;
  c.write(at);
  Array<double, 3> base = c.base, high = c.base;
  for (double& y : high) y += 1e7;
  write_npy(at / "y.npy", base);
  write_npy(at / "h.npy", high);
  const auto predicted = [&](const std::string& name) {
    const Ran ran = run(at, "predict --effects fit --forget f.npy --base " + name + ".npy --json " +
                                name + ".json --out p.npy");
    REQUIRE_MESSAGE(ran.status == 0, ran.err);
    return read_npy<double, 3>(at / "p.npy");
  };
  const Array<double, 3> low = predicted("y"), far = predicted("h");
  double most = 0;
  for (std::size_t i = 0; i < low.size(); ++i)
    most = std::max(most, std::abs(far.data()[i] - 1e7 - low.data()[i]));
  CHECK(most < 4e-9);  // two roundings at 10^7; float would lose everything below .5
  CHECK(json_of(at / "y.json")["results"]["largest"] ==
        json_of(at / "h.json")["results"]["largest"]);
}

TEST_CASE("predict: several epochs of one model among the base files are said") {
  const Scratch at;
  const Case c;
  c.write(at);
  std::filesystem::create_directories(at / "models");
  for (const int epoch : {3, 23}) {
    for (Index m = 0; m < 2; ++m) {
      Array<float, 2> one = make_array<float>(points, outputs);
      one.fill(1);
      write_npy(at / sentence("models/id_", m, "_epoch_", epoch, ".npy"), one);
    }
  }
  const std::string line = "predict --effects fit --forget f.npy --out p.npy --base models";
  CHECK(contains(unwrapped(run(at, line).out),
                 "! models: several epochs (3, 23) of the same models, taken as 4 models"));
  CHECK(!contains(unwrapped(run(at, line + "/*epoch_23.npy").out), "several epochs"));
}

TEST_CASE("predict: effects [targets][examples] are read by --effects-axes, and doubted without") {
  const Scratch at;
  Array<double, 2> effects = make_array<double>(6, 3), turned = make_array<double>(3, 6);
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t t = 0; t < 3; ++t)
      effects(i, t) = turned(t, i) = static_cast<double>(10 * i + t);
  write_npy(at / "e.npy", effects);
  write_npy(at / "t.npy", turned);
  write_npy(at / "f.npy", Array<std::int64_t, 1>{4, 1});
  write_npy(at / "b.npy", Array<double, 2>{{1, 2, 3}, {4, 5, 6}});
  const std::string rest = " --forget f.npy --base b.npy --out ";
  REQUIRE(run(at, "predict --effects e.npy" + rest + "p.npy").status == 0);
  const Ran right =
      run(at, "predict --effects t.npy --effects-axes targets-examples" + rest + "q.npy");
  REQUIRE_MESSAGE(right.status == 0, right.err);
  CHECK(read_npy<double, 2>(at / "p.npy") == read_npy<double, 2>(at / "q.npy"));
  CHECK(read_npy<double, 2>(at / "q.npy")(0, 0) == 1 - 50);
  CHECK(contains(unwrapped(right.out), "6 examples, 3 points x 1 outputs, f8, targets first"));
  CHECK(!contains(right.out, "!"));
  CHECK(refused(run(at, "predict --effects t.npy" + rest + "q.npy"), 3,
                "not in 0 .. 2: the effects of t.npy are [3][6], taken as [examples][targets]; if "
                "they are [targets][examples], say --effects-axes targets-examples"));
  write_npy(at / "f.npy", Array<std::int64_t, 1>{1});
  CHECK(refused(run(at, "predict --effects t.npy" + rest + "q.npy"), 3,
                "say --effects-axes targets-examples"));
  const Ran bare = run(at, "predict --effects t.npy --forget f.npy --out q.npy");
  REQUIRE(bare.status == 0);
  CHECK(contains(unwrapped(bare.out),
                 "! t.npy is [3][6], more columns than rows: its rows were taken"));
  write_npy(at / "s.npy", Array<double, 2>{{1, 2}, {3, 4}});
  const std::string square = "predict --effects s.npy --forget f.npy --out q.npy";
  CHECK(contains(unwrapped(run(at, square).out), "! s.npy is [2][2], square: its rows were taken"));
  CHECK(!contains(run(at, square + " --effects-axes examples-targets").out, "!"));
  CHECK(read_npy<double, 1>(at / "q.npy") == Array<double, 1>{-3, -4});
  REQUIRE(run(at, square + " --effects-axes targets-examples").status == 0);
  CHECK(read_npy<double, 1>(at / "q.npy") == Array<double, 1>{-2, -4});
}

TEST_CASE("predict: files of one model with a leading axis of one, some of them unfinished") {
  const Scratch at;
  write_npy(at / "e.npy", Array<double, 2>{{1, 2}, {3, 4}, {5, 6}});
  write_npy(at / "f.npy", Array<std::int64_t, 1>{0});
  std::filesystem::create_directory(at / "base");
  for (int m = 0; m < 3; ++m)
    write_npy(at / sentence("base/", m, ".npy"), Array<double, 2>{{10. * m, 20. * m}});
  write_npy(at / "base/_completed.npy", Array<std::int64_t, 1>{1, 0, 1});
  const std::string line = "predict --effects e.npy --forget f.npy --base base --out p.npy";
  const Ran ran = run(at, line);
  REQUIRE_MESSAGE(ran.status == 0, ran.err);
  CHECK(contains(unwrapped(ran.out),
                 "base: 2 models, f8 (1 unfinished left out, as base/_completed.npy says)"));
  CHECK(read_npy<double, 2>(at / "p.npy") == Array<double, 2>{{-1, -2}, {19, 38}});
  REQUIRE(run(at, line + " --ignore-completed").status == 0);
  CHECK(read_npy<double, 2>(at / "p.npy") == Array<double, 2>{{-1, -2}, {9, 18}, {19, 38}});
}
