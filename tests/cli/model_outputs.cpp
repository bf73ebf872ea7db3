#include "cli/model_outputs.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cmath>

#include "cli/completed.hpp"
#include "cli/splits.hpp"
#include "io/scratch.hpp"
#include "io/special_files.hpp"

using namespace expunge;
using cli::ModelOutputs;

namespace {

const std::string golden = std::string(EXPUNGE_GOLDEN_DIR) + "/";

/// 100 m + x for model m and point x.
template <class T>
Array<T, 2> numbered(Index models, Index points) {
  Array<T, 2> array = make_array<T>(models, points);
  for (Index m = 0; m < models; ++m)
    for (Index x = 0; x < points; ++x)
      array(static_cast<std::size_t>(m), static_cast<std::size_t>(x)) =
          static_cast<T>(static_cast<float>(100 * m + x));
  return array;
}

template <class T>
Array<T, 1> constant(Index points, double value) {
  Array<T, 1> array = make_array<T>(points);
  std::fill(array.begin(), array.end(), static_cast<T>(static_cast<float>(value)));
  return array;
}

template <class T>
Array<T, 1> list(const std::vector<T>& values) {
  Array<T, 1> array = make_array<T>(static_cast<Index>(values.size()));
  std::copy(values.begin(), values.end(), array.begin());
  return array;
}

/// The number that model m, point x holds in `numbered`, whatever the type it is read as.
template <class T>
bool is_numbered(const Array<T, 2>& read, const std::vector<Index>& models,
                 const std::vector<Index>& points) {
  if (read.shape()[0] != models.size() || read.shape()[1] != points.size()) return false;
  for (std::size_t m = 0; m < models.size(); ++m)
    for (std::size_t x = 0; x < points.size(); ++x)
      if (static_cast<double>(read(m, x)) != static_cast<double>(100 * models[m] + points[x]))
        return false;
  return true;
}

/// log(p / (1 - p)) of the label, by its definition.
double margin_of(const std::vector<double>& logits, std::size_t label) {
  double others = 0;
  for (std::size_t k = 0; k < logits.size(); ++k)
    if (k != label) others += std::exp(logits[k]);
  return logits[label] - std::log(others);
}

Array<double, 3> logits_of(std::size_t models, std::size_t points, std::size_t classes) {
  Array<double, 3> logits = Array<double, 3>::from_shape({models, points, classes});
  for (std::size_t i = 0; i < logits.size(); ++i)
    logits.data()[i] = 3 * std::sin(1.7 * static_cast<double>(i));
  return logits;
}

/// The same numbers with the axes of the file turned round.
void write_fortran(const std::filesystem::path& path, const Array<double, 3>& array) {
  const auto [a, b, c] =
      std::array<std::size_t, 3>{array.shape()[0], array.shape()[1], array.shape()[2]};
  std::string data;
  for (std::size_t k = 0; k < c; ++k)
    for (std::size_t j = 0; j < b; ++j)
      for (std::size_t i = 0; i < a; ++i)
        data.append(reinterpret_cast<const char*>(&array(i, j, k)), sizeof(double));
  write_bytes(path, npy_bytes(sentence("{'descr': '<f8', 'fortran_order': True, 'shape': (", a,
                                       ", ", b, ", ", c, ")}"),
                              data));
}

std::string error_of_opening(const std::filesystem::path& path) {
  return error_of([&] { ModelOutputs(path.string()); });
}

}  // namespace

TEST_CASE("natural order compares runs of digits as numbers and is an order") {
  CHECK(cli::natural_less("id_2", "id_10"));
  CHECK_FALSE(cli::natural_less("id_10", "id_2"));
  CHECK(cli::natural_less("id_9_epoch_3", "id_10_epoch_2"));
  CHECK(cli::natural_less("id_1_epoch_9", "id_1_epoch_23"));
  CHECK(cli::natural_less("01", "1"));
  CHECK_FALSE(cli::natural_less("1", "01"));
  CHECK(cli::natural_less("1", "02"));
  CHECK(cli::natural_less("99999999999999999999998", "99999999999999999999999"));
  CHECK(cli::natural_less("a", "a1"));
  CHECK(cli::natural_less("", "a"));
  const std::vector<std::string> names{"",  "0",  "00",  "01",  "1",   "1a", "01a", "10",
                                       "a", "a0", "a00", "a01", "a1b", "a:", "a/",  "\xc3\xa9"};
  for (const std::string& a : names)
    for (const std::string& b : names) {
      INFO(a << " and " << b);
      CHECK(cli::natural_less(a, b) + cli::natural_less(b, a) == (a == b ? 0 : 1));
      for (const std::string& c : names)
        if (cli::natural_less(a, b) && cli::natural_less(b, c)) CHECK(cli::natural_less(a, c));
    }
}

