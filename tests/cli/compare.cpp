// expunge compare: the table of saved results, what counts as told apart, and every refusal.
#include <doctest/doctest.h>

#include <functional>

#include "cli/run.hpp"
#include "cli/unwrapped.hpp"
#include "expunge/core/random.hpp"
#include "expunge/io/npy.hpp"

using namespace expunge;
using report::Json;

namespace {

Json score(double p95, double low, double high) {
  return {{"p95", p95},
          {"p95_interval", {low, high}},
          {"mean", p95 / 2},
          {"floor_p95", .25},
          {"bad_points", 0}};
}

Json split(const std::string& name, double p95, double low, double high) {
  return {{"name", name},
          {"points", 40},
          {"oracle_fingerprint", "00000000000000aa"},
          {"points_fingerprint", "00000000000000bb"},
          {"forward", score(p95, low, high)},
          {"reverse", score(p95 + 1, low, high)},
          {"gaussian", score(p95 / 8, low, high)}};
}

Json result_of(Json forget, Json retain) {
  return {{"kind", "klom"},
          {"results",
           {{"preset", "paper"},
            {"direction", "KL(oracle || unlearned)"},
            {"bins", 20},
            {"last_edge", "closed"},
            {"renormalised", false},
            {"oracle_models", 100},
            {"unlearned_models", 100},
            {"interval_level", .95},
            {"splits", Json::array({std::move(forget), std::move(retain)})}}}};
}

Json plain() {
  return result_of(split("forget", 2, 1.5, 2.5), split("retain", .5, .4, .6));
}

void write(const Scratch& at, const std::string& name, const Json& json) {
  report::write_text_file((at / name).string(), json.dump());
}

/// What `compare` says of a plain result beside a changed one.
Ran beside(const Scratch& at, const std::function<void(Json&)>& change) {
  Json other = plain();
  change(other);
  write(at, "a.json", plain());
  write(at, "b.json", other);
  return run(at, "compare a.json b.json");
}

}  // namespace

TEST_CASE("expunge compare: rows, standing, JSON") {
  const Scratch at;
  write(at, "scrub.json", plain());
  write(at, "ga.json", result_of(split("forget", 2.6, 2.4, 2.8), split("retain", .9, .7, 1)));
  write(at, "none.json", result_of(split("forget", 9, 8.5, 9.5), split("retain", .3, .2, .39)));
  const Ran ran = run(at, "compare scrub.json ga.json none.json --json t.json");
  REQUIRE_MESSAGE(ran.status == 0, ran.err);
  const auto runs = json_of(at / "t.json")["results"]["runs"];
  REQUIRE(runs.size() == 3);
  const std::vector<std::vector<std::string>> expected{
      {"tied", ""}, {"tied", ""}, {"", "at the floor"}};
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t s = 0; s < 2; ++s) CHECK(runs[r]["splits"][s]["standing"] == expected[r][s]);
  CHECK(runs[1]["name"] == "ga");
  CHECK(runs[1]["splits"][0]["forward"]["p95"] == 2.6);
  CHECK(runs[1]["splits"][0]["reverse"]["p95"] == 3.6);
  for (const char* part : {"scrub", "none", "9.000", "[8.50, 9.50]", "3.600", "0.250", "tied"})
    CHECK_MESSAGE(contains(ran.out, part), part);
}

TEST_CASE("expunge compare: touching intervals are not told apart; null never wins") {
  const Scratch at;
  write(at, "a.json", plain());
  Json other = result_of(split("forget", 3, 2.5, 3.5), split("retain", .1, .1, .2));
  other["results"]["splits"][1]["forward"]["p95"] = nullptr;
  write(at, "b.json", other);
  REQUIRE(run(at, "compare a.json b.json --json t.json").status == 0);
  const auto runs = json_of(at / "t.json")["results"]["runs"];
  CHECK(runs[0]["splits"][0]["standing"] == "tied");
  CHECK(runs[1]["splits"][0]["standing"] == "tied");
  CHECK(runs[1]["splits"][1]["standing"] == "no value");
  CHECK(runs[0]["splits"][1]["standing"] == "best");
}

