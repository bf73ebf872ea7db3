// What the command does with the files that it is given: outputs that are inputs, devices, pipes,
// names that are nearly right, and arrays that look wrong.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cmath>

#include "cli/npz.hpp"
#include "cli/run.hpp"
#include "cli/suggest.hpp"
#include "cli/unwrapped.hpp"
#include "expunge/core/random.hpp"
#include "expunge/io/npy.hpp"
#include "io/special_files.hpp"

using namespace expunge;
namespace fs = std::filesystem;

namespace {

const std::string quick = " --replicates 2 --interval-points 10";

/// Margins [models][points] that differ by point (sd 4) and scatter by model (sd 1).
Array<float, 2> margins(Index models, Index points, std::uint32_t which) {
  Array<float, 2> a = make_array<float>(models, points);
  for (Index m = 0; m < models; ++m)
    for (Index x = 0; x < points; ++x) {
      const std::uint64_t i = static_cast<std::uint64_t>(m * points + x);
      const double point = random_normal(1, {Purpose::test, 99}, static_cast<std::uint64_t>(x));
      a.data()[i] = static_cast<float>(4 * point + random_normal(2, {Purpose::test, which}, i));
    }
  return a;
}

Array<float, 2> transposed(const Array<float, 2>& a) {
  Array<float, 2> t = Array<float, 2>::from_shape({a.shape()[1], a.shape()[0]});
  for (std::size_t i = 0; i < a.shape()[0]; ++i)
    for (std::size_t j = 0; j < a.shape()[1]; ++j) t(j, i) = a(i, j);
  return t;
}

struct Files {
  Scratch at;
  Files() {
    write_npy(at / "o.npy", margins(20, 30, 0));
    write_npy(at / "u.npy", margins(20, 30, 1));
  }
  Ran klom(const std::string& rest) const {
    return run(at, "klom --oracle o.npy --unlearned u.npy" + quick + " " + rest);
  }
  std::vector<std::uint8_t> bytes(const std::string& name) const {
    return read_bytes(at / name, 1 << 20);
  }
};

}  // namespace

TEST_CASE("an output that is an input is refused before any work, whatever its name") {
  const Files f;
  const auto before = f.bytes("u.npy");
  fs::create_symlink("u.npy", f.at / "link.npy");
  fs::create_hard_link(f.at / "u.npy", f.at / "hard.npy");
  fs::create_directory(f.at / "sub");
  for (const std::string name : {"u.npy", "./u.npy", "sub/../u.npy", "link.npy", "hard.npy"})
    for (const std::string option : {"--json ", "--html ", "--per-point "}) {
      const Ran ran = f.klom(option + name);
      INFO(option << name << ": " << ran.err);
      CHECK(refused(ran, 2, "is a file that --unlearned reads, which would be lost"));
    }
  CHECK(f.bytes("u.npy") == before);
  write_npy(f.at / "p.npy", Array<std::int64_t, 1>{1, 2});
  CHECK(refused(f.klom("--split a=p.npy --json p.npy"), 2, "that --split reads"));
  CHECK(refused(f.klom("--json r --html ./r"), 2, "--json and --html are the same file"));
  write_npy(f.at / "e.npy", margins(30, 5, 2));
  CHECK(refused(run(f.at, "predict --effects e.npy --forget p.npy --out e.npy"), 2, "--effects"));
  CHECK(refused(run(f.at, "predict --effects e.npy --forget p.npy --base u.npy --out u.npy"), 2,
                "--base"));
  report::write_text_file(f.at / "a.json", "{}");
  CHECK(refused(run(f.at, "compare a.json a.json --json a.json"), 2, "results reads"));
}

