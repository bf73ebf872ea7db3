#include "expunge/evaluation/klom.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "cli/fingerprint.hpp"
#include "cli/npz.hpp"
#include "cli/run.hpp"
#include "expunge/core/random.hpp"
#include "expunge/evaluation/klom_triple.hpp"
#include "expunge/output/margin.hpp"
#include "expunge/report/html_text.hpp"
#include "expunge/report/number.hpp"

using namespace expunge;
using report::Json;

namespace {

const std::string golden = std::string(EXPUNGE_GOLDEN_DIR) + "/klom/";

/// Few replicates and one thread: quick.
const std::string quick = " --replicates 5 --threads 1";

std::string files(const std::string& type = "f4") {
  return "klom --oracle " + golden + "oracle_" + type + ".npy --unlearned " + golden +
         "unlearned_" + type + ".npy";
}

Array<float, 2> margins(Index models, Index points, std::uint32_t seed) {
  Array<float, 2> array = make_array<float>(models, points);
  std::mt19937 bits(seed);
  for (float& value : array) value = static_cast<float>(bits() % 4096) / 512.0f - 4.0f;
  return array;
}

Array<std::int64_t, 1> positions(Index first, Index count) {
  Array<std::int64_t, 1> array = make_array<std::int64_t>(count);
  for (Index i = 0; i < count; ++i) array(static_cast<std::size_t>(i)) = first + i;
  return array;
}

void write_pair(const Scratch& scratch) {
  write_npy(scratch / "o.npy", margins(24, 90, 1));
  write_npy(scratch / "u.npy", margins(30, 90, 2));
}

KlomConfig preset(const std::string& name) {
  if (name == "paper_code") return KlomConfig::paper_code();
  if (name == "unlearning_bench") return KlomConfig::unlearning_bench();
  return name == "easydub" ? KlomConfig::easydub() : KlomConfig::paper();
}

/// Per-point scores that the command wrote, against the library's.
void check_scores(const Scratch& scratch, const KlomConfig& config, const Json& results) {
  const Array<double, 1> written = read_npy<double, 1>(scratch / "out.npy");
  const Array<float, 2> oracle = read_npy<float, 2>(scratch / "o.npy");
  const KlomResult expected = klom(oracle, read_npy<float, 2>(scratch / "u.npy"), config);
  CHECK(written == expected.per_point);
  const Summary summary = summarise(expected, all_indices(90));
  const Json& forward = results["splits"][0]["forward"];
  CHECK(forward["p95"] == summary.p95);
  CHECK(forward["mean"] == summary.mean);
  CHECK(forward["p50"] == summary.p50);
  CHECK(results["direction"] == std::string(direction_name(config.direction)));
  CHECK(results["bins"] == config.bins);
}

/// The cells of a row of the printed table, in its order, from the JSON of the split.
std::vector<std::string> row_of(const Json& split) {
  const auto number = [](const Json& value) { return report::fixed(value.get<double>(), 3); };
  const Json &f = split["forward"], &r = split["reverse"], &g = split["gaussian"];
  const Json& ci = f["p95_interval"];
  return {split["name"].get<std::string>(),
          std::to_string(split["points"].get<Index>()),
          std::to_string(std::max(f["bad_points"].get<Index>(), r["bad_points"].get<Index>())),
          number(f["p95"]),
          sentence("[", report::fixed(ci[0].get<double>(), 2), ", ",
                   report::fixed(ci[1].get<double>(), 2), "]"),
          number(f["floor_p95"]),
          number(f["mean"]),
          number(f["floor_mean"]),
          number(r["p95"]),
          number(r["floor_p95"]),
          number(g["p95"]),
          number(g["floor_p95"])};
}

/// Whether a line of the text begins with the first cell and holds the others in order.
bool has_row(const std::string& text, const std::vector<std::string>& cells) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(cells[0] + " ")) continue;
    std::size_t at = 0;
    for (const std::string& cell : cells) {
      at = line.find(cell, at);
      if (at == std::string::npos) return false;
      at += cell.size();
    }
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("klom: every preset equals the published code's scores and the library") {
  const Scratch scratch;
  write_pair(scratch);
  for (const std::string name : {"paper", "paper_code", "easydub", "unlearning_bench"}) {
    for (const std::string type : {"f2", "f4", "f8"}) {
      INFO(name << " " << type);
      const Ran ran = run(scratch, files(type) + quick + " --per-point out.npy --preset " + name);
      REQUIRE(ran.status == 0);
      CHECK(ran.err == "");
      const Array<double, 1> expected = read_npy<double, 1>(golden + name + "_" + type + ".npy");
      const Array<double, 1> written = read_npy<double, 1>(scratch / "out.npy");
      REQUIRE(written.size() == expected.size());
      const KlomResult library =
          klom(read_npy<double, 2>(golden + "oracle_" + type + ".npy"),
               read_npy<double, 2>(golden + "unlearned_" + type + ".npy"), preset(name));
      for (std::size_t x = 0; x < expected.size(); ++x) {
        // the library's own default raises what ran away, published presets keep it
        const bool raised = name == "paper" && library.runaways.at[x];
        CHECK(std::abs(written(x) - (raised ? KlomConfig().ceiling() : expected(x))) <= 1e-12);
      }
    }
    const Ran ran = run(scratch,
                        "klom --oracle o.npy --unlearned u.npy --per-point out.npy --json "
                        "a.json --preset " +
                            name + quick);
    REQUIRE(ran.status == 0);
    const Json json = json_of(scratch / "a.json");
    CHECK(json["results"]["preset"] == name);
    check_scores(scratch, preset(name), json["results"]);
  }
}

