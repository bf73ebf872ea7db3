#include "expunge/io/index_file.hpp"

#include <doctest/doctest.h>

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
  write_indices<double>(path, {5, 4});
  CHECK(contains(error(), "f8 holds a number that <i8 cannot"));
}