TEST_CASE(
    "expunge compare: only a run that stands apart from all others and from its floor is best") {
  const Scratch at;
  const auto standings = [&](const std::vector<Json>& forgets) {
    std::string line = "compare --json t.json";
    for (std::size_t r = 0; r < forgets.size(); ++r) {
      write(at, sentence(r, ".json"), result_of(forgets[r], split("retain", .5, .4, .6)));
      line += sentence(" ", r, ".json");
    }
    const Ran ran = run(at, line);
    REQUIRE_MESSAGE(ran.status == 0, ran.err);
    std::vector<std::string> found;
    const Json runs = json_of(at / "t.json")["results"]["runs"];
    for (const Json& one : runs) found.push_back(one["splits"][0]["standing"].get<std::string>());
    return found;
  };
  using Words = std::vector<std::string>;
  // floors are .25
  CHECK(standings({split("f", 2, 1.5, 2.5), split("f", 4, 3, 5)}) == Words{"best", ""});
  CHECK(standings({split("f", 2, 1.5, 2.5), split("f", 2.4, 2, 3), split("f", 9, 8, 10)}) ==
        Words{"tied", "tied", ""});
  CHECK(standings({split("f", .3, .2, .4), split("f", 4, 3, 5)}) == Words{"at the floor", ""});
  CHECK(standings({split("f", .2, .1, .24), split("f", 4, 3, 5)}) == Words{"at the floor", ""});
  CHECK(standings({split("f", .3, .2, .6), split("f", .5, .4, .7)}) ==
        Words{"at the floor", "tied"});
  CHECK(standings({split("f", .3, .2, .4), split("f", .2, .1, .35)}) ==
        Words{"at the floor", "at the floor"});
  CHECK(standings({split("f", 2, 2, 2), split("f", 2, 2, 2)}) == Words{"tied", "tied"});
}

TEST_CASE(
    "expunge compare: a run in which models ran away is never the best, whatever its preset") {
  const Scratch at;
  for (const std::string preset : {"paper", "paper_code", "easydub", "unlearning_bench"})
    for (const std::string way : {"forward", "reverse", "gaussian"}) {
      Json broken = result_of(split("forget", .3, .28, .35), split("retain", .5, .4, .6));
      broken["results"]["splits"][0][way]["runaway_points"] = 1;
      Json honest = result_of(split("forget", 2, 1.5, 2.5), split("retain", .5, .4, .6));
      broken["results"]["preset"] = honest["results"]["preset"] = preset;
      write(at, "broken.json", broken);
      write(at, "honest.json", honest);
      const Ran ran = run(at, "compare broken.json honest.json --json t.json");
      REQUIRE_MESSAGE(ran.status == 0, ran.err);
      const Json runs = json_of(at / "t.json")["results"]["runs"];
      CHECK(runs[0]["splits"][0]["standing"] == "runaways");
      CHECK(runs[1]["splits"][0]["standing"] == "best");
      CHECK(runs[0]["splits"][1]["standing"] == "tied");  // of the other split nothing is known
    }
}

TEST_CASE("expunge compare: a score far below its floor is doubted") {
  const Scratch at;
  const Ran ran =
      beside(at, [](Json& r) { r["results"]["splits"][0]["forward"] = score(.1, .05, .2); });
  REQUIRE_MESSAGE(ran.status == 0, ran.err);
  CHECK(contains(unwrapped(ran.out),
                 "b, forget: p95 0.100 is far below its floor of 0.250: do the two sides"));
}

TEST_CASE("expunge compare: a run without an interval is not told apart") {
  const Scratch at;
  const Ran ran = beside(at, [](Json& r) {
    r["results"]["splits"][0]["forward"]["p95"] = 8;
    r["results"]["splits"][0]["forward"]["p95_interval"] = {nullptr, nullptr};
    r["results"]["splits"][0]["forward"]["bad_points"] = 3;
  });
  REQUIRE_MESSAGE(ran.status == 0, ran.err);
  CHECK(contains(ran.out, "tied"));
  CHECK(contains(ran.out, "b, forget: 3 of 40 points have no score"));
}