TEST_CASE("one array of margins is read at any block of points, in the type asked for") {
  const Scratch scratch;
  const auto check = [&](const std::string& name, Index models) {
    const ModelOutputs outputs((scratch / name).string());
    INFO(name);
    CHECK(outputs.points() == 7);
    CHECK(outputs.classes() == 0);
    CHECK(outputs.columns() == 7);
    const std::vector<Index> all =
        models == 3 ? std::vector<Index>{0, 1, 2} : std::vector<Index>{0};
    CHECK(outputs.models() == models);
    CHECK(is_numbered(outputs.read_margins<double>(0, 7, 2), all, {0, 1, 2, 3, 4, 5, 6}));
    CHECK(is_numbered(outputs.read_margins<float>(2, 3, 1), all, {2, 3, 4}));
    CHECK(is_numbered(outputs.read_margins<Half>(6, 1, 0), all, {6}));
    CHECK(is_numbered(outputs.read_columns<double>(1, 5, 2), all, {1, 2, 3, 4, 5}));
    CHECK(is_numbered(outputs.read_margins_at<double>({6, 0, 3}, 2), all, {6, 0, 3}));
  };
  write_npy(scratch / "f2.npy", numbered<Half>(3, 7));
  write_npy(scratch / "f4.npy", numbered<float>(3, 7));
  write_npy(scratch / "f8.npy", numbered<double>(3, 7));
  write_npy(scratch / "i8.npy", numbered<std::int64_t>(3, 7));
  write_npy(scratch / "i2.npy", numbered<std::int16_t>(3, 7));
  for (const std::string name : {"f2", "f4", "f8", "i8", "i2"}) check(name + ".npy", 3);
  write_npy(scratch / "one.npy", list<double>({0, 1, 2, 3, 4, 5, 6}));
  check("one.npy", 1);
}

TEST_CASE("a file's type gives the precision; integers take double, a mix the widest") {
  const Scratch scratch;
  const auto precision = [&](const std::string& name) {
    return ModelOutputs((scratch / name).string()).precision();
  };
  write_npy(scratch / "f2.npy", numbered<Half>(3, 7));
  write_npy(scratch / "f4.npy", numbered<float>(3, 7));
  write_npy(scratch / "i2.npy", numbered<std::int16_t>(3, 7));
  CHECK(precision("f2.npy") == cli::Precision::half);
  CHECK(precision("f4.npy") == cli::Precision::single);
  CHECK(precision("i2.npy") == cli::Precision::two);
  std::filesystem::create_directory(scratch / "mix");
  write_npy(scratch / "mix/0.npy", constant<Half>(5, 0.5));
  write_npy(scratch / "mix/1.npy", constant<float>(5, 1.5));
  CHECK(precision("mix") == cli::Precision::single);
  write_npy(scratch / "mix/2.npy", constant<double>(5, 2.5));
  write_npy(scratch / "mix/3.npy", constant<double>(5, 3));
  write_npy(scratch / "mix/4.npy", constant<Half>(5, 4.5));
  CHECK(precision("mix") == cli::Precision::two);
  const Array<double, 2> read =
      ModelOutputs((scratch / "mix").string()).read_margins<double>(1, 2, 1);
  for (std::size_t m = 0; m < 5; ++m)
    CHECK(read(m, 0) == static_cast<double>(m) + (m == 3 ? 0 : 0.5));
}

TEST_CASE("a folder and a pattern of one file a model are read in natural order") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "runs");
  for (int m = 0; m < 12; ++m)
    write_npy(scratch / sentence("runs/id_", m, ".npy"), constant<float>(4, m));
  write_bytes(scratch / "runs/notes.txt", bytes_of("no array"));
  for (const std::string name : {"runs", "runs/id_*.npy", "runs/id_[0-9]*.npy"}) {
    const ModelOutputs outputs((scratch / name).string());
    REQUIRE(outputs.models() == 12);
    const Array<float, 2> read = outputs.read_margins<float>(3, 1, 1);
    for (std::size_t m = 0; m < 12; ++m) CHECK(read(m, 0) == static_cast<float>(m));
  }
  CHECK(ModelOutputs((scratch / "runs/id_1?.npy").string()).models() == 2);
  write_npy(scratch / "runs/id_3.npy", constant<float>(5, 3));
  const std::string error = error_of_opening(scratch / "runs");
  CHECK(contains(error, "id_3.npy"));
  CHECK(contains(error, "5 points"));
  CHECK(contains(error, "id_0.npy has 4"));
  std::filesystem::create_directory(scratch / "none");
  CHECK(contains(error_of_opening(scratch / "none"), "no .npy file was found there"));
  CHECK(contains(error_of_opening(scratch / "no*.npy"), "no .npy file was found there"));
  CHECK(contains(error_of_opening(scratch / "no.npy"), "cannot be opened"));
}

