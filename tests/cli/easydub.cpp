#include <doctest/doctest.h>

#include <cmath>

#include "cli/npz.hpp"
#include "cli/run.hpp"
#include "expunge/core/half.hpp"
#include "expunge/evaluation/klom_config.hpp"
#include "expunge/report/number.hpp"
#include "golden_arrays.hpp"

using namespace expunge;
using report::Json;

namespace {

const std::string folder = "data/margins/cifar10/";
const std::vector<std::string> split_names{"retain", "forget", "val"};

/// Rows of a golden array as `models` files of one model each, in elements of type T; where there
/// are more than rows, they begin again, a little moved.
template <class T>
void write_models(const Scratch& scratch, const std::string& where, const std::string& name,
                  std::size_t models = 12) {
  const Array<double, 2> margins = golden<2>("easydub/" + name);
  std::filesystem::create_directories(scratch / where);
  for (std::size_t m = 0; m < models; ++m) {
    const std::size_t row_of = m % margins.shape()[0];
    Array<T, 1> row = make_array<T>(static_cast<Index>(margins.shape()[1]));
    for (std::size_t x = 0; x < row.size(); ++x)
      row(x) = static_cast<T>(static_cast<float>(
          margins(row_of, x) + (m == row_of ? 0 : .01 * static_cast<double>(m + x % 7))));
    write_npy(scratch / (where + sentence("/id_", m, "_epoch_23.npy")), row);
  }
}

/// The data set of tests/golden/easydub as EasyDUB lays it out.
template <class T>
void write_data_set(const Scratch& scratch, const std::string& root = "data", Index number = 7,
                    std::size_t models = 12) {
  const std::string inner = root + "/margins/cifar10/", set = sentence("forget_", number);
  std::filesystem::create_directories(scratch / (root + "/forget_sets/cifar10"));
  write_npy(scratch / (root + "/forget_sets/cifar10/forget_set_" + std::to_string(number) + ".npy"),
            golden_integers<std::int64_t, 1>("easydub/forget"));
  for (const std::string& split : split_names) {
    write_models<T>(scratch, inner + "oracle/" + set + "/" + split + "/resnet9", "oracle_" + split,
                    models);
    write_models<T>(scratch, inner + "pretrain/" + (split == "forget" ? set : split) + "/resnet9",
                    "pretrain_" + split, models);
  }
}

const std::string line =
    "easydub --data-dir data --forget-set 7 --n-models 12 --replicates 5 --json a.json "
    "--per-point a.npz";

/// Every point against what eval.py said, in that type.
void check_points(const Scratch& scratch, const std::string& type, const std::string& split) {
  const cli::NpzFile archive(scratch / "a.npz");
  const std::vector<double> ours = archive.array(split + "_forward").read_all<double>();
  const std::vector<double> bad = archive.array(split + "_bad").read_all<double>();
  const Array<double, 1> theirs = golden<1>("easydub/" + type + "_" + split);
  const Array<double, 1> wrong = golden<1>("easydub/" + type + "_" + split + "_wrong");
  const double ceiling = KlomConfig::easydub().ceiling();
  REQUIRE(ours.size() == theirs.size());
  for (std::size_t x = 0; x < ours.size(); ++x) {
    INFO(type << " " << split << " point " << x << ": " << ours[x] << " against " << theirs(x));
    CHECK(bad[x] == wrong(x));
    if (wrong(x) == 0)
      CHECK(std::abs(ours[x] - theirs(x)) <= 1e-12);
    else
      CHECK(ours[x] == ceiling);  // where eval.py gives 0 for models that are NaN, say
  }
}

void check_table(const Scratch& scratch, const Ran& ran, std::size_t type) {
  const Array<double, 2> p95 = golden<2>("easydub/p95"), right = golden<2>("easydub/p95_right");
  const Json splits = json_of(scratch / "a.json")["results"]["splits"];
  REQUIRE(splits.size() == 3);
  for (std::size_t s = 0; s < 3; ++s) {
    CHECK(splits[s]["name"] == split_names[s]);
    const double ours = splits[s]["forward"]["p95"].get<double>();
    CHECK(std::abs(ours - right(type, s)) <= 1e-12);
    if (splits[s]["forward"]["bad_points"] == 0) CHECK(std::abs(ours - p95(type, s)) <= 1e-12);
    CHECK(contains(ran.out, report::fixed(ours, 3)));
  }
}

template <class T>
void check_type(const std::string& name, std::size_t type) {
  const Scratch scratch;
  write_data_set<T>(scratch);
  const Ran ran = run(scratch, line);
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  CHECK(ran.err == "");
  for (const std::string& split : split_names) check_points(scratch, name, split);
  check_table(scratch, ran, type);
}

}  // namespace

