#include "expunge/evaluation/ulira.hpp"

#include <doctest/doctest.h>

#include "cli/npz.hpp"
#include "cli/run.hpp"
#include "evaluation/margins.hpp"
#include "expunge/data/subset_masks.hpp"
#include "expunge/io/npy.hpp"
#include "expunge/output/margin.hpp"
#include "expunge/report/number.hpp"

using namespace expunge;

namespace {

struct Experiment {
  Array<double, 2> margins;
  Array<std::uint8_t, 2> trained, forgotten;
  std::vector<Index> base;
};

/// Bases on fixed halves of the points, two models of each, which forget half of what their base
/// saw. Margins are normal, one higher for what was unlearned.
Experiment experiment(Index bases = 24, Index points = 30) {
  Experiment e{normal_margins(1, 2 * bases, points),
               make_array<std::uint8_t>(2 * bases, points),
               make_array<std::uint8_t>(2 * bases, points),
               {}};
  const SubsetMasks halves = fixed_size_subsets(1, bases, points, 0.5);
  for (Index m = 0; m < 2 * bases; ++m) {
    e.base.push_back(m / 2);
    for (Index x = 0; x < points; ++x) {
      const std::size_t i = static_cast<std::size_t>(m * points + x);
      e.trained.data()[i] = halves.contains(m / 2, x);
      e.forgotten.data()[i] =
          e.trained.data()[i] == 1 && random_uniform(1, {Purpose::test, 7}, i) < 0.5;
      e.margins.data()[i] += e.forgotten.data()[i];
    }
  }
  return e;
}

/// m.npy, t.npy as bool, f.npy as bytes, b.npy.
void write(const Scratch& scratch, const Experiment& e) {
  const Index models = static_cast<Index>(e.trained.shape()[0]);
  Array<bool, 2> trained = make_array<bool>(models, static_cast<Index>(e.trained.shape()[1]));
  std::copy(e.trained.begin(), e.trained.end(), trained.begin());
  Array<std::int64_t, 1> base = make_array<std::int64_t>(static_cast<Index>(e.base.size()));
  std::copy(e.base.begin(), e.base.end(), base.begin());
  write_npy(scratch / "m.npy", e.margins);
  write_npy(scratch / "t.npy", trained);
  write_npy(scratch / "f.npy", e.forgotten);
  write_npy(scratch / "b.npy", base);
}

/// Without the models that a list marks.
Experiment without(const Experiment& e, const std::vector<bool>& left_out) {
  const std::size_t points = e.margins.shape()[1];
  const Index models = std::count(left_out.begin(), left_out.end(), false);
  Experiment kept{make_array<double>(models, static_cast<Index>(points)),
                  make_array<std::uint8_t>(models, static_cast<Index>(points)),
                  make_array<std::uint8_t>(models, static_cast<Index>(points)),
                  {}};
  for (std::size_t m = 0; m < left_out.size(); ++m) {
    if (left_out[m]) continue;
    const std::size_t to = kept.base.size();
    kept.base.push_back(e.base[m]);
    for (std::size_t x = 0; x < points; ++x) {
      kept.margins(to, x) = e.margins(m, x);
      kept.trained(to, x) = e.trained(m, x);
      kept.forgotten(to, x) = e.forgotten(m, x);
    }
  }
  return kept;
}

const std::string files = "ulira --margins m.npy --trained t.npy --forgotten f.npy ";
const std::string few = "--min-shadows 3 --replicates 100 ";

UliraConfig config_of_few() {
  UliraConfig config;
  config.min_shadows = 3;
  config.bootstrap.replicates = 100;
  return config;
}

void check_figure(const report::Json& json, const UliraFigure& expected) {
  CHECK(json["value"].get<double>() == expected.value);
  CHECK(json["interval"][0].get<double>() == expected.interval.low);
  CHECK(json["interval"][1].get<double>() == expected.interval.high);
}

void check_results(const report::Json& results, const UliraResult& expected) {
  check_figure(results["accuracy"], expected.accuracy);
  check_figure(results["auc"], expected.auc);
  check_figure(results["tpr_at_1_percent"], expected.tpr_at_1_percent);
  check_figure(results["tpr_at_0_1_percent"], expected.tpr_at_0_1_percent);
  CHECK(results["accuracy"]["sd"].get<double>() == expected.sd);
  CHECK(results["targets"] == expected.targets);
  CHECK(results["bases"] == expected.bases);
  CHECK(results["queries"] == expected.queries.size());
  CHECK(results["skipped"] == expected.skipped);
  CHECK(results["bad"] == expected.bad);
  CHECK(results["bad_shadows"] == expected.bad_shadows);
}

std::string without_command(const std::filesystem::path& file) {
  report::Json json = json_of(file);
  json.erase("command");
  return json.dump();
}

}  // namespace