TEST_CASE("outputs in folders that are read: files of a fit, of one model each, of a store") {
  const Files f;
  fs::create_directory(f.at / "runs");
  for (int m = 0; m < 20; ++m)
    write_npy(f.at / sentence("runs/", m, ".npy"), Array<float, 1>{1, 2, float(m)});
  const std::string runs = "klom --oracle runs --unlearned runs" + quick;
  CHECK(refused(run(f.at, runs + " --per-point runs/3.npy"), 2, "that --oracle reads"));
  CHECK(refused(run(f.at, runs + " --per-point runs/score.npy"), 2,
                "it would be read as one the next time"));
  CHECK(run(f.at, runs + " --json runs/score.json").status == 0);
  write_npy(f.at / "_completed.npy", Array<std::int64_t, 1>{1, 1, 1});
  CHECK(refused(f.klom("--json _completed.npy"), 2, "reads"));
  fs::remove(f.at / "_completed.npy");
  fs::create_directory(f.at / "fitted");
  write_npy(f.at / "fitted/effects.npy", margins(20, 3, 4));
  report::write_text_file(f.at / "fitted/fit.json", "{\"points\": 3}");
  write_npy(f.at / "p.npy", Array<std::int64_t, 1>{1, 2});
  const std::string predict = "predict --effects fitted --forget p.npy --out fitted/";
  CHECK(refused(run(f.at, predict + "effects.npy"), 2, "that --effects reads"));
  for (int twice = 0; twice < 2; ++twice)
    CHECK(run(f.at, predict + "predicted.npy").status == 0);  // no input of the next run
  Array<float, 2> masks = margins(20, 6, 5);
  for (float& value : masks) value = value > 0;
  write_npy(f.at / "m.npy", masks);
  fs::copy_file(f.at / "u.npy", f.at / "fitted/lds.npy");
  CHECK(refused(run(f.at, "fit --masks m.npy --outputs fitted/lds.npy --out fitted"), 2,
                "--out fitted/lds.npy is a file that --outputs reads"));
}

TEST_CASE("an output among the models of a pattern or of a folder of archives is refused") {
  const Files f;
  for (const std::string folder : {"runs", "zips"}) fs::create_directory(f.at / folder);
  for (int m = 0; m < 20; ++m) {
    write_npy(f.at / sentence("runs/", m, ".npy"), Array<float, 1>{1, 2, float(m)});
    cli::write_npz(f.at / sentence("zips/", m, ".npz"), {{"a", Array<double, 1>{1, 2, double(m)}}});
  }
  const std::string pattern = "klom --oracle runs --unlearned runs/*.npy" + quick;
  const std::string next = "it would be read as one the next time";
  CHECK(refused(run(f.at, pattern + " --per-point runs/score.npy"), 2, next));
  const std::string some = "klom --oracle runs/1*.npy --unlearned runs/1*.npy" + quick;
  CHECK(refused(run(f.at, some + " --per-point ./runs/1_score.npy"), 2, next));
  CHECK(run(f.at, some + " --per-point runs/score.npy").status == 0);  // not like the pattern
  fs::remove(f.at / "runs/score.npy");
  const std::string zips = "klom --oracle zips --unlearned zips" + quick;
  CHECK(refused(run(f.at, zips + " --per-point zips/score.npz"), 2, "every *.npz is a model"));
  CHECK(refused(run(f.at, zips + " --per-point zips/score.npy"), 2, next));
  CHECK(run(f.at, zips + " --per-point zips/_score.npz").status == 0);
}

TEST_CASE("only options that name what is read are inputs") {
  const Files f;
  fs::create_directory(f.at / "paper");
  write_npy(f.at / "paper/a.npy", margins(3, 4, 5));
  CHECK(f.klom("--preset paper --per-point paper/score.npy").status == 0);
  CHECK(f.klom("--preset paper --per-point paper/score.npy").status == 0);
  fs::permissions(f.at / "paper", fs::perms::none);
  CHECK(f.klom("--preset paper --json r.json").status == 0);
  fs::permissions(f.at / "paper", fs::perms::owner_all);
}

