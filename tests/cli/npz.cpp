#include "cli/npz.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "io/scratch.hpp"

using namespace expunge;
using cli::NpzFile;

namespace {

const std::string golden = std::string(EXPUNGE_GOLDEN_DIR) + "/npz/";

NpzFile open(const std::string& name) {
  return NpzFile(std::filesystem::path(golden + name + ".npz"));
}

/// What opening the archive or reading its array a says.
std::string error_of_a(const std::string& name) {
  return error_of([&] { open(name).array("a").read_all<double>(); });
}

bool counts_up(const NpyView& array) {
  const std::vector<double> values = array.read_all<double>();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] != static_cast<double>(i)) return false;
  return !values.empty();
}

Array<double, 1> numbers(const std::vector<double>& values) {
  Array<double, 1> array = make_array<double>(static_cast<Index>(values.size()));
  std::copy(values.begin(), values.end(), array.begin());
  return array;
}

std::size_t files_in(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

std::size_t open_descriptors() {
  return files_in("/proc/self/fd");
}

/// TMPDIR of this value for as long as it lives.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& folder) {
    const char* old = std::getenv("TMPDIR");
    if (old != nullptr) old_ = old;
    ::setenv("TMPDIR", folder.c_str(), 1);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    if (old_.empty())
      ::unsetenv("TMPDIR");
    else
      ::setenv("TMPDIR", old_.c_str(), 1);
  }

 private:
  std::string old_;
};

}  // namespace

TEST_CASE("what numpy.savez and savez_compressed write is read, from a file and from memory") {
  const std::vector<std::string> names{"a", "b", "c:d", "mask"};
  for (const std::string name : {"stored", "deflated", "zip64", "streamed"}) {
    INFO(name);
    const std::vector<std::uint8_t> bytes = read_bytes(golden + name + ".npz", 4096);
    const NpzFile in_memory(bytes, "memory.npz"), on_disk = open(name);
    for (const NpzFile* file : {&in_memory, &on_disk}) {
      CHECK(file->names() == names);
      CHECK(file->array("a").header().shape == std::vector<Index>{3, 4});
      CHECK(file->array("a").header().type() == "f4");
      for (const std::string member : {"a", "b", "c:d"}) CHECK(counts_up(file->array(member)));
      CHECK(file->array("c:d").header().fortran_order);
      CHECK(file->array("mask").read_all<int>() == std::vector<int>{0, 1, 0, 1, 0, 1});
    }
    CHECK(on_disk.array("c:d").name() == golden + name + ".npz:c:d");
  }
}

TEST_CASE("an array outlives its archive, and members that are no arrays are passed over") {
  const NpyView array = open("with_text").array("a");
  CHECK(counts_up(array));
  CHECK(open("with_text").names() == std::vector<std::string>{"a"});
  CHECK(open("no_array").names().empty());
  CHECK(contains(error_of([] { open("stored").array("z"); }), "there is no array 'z' in it"));
  CHECK(contains(error_of([] { open("with_text").array("readme.txt"); }), "there is no array"));
}

TEST_CASE("archives are read by the rules of numpy.load") {
  CHECK(counts_up(open("twice").array("a")));  // the last of a name, the first begins with 9
  CHECK(open("twice").names() == std::vector<std::string>{"a"});
  CHECK(counts_up(open("no_suffix").array("a")));
  CHECK(open("no_suffix").names() == std::vector<std::string>{"a"});  // and not meta.json
  CHECK(counts_up(open("tail").array("a")));                          // zeros after the end
  CHECK(open("mac").names() == std::vector<std::string>{"a"});
  CHECK(counts_up(open("stored").array("a.npy")));
  CHECK(counts_up(open("stored").array("c:d.npy")));
  CHECK(open("bzip2").names() == std::vector<std::string>{"a"});
}

TEST_CASE("what cannot be unpacked, or is not there, is said with the next step") {
  CHECK(contains(error_of_a("lzma"), "packed by LZMA; in Python, numpy.savez_compressed(new_file"));
  CHECK(contains(error_of_a("encrypted"), "it is encrypted; write it without a password"));
  const std::string error = error_of([] { open("stored").array("maks"); });
  CHECK(contains(error, "there is no array 'maks' in it (did you mean mask?); it has a, b, c:d, "));
  CHECK(contains(open("torch").what_it_holds(), "PyTorch wrote it"));
  CHECK(open("no_array").what_it_holds() == "; it holds readme.txt");
}

TEST_CASE("damaged members are refused") {
  CHECK(contains(error_of_a("wrong_data"), "wrong_data.npz:a: at byte 176: cannot be unpacked"));
  CHECK(contains(error_of_a("wrong_crc"), "cannot be unpacked"));
  CHECK(contains(error_of_a("cut_member"), "npy"));
  CHECK(contains(error_of_a("not_npy"), "8 bytes were expected"));
  CHECK(contains(error_of_a("object"), "Python objects cannot be read"));
  CHECK(error_of_a("empty") != "");
  CHECK(contains(error_of_a("unknown_method"), "cannot be unpacked"));
  CHECK(contains(error_of_a("encrypted"), "cannot be unpacked"));
}

