#include "expunge/evaluation/epsilon.hpp"

#include <doctest/doctest.h>

#include "cli/npz.hpp"
#include "cli/run.hpp"
#include "evaluation/margins.hpp"
#include "expunge/core/sample.hpp"
#include "expunge/io/npy.hpp"
#include "expunge/output/margin.hpp"
#include "expunge/report/number.hpp"

using namespace expunge;

namespace {

struct Sides {
  Array<double, 2> retrained = normal_margins(1, 40, 30);
  Array<double, 2> unlearned = normal_margins(2, 36, 30, 0.8);
};

/// The files r.npy and u.npy.
void write(const Scratch& scratch, const Sides& sides) {
  write_npy(scratch / "r.npy", sides.retrained);
  write_npy(scratch / "u.npy", sides.unlearned);
}

const std::string files = "epsilon --retrained r.npy --unlearned u.npy ";

void write_positions(const std::filesystem::path& path, const std::vector<Index>& points) {
  Array<std::int64_t, 1> array = make_array<std::int64_t>(static_cast<Index>(points.size()));
  std::copy(points.begin(), points.end(), array.begin());
  write_npy(path, array);
}

/// These rows or columns, in this order.
Array<double, 2> picked(const Array<double, 2>& a, const std::vector<Index>& rows,
                        const std::vector<Index>& columns) {
  Array<double, 2> b =
      make_array<double>(static_cast<Index>(rows.size()), static_cast<Index>(columns.size()));
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < columns.size(); ++j)
      b(i, j) = a(static_cast<std::size_t>(rows[i]), static_cast<std::size_t>(columns[j]));
  return b;
}

double mean_of(const Array<double, 1>& values) {
  return xt::sum(values)() / static_cast<double>(values.size());
}

std::vector<double> numbers(const NpyView& array) {
  return array.read_all<double>();
}

std::vector<double> numbers(const Array<double, 1>& array) {
  return {array.begin(), array.end()};
}

/// A file of results without the line of the command.
std::string without_command(const std::filesystem::path& file) {
  report::Json json = json_of(file);
  json.erase("command");
  return json.dump();
}

}  // namespace

TEST_CASE("expunge epsilon: results are the library's, and the table's") {
  const Scratch scratch;
  const Sides sides;
  write(scratch, sides);
  const Ran ran = run(scratch, files + "--json e.json --per-point e.npz --seed 5 --replicates 300");
  CHECK(ran.err.empty());
  REQUIRE(ran.status == 0);
  const EpsilonResult expected = unlearning_epsilon(sides.retrained, sides.unlearned);
  const report::Json json = json_of(scratch / "e.json");
  CHECK(json["kind"] == "epsilon");
  const report::Json results = json["results"], split = results["splits"][0];
  CHECK(results["retrained_models"] == 40);
  CHECK(results["unlearned_models"] == 36);
  CHECK(results["intervals"] == "published");
  CHECK(results["delta"] == 1e-5);
  CHECK(results["epsilon_of_h_zero"] == epsilon_limit(36));
  CHECK(split["points"] == 30);
  CHECK(split["bad_points"] == 0);
  CHECK(split["forgetting_quality"].get<double>() == expected.forgetting_quality);
  const Interval interval = forgetting_quality_interval(expected, {300, 0.95, 5});
  CHECK(split["forgetting_quality_interval"][0].get<double>() == interval.low);
  CHECK(split["forgetting_quality_interval"][1].get<double>() == interval.high);
  CHECK(split["epsilon_mean"].get<double>() ==
        doctest::Approx(mean_of(expected.epsilon)).epsilon(1e-14));
  CHECK(split["epsilon_p95"].get<double>() == percentile(numbers(expected.epsilon), 95));
  CHECK(split["epsilon_p50"].get<double>() == percentile(numbers(expected.epsilon), 50));
  CHECK(split["h_zero"] == std::count(expected.h.begin(), expected.h.end(), 0.0));
  CHECK(split["attacks"]["threshold"] ==
        std::count(expected.attack.begin(), expected.attack.end(), EpsilonAttack::threshold));
  CHECK(split["attacks"]["interval"] ==
        std::count(expected.attack.begin(), expected.attack.end(), EpsilonAttack::interval));
  for (const char* key : {"forgetting_quality", "epsilon_mean", "epsilon_p50", "epsilon_p95"})
    CHECK(contains(ran.out, report::fixed(split[key].get<double>(),
                                          key == std::string("forgetting_quality") ? 3 : 2)));
  CHECK(contains(ran.out, "40 retrained, 36 unlearned"));
  const cli::NpzFile points(scratch / "e.npz");
  CHECK(numbers(points.array("epsilon")) == numbers(expected.epsilon));
  CHECK(numbers(points.array("h")) == numbers(expected.h));
  CHECK(numbers(points.array("attack"))[7] == static_cast<double>(expected.attack[7]));
}

