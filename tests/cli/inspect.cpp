// expunge inspect: what arrays look like, what is odd about them, archives and folders.
#include <doctest/doctest.h>

#include <cmath>

#include "cli/npz.hpp"
#include "cli/run.hpp"
#include "cli/unwrapped.hpp"
#include "expunge/core/half.hpp"
#include "expunge/core/random.hpp"
#include "expunge/data/subset_masks.hpp"
#include "expunge/io/npy.hpp"

using namespace expunge;
using report::Json;

namespace {

double normal(std::uint32_t which, Index i) {
  double sum = -6;
  for (std::uint64_t k = 0; k < 12; ++k)
    sum += random_uniform(11, {Purpose::test, which}, static_cast<std::uint64_t>(12 * i) + k);
  return sum;
}

/// Margins of models that agree about which points are hard.
template <class T = float>
Array<T, 2> margins(Index models, Index points) {
  Array<T, 2> a = make_array<T>(models, points);
  for (Index m = 0; m < models; ++m)
    for (Index x = 0; x < points; ++x)
      a.data()[m * points + x] =
          static_cast<T>(static_cast<float>(3 * normal(0, x) + normal(1, m * points + x)));
  return a;
}

/// The results for one array; a run that fails is a failure here.
Json array_of(const Scratch& at, const std::string& file) {
  const Ran ran = run(at, "inspect " + file + " --json i.json");
  REQUIRE_MESSAGE(ran.status == 0, ran.err);
  return json_of(at / "i.json")["results"]["arrays"][0];
}

template <class A>
Json array_of(const Scratch& at, const A& array) {
  write_npy(at / "a.npy", array);
  return array_of(at, std::string("a.npy"));
}

bool looks(const Json& array, const std::string& part) {
  const bool does = contains(array["looks_like"], part);
  if (!does) MESSAGE(array["looks_like"]);
  return does;
}

bool warns(const Json& json, const std::string& part) {
  for (const auto& warning : json["warnings"])
    if (contains(warning, part)) return true;
  return false;
}

Array<float, 1> line(Index points, std::uint32_t which) {
  Array<float, 1> a = make_array<float>(points);
  for (Index x = 0; x < points; ++x) a.data()[x] = static_cast<float>(normal(which, x));
  return a;
}

void fill_column(Array<float, 2>& a, std::size_t column, float value) {
  for (std::size_t m = 0; m < a.shape()[0]; ++m) a(m, column) = value;
}

/// What the command says of a folder.
Json folder_of(const Scratch& at, const std::string& folder) {
  const Ran ran = run(at, "inspect " + folder + " --json i.json");
  REQUIRE_MESSAGE(ran.status == 0, ran.err);
  return json_of(at / "i.json");
}

}  // namespace

TEST_CASE("expunge inspect: figures of an array") {
  const Scratch at;
  Array<double, 2> a{{1, -2, 4.5}, {std::nan(""), INFINITY, -INFINITY}};
  const Json array = array_of(at, a);
  CHECK(array["shape"] == std::vector<Index>{2, 3});
  CHECK(array["type"] == "f8");
  CHECK(array["byte_order"] == "little");
  CHECK(array["axis_order"] == "C");
  CHECK(array["version"] == 1);
  CHECK(array["nan"] == 1);
  CHECK(array["infinite"] == 2);
  CHECK(array["min"] == -2);
  CHECK(array["max"] == 4.5);
  CHECK(array["mean"].get<double>() == doctest::Approx(3.5 / 3));
  CHECK(warns(array, "1 NaN and 2 infinite values of 6"));
}

TEST_CASE("expunge inspect: byte order, axis order, version") {
  const Scratch at;
  std::vector<std::uint8_t> file =
      npy_bytes("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 2), }",
                {'\0', '\1', '\0', '\2', '\0', '\3', '\1', '\0'});
  write_bytes(at / "big.npy", file);
  const Json array = array_of(at, std::string("big.npy"));
  CHECK(array["byte_order"] == "big");
  CHECK(array["axis_order"] == "Fortran");
  CHECK(array["max"] == 256);
  CHECK(array["mean"] == 65.5);
}