TEST_CASE("klom: --direction and --bins change the preset and say so") {
  const Scratch scratch;
  write_pair(scratch);
  const auto check = [&](const std::string& options, const KlomConfig& config, bool changed) {
    INFO(options);
    const Ran ran = run(scratch,
                        "klom --oracle o.npy --unlearned u.npy --per-point out.npy --json "
                        "a.json" +
                            quick + options);
    REQUIRE(ran.status == 0);
    const Json results = json_of(scratch / "a.json")["results"];
    check_scores(scratch, config, results);
    CHECK(contains(results["preset"].get<std::string>(), ", changed") == changed);
    CHECK(
        contains(ran.out, sentence(direction_name(config.direction), ", ", config.bins, " bins")));
  };
  KlomConfig config;
  check(" --direction oracle-unlearned --bins 20", config, false);
  config.direction = KlDirection::unlearned_to_oracle;
  check(" --direction unlearned-oracle", config, true);
  config.bins = 7;
  check(" --direction unlearned-oracle --bins 7", config, true);
  config = KlomConfig::unlearning_bench();
  config.bins = 10;
  check(" --preset unlearning_bench --bins 10", config, true);
}

TEST_CASE("klom: splits are scored apart, under their names") {
  const Scratch scratch;
  write_pair(scratch);
  write_npy(scratch / "f.npy", positions(0, 12));
  write_npy(scratch / "r=s.npy", positions(12, 50));
  const Ran ran = run(
      scratch, std::vector<std::string>{"klom", "--oracle", "o.npy", "--unlearned", "u.npy",
                                        "--split", "forget set=f.npy", "--split", "retain=r=s.npy",
                                        "--json", "a.json", "--replicates", "5"});
  REQUIRE(ran.status == 0);
  const Json json = json_of(scratch / "a.json"), splits = json["results"]["splits"];
  REQUIRE(splits.size() == 2);
  CHECK(splits[0]["name"] == "forget set");
  CHECK(splits[0]["points"] == 12);
  CHECK(splits[1]["name"] == "retain");
  CHECK(splits[1]["points"] == 50);
  const KlomResult scores =
      klom(read_npy<float, 2>(scratch / "o.npy"), read_npy<float, 2>(scratch / "u.npy"));
  std::vector<Index> points(50);
  std::iota(points.begin(), points.end(), 12);
  CHECK(splits[1]["forward"]["p95"] == summarise(scores, points).p95);
  CHECK(contains(json["command"].get<std::string>(), "'forget set=f.npy'"));
}