TEST_CASE("a folder of floats and integers is refused, and names that begin with _ are no models") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "runs");
  write_npy(scratch / "runs/_completed.npy", list<std::uint8_t>({1, 1, 0, 1}));
  write_npy(scratch / "runs/id_0.npy", constant<float>(4, 0));
  write_npy(scratch / "runs/id_1.npy", constant<Half>(4, 1));
  CHECK(ModelOutputs((scratch / "runs").string()).models() == 2);
  CHECK(ModelOutputs((scratch / "runs/*.npy").string()).models() == 2);
  write_npy(scratch / "runs/labels.npy", list<std::int64_t>({0, 1, 2, 3}));
  for (const std::string name : {"runs", "runs/*.npy"}) {
    const std::string error = error_of_opening(scratch / name);
    CHECK(contains(error, "labels.npy"));
    CHECK(contains(error, "type i8"));
    CHECK(contains(error, "id_0.npy are f4"));
  }
  std::filesystem::create_directory(scratch / "masks");
  write_npy(scratch / "masks/0.npy", constant<std::int32_t>(4, 0));
  write_npy(scratch / "masks/1.npy", list<std::uint8_t>({0, 1, 1, 0}));
  CHECK(ModelOutputs((scratch / "masks").string()).models() == 2);
}

TEST_CASE("a folder whose name looks like a pattern is that folder") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "run[1]");
  write_npy(scratch / "run[1]/a.npy", constant<float>(4, 0));
  CHECK(ModelOutputs((scratch / "run[1]").string()).models() == 1);
}

TEST_CASE("a file whose own name looks like a pattern is that file") {
  const Scratch scratch;
  write_npy(scratch / "run[1].npy", numbered<float>(2, 3));
  CHECK(ModelOutputs((scratch / "run[1].npy").string()).models() == 2);
}

TEST_CASE("archives: one array, or one of several by its name") {
  const ModelOutputs one(golden + "npz/one.npz"), named(golden + "npz/stored.npz:a");
  for (const ModelOutputs* outputs : {&one, &named}) {
    CHECK(outputs->models() == 3);
    CHECK(outputs->read_margins<double>(0, 4, 1)(2, 3) == 11);
  }
  CHECK(ModelOutputs(golden + "npz/deflated.npz:c:d").read_margins<double>(2, 1, 1)(1, 0) == 5);
  CHECK(contains(error_of_opening(golden + "npz/stored.npz"), "4 arrays (a, b, c:d, mask)"));
  CHECK(contains(error_of_opening(golden + "npz/no_array.npz"), "holds no array"));
  CHECK(contains(error_of_opening(golden + "npz/stored.npz:z"), "there is no array 'z'"));
  CHECK(contains(error_of_opening(golden + "npz/nothing.npz:z"), "there is no such file"));
}

TEST_CASE("arrays of no use are refused") {
  const Scratch scratch;
  write_npy(scratch / "empty.npy", make_array<double>(3, 0));
  CHECK(contains(error_of_opening(scratch / "empty.npy"), "the array is empty"));
  CHECK(contains(error_of_opening(golden + "npy/f8_no_axes.npy"), "this array is one number"));
  write_npy(scratch / "four.npy", Array<float, 4>::from_shape({1, 2, 3, 4}));
  CHECK(contains(error_of_opening(scratch / "four.npy"), "this array is [1][2][3][4]"));
  write_npy(scratch / "thin.npy", logits_of(2, 3, 1));
  CHECK(contains(error_of_opening(scratch / "thin.npy"), "one class have no margin"));
  std::filesystem::create_directory(scratch / "deep");
  write_npy(scratch / "deep/a.npy", logits_of(2, 3, 4));
  CHECK(contains(error_of_opening(scratch / "deep"), "one file a model was expected"));
  write_bytes(scratch / "bad.npy", bytes_of("hello"));
  CHECK(contains(error_of_opening(scratch / "bad.npy"), "bad.npy: "));
}