TEST_CASE("folders of outputs are made") {
  const Files f;
  CHECK(f.klom("--per-point a/b/score.npy").status == 0);
  CHECK(f.klom("--per-point c/score.npz").status == 0);
  CHECK(fs::exists(f.at / "a/b/score.npy"));
  CHECK(fs::exists(f.at / "c/score.npz"));
  write_npy(f.at / "e.npy", margins(30, 5, 2));
  write_npy(f.at / "p.npy", Array<std::int64_t, 1>{1, 2});
  CHECK(run(f.at, "predict --effects e.npy --forget p.npy --out d/e/p.npy").status == 0);
  CHECK(fs::exists(f.at / "d/e/p.npy"));
  Array<float, 2> masks = margins(20, 6, 5);
  for (float& value : masks) value = value > 0;
  write_npy(f.at / "m.npy", masks);
  write_npy(f.at / "s.npy", margins(6, 30, 7));
  const Ran lds =
      run(f.at, "lds --scores s.npy --masks m.npy --outputs u.npy --per-target g/t.npy");
  CHECK_MESSAGE(lds.status == 0, lds.err);
  CHECK(fs::exists(f.at / "g/t.npy"));
}

TEST_CASE("an output that cannot be written is refused before any work") {
  const Files f;
  fs::create_directory(f.at / "folder");
  report::write_text_file(f.at / "file", "text");
  CHECK(refused(f.klom("--json folder"), 3, "folder: --json cannot be written: this is a folder"));
  CHECK(refused(f.klom("--json file/r.json"), 3, "--json cannot be written: "));
  CHECK(refused(f.klom("--json new/"), 3, "this is a folder; name a file in it"));
  CHECK(f.klom("--json new/deep/r.json").status == 0);
  CHECK(fs::exists(f.at / "new/deep/r.json"));
}

TEST_CASE("devices, pipes and links are written through") {
  const Files f;
  const auto check = [&](const std::string& option, const std::string& ending) {
    fs::create_symlink("device", f.at / ("null" + ending));
    const Ran ran = f.klom(option + " null" + ending);
    CHECK_MESSAGE(ran.status == 0, ran.err);
    CHECK(fs::is_symlink(f.at / ("null" + ending)));
    CHECK(fs::is_character_file(fs::status(f.at / "device")));
  };
  if (make_device(f.at / "device", 3)) {
    check("--json", ".json");
    check("--html", ".html");
    check("--per-point", ".npy");
    check("--per-point", ".npz");
  } else {
    MESSAGE("devices skipped: root alone can make one");
  }
  report::write_text_file(f.at / "real.json", "old");
  fs::create_symlink("real.json", f.at / "link.json");
  CHECK(f.klom("--json link.json").status == 0);
  CHECK(fs::is_symlink(f.at / "link.json"));
  CHECK(json_of(f.at / "real.json")["kind"] == "klom");
  const std::string pipe = f.at / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  FifoReader reader(pipe);
  const Ran ran = f.klom("--json pipe");
  REQUIRE_MESSAGE(ran.status == 0, ran.err);
  CHECK(fs::is_fifo(f.at / "pipe"));
  CHECK(report::Json::parse(reader.finish())["kind"] == "klom");
}

TEST_CASE("inputs may come out of a pipe, as .npy or as an archive, once") {
  const Files f;
  const std::string pipe = f.at / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const auto through = [&](const std::vector<std::uint8_t>& bytes) {
    const FifoWriter writer(pipe, bytes);
    return run(f.at, "klom --oracle o.npy --unlearned pipe --json r.json" + quick);
  };
  REQUIRE(f.klom("--json truth.json").status == 0);
  const auto truth = json_of(f.at / "truth.json")["results"]["splits"];
  REQUIRE(through(f.bytes("u.npy")).status == 0);
  CHECK(json_of(f.at / "r.json")["results"]["splits"] == truth);
  CHECK(refused(through({}), 3, "pipe: nothing came out of this pipe"));
  CHECK(refused(through(bytes_of("hello")), 3, "pipe: "));
  CHECK(refused(through(read_bytes(std::string(EXPUNGE_GOLDEN_DIR) + "/npz/one.npz", 4096)), 3,
                "4 points, the oracles of o.npy have 30"));
}