TEST_CASE("easydub: every score and the table equal EasyDUB's, but where its number is no score") {
  check_type<Half>("f2", 0);
  check_type<float>("f4", 1);
  check_type<double>("f8", 2);
}

TEST_CASE("the golden data set holds points that EasyDUB calls perfect and are not") {
  const Array<double, 1> theirs = golden<1>("easydub/f4_val"),
                         wrong = golden<1>("easydub/f4_val_wrong");
  int perfect = 0;
  for (std::size_t x = 0; x < theirs.size(); ++x) perfect += wrong(x) == 1 && theirs(x) == 0;
  CHECK(perfect >= 10);
}

TEST_CASE("easydub: unlearned models are found in the layout of oracles, or shorter") {
  const Scratch scratch;
  write_data_set<float>(scratch);
  REQUIRE(run(scratch, line).status == 0);
  const Json expected = json_of(scratch / "a.json")["results"]["splits"];
  for (const std::string where : {"mine/forget_7/%/resnet9", "other/%/resnet9", "short/%"}) {
    for (const std::string& split : split_names) {
      std::string place = where;
      place.replace(place.find('%'), 1, split);
      write_models<float>(scratch, place, "pretrain_" + split);
    }
    const Ran ran = run(scratch, line + " --unlearned " + where.substr(0, where.find('/')));
    INFO(where << ": " << ran.err);
    REQUIRE(ran.status == 0);
    CHECK(json_of(scratch / "a.json")["results"]["splits"] == expected);
    CHECK(contains(ran.out, "12 unlearned models"));
  }
}

TEST_CASE("easydub: models are those of --epoch, by number; a missing one is named") {
  const Scratch scratch;
  write_data_set<float>(scratch);
  REQUIRE(run(scratch, line).status == 0);
  const Json expected = json_of(scratch / "a.json")["results"];
  const std::string place = folder + "pretrain/val/resnet9/";
  Array<float, 1> other = make_array<float>(60);
  write_npy(scratch / (place + "id_3_epoch_99.npy"), other);
  write_npy(scratch / (place + "id_12_epoch_23.npy"), other);
  write_npy(scratch / (place + "anything.npy"), other);
  const Ran ran = run(scratch, line);
  REQUIRE(ran.status == 0);
  CHECK(json_of(scratch / "a.json")["results"] == expected);
  CHECK(contains(json_of(scratch / "a.json")["facts"]["val"].get<std::string>(),
                 "ids 0 .. 11 of epoch 23"));
  CHECK(refused(run(scratch, line + " --epoch 99"), 3, "retain/resnet9/id_0_epoch_99.npy"));
  CHECK(refused(run(scratch, line + " --epoch -1"), 2, "--epoch"));
  for (int id = 0; id < 5; ++id) {
    const auto file = [&](int epoch) {
      return scratch / (place + sentence("id_", id, "_epoch_", epoch, ".npy"));
    };
    std::filesystem::copy_file(file(23), file(24));
  }
  write_npy(scratch / (place + "id_0_epoch_22.npy"), other);
  std::filesystem::remove(scratch / (place + "id_0_epoch_23.npy"));
  CHECK(refused(run(scratch, line), 3, "val/resnet9/id_0_epoch_23.npy: there is no"));
  std::filesystem::rename(scratch / (place + "id_0_epoch_22.npy"),
                          scratch / (place + "id_0_epoch_23.npy"));
  std::filesystem::remove(scratch / (place + "id_5_epoch_23.npy"));
  CHECK(refused(run(scratch, line), 3, "val/resnet9/id_5_epoch_23.npy: there is no"));
}