TEST_CASE("klom: table, JSON and page hold the same figures") {
  const Scratch scratch;
  write_pair(scratch);
  write_npy(scratch / "f.npy", positions(0, 30));
  write_npy(scratch / "r.npy", positions(30, 60));
  const Ran ran = run(scratch,
                      "klom --oracle o.npy --unlearned u.npy --split forget=f.npy --split "
                      "retain=r.npy --json a.json --html new/a.html" +
                          quick);
  REQUIRE(ran.status == 0);
  CHECK(ran.err == "");
  CHECK(ran.out.find('\033') == std::string::npos);
  CHECK(contains(ran.out, "peak memory"));
  const Json json = json_of(scratch / "a.json");
  const std::string page = report::read_text_file(scratch / "new/a.html");
  for (const Json& split : json["results"]["splits"]) {
    const std::vector<std::string> cells = row_of(split);
    CHECK(has_row(ran.out, cells));
    for (const std::string& cell : cells)
      CHECK(contains(page, ">" + report::html_text(cell) + "<"));
    CHECK(split["forward"]["floor_method"] == "smoothed bootstrap");
  }
  CHECK(Ran{run(scratch, "--version")}.out ==
        "expunge " + json["expunge"].get<std::string>() + "\n");
  CHECK(json["command"].get<std::string>().starts_with("expunge klom --oracle o.npy --unlearned"));
  CHECK(json["kind"] == "klom");
  CHECK(json["results"]["oracle_models"] == 24);
  CHECK(json["results"]["unlearned_models"] == 30);
  CHECK(contains(json["facts"]["oracle"].get<std::string>(), "24 models x 90 points, f4"));
  for (const Json& remark : json["remarks"])
    CHECK(contains(page, report::html_text(remark.get<std::string>())));
  CHECK(contains(json["warnings"][0].get<std::string>(), "With 24 models the floor is high"));
}

TEST_CASE("klom: --per-point writes .npy or .npz, the same scores") {
  const Scratch scratch;
  write_pair(scratch);
  const std::string line = "klom --oracle o.npy --unlearned u.npy" + quick + " --per-point ";
  REQUIRE(run(scratch, line + "a.npy").status == 0);
  REQUIRE(run(scratch, line + "a.npz").status == 0);
  const cli::NpzFile archive(scratch / "a.npz");
  CHECK(archive.names() == std::vector<std::string>{"forward", "reverse", "gaussian", "bad"});
  const KlomScores scores =
      klom_scores(read_npy<float, 2>(scratch / "o.npy"), read_npy<float, 2>(scratch / "u.npy"));
  const auto same = [&](const std::string& name, const Array<double, 1>& expected) {
    const std::vector<double> values = archive.array(name).read_all<double>();
    return std::equal(values.begin(), values.end(), expected.begin(), expected.end());
  };
  CHECK(same("forward", scores.forward.per_point));
  CHECK(same("reverse", scores.reverse.per_point));
  CHECK(same("gaussian", scores.gaussian.per_point));
  CHECK(same("forward", read_npy<double, 1>(scratch / "a.npy")));
  const Ran ran = run(scratch, line + "a.txt");
  CHECK(refused(ran, 2, "a name in .npy or .npz was expected"));
}