TEST_CASE("words that are nearly right are answered with the right one") {
  const Files f;
  CHECK(refused(run(f.at, "klmo --oracle o.npy"), 2,
                "there is no command 'klmo' (did you mean klom?)"));
  CHECK(refused(run(f.at, "klom --orcale o.npy --unlearned u.npy"), 2,
                "there is no option --orcale (did you mean --oracle?)"));
  CHECK(refused(f.klom("--per_point=a.npy"), 2,
                "there is no option --per_point (did you mean --per-point?)"));
  CHECK(refused(f.klom("--preset papr"), 2,
                "--preset: 'papr' is none of paper, paper_code, easydub, unlearning_bench (did you "
                "mean paper?)"));
  CHECK(refused(f.klom("--direction up"), 2, "'up' is none of oracle-unlearned, unlearned-oracle"));
  CHECK(!contains(f.klom("--frobnicate 3").err, "did you mean"));
  CHECK(refused(run(f.at, "klom --oracle o.npy --unlearned un.npy"), 3,
                "un.npy: cannot be opened: there is no such file or folder (did you mean u.npy?)"));
}

TEST_CASE("edits are counted as letters added, left out, changed or swapped") {
  CHECK(cli::edits_between("", "") == 0);
  CHECK(cli::edits_between("", "abc") == 3);
  CHECK(cli::edits_between("abc", "") == 3);
  CHECK(cli::edits_between("klmo", "klom") == 1);
  CHECK(cli::edits_between("ca", "abc") == 3);  // no letter is edited twice
  CHECK(cli::edits_between("kitten", "sitting") == 3);
  CHECK(cli::nearest("mask", {"a", "masks", "task"}) == "masks");
  CHECK(cli::nearest("x", {"y"}).empty());  // nothing would be left of it
  CHECK(cli::nearest("ab", {"a", "abcd"}) == "");
  CHECK(cli::nearest("oracle", {"unlearned"}).empty());
  CHECK(cli::did_you_mean("xyz", {}).empty());
  CHECK(cli::listed({"a", "b", "c"}, 2) == "a, b and 1 more");
  CHECK(cli::listed({}) == "nothing");
}

TEST_CASE("klom and epsilon say when files look like [points][models]") {
  const Scratch at;
  for (const auto& [name, which] : {std::pair{"o", 0u}, {"u", 1u}}) {
    write_npy(at / (std::string(name) + ".npy"), margins(20, 30, which));
    write_npy(at / (std::string(name) + "T.npy"), transposed(margins(20, 30, which)));
  }
  const std::string turned = "its 30 rows differ more than its 20 columns";
  const Ran right = run(at, "klom --oracle o.npy --unlearned u.npy" + quick);
  CHECK(!contains(unwrapped(right.out), "differ more than"));
  const Ran klom = run(at, "klom --oracle oT.npy --unlearned uT.npy" + quick);
  CHECK(klom.status == 0);
  CHECK(contains(unwrapped(klom.out), "! oT.npy: " + turned));
  CHECK(contains(unwrapped(klom.out), "! uT.npy: " + turned));
  CHECK(contains(unwrapped(run(at, "epsilon --retrained oT.npy --unlearned uT.npy").out),
                 "! uT.npy: " + turned));
  CHECK(!contains(unwrapped(run(at, "epsilon --retrained o.npy --unlearned u.npy").out),
                  "differ more than"));
  // models that ran away, or are NaN, do not make points of rows
  Array<float, 2> wild = margins(20, 30, 1);
  for (std::size_t x = 0; x < 30; ++x) {
    wild(3, x) = -1e30f;
    wild(4, x) = std::nanf("");
  }
  write_npy(at / "w.npy", wild);
  CHECK(!contains(unwrapped(run(at, "klom --oracle o.npy --unlearned w.npy" + quick).out),
                  "differ more than"));
}

TEST_CASE("models that were never trained, or are the same one, are said") {
  const Files f;
  Array<float, 2> u = margins(20, 30, 1);
  for (std::size_t x = 0; x < 30; ++x) {
    u(7, x) = 0;
    u(9, x) = 0;
    u(12, x) = u(2, x);
  }
  write_npy(f.at / "u.npy", u);
  const Ran ran = f.klom("");
  CHECK(contains(unwrapped(ran.out),
                 "! u.npy: 2 of 20 models looked at say one number at all 30 points"));
  CHECK(contains(unwrapped(ran.out), "the first is model 7"));
  CHECK(contains(unwrapped(ran.out),
                 "! u.npy: 1 of 20 models looked at says what another says at all 30"));
  CHECK(contains(unwrapped(ran.out), "model 12, like model 2"));
  CHECK(!contains(unwrapped(ran.out), "! o.npy"));
}