TEST_CASE("expunge ulira: results are the library's, and the table's") {
  const Scratch scratch;
  const Experiment e = experiment();
  write(scratch, e);
  const Ran ran =
      run(scratch, files + few + "--group-by b.npy --seed 4 --json u.json --per-query q.npz");
  CHECK(ran.err.empty());
  REQUIRE(ran.status == 0);
  UliraConfig config = config_of_few();
  config.seed = config.bootstrap.seed = 4;
  const UliraResult expected = ulira(e.margins, e.trained, e.forgotten, e.base, config);
  const report::Json json = json_of(scratch / "u.json");
  CHECK(json["kind"] == "ulira");
  check_results(json["results"], expected);
  CHECK(json["results"]["models"] == 48);
  CHECK(json["results"]["points"] == 30);
  CHECK(json["results"]["grouped"] == true);
  CHECK(contains(ran.out, report::fixed(100 * expected.accuracy.value, 2)));
  CHECK(contains(ran.out, report::fixed(100 * expected.sd, 2)));
  CHECK(contains(ran.out, report::fixed(expected.auc.value, 4)));
  CHECK(contains(ran.out, report::fixed(100 * expected.tpr_at_1_percent.value, 2)));
  CHECK(expected.accuracy.value > 0.6);
  const cli::NpzFile queries(scratch / "q.npz");
  const std::vector<double> score = queries.array("score").read_all<double>();
  const std::vector<double> model = queries.array("model").read_all<double>();
  const std::vector<double> point = queries.array("point").read_all<double>();
  const std::vector<double> member = queries.array("member").read_all<double>();
  REQUIRE(score.size() == expected.queries.size());
  for (std::size_t q = 0; q < score.size(); ++q) {
    const UliraQuery& query = expected.queries[q];
    CHECK((score[q] == query.score && model[q] == query.model && point[q] == query.point &&
           (member[q] == 1) == query.member));
  }
}

TEST_CASE("expunge ulira: its settings are the library's") {
  const Scratch scratch;
  const Experiment e = experiment();
  write(scratch, e);
  REQUIRE(run(scratch, files + "--group-by b.npy --min-shadows 4 --max-shadows 6 --pooled-variance "
                               "--replicates 50 --level 0.8 --json u.json")
              .status == 0);
  UliraConfig config;
  config.min_shadows = 4, config.max_shadows = 6, config.pooled_variance = true;
  config.bootstrap = {50, 0.8, 0};
  check_results(json_of(scratch / "u.json")["results"],
                ulira(e.margins, e.trained, e.forgotten, e.base, config));
}

TEST_CASE("expunge ulira: unfinished models are left out of every file") {
  const Scratch scratch;
  const Experiment e = experiment();
  write(scratch, e);
  Array<std::uint8_t, 1> completed = xt::ones<std::uint8_t>({48});
  completed(0) = completed(5) = completed(30) = 0;
  write_npy(scratch / "_completed.npy", completed);
  const Ran ran = run(scratch, files + few + "--group-by b.npy --json u.json --per-query q.npz");
  CHECK(ran.err.empty());
  REQUIRE(ran.status == 0);
  std::vector<bool> left_out(48);
  left_out[0] = left_out[5] = left_out[30] = true;
  const Experiment kept = without(e, left_out);
  const UliraResult expected =
      ulira(kept.margins, kept.trained, kept.forgotten, kept.base, config_of_few());
  check_results(json_of(scratch / "u.json")["results"], expected);
  CHECK(contains(ran.out, "3 unfinished left out"));
  // queries name models by their rows in the files
  const auto model = cli::NpzFile(scratch / "q.npz").array("model").read_all<double>();
  CHECK(model.front() == 1);
  CHECK(std::count(model.begin(), model.end(), 5) == 0);
  CHECK(model.back() == static_cast<double>(expected.queries.back().model) + 3);
  // files of the finished models alone do not fit: nobody knows which rows they are
  write_npy(scratch / "t.npy", kept.trained);
  CHECK(refused(run(scratch, files + few + "--group-by b.npy"), 3, "t.npy"));
}