TEST_CASE("klom: a NaN margin is the worst score, is counted, and --strict refuses it") {
  const Scratch scratch;
  write_pair(scratch);
  Array<float, 2> unlearned = read_npy<float, 2>(scratch / "u.npy");
  unlearned(3, 4) = std::nanf("");
  unlearned(0, 7) = -std::numeric_limits<float>::infinity();
  write_npy(scratch / "u.npy", unlearned);
  const std::string line = "klom --oracle o.npy --unlearned u.npy --per-point a.npz --json a.json";
  for (const std::string name : {"paper", "paper_code", "easydub", "unlearning_bench"}) {
    const Ran ran = run(scratch, line + quick + " --preset " + name);
    REQUIRE(ran.status == 0);
    CHECK(contains(ran.out, "2 of 90 points have no score"));
    const Json split = json_of(scratch / "a.json")["results"]["splits"][0];
    const double ceiling = preset(name).ceiling();
    CHECK(split["forward"]["bad_points"] == 2);
    CHECK(split["reverse"]["bad_points"] == 2);
    CHECK(split["forward"]["worst"] == ceiling);
    const cli::NpzFile archive(scratch / "a.npz");
    for (const std::string member : {"forward", "reverse"})
      for (const std::size_t x : {4u, 7u})
        CHECK(archive.array(member).read_all<double>()[x] == ceiling);
    const std::vector<double> bad = archive.array("bad").read_all<double>();
    for (std::size_t x = 0; x < 90; ++x) CHECK(bad[x] == (x == 4 || x == 7 ? 1 : 0));
  }
  std::filesystem::remove(scratch / "a.json");
  CHECK(refused(run(scratch, line + quick + " --strict"), 3, "point 4 has no score"));
  CHECK_FALSE(std::filesystem::exists(scratch / "a.json"));
}

TEST_CASE("klom: a NaN of an oracle does not lift the floor, and is said") {
  const Scratch scratch;
  write_pair(scratch);
  Array<float, 2> oracle = read_npy<float, 2>(scratch / "o.npy");
  const std::string line = "klom --oracle o.npy --unlearned u.npy --json a.json" + quick;
  REQUIRE(run(scratch, line + " --distances").status == 0);
  const Json before = json_of(scratch / "a.json")["results"];
  for (std::size_t x = 0; x < 30; ++x) oracle(x % 24, x) = std::nanf("");
  write_npy(scratch / "o.npy", oracle);
  const Ran ran = run(scratch, line + " --distances");
  REQUIRE(ran.status == 0);
  const Json results = json_of(scratch / "a.json")["results"], split = results["splits"][0];
  CHECK(split["floor_points"] == 60);
  CHECK(split["floor_left_out"] == 30);
  for (const char* score : {"forward", "reverse", "gaussian"})
    for (const char* floor : {"floor_p95", "floor_mean"}) {
      INFO(score << " " << floor);
      const double ratio =
          split[score][floor].get<double>() / before["splits"][0][score][floor].get<double>();
      CHECK(ratio > .7);
      CHECK(ratio < 1.4);
    }
  CHECK(results["distances"][0]["floor"]["ks"]["p95"] < .6);
  CHECK(contains(ran.out, "all: the floor leaves out 30 of 90 points"));
  for (std::size_t x = 0; x < 90; ++x) oracle(2, x) = std::nanf("");
  write_npy(scratch / "o.npy", oracle);
  const Ran none = run(scratch, line + " --distances");
  REQUIRE(none.status == 0);
  const Json last = json_of(scratch / "a.json")["results"];
  CHECK(last["splits"][0]["forward"]["floor_p95"].is_null());
  CHECK(last["distances"][0]["floor"]["ks"]["p95"].is_null());
  CHECK(contains(json_of(scratch / "a.json")["warnings"].dump(), "there is no floor"));
  CHECK(contains(none.out, "no value"));
}