TEST_CASE("labels that the models contradict are said") {
  const Scratch at;
  constexpr Index models = 12, points = 40, classes = 5;
  Array<float, 3> z = Array<float, 3>::from_shape({models, points, classes});
  Array<std::int64_t, 1> labels = make_array<std::int64_t>(points);
  for (Index x = 0; x < points; ++x) {
    labels(static_cast<std::size_t>(x)) = x % (classes - 1);
    for (Index m = 0; m < models; ++m)
      for (Index k = 0; k < classes; ++k)
        z.data()[(m * points + x) * classes + k] = static_cast<float>(
            (k == x % (classes - 1) ? 5 : 0) +
            random_normal(4, {Purpose::test, 1},
                          static_cast<std::uint64_t>((m * points + x) * classes + k)));
  }
  write_npy(at / "z.npy", z);
  const auto with = [&](std::int64_t shift, std::int64_t turn) {
    Array<std::int64_t, 1> other = labels;
    for (std::size_t x = 0; x < other.size(); ++x) other(x) = (labels(x) + turn) % classes + shift;
    write_npy(at / "l.npy", other);
    return unwrapped(run(at, "klom --oracle z.npy --unlearned z.npy --labels l.npy" + quick).out);
  };
  CHECK(!contains(with(0, 0), "the models say the label"));
  const std::string shifted = with(1, 0);
  CHECK(contains(shifted, "the models say the label on 0 % of the points, the class before it on"));
  CHECK(contains(shifted, "do the labels count from 1?"));
  CHECK(contains(with(0, 2), "fewer than by chance: are the labels those of these points"));
}

TEST_CASE("a retain split far above its floor is said, a forget split is not") {
  const Files f;
  Array<float, 2> u = margins(60, 30, 1);
  for (float& value : u) value += 6;
  write_npy(f.at / "o.npy", margins(60, 30, 0));
  write_npy(f.at / "u.npy", u);
  Array<std::int64_t, 1> half = make_array<std::int64_t>(15);
  for (std::size_t i = 0; i < 15; ++i) half(i) = static_cast<std::int64_t>(i);
  write_npy(f.at / "p.npy", half);
  const auto with = [&](const std::string& name) {
    return unwrapped(f.klom("--split " + name + "=p.npy").out);
  };
  for (const std::string name : {"retain", "Retain_1", "val", "test"})
    CHECK(contains(with(name), " times its floor, where unlearning should leave all as it was"));
  CHECK(!contains(with("forget"), "times its floor"));
  write_npy(f.at / "u.npy", margins(60, 30, 1));
  CHECK(!contains(with("retain"), "times its floor"));
}

TEST_CASE("--ignore-completed uses the models that _completed.npy calls unfinished") {
  const Files f;
  Array<bool, 1> done = make_array<bool>(20);
  done.fill(true);
  done(4) = false;
  write_npy(f.at / "_completed.npy", done);
  CHECK(contains(unwrapped(f.klom("").out),
                 "u.npy: 19 models x 30 points, f4 (1 unfinished left out, as "
                 "_completed.npy says)"));
  CHECK(
      contains(unwrapped(f.klom("--ignore-completed").out), "u.npy: 20 models x 30 points, f4\n"));
  CHECK(contains(
      unwrapped(run(f.at, "epsilon --retrained o.npy --unlearned u.npy --ignore-completed").out),
      "u.npy: 20 models x 30 points, f4\n"));
  write_npy(f.at / "_completed.npy", Array<std::int64_t, 1>{1, 0, 1});
  CHECK(contains(unwrapped(f.klom("").out),
                 "! _completed.npy has 3 entries and o.npy 20 models: it speaks of"));
  CHECK(!contains(unwrapped(f.klom("--ignore-completed").out), "_completed.npy"));
}