TEST_CASE("easydub: unlearned models under names of their own are taken in natural order") {
  const Scratch scratch;
  write_data_set<float>(scratch);
  REQUIRE(run(scratch, line).status == 0);
  const Json expected = json_of(scratch / "a.json")["results"]["splits"];
  for (const std::string& split : split_names) {
    write_models<float>(scratch, "mine/" + split, "pretrain_" + split);
    for (int m = 0; m < 12; ++m)
      std::filesystem::rename(scratch / sentence("mine/", split, "/id_", m, "_epoch_23.npy"),
                              scratch / sentence("mine/", split, "/run", m, ".npy"));
  }
  REQUIRE(run(scratch, line + " --unlearned mine").status == 0);
  CHECK(json_of(scratch / "a.json")["results"]["splits"] == expected);
  CHECK(contains(json_of(scratch / "a.json")["facts"]["val"].get<std::string>(),
                 "files run0.npy .. run11.npy"));
  std::filesystem::copy_file(scratch / "mine/val/run1.npy", scratch / "mine/val/id_2_epoch_2.npy");
  std::filesystem::copy_file(scratch / "mine/val/run1.npy", scratch / "mine/val/id_2_epoch_10.npy");
  CHECK(refused(run(scratch, line + " --unlearned mine"), 3,
                "id_2_epoch_10.npy: another epoch of the model of id_2_epoch_2.npy"));
  std::filesystem::remove(scratch / "mine/val/id_2_epoch_2.npy");
  std::filesystem::remove(scratch / "mine/val/id_2_epoch_10.npy");
  std::filesystem::remove(scratch / "mine/val/run4.npy");
  CHECK(refused(run(scratch, line + " --unlearned mine"), 3,
                "12 models were asked for, it has 11 files, and none is id_0_epoch_23.npy"));
}

TEST_CASE("easydub: with twice the oracles on disk the floor is a split of them") {
  const Scratch scratch;
  write_data_set<float>(scratch);
  const std::string six =
      "easydub --data-dir data --forget-set 7 --n-models 6 --replicates 5 "
      "--json a.json";
  REQUIRE(run(scratch, six).status == 0);
  const Json json = json_of(scratch / "a.json");
  for (const Json& split : json["results"]["splits"])
    CHECK(split["forward"]["floor_method"] == "split");
  CHECK(contains(json["facts"]["val oracles"].get<std::string>(),
                 "ids 0 .. 5 of epoch 23; floor from ids 0 .. 11 of epoch 23"));
  for (const char* part : {"6 oracles", "6 unlearned"})
    CHECK(contains(json["remarks"].dump(), part));
  std::filesystem::remove(scratch / (folder + "oracle/forget_7/val/resnet9/id_11_epoch_23.npy"));
  REQUIRE(run(scratch, six).status == 0);
  CHECK(json_of(scratch / "a.json")["results"]["splits"][2]["forward"]["floor_method"] ==
        "smoothed bootstrap");
}

TEST_CASE("easydub: doing nothing with points that have no score is a broken set-up") {
  const Scratch scratch;
  write_data_set<float>(scratch, "data", 7, 12);
  for (int m = 0; m < 12; ++m) {  // the pretrained models are the oracles, but for one NaN
    const std::string name = sentence("val/resnet9/id_", m, "_epoch_23.npy");
    Array<float, 1> row = read_npy<float, 1>(scratch / (folder + "oracle/forget_7/" + name));
    for (float& value : row)
      if (!std::isfinite(value)) value = 0;
    write_npy(scratch / (folder + "oracle/forget_7/" + name), row);
    if (m == 4) row(9) = std::nanf("");
    write_npy(scratch / (folder + "pretrain/" + name), row);
  }
  const Ran ran = run(scratch, line);
  REQUIRE(ran.status == 0);
  const std::string warnings = json_of(scratch / "a.json")["warnings"].dump();
  INFO(warnings);
  CHECK(contains(warnings, "of 60 points of doing nothing have no score: the set-up is broken."));
}