TEST_CASE("klom: intervals lie in 0 .. ceiling") {
  const Scratch scratch;
  Array<float, 2> oracle = margins(20, 40, 1), unlearned = margins(20, 40, 2);
  for (std::size_t m = 0; m < 20; ++m)
    for (std::size_t x = 36; x < 40; ++x) {  // four points at the ceiling, not in the sample
      oracle(m, x) = 0;
      unlearned(m, x) = 1;
    }
  write_npy(scratch / "o.npy", oracle);
  write_npy(scratch / "u.npy", unlearned);
  REQUIRE(run(scratch,
              "klom --oracle o.npy --unlearned u.npy --replicates 40 --interval-points 5 --json "
              "a.json")
              .status == 0);
  const Json split = json_of(scratch / "a.json")["results"]["splits"][0];
  for (const char* score : {"forward", "reverse", "gaussian"})
    for (const char* interval : {"p95_interval", "mean_interval"}) {
      CHECK(split[score][interval][0].get<double>() >= 0);
      CHECK(split[score][interval][1].get<double>() <= KlomConfig().ceiling());
    }
}

TEST_CASE("klom: a score far below its floor is doubted, and the settings are in the JSON") {
  const Scratch scratch;
  write_pair(scratch);
  Array<float, 2> near = read_npy<float, 2>(scratch / "o.npy");
  write_npy(scratch / "u.npy", near);  // the same models on both sides
  const Ran ran =
      run(scratch, "klom --oracle o.npy --unlearned u.npy --seed 4 --json a.json" + quick);
  REQUIRE(ran.status == 0);
  CHECK(contains(ran.out, "do the two sides share models?"));
  const Json results = json_of(scratch / "a.json")["results"];
  CHECK(results["seed"] == 4);
  CHECK(results["floor_repeats"] == 5);
  write_pair(scratch);
  CHECK_FALSE(contains(run(scratch, "klom --oracle o.npy --unlearned u.npy" + quick).out, "share"));
}

TEST_CASE("klom: fingerprints are of the oracles and of the positions, in any order") {
  const Scratch scratch;
  write_pair(scratch);
  const auto prints = [&](const Array<std::int64_t, 1>& points) {
    write_npy(scratch / "p.npy", points);
    REQUIRE(
        run(scratch, "klom --oracle o.npy --unlearned u.npy --split a=p.npy --json a.json" + quick)
            .status == 0);
    const Json split = json_of(scratch / "a.json")["results"]["splits"][0];
    return std::pair{split["oracle_fingerprint"].get<std::string>(),
                     split["points_fingerprint"].get<std::string>()};
  };
  Array<std::int64_t, 1> points = positions(3, 20);
  const auto one = prints(points);
  CHECK(one.first.size() == 16);
  CHECK(one.second.size() == 16);
  std::swap(points(0), points(5));
  CHECK(prints(points) == one);
  points(0) = 40;
  CHECK(prints(points).first != one.first);
  CHECK(prints(points).second != one.second);
  Array<float, 2> oracle = read_npy<float, 2>(scratch / "o.npy");
  oracle(23, 40) += 1;
  write_npy(scratch / "o.npy", oracle);
  CHECK(prints(positions(3, 20)) == one);  // another point
  oracle(23, 22) += 1;
  write_npy(scratch / "o.npy", oracle);
  CHECK(prints(positions(3, 20)).first != one.first);
  CHECK(cli::fingerprint_of({}) == "cbf29ce484222325");
  CHECK(cli::fingerprint_of({0x61}) == "6926124a7b1433c4");
}

TEST_CASE("klom: the number of threads changes no byte") {
  const Scratch scratch;
  write_pair(scratch);
  const std::string line = "klom --oracle o.npy --unlearned u.npy --replicates 5 --seed 3";
  const auto outputs = [&](const std::string& threads) {
    const Ran ran =
        run(scratch, line + " --per-point t.npz --json t.json --html t.html --threads " + threads);
    REQUIRE(ran.status == 0);
    Json json = json_of(scratch / "t.json");
    json.erase("command");
    return std::vector<std::string>{without_time(ran.out), json.dump(),
                                    report::read_text_file(scratch / "t.npz")};
  };
  const std::vector<std::string> one = outputs("1");
  CHECK(outputs("2") == one);
  CHECK(outputs("0") == one);
}

