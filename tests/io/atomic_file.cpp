#include "expunge/io/atomic_file.hpp"

#include <doctest/doctest.h>

#include "expunge/io/byte_source.hpp"
#include "io/scratch.hpp"

using namespace expunge;

namespace {

std::ptrdiff_t files_in(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

}  // namespace

TEST_CASE("a file appears when it is committed, and the old one stays until then") {
  const Scratch scratch;
  write_bytes(scratch / "a", bytes_of("old"));
  {
    AtomicFile file(scratch / "a");
    file.write("new content");
    CHECK(read_bytes(scratch / "a", 100) == bytes_of("old"));
    file.commit();
  }
  CHECK(read_bytes(scratch / "a", 100) == bytes_of("new content"));
  CHECK(files_in(scratch.folder()) == 1);
}

TEST_CASE("a file that is not committed leaves nothing behind") {
  const Scratch scratch;
  {
    AtomicFile file(scratch / "a");
    file.write("half");
  }
  CHECK(files_in(scratch.folder()) == 0);
}

TEST_CASE("a folder that is not there is an io_error with the path") {
  const Scratch scratch;
  CHECK(contains(error_of([&] { AtomicFile(scratch / "no/a"); }), "no/a: at byte 0: cannot be"));
}

TEST_CASE("a file above the limit is not read") {
  const Scratch scratch;
  write_bytes(scratch / "a", bytes_of("12345"));
  CHECK(contains(error_of([&] { read_bytes(scratch / "a", 4); }), "more than the limit of 4"));
  CHECK(read_bytes(scratch / "a", 5).size() == 5);
}
