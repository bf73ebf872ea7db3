// What a writer asks of the system, in which order, and what it says when the system refuses: the
// calls are this program's own, which pass on to the system's.
#include <doctest/doctest.h>
#include <sys/syscall.h>

#include <algorithm>

#include "expunge/io/byte_source.hpp"
#include "expunge/io/npy.hpp"
#include "expunge/io/safetensors.hpp"
#include "expunge/io/stage_store.hpp"
#include "expunge/report/text_file.hpp"
#include "io/scratch.hpp"

#if defined(__SANITIZE_THREAD__)
#define EXPUNGE_OWN_CLOSE 0  // the sanitizer has a close of its own
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define EXPUNGE_OWN_CLOSE 0
#endif
#endif
#ifndef EXPUNGE_OWN_CLOSE
#define EXPUNGE_OWN_CLOSE 1
#endif

namespace {

/// One call: what, and whether it was of a folder.
struct Calls {
  bool recorded = false;
  std::vector<std::string> names;
  std::string failing;  // the first call of this name fails
  int error = 0;

  /// Whether this call fails.
  bool fails(const std::string& name) {
    if (!recorded) return false;
    names.push_back(name);
    if (name != failing) return false;
    failing.clear();
    errno = error;
    return true;
  }
};

Calls calls;

bool is_folder(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

extern "C" int fsync(int descriptor) {
  if (calls.fails(is_folder(descriptor) ? "fsync of the folder" : "fsync of the file")) return -1;
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  if (calls.fails("rename")) return -1;
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

#if EXPUNGE_OWN_CLOSE
extern "C" int close(int descriptor) {
  const bool fails = calls.fails(is_folder(descriptor) ? "close of the folder" : "close");
  const int result = static_cast<int>(::syscall(SYS_close, descriptor));
  return fails ? -1 : result;
}
#endif

using namespace expunge;

namespace {

/// The calls of f, of which the first one of a name fails.
template <class F>
std::string error_of_failing(const std::string& name, int error, F&& f) {
  calls = {true, {}, name, error};
  const std::string said = error_of(f);
  calls.recorded = false;
  return said;
}

template <class F>
void for_each_writer(F&& check) {
  const Array<float, 2> numbers = make_array<float>(30, 40);
  check("npy", [&](const std::filesystem::path& path) { write_npy(path, numbers); });
  check("safetensors", [&](const std::filesystem::path& path) {
    write_safetensors(path, {tensor_to_write("a", {30, 40}, numbers.data())});
  });
  check("block", [&](const std::filesystem::path& path) {
    write_block(path, {"name", "key"}, numbers);
  });
  check("text", [&](const std::filesystem::path& path) { report::write_text_file(path, "text"); });
}

}  // namespace

TEST_CASE("every writer brings the file to the disk, then names it, then brings the folder there") {
  const Scratch scratch;
  for_each_writer([&](const char* name, const auto& write) {
    INFO(name);
    CHECK(error_of_failing("", 0, [&] { write(scratch / name); }).empty());
    std::erase(calls.names, "close");
    std::erase(calls.names, "close of the folder");
    CHECK(calls.names ==
          std::vector<std::string>{"fsync of the file", "rename", "fsync of the folder"});
  });
}

TEST_CASE("a disk that is full only at fsync, close or rename keeps the old file and no partial") {
  const Scratch scratch;
  std::vector<std::string> steps = {"fsync of the file", "rename"};
  if (EXPUNGE_OWN_CLOSE) steps.push_back("close");
  for_each_writer([&](const char* name, const auto& write) {
    for (const std::string& step : steps) {
      INFO(name << ", " << step);
      write_bytes(scratch / name, bytes_of("old"));
      // of a folder that is tidied first, so that the first close is the file's
      CHECK(error_of([&] { write(scratch / "other"); }).empty());
      const std::string error = error_of_failing(step, ENOSPC, [&] { write(scratch / name); });
      CHECK(contains(error, sentence(name,
                                     ": cannot be written: No space left on device; make room "
                                     "there or write elsewhere (the old file is as it was)")));
      CHECK(read_bytes(scratch / name, 10) == bytes_of("old"));
      CHECK(error_of_failing(step, EDQUOT, [&] { write(scratch / "new"); }).find("quota") !=
            std::string::npos);
      CHECK(!std::filesystem::exists(scratch / "new"));
      for (const auto& entry : std::filesystem::directory_iterator(scratch.folder()))
        CHECK(entry.path().extension() != ".partial");
    }
  });
}

TEST_CASE("a file system without fsync is no error, and a folder that fails is said") {
  const Scratch scratch;
  const auto write = [&] { write_npy(scratch / "a", make_array<float>(3)); };
  CHECK(error_of_failing("fsync of the file", EINVAL, write).empty());
  CHECK(error_of_failing("fsync of the folder", ENOTSUP, write).empty());
  CHECK(error_of_failing("fsync of the file", EINTR, write).empty());
  CHECK(contains(error_of_failing("fsync of the folder", EIO, write),
                 "was written, but its folder could not be brought to the disk: Input/output"));
  CHECK(read_npy<float, 1>(scratch / "a").size() == 3);
}

TEST_CASE("what a killed process left is removed when another one first writes there") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch / "out");
  const std::string stale = detail::partial_prefix() + "2147483646-0.partial";  // no such process
  write_bytes(scratch / "out" / stale, bytes_of("half"));
  write_npy(scratch / "out/a.npy", make_array<float>(3));
  CHECK(!std::filesystem::exists(scratch / "out" / stale));
}
