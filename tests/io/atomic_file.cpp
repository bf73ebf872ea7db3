#include "expunge/io/atomic_file.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <thread>

#include "expunge/io/byte_source.hpp"
#include "expunge/io/npy.hpp"
#include "expunge/io/safetensors.hpp"
#include "expunge/report/text_file.hpp"
#include "io/scratch.hpp"
#include "io/special_files.hpp"

using namespace expunge;

namespace {

std::ptrdiff_t files_in(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

std::string text_of(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path, 1'000'000);
  return {bytes.begin(), bytes.end()};
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode;
}

/// While it lives, files may not grow beyond so many bytes: what a full disk is to a program.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

/// Root may write everywhere: gives that up for its lifetime.
class NotRoot {
 public:
  NotRoot() : user_(::geteuid()) {
    if (user_ == 0) REQUIRE(::seteuid(65534) == 0);
  }
  NotRoot(const NotRoot&) = delete;
  NotRoot& operator=(const NotRoot&) = delete;
  ~NotRoot() {
    if (user_ == 0) CHECK(::seteuid(0) == 0);
  }

 private:
  uid_t user_;
};

/// The name of the one temporary file in a folder.
std::string only_partial(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".partial") return entry.path().filename().string();
  return {};
}

/// Every writer of the library, with much to write.
template <class F>
void for_each_writer(F&& check) {
  const Array<float, 2> numbers = make_array<float>(300, 400);
  check("npy", [&](const std::filesystem::path& path) { write_npy(path, numbers); });
  check("safetensors", [&](const std::filesystem::path& path) {
    write_safetensors(path, {tensor_to_write("a", {300, 400}, numbers.data())});
  });
  check("text", [&](const std::filesystem::path& path) {
    report::write_text_file(path, std::string(480'000, 'x'));
  });
}

}  // namespace

TEST_CASE("a file appears when it is committed, and the old one stays until then") {
  const Scratch scratch;
  write_bytes(scratch / "a", bytes_of("old"));
  {
    AtomicFile file(scratch / "a");
    file.write("new content");
    CHECK(text_of(scratch / "a") == "old");
    file.commit();
  }
  CHECK(text_of(scratch / "a") == "new content");
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

TEST_CASE("pieces of every size come out in order") {
  const Scratch scratch;
  std::string all;
  {
    AtomicFile file(scratch / "a");
    for (std::size_t size : {1u, 70'000u, 3u, 65'535u, 1u, 65'536u, 0u, 65'537u, 5u}) {
      const std::string piece(size, static_cast<char>('a' + all.size() % 26));
      file.write(piece);
      all += piece;
    }
    file.commit();
  }
  CHECK(text_of(scratch / "a") == all);
}

TEST_CASE(
    "a folder that is not there, and a folder as the file, are an io_error with the next step") {
  const Scratch scratch;
  const std::string missing = error_of([&] { AtomicFile(scratch / "no/a"); });
  CHECK(contains(missing, "no/a: cannot be written: no file can be made in the folder "));
  CHECK(contains(missing, "No such file or directory); make the folder first"));
  CHECK(contains(error_of([&] { AtomicFile file(scratch.folder()); }),
                 "cannot be written: this is a folder, the name of a file was expected"));
  CHECK(contains(error_of([&] { AtomicFile(scratch / "a" / ""); }), "this is a folder"));
  CHECK(contains(error_of([] { AtomicFile file(std::filesystem::path{}); }), "the name of a file"));
}

TEST_CASE("a device stays a device and gets the bytes") {
  const Scratch scratch;
  const std::filesystem::path null = scratch / "null";
  if (!make_device(null, 3)) {
    MESSAGE("skipped: a device can be made by root alone");
    return;
  }
  for_each_writer([&](const char* name, const auto& write) {
    INFO(name);
    write(null);
    CHECK(S_ISCHR(mode_of(null)));
    CHECK(files_in(scratch.folder()) == 1);
  });
}

TEST_CASE("a full device is an io_error with the system's reason") {
  const Scratch scratch;
  const std::filesystem::path full = scratch / "full";
  if (!make_device(full, 7)) {
    MESSAGE("skipped: a device can be made by root alone");
    return;
  }
  CHECK(error_of([&] { write_file(full, "x"); }) ==
        full.string() +
            ": cannot be written: No space left on device; make room there or write elsewhere");
}

TEST_CASE("a named pipe stays a pipe and its reader gets the bytes") {
  const Scratch scratch;
  const std::filesystem::path pipe = scratch / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0666) == 0);
  FifoReader reader(pipe);
  const std::string text(300'000, 'p');
  write_file(pipe, text);
  CHECK(reader.finish() == text);
  CHECK(S_ISFIFO(mode_of(pipe)));
  CHECK(files_in(scratch.folder()) == 1);
}

TEST_CASE("a link stays a link, and what it names is written") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch / "deep");
  write_bytes(scratch / "deep/real", bytes_of("old"));
  std::filesystem::create_symlink("deep/real", scratch / "link");
  std::filesystem::create_symlink("link", scratch / "to_link");
  write_file(scratch / "to_link", "new");
  CHECK(S_ISLNK(mode_of(scratch / "link")));
  CHECK(S_ISLNK(mode_of(scratch / "to_link")));
  CHECK(text_of(scratch / "deep/real") == "new");
  CHECK(files_in(scratch / "deep") == 1);
  std::filesystem::create_symlink("deep/later", scratch / "dangling");
  write_file(scratch / "dangling", "first");
  CHECK(text_of(scratch / "deep/later") == "first");
  CHECK(S_ISLNK(mode_of(scratch / "dangling")));
  std::filesystem::create_symlink("circle", scratch / "circle");
  CHECK(contains(error_of([&] { write_file(scratch / "circle", "x"); }),
                 "circle: cannot be written: the link leads nowhere (a circle of links)"));
}