TEST_CASE("logits and labels give the margin, in both orders of axes and from one file a model") {
  const Scratch scratch;
  const Array<double, 3> logits = logits_of(3, 5, 4);
  const std::vector<std::int64_t> labels{0, 3, 1, 2, 2};
  write_npy(scratch / "labels.npy", list(labels));
  write_npy(scratch / "c.npy", logits);
  write_fortran(scratch / "fortran.npy", logits);
  std::filesystem::create_directory(scratch / "runs");
  for (std::size_t m = 0; m < 3; ++m) {
    Array<double, 2> one = make_array<double>(5, 4);
    std::copy_n(&logits(m, 0, 0), 20, one.data());
    write_npy(scratch / sentence("runs/", m, ".npy"), one);
  }
  for (const std::string name : {"c.npy", "fortran.npy", "runs"}) {
    ModelOutputs outputs((scratch / name).string());
    CHECK(outputs.classes() == 4);
    CHECK(outputs.columns() == 20);
    CHECK(contains(error_of([&] { outputs.read_margins<double>(0, 5, 1); }), "--labels"));
    CHECK(contains(error_of([&] { outputs.read_margins_at<double>({0}, 1); }), "--labels"));
    const Array<double, 2> columns = outputs.read_columns<double>(3, 10, 2);
    outputs.set_labels((scratch / "labels.npy").string());
    CHECK(outputs.precision() == cli::Precision::two);
    const Array<double, 2> margins = outputs.read_margins<double>(1, 4, 2);
    const Array<double, 2> some = outputs.read_margins_at<double>({4, 1}, 1);
    for (std::size_t m = 0; m < 3; ++m) {
      for (std::size_t c = 0; c < 10; ++c) CHECK(columns(m, c) == (&logits(m, 0, 0))[3 + c]);
      const auto expected = [&](std::size_t x) {
        const double* z = &logits(m, x, 0);
        return margin_of({z, z + 4}, static_cast<std::size_t>(labels[x]));
      };
      for (std::size_t x = 1; x < 5; ++x) CHECK(std::abs(margins(m, x - 1) - expected(x)) < 1e-12);
      CHECK(some(m, 0) == margins(m, 3));
      CHECK(some(m, 1) == margins(m, 0));
    }
  }
}

TEST_CASE("margins of many logits are the same in any pieces") {
  const Scratch scratch;
  const Index points = 30000;  // 90000 logits
  write_npy(scratch / "logits.npy", logits_of(1, points, 3));
  Array<std::int64_t, 1> labels = make_array<std::int64_t>(points);
  for (std::size_t x = 0; x < labels.size(); ++x) labels(x) = static_cast<std::int64_t>(x % 3);
  write_npy(scratch / "labels.npy", labels);
  ModelOutputs outputs((scratch / "logits.npy").string());
  outputs.set_labels((scratch / "labels.npy").string());
  const Array<double, 2> all = outputs.read_margins<double>(0, points, 1);
  for (const Index x : {0, 21844, 21845, 21846, 29999})
    CHECK(all(0, static_cast<std::size_t>(x)) == outputs.read_margins<double>(x, 1, 1)(0, 0));
}

TEST_CASE("labels that do not fit are refused") {
  const Scratch scratch;
  write_npy(scratch / "logits.npy", logits_of(3, 4, 3));
  write_npy(scratch / "margins.npy", numbered<float>(3, 4));
  const auto error = [&](const auto& labels, const std::string& file = "logits.npy") {
    write_npy(scratch / "labels.npy", labels);
    ModelOutputs outputs((scratch / file).string());
    return error_of([&] { outputs.set_labels((scratch / "labels.npy").string()); });
  };
  CHECK(error(list<std::int64_t>({0, 1, 2, 0})) == "");
  CHECK(error(list<std::uint8_t>({0, 1, 2, 0})) == "");
  CHECK(contains(error(list<std::int64_t>({0, 1, 3, 0})), "label 3 of point 2, not in 0 .. 2"));
  CHECK(contains(error(list<std::int64_t>({0, -1, 2, 0})), "label -1 of point 1"));
  CHECK(contains(error(list<std::int64_t>({std::int64_t{1} << 32, 1, 2, 0})), "label 4294967296"));
  CHECK(contains(error(list<std::int64_t>({0, 1, 2})),
                 "logits.npy was expected, there are 3; the first axis of [3][4][3] has as many"));
  CHECK(error(list<double>({0, 1, 2, 0})) == "");
  CHECK(
      contains(error(list<double>({0, .5, 2, 0})), "element 1 of type f8 is 0.5, a whole number"));
  CHECK(contains(error(list<double>({0, std::nan(""), 2, 0})),
                 "element 1 of type f8 is nan, a whole number"));
  CHECK(
      contains(error(list<std::int64_t>({1, 3, 2, 1})), "not in 0 .. 2; these labels count from"));
  CHECK(contains(error(numbered<std::int64_t>(4, 3)), "one-hot it seems; labels.argmax(1)"));
  CHECK(contains(error(numbered<std::int64_t>(2, 4)),
                 "labels [points] were expected, the array is "
                 "[2][4]"));
  CHECK(contains(error(list<std::int64_t>({0, 1, 2, 0}), "margins.npy"), "no axis of classes"));
}