TEST_CASE("expunge inspect: margins, and what margins are not") {
  const Scratch at;
  const Array<float, 2> good = margins(20, 300);
  Json array = array_of(at, good);
  CHECK(looks(array, "margins [models][points]: 20 models, 300 points"));
  CHECK(array["warnings"].empty());
  CHECK(looks(array_of(at, margins(400, 50)), "margins [models][points]: 400 models, 50 points"));
  array = array_of(at, Array<float, 2>(xt::transpose(good)));
  CHECK(looks(array, "transposed: 20 models, 300 points"));
  CHECK(warns(array, "looks transposed"));
  array = array_of(at, Array<float, 2>(1.0f / (1.0f + xt::exp(-good))));
  CHECK(looks(array, "probabilities"));
  CHECK(warns(array, "lie in [0, 1]"));
  array = array_of(at, Array<float, 2>(xt::abs(good)));
  CHECK(looks(array, "losses"));
  CHECK(warns(array, "No value is negative"));
  CHECK(looks(array_of(at, line(100, 3)), "margins [points] of one model: 100 points"));
}

TEST_CASE("expunge inspect: noise without structure is not called transposed") {
  const Scratch at;
  Array<float, 2> noise = make_array<float>(1000, 5);
  for (Index i = 0; i < 5000; ++i) noise.data()[i] = static_cast<float>(normal(4, i));
  const Json array = array_of(at, noise);
  CHECK(looks(array, "logits [points][classes] of one model with 5 classes"));
  CHECK_FALSE(warns(array, "transposed"));
}

TEST_CASE("expunge inspect: constant and repeated rows and columns, ties") {
  const Scratch at;
  Array<float, 2> a = margins(20, 300);
  fill_column(a, 7, 1.0f);
  std::fill_n(a.data() + 4 * 300, 300, 2.5f);
  std::copy_n(a.data() + 3 * 300, 300, a.data() + 9 * 300);
  Json array = array_of(at, a);
  CHECK(array["constant_rows"] == 1);
  CHECK(array["constant_columns"] == 0);  // model 4 differs there
  CHECK(array["duplicate_rows"] == 1);
  CHECK(warns(array, "the first is row 9, equal to row 3"));
  fill_column(a, 8, -1.0f);
  array = array_of(at, a);
  CHECK(array["constant_rows"] == 0);
  CHECK(array["constant_columns"] == 1);
  CHECK(warns(array, "1 of 300 columns (points) are constant"));
  CHECK(array_of(at, margins(20, 300))["share_of_ties"] == 0);
  const Ran ran = run(at, "inspect a.npy");
  CHECK_FALSE(contains(ran.out, "ties"));
  CHECK(array_of(at, margins<Half>(2000, 30))["share_of_ties"] > .1);
  CHECK(contains(run(at, "inspect a.npy").out, "float16 ties"));
}

TEST_CASE("expunge inspect: masks") {
  const Scratch at;
  SubsetMasks masks = fixed_size_subsets(1, 12, 40, .5);
  Json array = array_of(at, to_bool(masks));
  CHECK(looks(array,
              "masks [models][examples]: 12 models of 40 examples, 50.0 % included (each "
              "exactly half)"));
  CHECK(array["warnings"].empty());
  for (Index i = 0; i < 40; ++i) {
    masks.insert(3, i);
    masks.erase(5, i);
  }
  array = array_of(at, to_bool(masks));
  CHECK(looks(array, "(0 to 40 a model)"));
  CHECK(warns(array, "1 of 12 rows of masks are all ones"));
  CHECK(warns(array, "1 of 12 rows of masks are all zeros"));
}