TEST_CASE("an open descriptor by its name in /dev/fd is written on from where it stands") {
  const Scratch scratch;
  const int open = ::open((scratch / "a").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  REQUIRE(open >= 0);
  REQUIRE(::write(open, "one ", 4) == 4);
  write_file(sentence("/dev/fd/", open), "two ");
  std::filesystem::create_symlink(sentence("/proc/self/fd/", open), scratch / "link");
  write_file(scratch / "link", "three ");
  REQUIRE(::write(open, "four", 4) == 4);
  ::close(open);
  CHECK(text_of(scratch / "a") == "one two three four");
}

TEST_CASE("the permissions of the file that is replaced are kept") {
  const Scratch scratch;
  const mode_t mask = ::umask(027);
  write_file(scratch / "fresh", "x");
  write_file(scratch / "a", "x");
  ::umask(mask);
  CHECK((mode_of(scratch / "fresh") & 0777) == 0640);
  for (const mode_t mode : {0600u, 0664u, 0755u}) {
    REQUIRE(::chmod((scratch / "a").c_str(), mode) == 0);
    write_file(scratch / "a", "y");
    CHECK((mode_of(scratch / "a") & 0777) == mode);
  }
}

TEST_CASE("a file or folder that must not be written is refused with the reason, and stays") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch / "folder");
  write_bytes(scratch / "folder/a", bytes_of("old"));
  write_bytes(scratch / "folder/mine", bytes_of("old"));
  REQUIRE(::chmod(scratch.folder().c_str(), 0755) == 0);
  REQUIRE(::chmod((scratch / "folder").c_str(), 0777) == 0);
  REQUIRE(::chmod((scratch / "folder/a").c_str(), 0444) == 0);
  for_each_writer([&](const char* name, const auto& write) {
    INFO(name);
    const NotRoot user;
    const std::string error = error_of([&] { write(scratch / "folder/a"); });
    CHECK(
        contains(error, "folder/a: cannot be written: Permission denied; change the permissions"));
    CHECK(contains(error, "(the old file is as it was)"));
  });
  REQUIRE(::chmod((scratch / "folder").c_str(), 0555) == 0);
  for_each_writer([&](const char* name, const auto& write) {
    INFO(name);
    const NotRoot user;
    CHECK(contains(error_of([&] { write(scratch / "folder/new"); }), "Permission denied"));
  });
  CHECK(text_of(scratch / "folder/a") == "old");
  CHECK(files_in(scratch / "folder") == 2);
  std::filesystem::permissions(scratch / "folder", std::filesystem::perms::owner_all);
}