TEST_CASE("expunge epsilon: the floor is of the same numbers of models") {
  const Scratch scratch;
  Sides sides;
  sides.retrained = normal_margins(1, 80, 30);
  write(scratch, sides);
  const Ran ran = run(scratch, files + "--json e.json --seed 3");
  REQUIRE(ran.status == 0);
  CHECK(json_of(scratch / "e.json")["results"]["floor_method"] == "smoothed bootstrap");
  CHECK(contains(ran.out, "80 models against 36 others"));
  sides.unlearned = normal_margins(2, 3, 30, 0.8);
  sides.retrained = normal_margins(1, 3, 30);
  write(scratch, sides);
  REQUIRE(run(scratch, files + "--json e.json").status == 0);  // the fewest models have a floor
  CHECK(json_of(scratch / "e.json")["results"]["splits"][0]["floor"].is_object());
}

TEST_CASE("expunge epsilon: the smoothed floor is that of independent models") {
  const Scratch scratch;
  const Index points = 3000;
  Sides sides;
  sides.retrained = normal_margins(11, 100, points, 3, 2);
  sides.unlearned = normal_margins(12, 100, points, 3, 2);
  write(scratch, sides);
  const Ran ran = run(scratch, files + "--json e.json --replicates 5");
  REQUIRE(ran.status == 0);
  const double floor =
      json_of(scratch / "e.json")["results"]["splits"][0]["floor"]["forgetting_quality"];
  const double independent =
      unlearning_epsilon(sides.retrained, sides.unlearned).forgetting_quality;
  INFO(floor << " against " << independent);
  CHECK(std::abs(floor - independent) < .03);
  CHECK(contains(json_of(scratch / "e.json")["remarks"].dump(), "by smoothed bootstrap"));
}

TEST_CASE(
    "expunge epsilon: retrained models that are not finite or ran away do not change the floor") {
  const Scratch scratch;
  Sides sides;
  write(scratch, sides);
  const auto floor = [&](const Ran& ran) {
    REQUIRE(ran.status == 0);
    return json_of(scratch / "e.json")["results"]["splits"][0];
  };
  const double before = floor(run(scratch, files + "--json e.json"))["floor"]["forgetting_quality"];
  for (std::size_t x = 0; x < 20; ++x) sides.retrained(x, x) = std::nan("");
  write(scratch, sides);
  const Ran ran = run(scratch, files + "--json e.json");
  const report::Json split = floor(ran);
  CHECK(split["floor_left_out"] == 20);
  CHECK(split["floor"]["forgetting_quality"].get<double>() > before / 2);
  CHECK(contains(ran.out, "the floor leaves out 20 of 30 points"));
  for (std::size_t x = 20; x < 25; ++x) sides.retrained(5, x) = 1e6;  // ran away
  write(scratch, sides);
  CHECK(floor(run(scratch, files + "--json e.json"))["floor_left_out"] == 25);
  for (std::size_t x = 0; x < 30; ++x) sides.retrained(5, x) = std::nan("");
  write(scratch, sides);
  CHECK(floor(run(scratch, files + "--json e.json"))["floor"].is_null());
}