TEST_CASE("_completed.npy leaves unfinished models out, and is checked") {
  const Scratch scratch;
  write_npy(scratch / "margins.npy", numbered<float>(4, 3));
  write_npy(scratch / "_completed.npy", list<std::uint8_t>({1, 0, 1, 0}));
  const ModelOutputs outputs((scratch / "margins.npy").string());
  CHECK(outputs.models() == 2);
  CHECK(outputs.left_out() == 2);
  CHECK(contains(outputs.shape_text(), "2 unfinished left out"));
  CHECK(is_numbered(outputs.read_margins<double>(0, 3, 1), {0, 2}, {0, 1, 2}));
  const auto error = [&](const auto& completed) {
    write_npy(scratch / "_completed.npy", completed);
    return error_of_opening(scratch / "margins.npy");
  };
  CHECK(error(list<double>({1, 0, 1, 1})) == "");
  CHECK(contains(error(list<std::uint8_t>({0, 0, 0, 0})), "no model is completed"));
  CHECK(contains(error(list<std::uint8_t>({1, 0, 1})), "one entry for each of the 4 models"));
  CHECK(contains(error(numbered<float>(4, 2)), "flags [models] were expected"));
  CHECK(contains(error(list<double>({1, std::nan(""), 1, 1})), "element 1 of type f8 is nan"));
  CHECK(contains(error(list<std::int64_t>({1, 0, -1, 1})), "entry 2 is -1, 0 or 1"));
  write_bytes(scratch / "_completed.npy", bytes_of("hello"));
  CHECK(contains(error_of_opening(scratch / "margins.npy"), "_completed.npy"));
}

TEST_CASE("_completed.npy speaks of archives and of folders of one file a model as well") {
  const Scratch scratch;
  const std::string npz = golden + "npz/";
  // in the archive: margins [3][4] and _completed 1, 0, 1
  const ModelOutputs inside(npz + "store.npz");
  CHECK(inside.models() == 2);
  CHECK(inside.read_margins<double>(0, 1, 1)(1, 0) == 8);
  CHECK(ModelOutputs(npz + "store.npz:margins").models() == 2);
  CHECK(ModelOutputs(npz + "store.npz", cli::UseCompleted::no).models() == 3);
  // beside it
  std::filesystem::copy_file(npz + "stored.npz", scratch / "a.npz");
  write_npy(scratch / "_completed.npy", list<std::uint8_t>({0, 1, 1}));
  const ModelOutputs beside((scratch / "a.npz:a").string());
  CHECK(beside.models() == 2);
  CHECK(beside.completed() == std::vector<bool>{false, true, true});
  CHECK(contains(beside.shape_text(), "1 unfinished left out, as "));
  // in a folder, by natural order: id_2 before id_10
  std::filesystem::create_directory(scratch / "runs");
  std::vector<std::uint8_t> flags(12, 1);
  flags[2] = flags[11] = 0;
  for (int m = 0; m < 12; ++m)
    write_npy(scratch / sentence("runs/id_", m, ".npy"), constant<float>(4, m));
  write_npy(scratch / "runs/_completed.npy", list<std::uint8_t>(flags));
  const ModelOutputs folder((scratch / "runs").string());
  REQUIRE(folder.models() == 10);
  CHECK(folder.read_margins<double>(0, 1, 1)(2, 0) == 3);
  CHECK(folder.read_margins<double>(0, 1, 1)(9, 0) == 10);
  CHECK(ModelOutputs((scratch / "runs").string(), cli::UseCompleted::no).models() == 12);
  // some of its files: each has its own flag
  const ModelOutputs some((scratch / "runs/id_1*.npy").string());  // 1, 10, 11
  REQUIRE(some.models() == 2);
  CHECK(some.read_margins<double>(0, 1, 1)(1, 0) == 10);
  // flags of other models are not used, and that is said
  write_npy(scratch / "runs/_completed.npy", list<std::uint8_t>({1, 0, 1}));
  const ModelOutputs others((scratch / "runs").string());
  CHECK(others.models() == 12);
  REQUIRE(others.warnings().size() == 1);
  CHECK(contains(others.warnings()[0], "_completed.npy has 3 entries and "));
  CHECK(contains(others.warnings()[0], "runs 12 files: it speaks of other models"));
}

TEST_CASE("_completed.npy leaves arrays alone that are not the store's") {
  const Scratch scratch;
  write_npy(scratch / "_completed.npy", list<std::uint8_t>({1, 0, 1, 0}));
  write_npy(scratch / "oracle.npy", numbered<float>(3, 5));
  const ModelOutputs oracle((scratch / "oracle.npy").string());
  CHECK(oracle.models() == 3);
  CHECK(oracle.left_out() == 0);
  CHECK(oracle.completed().empty());
  REQUIRE(oracle.warnings().size() == 1);
  CHECK(contains(oracle.warnings()[0], "_completed.npy has 4 entries and "));
  CHECK(contains(oracle.warnings()[0], "oracle.npy 3 models: it speaks of another array"));
  CHECK(ModelOutputs((scratch / "oracle.npy").string(), cli::UseCompleted::no).warnings().empty());
  write_npy(scratch / "one.npy", list<double>({1, 2, 3, 4}));  // one model
  CHECK(ModelOutputs((scratch / "one.npy").string()).warnings().empty());
  // of the store's own arrays, known by the name or the masks, another length is an error
  write_npy(scratch / "margins.npy", numbered<float>(3, 5));
  CHECK(contains(error_of_opening(scratch / "margins.npy"),
                 "one entry for each of the 3 models of "));
  CHECK(
      contains(error_of_opening(scratch / "margins.npy"), "(--ignore-completed uses every model)"));
  write_npy(scratch / "masks.npy", numbered<float>(3, 8));
  CHECK(contains(error_of_opening(scratch / "oracle.npy"), "one entry for each of the 3 models"));
}