TEST_CASE(
    "where no more bytes fit every writer says so, keeps the old file and leaves no partial") {
  const Scratch scratch;
  for_each_writer([&](const char* name, const auto& write) {
    INFO(name);
    write_bytes(scratch / name, bytes_of("old"));
    for (const rlim_t most : {rlim_t{0}, rlim_t{1}, rlim_t{100'000}, rlim_t{479'999}}) {
      const FileSizeLimit limit(most);
      const std::string error = error_of([&] { write(scratch / name); });
      CHECK(contains(error, sentence(name, ": cannot be written: File too large; ")));
      CHECK(contains(error, "(the old file is as it was)"));
      CHECK(
          contains(error_of([&] { write(scratch / "new"); }), "new: cannot be written: File too"));
    }
    CHECK(text_of(scratch / name) == "old");
    CHECK(!std::filesystem::exists(scratch / "new"));
  });
  CHECK(files_in(scratch.folder()) == 3);
}

TEST_CASE("writers of one name at once leave one whole file and nothing else") {
  const Scratch scratch;
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w)
    writers.emplace_back([&, w] {
      for (int i = 0; i < 20; ++i) {
        AtomicFile file(scratch / "a");
        for (int part = 0; part < 3; ++part) file.write(std::string(50'000, char('a' + w)));
        file.commit();
      }
    });
  for (std::thread& writer : writers) writer.join();
  const std::string text = text_of(scratch / "a");
  CHECK(text == std::string(150'000, text[0]));
  CHECK(files_in(scratch.folder()) == 1);
}

TEST_CASE("what a killed process left is removed, and what a running one writes is not") {
  const Scratch scratch;
  write_bytes(scratch / "mine.partial", bytes_of("a user's"));
  {
    AtomicFile running(scratch / "b");
    const pid_t child = ::fork();
    if (child == 0) {
      AtomicFile file(scratch / "a");
      file.write(std::string(200'000, 'x'));
      ::_exit(0);  // as if killed: nothing is tidied up
    }
    REQUIRE(child > 0);
    ::waitpid(child, nullptr, 0);
    CHECK(files_in(scratch.folder()) == 3);
    remove_stale_partials(scratch.folder());
    CHECK(files_in(scratch.folder()) == 2);
    running.write("whole");
    running.commit();
  }
  CHECK(text_of(scratch / "b") == "whole");
  CHECK(text_of(scratch / "mine.partial") == "a user's");
  CHECK(!std::filesystem::exists(scratch / "a"));
}

TEST_CASE("a temporary file is known to be written by its lock, whatever its name says") {
  const Scratch scratch;
  const std::filesystem::path other =
      scratch / (detail::partial_prefix() + "2147483646-0.partial");  // no process of ours
  write_bytes(other, bytes_of("half"));
  const int writer = ::open(other.c_str(), O_RDWR | O_CLOEXEC);  // of another container, say
  REQUIRE(writer >= 0);
  REQUIRE(detail::lock_partial(writer));
  remove_stale_partials(scratch.folder());
  CHECK(std::filesystem::exists(other));
  ::close(writer);
  remove_stale_partials(scratch.folder());
  CHECK(!std::filesystem::exists(other));
}

TEST_CASE("a temporary file is locked until it has its name, and one that is gone is said") {
  const Scratch scratch;
  AtomicFile file(scratch / "a");
  file.write("text");
  std::filesystem::remove(scratch.folder() / only_partial(scratch.folder()));
  CHECK(contains(error_of([&] { file.commit(); }), "meanwhile; write again"));
  CHECK(files_in(scratch.folder()) == 0);
}

TEST_CASE("a pipe that is full and does not block is waited for") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  REQUIRE(::fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
  std::string read;
  std::thread reader([&] {
    std::array<char, 4096> part;
    for (::ssize_t n; (n = ::read(ends[0], part.data(), part.size())) > 0;)
      read.append(part.data(), static_cast<std::size_t>(n));
  });
  const std::string text(1'000'000, 'p');
  const std::string error = error_of([&] { write_file(sentence("/dev/fd/", ends[1]), text); });
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  CHECK(error.empty());
  CHECK(read == text);
}

TEST_CASE("the group of a file that is replaced is kept, with what it may do") {
  const Scratch scratch;
  const std::filesystem::path path = scratch / "shared";
  write_bytes(path, bytes_of("old"));
  if (::chown(path.c_str(), uid_t(-1), 4) != 0) {
    MESSAGE("skipped: a group can be given by root alone");
    return;
  }
  REQUIRE(::chmod(path.c_str(), 0660) == 0);
  write_file(path, "new");
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK(status.st_gid == 4);
  CHECK((status.st_mode & 0777) == 0660);
}

TEST_CASE("a name as long as the system allows can be written") {
  const Scratch scratch;
  const std::string name(255, 'n');
  write_file(scratch / name, "x");
  CHECK(text_of(scratch / name) == "x");
  CHECK(contains(error_of([&] { write_file(scratch / (name + "n"), "x"); }), "a shorter name"));
}

TEST_CASE("an output that is an input is recognised under any name") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch / "folder");
  write_bytes(scratch / "a", bytes_of("a"));
  write_bytes(scratch / "b", bytes_of("a"));
  std::filesystem::create_symlink("a", scratch / "link");
  std::filesystem::create_symlink("..", scratch / "folder/up");
  std::filesystem::create_hard_link(scratch / "a", scratch / "hard");
  for (const char* other : {"a", "link", "hard", "folder/../a", "folder/up/a"}) {
    INFO(other);
    CHECK(is_same_file(scratch / "a", scratch / other));
    CHECK(is_same_file(scratch / other, scratch / "link"));
  }
  CHECK(!is_same_file(scratch / "a", scratch / "b"));
  CHECK(!is_same_file(scratch / "a", scratch / "no"));
  CHECK(is_same_file(scratch / "no", scratch / "folder/up/no"));  // two outputs
  CHECK(!is_same_file(scratch / "no", scratch / "folder/no"));
  CHECK(!is_same_file("/dev/null", "/dev/null"));
  CHECK(!is_same_file(scratch.folder(), scratch.folder()));
}

TEST_CASE("two outputs that are not there yet are one file under every spelling of the path") {
  const Scratch scratch;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(scratch.folder());
  const std::vector<std::filesystem::path> names = {"r", "./r", "././r", "no/../r", scratch / "r"};
  for (const std::filesystem::path& a : names)
    for (const std::filesystem::path& b : names) {
      INFO(a.string() << " and " << b.string());
      CHECK(is_same_file(a, b));
    }
  CHECK(!is_same_file("r", "./s"));
  CHECK(!is_same_file("r", "no/r"));
  CHECK(is_same_file("no/r", "./no/r"));
  write_bytes("r", bytes_of("a"));
  CHECK(is_same_file("r", "./r"));
  std::filesystem::current_path(before);
}

TEST_CASE("a file above the limit is not read") {
  const Scratch scratch;
  write_bytes(scratch / "a", bytes_of("12345"));
  CHECK(contains(error_of([&] { read_bytes(scratch / "a", 4); }), "more than the limit of 4"));
  CHECK(read_bytes(scratch / "a", 5).size() == 5);
}

TEST_CASE(
    "a text file in a folder that cannot be made is an io_error with the file and the reason") {
  const Scratch scratch;
  write_bytes(scratch / "file", {});
  const std::string error =
      error_of([&] { report::write_text_file(scratch / "file/deep/a.json", "x"); });
  CHECK(contains(error, "file/deep/a.json: cannot be written: the folder "));
  CHECK(contains(error, " cannot be made (Not a directory); choose another place"));
}