TEST_CASE("expunge epsilon: splits are scored apart, and no other point is looked at") {
  const Scratch scratch;
  Sides sides;
  sides.unlearned(0, 29) = std::nan("");  // in no split
  write(scratch, sides);
  const std::vector<Index> a = {7, 3, 11}, b = {11, 0, 20, 21, 3};
  write_positions(scratch / "a.npy", a);
  write_positions(scratch / "b.npy", b);
  const Ran ran =
      run(scratch, files + "--split one=a.npy --split two=b.npy --json e.json --per-point e.npz");
  REQUIRE(ran.status == 0);
  const report::Json splits = json_of(scratch / "e.json")["results"]["splits"];
  REQUIRE(splits.size() == 2);
  for (std::size_t s = 0; s < 2; ++s) {
    const std::vector<Index>& points = s == 0 ? a : b;
    const EpsilonResult expected =
        unlearning_epsilon(picked(sides.retrained, all_indices(40), points),
                           picked(sides.unlearned, all_indices(36), points));
    CHECK(splits[s]["name"] == (s == 0 ? "one" : "two"));
    CHECK(splits[s]["forgetting_quality"].get<double>() == expected.forgetting_quality);
    CHECK(splits[s]["bad_points"] == 0);
  }
  const cli::NpzFile points(scratch / "e.npz");
  CHECK(numbers(points.array("point")) == std::vector<double>{0, 3, 7, 11, 20, 21});
}

TEST_CASE("expunge epsilon: all intervals are stricter, delta lowers epsilon") {
  const Scratch scratch;
  write(scratch, {});
  const auto first = [&](const std::string& options) {
    REQUIRE(run(scratch, files + "--json e.json " + options).status == 0);
    return json_of(scratch / "e.json")["results"]["splits"][0];
  };
  const report::Json published = first(""), all = first("--intervals all");
  CHECK(all["forgetting_quality"] < published["forgetting_quality"]);
  CHECK(all["floor"]["forgetting_quality"] < published["floor"]["forgetting_quality"]);
  CHECK(first("--delta 0.1")["epsilon_mean"] < published["epsilon_mean"]);
}

TEST_CASE("expunge epsilon: margins that are not finite never help") {
  const Scratch scratch;
  Sides sides;
  const double before = unlearning_epsilon(sides.retrained, sides.unlearned).forgetting_quality;
  sides.unlearned(3, 4) = std::nan("");
  sides.retrained(9, 8) = std::numeric_limits<double>::infinity();
  write(scratch, sides);
  const Ran ran = run(scratch, files + "--json e.json");
  REQUIRE(ran.status == 0);
  const report::Json split = json_of(scratch / "e.json")["results"]["splits"][0];
  CHECK(split["bad_points"] == 2);
  CHECK(split["attacks"]["not_finite"] == 2);
  CHECK(split["forgetting_quality"].get<double>() <= before);
  CHECK(contains(ran.out, "all: 2 of 30 points have a margin that is NaN or infinite"));
}

TEST_CASE("expunge epsilon: logits with labels are their margins, models may be files") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "logits");
  const Index models = 12, points = 9, classes = 4;
  Array<double, 2> margins = make_array<double>(models, points);
  std::vector<Index> labels;
  for (Index x = 0; x < points; ++x) labels.push_back(x % classes);
  for (Index m = 0; m < models; ++m) {
    const Array<double, 2> logits =
        normal_margins(100 + static_cast<std::uint64_t>(m), points, classes);
    for (Index x = 0; x < points; ++x)
      Margin().value(logits.data() + x * classes, classes, static_cast<Label>(x % classes),
                     margins.data() + m * points + x);
    write_npy(scratch / sentence("logits/id_", m, ".npy"), logits);
  }
  write_positions(scratch / "labels.npy", labels);
  write_npy(scratch / "m.npy", margins);
  const Ran of_logits = run(scratch,
                            "epsilon --retrained logits --unlearned logits/*.npy --labels "
                            "labels.npy --json l.json");
  CHECK(of_logits.err.empty());
  const Ran of_margins = run(scratch, "epsilon --retrained m.npy --unlearned m.npy --json m.json");
  REQUIRE(of_logits.status == 0);
  REQUIRE(of_margins.status == 0);
  CHECK(json_of(scratch / "l.json")["results"] == json_of(scratch / "m.json")["results"]);
  CHECK(json_of(scratch / "m.json")["results"]["splits"][0]["forgetting_quality"] == 1);
  CHECK(refused(run(scratch, "epsilon --retrained logits --unlearned logits"), 3, "--labels"));
}