TEST_CASE("hidden files are no models, in folders, patterns and lists") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "mac");
  std::filesystem::create_directory(scratch / "mac/__MACOSX");
  for (int m = 0; m < 3; ++m) {
    write_npy(scratch / sentence("mac/id_", m, ".npy"), constant<float>(4, m));
    write_bytes(scratch / sentence("mac/._id_", m, ".npy"), {0, 5, 22, 7});
  }
  write_bytes(scratch / "mac/.DS_Store", bytes_of("Bud1"));
  CHECK(ModelOutputs((scratch / "mac").string()).models() == 3);
  CHECK(ModelOutputs((scratch / "mac/*").string()).models() == 3);
  CHECK(contains(error_of_opening(scratch / "mac/.*npy"), "no .npy file was found there"));
  CHECK(cli::names_in(scratch / "mac") ==
        std::vector<std::string>{"id_0.npy", "id_1.npy", "id_2.npy"});
  CHECK(contains(error_of_opening(scratch / "mac/._id_0.npy"), "what a Mac keeps beside a file"));
  CHECK(ModelOutputs(golden + "npz/mac.npz").models() == 3);
}

TEST_CASE("folders with brackets in their names are those folders, in patterns as well") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch / "run[1]/deep *");
  std::filesystem::create_directories(scratch / "run1");
  write_npy(scratch / "run1/a.npy", constant<float>(4, 7));
  for (int m = 0; m < 3; ++m) {
    write_npy(scratch / sentence("run[1]/id_", m, ".npy"), constant<float>(4, m));
    write_npy(scratch / sentence("run[1]/deep */x", m, ".npy"), constant<float>(4, m));
  }
  CHECK(ModelOutputs((scratch / "run[1]/id_*.npy").string()).models() == 3);
  CHECK(ModelOutputs((scratch / "run[1]/id_[01].npy").string()).models() == 2);
  CHECK(ModelOutputs((scratch / "run[1]/deep */x?.npy").string()).models() == 3);
  CHECK(ModelOutputs((scratch / "run[12]/a.npy").string()).models() == 1);  // no such folder: run1
  const std::string error = error_of_opening(scratch / "run[1]/no*.npy");
  CHECK(contains(error, "no name is like this pattern; the folder holds 3 .npy, 1 folder"));
}

TEST_CASE("files of one model may have a leading axis of one") {
  const Scratch scratch;
  const Array<double, 3> logits = logits_of(3, 5, 4);
  for (const char* folder : {"margins", "logits", "column"})
    std::filesystem::create_directory(scratch / folder);
  for (std::size_t m = 0; m < 3; ++m) {
    Array<float, 2> row = make_array<float>(1, 6);
    for (std::size_t x = 0; x < 6; ++x) row(0, x) = static_cast<float>(100 * m + x);
    write_npy(scratch / sentence("margins/", m, ".npy"), row);
    write_npy(scratch / sentence("column/", m, ".npy"), numbered<float>(6, 1));
    Array<double, 3> one = Array<double, 3>::from_shape({1, 5, 4});
    std::copy_n(&logits(m, 0, 0), 20, one.data());
    write_npy(scratch / sentence("logits/", m, ".npy"), one);
  }
  const ModelOutputs margins((scratch / "margins").string());
  CHECK(is_numbered(margins.read_margins<double>(0, 6, 1), {0, 1, 2}, {0, 1, 2, 3, 4, 5}));
  ModelOutputs with((scratch / "logits").string());
  CHECK(with.points() == 5);
  CHECK(with.classes() == 4);
  CHECK(with.read_columns<double>(0, 20, 1)(2, 7) == logits(2, 1, 3));
  CHECK(contains(error_of_opening(scratch / "column"), "if these are margins, drop the last axis"));
}