TEST_CASE("expunge compare: names") {
  const Scratch at;
  std::filesystem::create_directory(at / "x");
  std::filesystem::create_directory(at / "y");
  write(at, "x/klom.json", plain());
  write(at, "y/klom.json", plain());
  const Ran ran = run(at, "compare x/klom.json y/klom.json");
  REQUIRE(ran.status == 0);
  CHECK(contains(ran.out, "\ny/klom.json "));  // equal stems: the whole path
  const Ran named =
      run(at, "compare x/klom.json y/klom.json --names one --names two --json t.json");
  REQUIRE(named.status == 0);
  CHECK(json_of(at / "t.json")["results"]["runs"][1]["name"] == "two");
  CHECK(refused(run(at, "compare x/klom.json y/klom.json --names one"), 2, "1 names for 2 files"));
  CHECK(refused(run(at, "compare x/klom.json"), 2, "results"));
  CHECK(refused(run(at, "compare x/klom.json absent.json"), 3, "absent.json"));
}

TEST_CASE("expunge compare: results that differ are refused, with files, field and both values") {
  const Scratch at;
  const auto differs = [&](const std::string& part, const std::function<void(Json&)>& change) {
    const Ran ran = beside(at, change);
    CHECK_MESSAGE(refused(ran, 3, part), ran.err);
    CHECK(contains(ran.err, "b.json"));
    CHECK(contains(ran.err, "a.json"));
  };
  differs("preset is easydub, of a.json it is paper",
          [](Json& r) { r["results"]["preset"] = "easydub"; });
  differs("direction is KL(unlearned || oracle), of a.json it is KL(oracle || unlearned)",
          [](Json& r) { r["results"]["direction"] = "KL(unlearned || oracle)"; });
  differs("bins is 19, of a.json it is 20", [](Json& r) { r["results"]["bins"] = 19; });
  differs("last_edge is dropped, of a.json it is closed",
          [](Json& r) { r["results"]["last_edge"] = "dropped"; });
  differs("oracle_models is 99, of a.json it is 100",
          [](Json& r) { r["results"]["oracle_models"] = 99; });
  differs("unlearned_models is 200, of a.json it is 100",
          [](Json& r) { r["results"]["unlearned_models"] = 200; });
  differs("interval_level is 0.9, of a.json it is 0.95",
          [](Json& r) { r["results"]["interval_level"] = .9; });
  differs("splits[1].name is val, of a.json it is retain",
          [](Json& r) { r["results"]["splits"][1]["name"] = "val"; });
  differs("splits[0].points is 41, of a.json it is 40",
          [](Json& r) { r["results"]["splits"][0]["points"] = 41; });
  differs("other oracles: results.splits[1].oracle_fingerprint is 07, of a.json it is 00000000",
          [](Json& r) { r["results"]["splits"][1]["oracle_fingerprint"] = "07"; });
  differs("other positions: results.splits[0].points_fingerprint is 08, of a.json it is 00000000",
          [](Json& r) { r["results"]["splits"][0]["points_fingerprint"] = "08"; });
  differs("results.splits is 1, of a.json it is 2",
          [](Json& r) { r["results"]["splits"].erase(1); });
}