TEST_CASE("expunge inspect: integers of one axis") {
  const Scratch at;
  CHECK(looks(array_of(at, Array<std::int64_t, 1>{9, 4, 7000, 12}),
              "positions (a forget set): 4 of 0 .. 7000"));
  CHECK(looks(array_of(at, Array<std::int32_t, 1>{2, 0, 1, 3}), "each of 0 .. 3 once"));
  CHECK(looks(array_of(at, Array<std::uint8_t, 1>{2, 0, 1, 3, 3, 9}),
              "labels [points]: 6 points, classes 0 .. 9"));
  CHECK(looks(array_of(at, Array<std::int64_t, 1>{-1, 0, 1}), "some negative"));
  CHECK(looks(array_of(at, Array<bool, 1>{true, false, true}), "flags: 2 of 3 set"));
  const Json twice = array_of(at, Array<std::int64_t, 1>{5000, 3, 5000});
  CHECK(warns(twice, "listed twice"));
}

TEST_CASE("expunge inspect: logits, empty arrays, one number") {
  const Scratch at;
  Array<float, 3> logits = make_array<float>(5, 30, 10);
  for (Index i = 0; i < 1500; ++i) logits.data()[i] = static_cast<float>(normal(5, i));
  CHECK(looks(array_of(at, logits), "5 models, 30 points, with 10 classes"));
  CHECK(looks(array_of(at, make_array<float>(0, 4)), "empty"));
  write_bytes(at / "n.npy",
              npy_bytes("{'descr': '|i1', 'fortran_order': False, 'shape': (), }", "\x05"));
  const Json one = array_of(at, std::string("n.npy"));
  CHECK(looks(one, "one number"));
  CHECK(one["mean"] == 5);
}