TEST_CASE("several epochs of one model are said to be no models of their own") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "ep");
  for (const int epoch : {9, 23})
    for (int m = 0; m < 3; ++m)
      write_npy(scratch / sentence("ep/id_", m, "_epoch_", epoch, ".npy"), constant<float>(4, m));
  const ModelOutputs all((scratch / "ep").string());
  CHECK(all.models() == 6);
  REQUIRE(all.warnings().size() == 1);
  CHECK(
      contains(all.warnings()[0], "several epochs (9, 23) of the same models, taken as 6 models"));
  CHECK(contains(all.warnings()[0], "ep/*epoch_23.npy'"));
  CHECK(ModelOutputs((scratch / "ep/*epoch_23.npy").string()).warnings().empty());
  CHECK(cli::epochs_of_a_model({"a_epoch_1/m0.npy", "a_epoch_2/m0.npy"}).size() == 2);
  CHECK(cli::epochs_of_a_model({"a_epoch_1/m0.npy", "a_epoch_1/m1.npy"}).empty());
  CHECK(cli::epochs_of_a_model({"id_0.npy", "id_1.npy"}).empty());
}

TEST_CASE("a folder of archives with one array each is one file a model") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "runs");
  for (int m = 0; m < 3; ++m)
    cli::write_npz(scratch / sentence("runs/", m, ".npz"), {{"x", constant<double>(4, m)}});
  CHECK(ModelOutputs((scratch / "runs").string()).models() == 3);
  write_npy(scratch / "runs/0.npy", constant<float>(4, 0));  // .npy comes first
  CHECK(ModelOutputs((scratch / "runs").string()).models() == 1);
}

TEST_CASE("what is no array is named for what it seems to be") {
  const Scratch scratch;
  const auto error = [&](const std::string& bytes) {
    write_bytes(scratch / "x.npy", bytes_of(bytes));
    return error_of_opening(scratch / "x.npy");
  };
  CHECK(contains(error(""), "it is empty: was the program that wrote it stopped?"));
  CHECK(contains(error("\x1f\x8b rest"), "a gzip file; unpack it first"));
  CHECK(contains(error("\x89HDF\r\n"), "an HDF5 file; save the array by numpy.save"));
  CHECK(contains(error("\x80\x04\x95 rest"), "a Python pickle"));
  CHECK(contains(error("version https://git-lfs.github.com"), "git lfs pull"));
  CHECK(contains(error("1.5,2.5\n"), "it is text; if these are numbers, numpy.save("));
  CHECK(contains(error("\x93NUM"), "it ends within its first bytes"));
  CHECK(contains(error("\x01\x02\x03"), "it begins with the bytes 01 02 03"));
  // by its bytes, not by its name, as NumPy does
  std::filesystem::copy_file(golden + "npz/one.npz", scratch / "archive.npy");
  CHECK(ModelOutputs((scratch / "archive.npy").string()).models() == 3);
  write_npy(scratch / "array.npz", numbered<float>(2, 3));
  CHECK(ModelOutputs((scratch / "array.npz").string()).models() == 2);
  CHECK(contains(error_of_opening(golden + "npz/torch.npz"), "PyTorch wrote it"));
  write_npy(scratch / "oracle.npy", numbered<float>(2, 3));
  CHECK(contains(error_of_opening(scratch / "oracel.npy"), "(did you mean oracle.npy?)"));
  CHECK(contains(error_of_opening(scratch / "no/oracle.npy"), "there is no folder "));
}

TEST_CASE("positions are integers; a mask is refused") {
  const Scratch scratch;
  const std::string file = (scratch / "p.npy").string();
  write_npy(file, list<std::int64_t>({2, 0}));
  CHECK(cli::read_positions(file, 3) == std::vector<Index>{2, 0});
  Array<bool, 1> mask = make_array<bool>(2);
  mask(0) = false;
  mask(1) = true;
  write_npy(file, mask);
  CHECK(contains(error_of([&] { cli::read_positions(file, 3); }),
                 "a mask of 2 values of type b1, 1 of them true; positions in the training set"));
  write_npy(file, list<std::int64_t>({0, 1, 0, 1}));
  for (const Index n : {4, 5})
    CHECK(contains(error_of([&] { cli::read_positions(file, n); }), "a mask of 4 values of type"));
  write_npy(file, list<std::int64_t>({0, 3, 0}));
  CHECK(contains(error_of([&] { cli::read_positions(file, 5); }), "position 0 is listed twice"));
}