TEST_CASE("expunge ulira: without bases it warns of models that share a training set") {
  const Scratch scratch;
  const Experiment e = experiment();
  write(scratch, e);
  const Ran alone = run(scratch, files + few + "--json u.json");
  REQUIRE(alone.status == 0);
  CHECK(contains(alone.out, "48 of 48 models have the training set of another"));
  check_results(json_of(scratch / "u.json")["results"],
                ulira(e.margins, e.trained, e.forgotten, {}, config_of_few()));
  const Ran grouped = run(scratch, files + few + "--group-by b.npy");
  CHECK_FALSE(contains(grouped.out, "training set of another"));
}

TEST_CASE("expunge ulira: few bases, skipped points and lost margins are said") {
  const Scratch scratch;
  Experiment e = experiment(8);
  e.margins(2, 3) = std::nan("");
  e.forgotten(2, 3) = e.trained(2, 3) = e.trained(3, 3) = 1;
  write(scratch, e);
  const Ran ran = run(scratch, files + few + "--group-by b.npy --json u.json");
  REQUIRE(ran.status == 0);
  const UliraResult expected = ulira(e.margins, e.trained, e.forgotten, e.base, config_of_few());
  const report::Json results = json_of(scratch / "u.json")["results"];
  check_results(results, expected);
  CHECK(results["bad_shadows"] == 1);
  CHECK(contains(ran.out, "Only 8 bases"));
  CHECK(contains(ran.out, "1 margins are NaN or infinite"));
  CHECK((expected.skipped == 0 || contains(ran.out, "unlearned points not asked about")));
}

TEST_CASE("expunge ulira: one base has no interval") {
  const Scratch scratch;
  Experiment e = experiment();
  for (std::size_t m = 2; m < 48; ++m)  // unlearned all, or never saw any: shadows only
    for (std::size_t x = 0; x < 30; ++x) e.trained(m, x) = e.forgotten(m, x) = m / 2 % 2 == 0;
  write(scratch, e);
  const Ran ran = run(scratch, files + few + "--group-by b.npy --json u.json");
  REQUIRE(ran.status == 0);
  CHECK(contains(ran.out, "Only 1 base:"));
  const report::Json accuracy = json_of(scratch / "u.json")["results"]["accuracy"];
  CHECK(accuracy["value"].is_number());
  CHECK(accuracy["interval"][0].is_null());
  CHECK(accuracy["interval"][1].is_null());
}

TEST_CASE("expunge ulira: half margins, and logits with labels") {
  const Scratch scratch;
  Experiment e = experiment();
  write(scratch, e);
  const Index models = 48, points = 30, classes = 3;
  Array<double, 3> logits = make_array<double>(models, points, classes);
  Array<std::int64_t, 1> labels = make_array<std::int64_t>(points);
  for (std::size_t i = 0; i < logits.size(); ++i)
    logits.data()[i] = random_normal(5, {Purpose::test}, i);
  for (Index x = 0; x < points; ++x) labels(static_cast<std::size_t>(x)) = x % classes;
  for (Index i = 0; i < models * points; ++i)
    Margin().value(logits.data() + i * classes, classes, static_cast<Label>(i % points % classes),
                   e.margins.data() + i);
  write_npy(scratch / "l.npy", logits);
  write_npy(scratch / "y.npy", labels);
  const std::string of_logits =
      "ulira --margins l.npy --trained t.npy --forgotten f.npy --group-by b.npy " + few;
  REQUIRE(run(scratch, of_logits + "--labels y.npy --json u.json").status == 0);
  check_results(json_of(scratch / "u.json")["results"],
                ulira(e.margins, e.trained, e.forgotten, e.base, config_of_few()));
  CHECK(refused(run(scratch, of_logits), 3, "--labels"));
  CHECK(refused(run(scratch, files + few + "--labels y.npy"), 3, "no axis of classes"));

  Array<Half, 2> half = make_array<Half>(models, points);
  for (std::size_t i = 0; i < half.size(); ++i)
    half.data()[i] = static_cast<Half>(static_cast<float>(e.margins.data()[i]));
  write_npy(scratch / "m.npy", half);
  REQUIRE(run(scratch, files + few + "--group-by b.npy --json u.json").status == 0);
  check_results(json_of(scratch / "u.json")["results"],
                ulira(half, e.trained, e.forgotten, e.base, config_of_few()));
}

TEST_CASE("expunge ulira: threads do not change a byte") {
  const Scratch scratch;
  write(scratch, experiment());
  const std::string line = files + few + "--group-by b.npy ";
  const Ran one = run(scratch, line + "--threads 1 --json 1.json --per-query 1.npz");
  const Ran two = run(scratch, line + "--threads 2 --json 2.json --per-query 2.npz");
  REQUIRE(one.status == 0);
  CHECK(without_time(one.out) == without_time(two.out));
  CHECK(without_command(scratch / "1.json") == without_command(scratch / "2.json"));
  CHECK(report::read_text_file(scratch / "1.npz") == report::read_text_file(scratch / "2.npz"));
  CHECK_FALSE(contains(one.out, "\033"));
}