TEST_CASE("expunge inspect: a row longer than a block") {
  const Scratch at;
  Array<float, 2> a = margins(3, 70'000);
  a(2, 69'999) = 1e6f;
  a(1, 65'536) = std::nanf("");
  const Json array = array_of(at, a);
  CHECK(array["max"] == 1e6);
  CHECK(array["nan"] == 1);
  CHECK(array["duplicate_rows"] == 0);
}

TEST_CASE("expunge inspect: every member of an archive") {
  const Scratch at;
  Array<double, 1> a{-1, 2, 3}, b{.25, .5, 1};
  cli::write_npz(at / "two.npz", {{"first", a}, {"second", b}});
  const Json json = folder_of(at, "two.npz");
  CHECK(json["results"]["is"] == "npz");
  const Json member = folder_of(at, "two.npz:second")["results"];
  CHECK(member["is"] == "npz");
  REQUIRE(member["arrays"].size() == 1);
  CHECK(member["arrays"][0]["name"] == "second");
  CHECK(member["arrays"][0] == json["results"]["arrays"][1]);
  CHECK(refused(run(at, "inspect two.npz:third"), 3, "there is no array 'third'"));
  REQUIRE(json["results"]["arrays"].size() == 2);
  CHECK(json["results"]["arrays"][1]["name"] == "second");
  CHECK(json["results"]["arrays"][1]["min"] == .25);
  CHECK(json["results"]["arrays"][1]["version"].is_null());
  CHECK(warns(json, "second: All values lie in [0, 1]"));
}

TEST_CASE("expunge inspect: what is refused") {
  const Scratch at;
  CHECK(refused(run(at, "inspect absent.npy"), 3, "absent.npy"));
  CHECK(refused(run(at, "inspect absent.npz"), 3, "absent.npz"));
  write_bytes(at / "t.npy", bytes_of("hello, world"));
  CHECK(refused(run(at, "inspect t.npy"), 3, "not a .npy file"));
  CHECK(refused(run(at, "inspect"), 2, "path"));
}

TEST_CASE("expunge inspect: a datamodels store") {
  const Scratch at;
  std::filesystem::create_directory(at / "s");
  write_npy(at / "s/masks.npy", to_bool(fixed_size_subsets(1, 12, 40, .5)));
  write_npy(at / "s/margins.npy", margins(12, 50));
  Array<bool, 1> done = make_array<bool>(12);
  done.fill(true);
  done(3) = false;
  write_npy(at / "s/_completed.npy", done);
  Json json = folder_of(at, "s");
  CHECK(json["results"]["is"] == "datamodels store");
  CHECK(json["results"]["completed"] == 11);
  CHECK(json["results"]["arrays"].size() == 3);
  CHECK(warns(json, "1 of 12 models are not done"));
  write_npy(at / "s/margins.npy", margins(11, 50));
  CHECK(warns(folder_of(at, "s"), "margins.npy has 11 models, masks.npy has 12"));
  write_bytes(at / "s/margins.npy", bytes_of("x"));
  CHECK(warns(folder_of(at, "s"), "margins.npy"));  // damaged: said, the rest is shown
}

TEST_CASE("expunge inspect: effects of expunge fit") {
  const Scratch at;
  std::filesystem::create_directory(at / "f");
  write_npy(at / "f/effects.npy", margins(12, 50));
  report::write_text_file((at / "f/fit.json").string(), "{\"command\": \"expunge fit --x\"}");
  const Json json = folder_of(at, "f");
  CHECK(json["results"]["is"] == "fit");
  CHECK(json["facts"]["made by"] == "expunge fit --x");
  CHECK(looks(json["results"]["arrays"][0], "12 examples, 50 targets"));
}

TEST_CASE("expunge inspect: one file a model") {
  const Scratch at;
  std::filesystem::create_directory(at / "m");
  for (std::uint32_t i = 0; i < 6; ++i)
    write_npy(at / sentence("m/id_", i, ".npy"), line(i == 4 ? 31 : 30, i));
  write_npy(at / "m/id_10.npy", line(30, 2));
  Array<float, 1> bad = line(30, 40);
  bad(3) = std::nanf("");
  write_npy(at / "m/id_11.npy", bad);
  const Json json = folder_of(at, "m");
  CHECK(json["results"]["is"] == "one file a model");
  CHECK(json["results"]["files"] == 8);
  CHECK(json["results"]["models"] == 7);
  CHECK(json["results"]["nan"] == 1);
  CHECK(json["results"]["shape"] == std::vector<Index>{30});
  CHECK(warns(json, "id_4.npy has the shape 31, most files have 30"));
  CHECK(warns(json, "id_10.npy holds the same numbers as id_2.npy"));
  CHECK(warns(json, "id_11.npy: 1 NaN"));
}

TEST_CASE("expunge inspect: an EasyDUB data set") {
  const Scratch at;
  const auto models = [&](const std::string& folder, Index points, Index count) {
    std::filesystem::create_directories(at / ("d/margins/cifar10/" + folder + "/resnet9"));
    for (Index i = 0; i < count; ++i)
      write_npy(at / sentence("d/margins/cifar10/", folder, "/resnet9/id_", i, "_epoch_23.npy"),
                line(points, static_cast<std::uint32_t>(i)));
  };
  std::filesystem::create_directories(at / "d/forget_sets/cifar10");
  write_npy(at / "d/forget_sets/cifar10/forget_set_2.npy", Array<std::int64_t, 1>{4, 9, 17});
  models("pretrain/retain", 40, 3);
  models("pretrain/val", 8, 3);
  models("pretrain/forget_2", 3, 3);
  models("oracle/forget_2/retain", 37, 4);
  models("oracle/forget_2/forget", 3, 4);
  models("oracle/forget_2/val", 8, 4);
  Json json = folder_of(at, "d");
  CHECK(json["results"]["is"] == "EasyDUB data set");
  CHECK(json["warnings"].empty());
  const Json data = json["results"]["data"]["cifar10"];
  CHECK(data["forget_sets"] == Json::array({{{"number", 2}, {"size", 3}}}));
  CHECK(data["groups"].size() == 6);
  CHECK(data["groups"][4]["folder"] == "oracle/forget_2/retain");
  CHECK(data["groups"][4]["models"] == 4);
  CHECK(data["groups"][4]["points"] == 37);
  write_npy(at / "d/margins/cifar10/oracle/forget_2/val/resnet9/id_1_epoch_23.npy", line(9, 1));
  write_npy(at / "d/margins/cifar10/oracle/forget_2/val/resnet9/id_1_epoch_22.npy", line(8, 1));
  write_bytes(at / "d/margins/cifar10/pretrain/val/resnet9/id_2_epoch_23.npy", bytes_of("x"));
  write_npy(at / "d/forget_sets/cifar10/forget_set_3.npy", Array<std::int64_t, 1>{1});
  json = folder_of(at, "d");
  CHECK(warns(json, "oracle/forget_2/val/id_1_epoch_23.npy has 9 points, most files have 8"));
  CHECK(warns(json, "id_2_epoch_23.npy"));
  CHECK(warns(json, "Forget set 3: no files in oracle/forget_3/retain"));
  CHECK(json["remarks"].size() == 1);  // two epochs of a model
}

TEST_CASE("expunge inspect: other folders are listed") {
  const Scratch at;
  std::filesystem::create_directories(at / "o/inside");
  write_npy(at / "o/a.npy", margins(2, 3));
  write_bytes(at / "o/b.npy", bytes_of("x"));
  report::write_text_file((at / "o/words.txt").string(), "12345");
  const Json json = folder_of(at, "o");
  CHECK(json["results"]["is"] == "folder");
  const Json expected = {{{"name", "a.npy"}, {"what", "2 x 3, f4"}},
                         {{"name", "b.npy"}, {"what", "damaged .npy"}},
                         {{"name", "inside"}, {"what", "folder"}},
                         {{"name", "words.txt"}, {"what", "5 bytes"}}};
  CHECK(json["results"]["entries"] == expected);
  std::filesystem::create_directory(at / "empty");
  CHECK(folder_of(at, "empty")["results"]["entries"] == Json::array());
}

TEST_CASE(
    "expunge inspect: a folder of one file a model, some unfinished, of several epochs, hidden "
    "files") {
  const Scratch at;
  std::filesystem::create_directory(at / "runs");
  Array<bool, 1> done = make_array<bool>(10);
  done.fill(true);
  for (int m = 0; m < 10; ++m) {
    Array<float, 1> model = make_array<float>(30);
    for (std::size_t x = 0; x < 30; ++x)
      model(x) = m >= 7 ? 0 : static_cast<float>(std::sin(static_cast<double>(30 * m) + double(x)));
    write_npy(at / sentence("runs/id_", m / 2, "_epoch_", m % 2, ".npy"), model);
    write_bytes(at / sentence("runs/._id_", m, ".npy"), {0, 5, 22, 7});
    done(static_cast<std::size_t>(m)) = m < 7;
  }
  write_npy(at / "runs/_completed.npy", done);
  const Ran ran = run(at, "inspect runs --json r.json");
  REQUIRE_MESSAGE(ran.status == 0, ran.err);
  const auto results = json_of(at / "r.json")["results"];
  CHECK(results["is"] == "one file a model");
  CHECK(results["models"] == 10);
  CHECK(results["completed"] == 7);
  CHECK(contains(unwrapped(ran.out), "! 3 of 10 models are not done; commands leave them out."));
  CHECK(contains(unwrapped(ran.out),
                 "! 3 of 10 files hold one number throughout (id_3_epoch_1.npy, "));
  CHECK(contains(unwrapped(ran.out),
                 "! 2 files hold the numbers of another: id_4_epoch_0.npy holds the same"));
  CHECK(contains(unwrapped(ran.out), "! Several epochs (0, 1) of the same models"));
  CHECK(!contains(ran.out, "._id"));
}

TEST_CASE("expunge inspect: what a file is follows from its bytes, not from its name") {
  const Scratch at;
  std::filesystem::copy_file(std::string(EXPUNGE_GOLDEN_DIR) + "/npz/stored.npz", at / "a.npy");
  const Ran ran = run(at, "inspect a.npy --json r.json");
  REQUIRE_MESSAGE(ran.status == 0, ran.err);
  CHECK(json_of(at / "r.json")["results"]["is"] == "npz");
  CHECK(json_of(at / "r.json")["results"]["arrays"].size() == 4);
}