TEST_CASE("expunge compare: JSON that is no such result is refused with the field") {
  const Scratch at;
  const auto no_result = [&](const std::string& part, const std::function<void(Json&)>& change) {
    const Ran ran = beside(at, change);
    CHECK_MESSAGE(refused(ran, 3, part), ran.err);
    CHECK(contains(ran.err, "b.json"));
  };
  no_result("the field kind is 'lds'", [](Json& r) { r["kind"] = "lds"; });
  no_result("the field kind: text", [](Json& r) { r["kind"] = 3; });
  no_result("the field kind is missing", [](Json& r) { r.erase("kind"); });
  no_result("the field results is missing", [](Json& r) { r.erase("results"); });
  no_result("the field results.preset is missing", [](Json& r) { r["results"] = {1, 2}; });
  no_result("the field kind is missing", [](Json& r) { r = Json::array(); });
  for (const char* field : {"preset", "direction", "bins", "last_edge", "oracle_models",
                            "unlearned_models", "interval_level", "splits"})
    no_result(sentence("results.", field, " is missing"),
              [&](Json& r) { r["results"].erase(field); });
  for (const char* field : {"p95", "p95_interval", "floor_p95", "mean", "bad_points"})
    no_result(sentence("results.splits[1].reverse.", field, " is missing"),
              [&](Json& r) { r["results"]["splits"][1]["reverse"].erase(field); });
  for (const char* field : {"oracle_fingerprint", "points_fingerprint"})
    no_result(sentence("results.splits[1].", field, " is missing"),
              [&](Json& r) { r["results"]["splits"][1].erase(field); });
  no_result("bins: a whole number", [](Json& r) { r["results"]["bins"] = -20; });
  no_result("bins: a whole number", [](Json& r) { r["results"]["bins"] = 20.5; });
  no_result("interval_level: a number", [](Json& r) { r["results"]["interval_level"] = nullptr; });
  no_result("splits: a list", [](Json& r) { r["results"]["splits"] = Json::array(); });
  no_result("p95_interval: two numbers",
            [](Json& r) { r["results"]["splits"][0]["forward"]["p95_interval"].push_back(1); });
  no_result("forward.p95: a number",
            [](Json& r) { r["results"]["splits"][0]["forward"]["p95"] = "0"; });
}

TEST_CASE("expunge compare: files that are no JSON at all") {
  const Scratch at;
  write(at, "a.json", plain());
  const auto with = [&](const std::string& bytes) {
    report::write_text_file((at / "b.json").string(), bytes);
    return run(at, "compare a.json b.json");
  };
  CHECK(refused(with(""), 3, "not JSON"));
  CHECK(refused(with("{\"kind\": \"klom\","), 3, "not JSON"));
  CHECK(refused(with("\x93NUMPY"), 3, "not JSON"));
  CHECK(refused(with("{\"kind\": 1e999}"), 3, "b.json"));
  CHECK(refused(with(std::string(1'000'000, '[')), 3, "nested deeper"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  CHECK(refused(with(deep), 3, "nested deeper"));
  CHECK(refused(run(at, "compare a.json ."), 3, "expunge"));
}

TEST_CASE("expunge compare: reads what expunge klom writes") {
  const Scratch at;
  for (const std::uint32_t which : {0u, 1u, 2u, 3u}) {
    Array<float, 2> margins = make_array<float>(12, 30);
    for (Index i = 0; i < 360; ++i)
      margins.data()[i] = static_cast<float>(
          random_uniform(3, {Purpose::test, which}, static_cast<std::uint64_t>(i)) + which / 4.0);
    write_npy(at / sentence(which, ".npy"), margins);
  }
  REQUIRE(run(at, "klom --oracle 0.npy --unlearned 1.npy --json a.json").status == 0);
  REQUIRE(run(at, "klom --oracle 0.npy --unlearned 2.npy --json b.json").status == 0);
  REQUIRE(run(at, "compare a.json b.json --json t.json --html t.html").status == 0);
  const auto runs = json_of(at / "t.json")["results"]["runs"];
  CHECK(runs[1]["splits"][0]["forward"]["p95"] ==
        json_of(at / "b.json")["results"]["splits"][0]["forward"]["p95"]);
  CHECK(contains(report::read_text_file((at / "t.html").string()), "at the floor"));
  REQUIRE(run(at, "klom --oracle 3.npy --unlearned 2.npy --json c.json").status == 0);
  CHECK(refused(run(at, "compare a.json c.json"), 3, "other oracles"));
  for (const std::string file : {"f", "g"}) {
    Array<std::int64_t, 1> points = make_array<std::int64_t>(20);
    for (std::size_t i = 0; i < 20; ++i)
      points(i) = static_cast<std::int64_t>(file == "f" ? i : i < 19 ? 19 - i : 25);
    write_npy(at / (file + ".npy"), points);
    REQUIRE(run(at, "klom --oracle 0.npy --unlearned 2.npy --split s=" + file + ".npy --json " +
                        file + ".json")
                .status == 0);
  }
  CHECK(refused(run(at, "compare f.json g.json"), 3, "other positions"));
}