TEST_CASE("sizes that do not agree are refused before or while a member is unpacked") {
  CHECK(contains(error_of_a("shape_too_large"), "48000 bytes of data were expected"));
  CHECK(contains(error_of_a("shape_huge"), "bytes of data were expected"));
  CHECK(contains(error_of_a("shape_negative"), "at least 0 was expected"));
  CHECK(error_of_a("bomb") != "");  // 1 MiB in a member that says 176 bytes
  CHECK(error_of_a("less") != "");
  CHECK(error_of_a("claims_4_gb") != "");
}

TEST_CASE("an archive that is cut anywhere is refused") {
  const std::vector<std::uint8_t> whole = read_bytes(golden + "stored.npz", 4096);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const std::vector<std::uint8_t> part(whole.begin(), whole.begin() + static_cast<long>(n));
    INFO(n << " bytes");
    CHECK(contains(error_of([&] { NpzFile(part, "cut.npz"); }), "cut.npz: not a .npz"));
  }
}

TEST_CASE("no byte that is changed changes a number in silence") {
  for (const std::string name : {"one", "deflated"}) {
    const std::vector<std::uint8_t> whole = read_bytes(golden + name + ".npz", 4096);
    for (std::size_t n = 0; n < whole.size(); ++n) {
      std::vector<std::uint8_t> other = whole;
      other[n] ^= 0x55;
      bool right = true;
      error_of([&] {
        const NpzFile file(other, "other.npz");
        for (const std::string& member : file.names())
          if (member == "a") right = counts_up(file.array(member));
      });
      INFO(name << ", byte " << n);
      CHECK(right);
    }
  }
}

TEST_CASE("what is no archive gives an io_error with its path") {
  const Scratch scratch;
  const auto error = [](const std::filesystem::path& path) {
    return error_of([&] { NpzFile{path}; });
  };
  CHECK(contains(error(scratch / "no.npz"), "no.npz: cannot be opened: there is no"));
  CHECK(contains(error(scratch.folder()), "no regular file"));
  write_bytes(scratch / "a.npz", bytes_of("hello"));
  CHECK(contains(error(scratch / "a.npz"), "not a .npz archive"));
  write_bytes(scratch / "a.npz", {});
  CHECK(contains(error(scratch / "a.npz"), "not a .npz archive"));
  write_bytes(scratch / "a.npz", read_bytes(std::string(EXPUNGE_GOLDEN_DIR) + "/npy/b1.npy", 4096));
  CHECK(contains(error(scratch / "a.npz"), "not a .npz archive"));
}

TEST_CASE("no descriptor and no temporary file is left, whatever is read") {
  const Scratch scratch;
  const TemporaryFolder folder(scratch.folder().string());
  const auto read_everything = [] {
    for (const auto& entry : std::filesystem::directory_iterator(golden)) {
      if (entry.path().extension() != ".npz") continue;
      error_of([&] {
        const NpzFile file(entry.path());
        for (const std::string& member : file.names()) file.array(member).read_all<double>();
      });
    }
  };
  read_everything();
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 3; ++i) read_everything();
  CHECK(open_descriptors() == before);
  CHECK(files_in(scratch.folder()) == 0);
}

TEST_CASE("a temporary folder that is not there is named in the error") {
  const TemporaryFolder folder("/no/such/folder");
  CHECK(contains(error_of_a("stored"), "no temporary file can be made in TMPDIR"));
  // a wrong header is noticed before a temporary file is wanted
  CHECK(contains(error_of_a("shape_too_large"), "48000 bytes of data were expected"));
}

TEST_CASE("write_npz is read back, and the same arrays give the same bytes") {
  const Scratch scratch;
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<std::string, Array<double, 1>>> arrays{
      {"forward", numbers({1.5, -0.0, inf, 5e-324})}, {"c:d", numbers({})}, {"z", numbers({3})}};
  cli::write_npz(scratch / "a.npz", arrays);
  write_bytes(scratch / "b.npz", bytes_of("what was there before"));
  cli::write_npz(scratch / "b.npz", arrays);
  const std::vector<std::uint8_t> bytes = read_bytes(scratch / "a.npz", 4096);
  CHECK(bytes == read_bytes(scratch / "b.npz", 4096));
  const std::vector<std::uint8_t> date(bytes.begin() + 10, bytes.begin() + 14);
  CHECK(date == std::vector<std::uint8_t>{0, 0, 33, 0});  // the first day that zip knows, not today
  const NpzFile file(scratch / "a.npz");
  CHECK(file.names() == std::vector<std::string>{"forward", "c:d", "z"});
  CHECK(file.array("forward").read_all<double>() == std::vector<double>{1.5, -0.0, inf, 5e-324});
  CHECK(file.array("c:d").elements() == 0);
  CHECK(file.array("z").header().type() == "f8");
}

TEST_CASE("no file is left, and the old one stays, when write_npz fails") {
  const Scratch scratch;
  const auto error = [](const std::filesystem::path& path) {
    return error_of([&] { cli::write_npz(path, {{"a", numbers({1})}}); });
  };
  write_bytes(scratch / "file", {});
  CHECK(contains(error(scratch / "file/a.npz"), "cannot be written"));
  CHECK(files_in(scratch.folder()) == 1);
  std::filesystem::create_directory(scratch / "folder.npz");
  CHECK(contains(error(scratch / "folder.npz"), "cannot be written"));
  CHECK(files_in(scratch.folder()) == 2);
}
