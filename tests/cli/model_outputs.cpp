#include "cli/model_outputs.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "cli/completed.hpp"
#include "cli/splits.hpp"
#include "io/scratch.hpp"

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
  CHECK(contains(error_of_opening(golden + "npy/f8_no_axes.npy"), "this array has 0 axes"));
  write_npy(scratch / "four.npy", Array<float, 4>::from_shape({1, 2, 3, 4}));
  CHECK(contains(error_of_opening(scratch / "four.npy"), "this array has 4 axes"));
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
  CHECK(contains(error(list<std::int64_t>({0, 1, 2})), "the array has 1 axes and 3 entries"));
  CHECK(error(list<double>({0, 1, 2, 0})) == "");
  CHECK(contains(error(numbered<std::int64_t>(1, 4)), "one label for each of the 4 points"));
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
  CHECK(contains(error(numbered<float>(4, 1)), "one entry for each of the 4 models"));
  CHECK(contains(error(list<double>({1, std::nan(""), 1, 1})), "entry 1 is nan, 0 or 1"));
  CHECK(contains(error(list<std::int64_t>({1, 0, -1, 1})), "entry 2 is -1, 0 or 1"));
  write_bytes(scratch / "_completed.npy", bytes_of("hello"));
  CHECK(contains(error_of_opening(scratch / "margins.npy"), "_completed.npy"));
}

TEST_CASE("models that are done: the same of an open array and of its name") {
  const Scratch scratch;
  const std::string file = (scratch / "margins.npy").string();
  write_npy(file, numbered<float>(4, 3));
  CHECK(cli::completed_models(file).empty());
  write_npy(scratch / "_completed.npy", list<std::uint8_t>({1, 0, 1, 0}));
  CHECK(cli::completed_models(file) == std::vector<bool>{true, false, true, false});
  CHECK(cli::completed_models(scratch.folder().string()).empty());
  write_npy(scratch / "margins.npy", list<double>({1, 2, 3, 4}));  // one model
  CHECK(cli::completed_models(file).empty());
  write_npy(file, numbered<float>(4, 3));
  for (const auto& wrong : {std::vector<double>{1, 0, 1}, {1, 2, 1, 0}, {0, 0, 0, 0}}) {
    write_npy(scratch / "_completed.npy", list<double>(wrong));
    CHECK(contains(error_of([&] { cli::completed_models(file); }), "_completed.npy"));
  }
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
                 "a mask; positions were expected (numpy.flatnonzero"));
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