TEST_CASE("expunge ulira: what is wrong is one sentence") {
  const Scratch scratch;
  const Experiment good = experiment();
  write(scratch, good);
  const std::string line = files + few + "--group-by b.npy ";
  CHECK(refused(run(scratch, "ulira --margins m.npy --trained t.npy"), 2, "--forgotten"));
  CHECK(refused(run(scratch, line + "--max-shadows 2"), 2, "--min-shadows 3 is more than"));
  CHECK(refused(run(scratch, line + "--max-shadows 1"), 2, "max-shadows"));
  CHECK(refused(run(scratch, line + "--per-query q.npy"), 2, ".npz"));
  CHECK(refused(run(scratch, line + "--level 1"), 2, "level"));
  const Ran unwritable = run(scratch, line + "--json t.npy/u.json");
  CHECK(unwritable.status == 3);
  CHECK(contains(unwritable.err, "u.json"));
  CHECK(refused(run(scratch, files + "--min-shadows 60"), 3, "can be asked about"));
  const auto with = [&](const std::string& text) {
    return run(scratch, "ulira --margins m.npy " + few + text);
  };
  CHECK(refused(with("--trained none.npy --forgotten f.npy"), 3, "none.npy"));
  CHECK(refused(with("--trained b.npy --forgotten f.npy"), 3, "b.npy"));
  CHECK(refused(with("--trained m.npy --forgotten f.npy"), 3, "m.npy"));
  CHECK(refused(with("--trained t.npy --forgotten f.npy --group-by t.npy"), 3,
                "flags; the number of each model's base was expected"));
  CHECK(refused(with("--trained t.npy --forgotten t.npy --group-by m.npy"), 3, "m.npy"));
  write_npy(scratch / "real.npy", Array<double, 1>(xt::zeros<double>({48}) + .5));
  CHECK(refused(with("--trained t.npy --forgotten f.npy --group-by real.npy"), 3,
                "element 0 of type f8 is 0.5, a whole number"));
  CHECK(refused(with("--trained t.npy --forgotten f.npy --group-by m.npy"), 3,
                "bases [models] were expected, the array is [48][30]"));
  write_npy(scratch / "fewer.npy", Array<std::int64_t, 1>(xt::zeros<std::int64_t>({47})));
  CHECK(refused(with("--trained t.npy --forgotten f.npy --group-by fewer.npy"), 3,
                "one base for each of 48 models was expected, there are 47"));
  write_npy(scratch / "narrow.npy", Array<std::uint8_t, 2>(xt::zeros<std::uint8_t>({48, 29})));
  CHECK(refused(with("--trained t.npy --forgotten narrow.npy"), 3,
                "48 models x 29 points, m.npy has 48 x 30"));
  write_npy(scratch / "low.npy", Array<std::uint8_t, 2>(xt::zeros<std::uint8_t>({47, 30})));
  CHECK(refused(with("--trained low.npy --forgotten f.npy"), 3, "47 models x 30 points"));
}

TEST_CASE("expunge ulira: a design that contradicts itself is refused with its files") {
  const Scratch scratch;
  const Experiment good = experiment();
  const auto refuses = [&](const std::string& part, const auto& spoil) {
    Experiment e = good;
    spoil(e);
    write(scratch, e);
    const Ran ran = run(scratch, files + few + "--group-by b.npy");
    CAPTURE(ran.err);
    CHECK(refused(ran, 3, part));
    CHECK(contains(ran.err, "f.npy"));
  };
  refuses("model 4 unlearned point 7, which its base was not trained on", [](Experiment& e) {
    e.trained(4, 7) = e.trained(5, 7) = e.forgotten(5, 7) = 0;
    e.forgotten(4, 7) = 1;
  });
  refuses("models 4 and 5 have the same base, but only one was trained on point 7",
          [](Experiment& e) { e.trained(4, 7) = e.forgotten(4, 7) = 0, e.trained(5, 7) = 1; });
  refuses("row 3, column 2 is 9", [](Experiment& e) { e.forgotten(3, 2) = 9; });
  refuses("none of 0 unlearned points", [](Experiment& e) {
    for (std::uint8_t& f : e.forgotten) f = 0;
  });
}