TEST_CASE("klom: logits with labels, one file a model, and archives give the same table") {
  const Scratch scratch;
  Array<double, 3> logits = Array<double, 3>::from_shape({6, 20, 3});
  Array<double, 2> margin = make_array<double>(6, 20);
  Array<std::int64_t, 1> labels = make_array<std::int64_t>(20);
  const Array<float, 2> random = margins(6, 60, 5);
  std::copy(random.begin(), random.end(), logits.begin());
  for (std::size_t x = 0; x < 20; ++x) labels(x) = static_cast<std::int64_t>(x % 3);
  std::filesystem::create_directory(scratch / "runs");
  for (std::size_t m = 0; m < 6; ++m) {
    Array<double, 1> row = make_array<double>(20);
    for (std::size_t x = 0; x < 20; ++x) {
      Margin().value(&logits(m, x, 0), 3, static_cast<Label>(labels(x)), &margin(m, x));
      row(x) = margin(m, x);
    }
    write_npy(scratch / sentence("runs/id_", m, ".npy"), row);
  }
  write_npy(scratch / "logits.npy", logits);
  write_npy(scratch / "margins.npy", margin);
  write_npy(scratch / "labels.npy", labels);
  write_npy(scratch / "u.npy", margins(5, 20, 6));
  write_npy(scratch / "u3.npy", logits);
  const auto scores = [&](const std::string& options) {
    const Ran ran = run(scratch, "klom " + options + quick + " --json a.json");
    INFO(options << ": " << ran.err);
    REQUIRE(ran.status == 0);
    return json_of(scratch / "a.json")["results"];
  };
  const Json expected = scores("--oracle margins.npy --unlearned u.npy");
  CHECK(scores("--oracle runs --unlearned u.npy") == expected);
  CHECK(scores("--oracle runs/id_*.npy --unlearned u.npy") == expected);
  const Json same = scores("--oracle logits.npy --unlearned u3.npy --labels labels.npy");
  CHECK(same["splits"][0]["forward"]["worst"] == 0.0);
  CHECK(refused(run(scratch, "klom --oracle logits.npy --unlearned u.npy"), 3, "--labels"));
  CHECK(refused(run(scratch, "klom --oracle margins.npy --unlearned u.npy --labels labels.npy"), 3,
                "no axis of classes"));
}

TEST_CASE("klom: bad usage is status 2 and bad input status 3, with one line on stderr") {
  const Scratch scratch;
  write_pair(scratch);
  write_npy(scratch / "short.npy", margins(30, 89, 2));
  write_npy(scratch / "one.npy", margins(1, 90, 2));
  write_npy(scratch / "scalar.npy", Array<float, 4>::from_shape({2, 2, 2, 2}));
  write_npy(scratch / "f.npy", positions(80, 20));
  write_npy(scratch / "twice.npy", margins(2, 2, 1));
  write_bytes(scratch / "bad.npy", bytes_of("hello"));
  write_bytes(scratch / "file", {});
  const std::string both = "klom --oracle o.npy --unlearned u.npy" + quick;
  const auto check = [&](const std::string& line, int status, const std::string& part) {
    const Ran ran = run(scratch, line);
    INFO(line << " gave " << ran.status << ": " << ran.err);
    CHECK(refused(ran, status, part));
  };
  check("", 2, "--help");
  check("nothing", 2, "nothing");
  check("klom --oracle o.npy", 2, "--unlearned is required");
  check("klom --unlearned u.npy", 2, "--oracle is required");
  check(both + " --frobnicate 3", 2, "--frobnicate");
  check(both + " --preset best", 2, "--preset");
  check(both + " --direction up", 2, "--direction");
  check(both + " --bins 0", 2, "--bins");
  check(both + " --bins many", 2, "--bins");
  check(both + " --threads -1", 2, "--threads");
  check(both + " --level 1.5", 2, "--level");
  check(both + " --seed -1", 2, "--seed");
  check(both + " extra", 2, "extra");
  check(both + " --split f.npy", 2, "NAME=indices.npy was expected");
  check(both + " --split =f.npy", 2, "NAME=indices.npy was expected");
  check(both + " --split a= ", 2, "NAME=indices.npy was expected");
  check(both + " --split a=twice.npy", 3, "one axis of positions was expected, it has ");
  check(both + " --split a=f.npy", 3, "entry 10 is 90, not in 0 .. 89");
  check(both + " --split a=none.npy", 3, "none.npy");
  check("klom --oracle none.npy --unlearned u.npy", 3, "none.npy: cannot be opened");
  check("klom --oracle bad.npy --unlearned u.npy", 3, "bad.npy");
  const std::string npz =
      std::string("klom --unlearned u.npy --oracle ") + EXPUNGE_GOLDEN_DIR + "/npz/";
  check(npz + "object.npz", 3, "Python objects cannot be read");
  check(npz + "bomb.npz", 3, "bomb.npz");
  check(npz + "shape_huge.npz", 3, "bytes of data were expected");
  check("klom --oracle o.npy --unlearned short.npy", 3, "89 points, the oracles of o.npy have 90");
  check("klom --oracle o.npy --unlearned scalar.npy", 3, "this array is [");
  check("klom --oracle o.npy --unlearned one.npy", 3, "at least 2 are needed");
  check("klom --oracle one.npy --unlearned u.npy", 3, "at least 2 are needed");
  const std::vector<std::string> two_lines{"klom", "--oracle", "o\n.npy", "--unlearned", "u.npy"};
  CHECK(refused(run(scratch, two_lines), 3, "cannot be opened"));
  write_npy(scratch / "f.npy", positions(0, 20));
  check(both + " --split a=f.npy --split a=f.npy", 2, "given twice");
}