TEST_CASE("easydub: the points' fingerprint is of the forget set's number and the split's size") {
  const Scratch scratch;
  write_data_set<float>(scratch);
  write_data_set<float>(scratch, "data", 8);
  const auto prints = [&](const std::string& set) {
    REQUIRE(run(scratch,
                "easydub --data-dir data --n-models 12 --replicates 5 --json a.json "
                "--forget-set " +
                    set)
                .status == 0);
    return json_of(scratch / "a.json")["results"]["splits"][0];
  };
  const Json seven = prints("7"), eight = prints("8");
  CHECK(seven["points_fingerprint"] != eight["points_fingerprint"]);
  CHECK(seven["oracle_fingerprint"] == eight["oracle_fingerprint"]);
}

TEST_CASE("easydub: the example of its help works") {
  const Scratch scratch;
  const std::string example = example_of(run(scratch, "easydub --help").out);
  CHECK(contains(example, "--data-dir EasyDUB-dataset --forget-set 2"));
  write_data_set<Half>(scratch, "EasyDUB-dataset", 2, 100);
  const Ran ran = run(scratch, example.substr(8) + " --replicates 5");
  INFO(example << "\n" << ran.err);
  CHECK(ran.status == 0);
}

TEST_CASE("easydub: the same with one thread and two") {
  const Scratch scratch;
  write_data_set<Half>(scratch);
  const Ran one = run(scratch, line + " --threads 1");
  REQUIRE(one.status == 0);
  const std::string scores = report::read_text_file(scratch / "a.npz");
  const Ran two = run(scratch, line + " --threads 2");
  CHECK(without_time(one.out) == without_time(two.out));
  CHECK(report::read_text_file(scratch / "a.npz") == scores);
}

TEST_CASE("easydub: what is missing or does not fit is named in one line") {
  const Scratch scratch;
  write_data_set<float>(scratch);
  const auto check = [&](const std::string& arguments, int status, const std::string& part) {
    const Ran ran = run(scratch, arguments);
    INFO(arguments << " gave " << ran.status << ": " << ran.err);
    CHECK(refused(ran, status, part));
  };
  check("easydub --data-dir data", 2, "--forget-set is required");
  check("easydub --forget-set 7", 2, "--data-dir is required");
  check("easydub --data-dir data --forget-set -1", 2, "--forget-set");
  check("easydub --data-dir data --forget-set 7 --n-models 1", 2, "--n-models");
  check("easydub --data-dir data --forget-set 7 --per-point a.npy", 2, "a name in .npz");
  check("easydub --data-dir none --forget-set 7", 3, "there is no such folder");
  check("easydub --data-dir data --forget-set 8", 3, "there is no such folder");
  check("easydub --data-dir data --forget-set 7", 3, "id_12_epoch_23.npy: there is no");
  check(line + " --unlearned none", 3, "none");
  check(line + " --strict", 3, "ran away at 1 of 280 points");
  const std::filesystem::path forget = scratch / "data/forget_sets/cifar10/forget_set_7.npy";
  Array<std::int64_t, 1> positions = read_npy<std::int64_t, 1>(forget);
  positions(0) = 300;
  write_npy(forget, positions);
  check(line, 3, "not in 0 .. 299");
  positions(0) = positions(1);
  write_npy(forget, positions);
  check(line, 3, "is listed twice");
  std::filesystem::remove(forget);
  check(line, 3, "forget_set_7.npy");
}