TEST_CASE("expunge epsilon: both accuracies make the challenge's score") {
  const Scratch scratch;
  const Sides sides;
  write(scratch, sides);
  const Ran ran =
      run(scratch, files + "--retain-accuracy 0.9,0.96 --test-accuracy 0.85,0.8 --json e.json");
  REQUIRE(ran.status == 0);
  const double quality = unlearning_epsilon(sides.retrained, sides.unlearned).forgetting_quality;
  const double score = json_of(scratch / "e.json")["results"]["splits"][0]["challenge_score"];
  CHECK(score == doctest::Approx(quality * 0.9 / 0.96 * 0.85 / 0.8).epsilon(1e-14));
  CHECK(contains(ran.out, report::fixed(score, 4)));
  CHECK(refused(run(scratch, files + "--retain-accuracy 0.9,0.9"), 2, "one is missing"));
  CHECK(refused(run(scratch, files + "--retain-accuracy 0.9 --test-accuracy 0.9,0.9"), 2,
                "--retain-accuracy: two accuracies"));
  for (const char* bad : {"0.9,0", "90,95", "nan,0.9", "0.9,nan", "-0.1,0.9", "0.9,inf"})
    CHECK(refused(
        run(scratch, files + "--retain-accuracy 0.9,0.9 --test-accuracy " + std::string(bad)), 2,
        "--test-accuracy"));
}

TEST_CASE("expunge epsilon: threads do not change a byte, nor does a second run") {
  const Scratch scratch;
  write(scratch, {});
  const Ran one = run(scratch, files + "--threads 1 --json 1.json --per-point 1.npz");
  const Ran two = run(scratch, files + "--threads 2 --json 2.json --per-point 2.npz");
  REQUIRE(one.status == 0);
  CHECK(without_time(one.out) == without_time(two.out));
  CHECK(without_command(scratch / "1.json") == without_command(scratch / "2.json"));
  CHECK(report::read_text_file(scratch / "1.npz") == report::read_text_file(scratch / "2.npz"));
  CHECK_FALSE(contains(one.out, "\033"));
}

TEST_CASE("expunge epsilon: what is wrong is one sentence") {
  const Scratch scratch;
  Sides sides;
  write(scratch, sides);
  write_npy(scratch / "short.npy", normal_margins(1, 40, 29));
  write_npy(scratch / "two.npy", normal_margins(1, 2, 30));
  write_npy(scratch / "cube.npy", make_array<double>(2, 30, 1));
  write_positions(scratch / "beyond.npy", {0, 30});
  write_bytes(scratch / "text.npy", bytes_of("no array"));
  CHECK(refused(run(scratch, "epsilon --retrained r.npy"), 2, "--unlearned"));
  CHECK(refused(run(scratch, files + "--intervals some"), 2, "some"));
  CHECK(refused(run(scratch, files + "--delta 1"), 2, "delta"));
  CHECK(refused(run(scratch, files + "--delta nan"), 2, "delta"));
  CHECK(refused(run(scratch, files + "--split forget"), 2, "NAME=indices.npy"));
  CHECK(refused(run(scratch, files + "--per-point e.npy"), 2, ".npz"));
  CHECK(refused(run(scratch, files + "--replicates 1"), 2, "replicates"));
  CHECK(refused(run(scratch, files + "--split f=beyond.npy"), 3, "30, not in 0 .. 29"));
  const Ran unwritable = run(scratch, files + "--json r.npy/e.json");
  CHECK(unwritable.status == 3);
  CHECK(contains(unwritable.err, "e.json"));
  const auto unlearned = [&](const std::string& file) {
    return run(scratch, "epsilon --retrained r.npy --unlearned " + file);
  };
  CHECK(refused(unlearned("short.npy"), 3, "29 points, the retrained models of r.npy have 30"));
  CHECK(refused(unlearned("two.npy"), 3, "two.npy"));
  CHECK(refused(unlearned("two.npy"), 3, "at least 3"));
  CHECK(refused(unlearned("cube.npy"), 3, "cube.npy"));
  CHECK(refused(unlearned("text.npy"), 3, "text.npy"));
  CHECK(refused(unlearned("none.npy"), 3, "none.npy"));
}
