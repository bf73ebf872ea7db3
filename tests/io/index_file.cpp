#include "expunge/io/index_file.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "io/scratch.hpp"

using namespace expunge;

namespace {

template <class T>
void write_indices(const std::filesystem::path& path, const std::vector<T>& values) {
  Array<T, 1> array = make_array<T>(static_cast<Index>(values.size()));
  std::copy(values.begin(), values.end(), array.begin());
  write_npy(path, array);
}

}  // namespace

TEST_CASE("a forget set keeps its order") {
  const Scratch scratch;
  write_indices<std::int64_t>(scratch / "f.npy", {7, 0, 49999});
  CHECK(read_index_file(scratch / "f.npy", 50000) == std::vector<Index>{7, 0, 49999});
  write_indices<std::int32_t>(scratch / "f.npy", {3, 1});
  CHECK(read_index_file(scratch / "f.npy", 4) == std::vector<Index>{3, 1});
}

TEST_CASE("positions out of range, listed twice or not integers are refused") {
  const Scratch scratch;
  const std::filesystem::path path = scratch / "f.npy";
  const auto error = [&] { return error_of([&] { read_index_file(path, 100); }); };
  write_indices<std::int64_t>(path, {1, 100});
  CHECK(contains(error(), "entry 1 is 100, not in 0 .. 99"));
  write_indices<std::int64_t>(path, {-1, 5});
  CHECK(contains(error(), "entry 0 is -1, not in 0 .. 99"));
  write_indices<std::int64_t>(path, {5, 4, 5});
  CHECK(contains(error(), "position 5 is listed twice"));
  write_indices<double>(path, {5, 4.5});
  CHECK(
      contains(error(), "element 1 of type f8 is 4.5, a whole number of -9223372036854775808 to "));
  write_indices<double>(path, {std::nan(""), 4});
  CHECK(contains(error(), "element 0 of type f8 is nan, a whole number of"));
}

TEST_CASE("what is wrong with a list of positions is said with what to do about it") {
  const Scratch scratch;
  const std::filesystem::path path = scratch / "f.npy";
  const auto error = [&] { return error_of([&] { read_index_file(path, 100); }); };
  write_indices<std::int64_t>(path, {5, -1});
  CHECK(contains(error(), "entry 1 is -1, not in 0 .. 99; counted from the front it is 99, write"));
  write_indices<std::int64_t>(path, {100, 7, 1});
  CHECK(
      contains(error(), "entry 0 is 100, not in 0 .. 99; if these count from 1, save them minus"));
  write_indices<std::int64_t>(path, {0, 100});
  CHECK(contains(error(), "not in 0 .. 99; is this the file of another training set than these"));
  write_indices<std::int64_t>(path, {-101});
  CHECK(contains(error(), "not in 0 .. 99; is this the file of another training set"));
  write_indices<double>(path, {5, 4.5});
  CHECK(contains(error(), "was expected; if this is the right array, numpy.rint(a)"));
  write_indices<double>(path, {5, 1e300});
  CHECK(contains(error(), "element 1 of type f8 is 1e+300, a whole number of"));
  write_npy(path, Array<std::int64_t, 2>{{7, 3}, {1, 2}});
  CHECK(contains(error(), "[2, 2]; name one row, or save a.ravel() of one list"));
}

TEST_CASE("whole numbers in floating-point files, and an axis of one, are positions") {
  const Scratch scratch;
  const std::filesystem::path path = scratch / "f.npy";
  write_indices<double>(path, {5, 4});
  CHECK(read_index_file(path, 100) == std::vector<Index>{5, 4});
  write_indices<float>(path, {99});
  CHECK(read_index_file(path, 100) == std::vector<Index>{99});
  write_npy(path, Array<std::int64_t, 2>{{7, 3, 1}});  // numpy.array(numpy.where(mask))
  CHECK(read_index_file(path, 100) == std::vector<Index>{7, 3, 1});
  write_npy(path, Array<std::int64_t, 2>{{7}, {3}});
  CHECK(read_index_file(path, 100) == std::vector<Index>{7, 3});
  write_npy(path, Array<std::int64_t, 2>{{7, 3}, {1, 2}});
  CHECK(contains(error_of([&] { read_index_file(path, 100); }),
                 "one axis of positions was expected, it has 2 axes, [2, 2]"));
}

TEST_CASE("a mask is no list of positions, and the error says how to make one") {
  const Scratch scratch;
  const std::filesystem::path path = scratch / "f.npy";
  const auto error = [&] { return error_of([&] { read_index_file(path, 100); }); };
  write_indices<bool>(path, {true, false});
  CHECK(contains(error(), "a mask of 2 values of type b1, 1 of them true; positions"));
  write_indices<std::int64_t>(path, {0, 1, 1, 0, 1});
  CHECK(contains(error(), "a mask of 5 values of type i8, 3 of them true"));
  write_indices<double>(path, {0, 0, 1});
  CHECK(contains(error(), "numpy.flatnonzero(mask) makes of it"));
  write_indices<std::int64_t>(path, {1, 0});  // two positions
  CHECK(error().empty());
}