TEST_CASE("klom: a file that cannot be written is status 3 with one line, and leaves nothing") {
  const Scratch scratch;
  write_pair(scratch);
  write_bytes(scratch / "file", {});
  const auto files_there = [&] {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::recursive_directory_iterator(scratch.folder()))
      ++count;
    return count;
  };
  const std::size_t before = files_there();
  for (const std::string option : {"--json file/a.json", "--html file/a.html",
                                   "--per-point file/a.npy", "--per-point file/a.npz"}) {
    const Ran ran = run(scratch, "klom --oracle o.npy --unlearned u.npy" + quick + " " + option);
    INFO(option << ": " << ran.err);
    CHECK(ran.status == 3);
    CHECK(contains(ran.err, "cannot be written"));
    CHECK(ran.err.find('\n') == ran.err.size() - 1);
    CHECK(files_there() == before);
  }
}

TEST_CASE("klom: probabilities are no margins, and are warned of") {
  const Scratch at;
  Array<float, 2> margins = make_array<float>(Index{20}, Index{30});
  for (std::size_t i = 0; i < margins.size(); ++i)
    margins.data()[i] = static_cast<float>(random_uniform(3, {Purpose::test, 9}, i));
  write_npy(at / "p.npy", margins);
  const std::string line = "klom --replicates 2 --oracle p.npy --unlearned ";
  CHECK(contains(run(at, line + "p.npy").out, "all numbers lie in [0, 1]"));
  margins(3, 4) = 1.5f;
  write_npy(at / "m.npy", margins);
  CHECK(!contains(run(at, line + "m.npy").out, "m.npy: all numbers"));

  Array<float, 3> softmax = make_array<float>(Index{20}, Index{10}, Index{2});
  for (std::size_t i = 0; i < softmax.size(); i += 2) {
    softmax.data()[i] = static_cast<float>(random_uniform(3, {Purpose::test, 8}, i));
    softmax.data()[i + 1] = 1 - softmax.data()[i];
  }
  write_npy(at / "s.npy", softmax);
  write_npy(at / "labels.npy", Array<std::int64_t, 1>(xt::zeros<std::int64_t>({10})));
  CHECK(contains(
      run(at, "klom --replicates 2 --oracle s.npy --unlearned s.npy --labels labels.npy").out,
      "all numbers lie in [0, 1]"));
}