TEST_CASE("positions may be whole numbers in a float file, or have axes of one") {
  const Scratch scratch;
  const std::string file = (scratch / "p.npy").string();
  write_npy(file, list<double>({2, 0}));
  CHECK(cli::read_positions(file, 3) == std::vector<Index>{2, 0});
  write_npy(file, numbered<std::int64_t>(1, 4));  // numpy.where
  CHECK(cli::read_positions(file, 4) == std::vector<Index>{0, 1, 2, 3});
  Array<std::int64_t, 2> column = make_array<std::int64_t>(3, 1);
  column(0, 0) = 2;
  column(1, 0) = 1;
  column(2, 0) = 0;
  write_npy(file, column);
  CHECK(cli::read_positions(file, 4) == std::vector<Index>{2, 1, 0});
  write_npy(file, list<double>({2, .5}));
  CHECK(contains(error_of([&] { cli::read_positions(file, 3); }),
                 "element 1 of type f8 is 0.5, a whole number"));
  write_npy(file, list<double>({}));
  CHECK(contains(error_of([&] { cli::read_positions(file, 3); }), "the array is empty"));
}

TEST_CASE("what is wrong with labels is said with what to do about it") {
  const Scratch scratch;
  write_npy(scratch / "logits.npy", logits_of(3, 4, 3));
  const auto error = [&](const auto& labels) {
    write_npy(scratch / "labels.npy", labels);
    ModelOutputs outputs((scratch / "logits.npy").string());
    return error_of([&] { outputs.set_labels((scratch / "labels.npy").string()); });
  };
  CHECK(contains(error(list<std::int64_t>({0, -1, 2, 0})),
                 "not in 0 .. 2; leave points without a label out, of the outputs too"));
  CHECK(contains(error(list<std::int64_t>({0, 1, 9, 0})), "whose logits are of 3 classes?"));
  CHECK(contains(error(list<double>({0, .5, 2, 0})), "numpy.rint(a).astype(numpy.int64) makes"));
  CHECK(contains(error(list<std::int64_t>({0, 1})),
                 "there are 2; give those of the same points, in the same order"));
  CHECK(contains(error(numbered<std::int64_t>(2, 4)), "[2][4]; save the one axis of them that is"));
}

TEST_CASE("a pipe among the files of a folder is refused, and nobody waits for it") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "runs");
  write_npy(scratch / "runs/0.npy", constant<float>(4, 0));
  REQUIRE(::mkfifo((scratch / "runs/1.npy").c_str(), 0600) == 0);
  const FifoWriter writer(scratch / "runs/1.npy", read_bytes(scratch / "runs/0.npy", 1000));
  for (const char* name : {"runs", "runs/*.npy"})
    CHECK(contains(error_of_opening(scratch / name),
                   "1.npy: this is a pipe, and of a folder files alone are read; remove it, or"));
  std::filesystem::create_directory(scratch / "links");
  std::filesystem::create_symlink("../runs/0.npy", scratch / "links/0.npy");
  CHECK(ModelOutputs((scratch / "links").string()).models() == 1);
  std::filesystem::create_symlink("../runs/1.npy", scratch / "links/1.npy");
  CHECK(contains(error_of_opening(scratch / "links"), "1.npy: this is a pipe"));
}

TEST_CASE("the first models and chosen points alone are read") {
  const Scratch scratch;
  write_npy(scratch / "a.npy", numbered<double>(5, 9));
  ModelOutputs outputs((scratch / "a.npy").string());
  outputs.keep_models(2);
  outputs.keep_points({1, 2, 3, 8, 0, 7});
  CHECK(outputs.models() == 2);
  CHECK(outputs.points() == 6);
  CHECK(is_numbered(outputs.read_margins<double>(0, 6, 2), {0, 1}, {1, 2, 3, 8, 0, 7}));
  CHECK(is_numbered(outputs.read_margins<double>(2, 3, 2), {0, 1}, {3, 8, 0}));
  CHECK(is_numbered(outputs.read_margins_at<double>({5, 0}, 1), {0, 1}, {7, 1}));
  CHECK_THROWS_AS(outputs.keep_points({9}), std::invalid_argument);
  CHECK_THROWS_AS(outputs.keep_points({-1}), std::invalid_argument);
  CHECK_THROWS_AS(outputs.keep_points({}), std::invalid_argument);
  CHECK_THROWS_AS(outputs.keep_models(3), std::invalid_argument);
  CHECK_THROWS_AS(outputs.keep_models(0), std::invalid_argument);
}

TEST_CASE("labels stay with their points when points are chosen") {
  const Scratch scratch;
  const Array<double, 3> logits = logits_of(2, 4, 3);
  write_npy(scratch / "a.npy", logits);
  write_npy(scratch / "labels.npy", list<std::int64_t>({0, 1, 2, 1}));
  ModelOutputs outputs((scratch / "a.npy").string());
  outputs.set_labels((scratch / "labels.npy").string());
  const Array<double, 2> all = outputs.read_margins<double>(0, 4, 1);
  outputs.keep_points({3, 2});
  const Array<double, 2> kept = outputs.read_margins<double>(0, 2, 1);
  for (std::size_t m = 0; m < 2; ++m) {
    CHECK(kept(m, 0) == all(m, 3));
    CHECK(kept(m, 1) == all(m, 2));
  }
}
