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

/// Rows of a golden array as one file a model, in elements of type T.
template <class T>
void write_models(const Scratch& scratch, const std::string& where, const std::string& name) {
  const Array<double, 2> margins = golden<2>("easydub/" + name);
  std::filesystem::create_directories(scratch / where);
  for (std::size_t m = 0; m < margins.shape()[0]; ++m) {
    Array<T, 1> row = make_array<T>(static_cast<Index>(margins.shape()[1]));
    for (std::size_t x = 0; x < row.size(); ++x)
      row(x) = static_cast<T>(static_cast<float>(margins(m, x)));
    write_npy(scratch / (where + sentence("/id_", m, "_epoch_23.npy")), row);
  }
}

/// The data set of tests/golden/easydub as EasyDUB lays it out.
template <class T>
void write_data_set(const Scratch& scratch) {
  std::filesystem::create_directories(scratch / "data/forget_sets/cifar10");
  write_npy(scratch / "data/forget_sets/cifar10/forget_set_7.npy",
            golden_integers<std::int64_t, 1>("easydub/forget"));
  for (const std::string& split : split_names) {
    write_models<T>(scratch, folder + "oracle/forget_7/" + split + "/resnet9", "oracle_" + split);
    const std::string inner = split == "forget" ? "forget_7" : split;
    write_models<T>(scratch, folder + "pretrain/" + inner + "/resnet9", "pretrain_" + split);
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

TEST_CASE("easydub: of several epochs the last counts, and the first models by number") {
  const Scratch scratch;
  write_data_set<float>(scratch);
  REQUIRE(run(scratch, line).status == 0);
  const Json expected = json_of(scratch / "a.json")["results"];
  const std::string place = folder + "pretrain/val/resnet9/";
  Array<float, 1> other = make_array<float>(60);
  write_npy(scratch / (place + "id_3_epoch_9.npy"), other);
  write_npy(scratch / (place + "id_12_epoch_23.npy"), other);
  REQUIRE(run(scratch, line).status == 0);
  CHECK(json_of(scratch / "a.json")["results"] == expected);
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
  check("easydub --data-dir data --forget-set 7", 3, "100 models were asked for, it has 12");
  check(line + " --unlearned none", 3, "none");
  check(line + " --strict", 3, "has no score");
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
