#include "expunge/io/stage_store.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "expunge/io/byte_source.hpp"
#include "io/scratch.hpp"

using namespace expunge;

namespace {

/// A stage of two numbers, and how often it was made.
struct Stage {
  const StageStore& store;
  int made = 0;

  Array<float, 1> get(const std::string& key, float value, const std::string& name = "margins") {
    return store.get_or_make<float, 1>(name, key, [&] {
      ++made;
      Array<float, 1> array = make_array<float>(2);
      array.fill(value);
      return array;
    });
  }
};

/// No file can be opened as long as it lives.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoMoreFiles(const NoMoreFiles&) = delete;
  NoMoreFiles& operator=(const NoMoreFiles&) = delete;
  ~NoMoreFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

/// Without the rights of the superuser, who may read everything, as long as it lives.
class AsNobody {
 public:
  AsNobody() { changed_ = ::geteuid() == 0 && ::seteuid(65534) == 0; }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() {
    if (changed_ && ::seteuid(0) != 0) std::abort();
  }

 private:
  bool changed_ = false;
};

}  // namespace

TEST_CASE("a stage is made once, and read again by another store of that folder") {
  const Scratch scratch;
  const StageStore store(scratch / "deep" / "er");
  Stage stage{store};
  CHECK(!store.holds("margins", "seed 1"));
  CHECK(stage.get("seed 1", 7)(1) == 7);
  CHECK(store.holds("margins", "seed 1"));
  CHECK(stage.get("seed 1", 8)(0) == 7);
  CHECK(stage.made == 1);
  const StageStore again(scratch / "deep" / "er");
  CHECK(Stage{again}.get("seed 1", 9)(0) == 7);
}

TEST_CASE("any other key misses, however alike") {
  const Scratch scratch;
  const std::string key("rate 0.1\nepochs 3", 17);
  for (const std::string& other :
       {std::string("rate 0.1\nepochs 4"), std::string("rate 0.1\nepochs 30"),
        std::string("rate 0.1\nepochs "), std::string("rate 0.1\r\nepochs 3"),
        std::string("Rate 0.1\nepochs 3"), std::string("rate 0.1\nepochs 3\n"),
        std::string("rate 0.1\nepochs 3\0", 18), std::string()}) {
    const StageStore store(scratch.folder());
    Stage stage{store};
    stage.get(key, 1);
    CHECK(!store.holds("margins", other));
    CHECK(stage.get(other, 2)(0) == 2);
    CHECK(!store.holds("margins", key));  // one array a name: the last
    CHECK(stage.get(key, 3)(0) == 3);
  }
}

TEST_CASE("stages of other names do not disturb each other") {
  const Scratch scratch;
  const StageStore store(scratch.folder());
  Stage stage{store};
  stage.get("k", 1, "a");
  stage.get("k", 2, "b");
  CHECK(stage.get("k", 9, "a")(0) == 1);
  CHECK(stage.get("k", 9, "b")(0) == 2);
}

TEST_CASE("an empty key is a key, and a store without a folder keeps nothing") {
  const Scratch scratch;
  const StageStore store(scratch.folder()), nowhere{std::filesystem::path()};
  Stage stage{store}, unstored{nowhere};
  stage.get("", 1);
  CHECK(stage.get("", 2)(0) == 1);
  unstored.get("k", 1);
  CHECK(unstored.get("k", 2)(0) == 2);
  CHECK(!nowhere.holds("margins", "k"));
}

TEST_CASE("when making fails the old stage stays") {
  const Scratch scratch;
  const StageStore store(scratch.folder());
  Stage{store}.get("old", 1);
  const auto fail = []() -> Array<float, 1> { throw std::runtime_error("no power"); };
  CHECK_THROWS_WITH((store.get_or_make<float, 1>("margins", "new", fail)), "no power");
  CHECK(store.holds("margins", "old"));
  CHECK(Stage{store}.get("old", 2)(0) == 1);
}

TEST_CASE("a stage with any one byte changed, or cut off anywhere, is made again with a sentence") {
  const Scratch scratch;
  std::string said;
  const StageStore store(scratch.folder(), [&](const std::string& why) { said = why; });
  Stage stage{store};
  stage.get("a key", 1);
  CHECK(said.empty());
  const std::filesystem::path file = store.path("margins");
  const std::vector<std::uint8_t> whole = read_bytes(file, 10'000);
  int made = 1;
  const auto check = [&](const std::vector<std::uint8_t>& bytes) {
    write_bytes(file, bytes);
    said.clear();
    CHECK(!store.holds("margins", "a key"));
    CHECK(stage.get("a key", 2)(0) == 2);
    CHECK(stage.made == ++made);
    CHECK(contains(said, "margins.safetensors: "));
    CHECK(contains(said, "; margins is made again"));
    CHECK(stage.get("a key", 3)(0) == 2);
  };
  for (std::size_t at = 0; at < whole.size(); ++at) {
    INFO("byte " << at);
    std::vector<std::uint8_t> bytes = whole;
    bytes[at] ^= 4;
    // one space at the end of the header for another: the same content
    if (whole[at] == ' ' || bytes[at] == ' ') continue;
    check(bytes);
    check({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(at)});
  }
  std::vector<std::uint8_t> bytes = whole;
  bytes[whole.size() - 2] ^= 1;  // a number
  check(bytes);
  CHECK(contains(said, "the content has the checksum "));
}

TEST_CASE("a stage of other settings, another stage or another program's file is not taken") {
  const Scratch scratch;
  std::string said;
  const StageStore store(scratch.folder(), [&](const std::string& why) { said = why; });
  Stage stage{store};
  stage.get("old", 1);
  CHECK(stage.get("new", 2)(0) == 2);
  CHECK(contains(said, "margins.safetensors: it was made with other settings or other data; "));
  std::filesystem::copy(store.path("margins"), store.path("other"));
  CHECK(stage.get("new", 3, "other")(0) == 3);
  CHECK(contains(said, "this is 'margins' under the name of 'other'; other is made again"));
  const float number = 5;
  write_safetensors(store.path("margins"), {tensor_to_write("array", {1}, &number)},
                    {{"format", "pt"}});
  CHECK(stage.get("new", 4)(0) == 4);
  CHECK(contains(said, "this is no block of version 1 of this program; margins is made again"));
  const Array<float, 2> other = make_array<float>(1, 2);
  write_block(store.path("margins"), {"margins", "new"}, other);  // another shape
  CHECK(stage.get("new", 6)(0) == 6);
  CHECK(contains(said, "it holds F32 with 2 axes, F32 with 1 were expected"));
  const Array<double, 1> wide = make_array<double>(2);
  write_block(store.path("margins"), {"margins", "new"}, wide);
  CHECK(stage.get("new", 7)(0) == 7);
}

TEST_CASE("two runs with other settings in one folder each get their own numbers") {
  const Scratch scratch;
  const auto run = [&](const std::string& key, float value) {
    const StageStore store(scratch.folder());
    bool right = true;
    for (int i = 0; i < 60; ++i) right = right && Stage{store}.get(key, value)(1) == value;
    return right;
  };
  bool one = false, other = false;
  std::thread first([&] { one = run("rate .1", 1); }), second([&] { other = run("rate .2", 2); });
  first.join();
  second.join();
  CHECK(one);
  CHECK(other);
  CHECK(std::distance(std::filesystem::directory_iterator(scratch.folder()), {}) == 1);
}

TEST_CASE("a key that is no UTF-8, or a megabyte long, is a key") {
  const Scratch scratch;
  const StageStore store(scratch.folder());
  Stage stage{store};
  std::string key = "caf\xe9";
  CHECK(stage.get(key, 1)(0) == 1);
  CHECK(stage.get(key, 2)(0) == 1);
  CHECK(!store.holds("margins", "636166e9"));  // its digits
  key.assign(1'000'000, 'k');
  CHECK(stage.get(key, 3)(0) == 3);
  CHECK(stage.get(key, 4)(0) == 3);
  CHECK(stage.get(key + "k", 5)(0) == 5);
}

TEST_CASE("a folder that cannot be made or a stage that cannot be written is an io_error") {
  const Scratch scratch;
  write_bytes(scratch / "file", {});
  CHECK(contains(error_of([&] { StageStore(scratch / "file/store"); }), "cannot be made"));
  std::filesystem::create_directories(scratch / "store/margins.safetensors");
  const StageStore store(scratch / "store");
  CHECK(contains(error_of([&] { Stage{store}.get("k", 1); }), "this is a folder"));
  CHECK_THROWS_WITH(store.path("a/b"), doctest::Contains("cannot be the name of a stage"));
}

TEST_CASE("a block says what it is, and more of it is covered by the checksum") {
  const Scratch scratch;
  const Array<std::int32_t, 2> numbers{{1, 2, 3}, {-4, 5, 6}};
  write_block(scratch / "b", {"block 7", "all settings", {{"arithmetic", "Cpu<float>, 1 thread"}}},
              numbers);
  const BlockFile block = open_block(scratch / "b", {"block 7", "all settings"});
  REQUIRE(block.state == BlockState::whole);
  CHECK(block.file->metadata().at("arithmetic") == "Cpu<float>, 1 thread");
  CHECK(block.array()->shape == std::vector<Index>{2, 3});
  CHECK(block.file->values<int>("array") == std::vector<int>{1, 2, 3, -4, 5, 6});
  // CRC-32 by zlib in Python of the text "arithmetic\0...key\0...name\0..." + "I32 2 3" + numbers
  CHECK(block.file->metadata().at("crc32") == "36bc8c57");
  CHECK(open_block(scratch / "none", {"block 7", "all settings"}).state == BlockState::missing);
  CHECK(open_block(scratch / "b", {"block 8", "all settings"}).state == BlockState::foreign);
  CHECK(open_block(scratch / "b", {"block 7", "some"}).state == BlockState::foreign);
  std::vector<std::uint8_t> bytes = read_bytes(scratch / "b", 10'000);
  const std::string text(bytes.begin(), bytes.end());
  bytes[text.find("1 thread")] = '2';
  write_bytes(scratch / "b", bytes);
  CHECK(open_block(scratch / "b", {"block 7", "all settings"}).state == BlockState::damaged);
}

TEST_CASE("a stage that the system does not give is refused with its reason, and not made again") {
  const Scratch scratch;
  std::string said;
  const StageStore store(scratch.folder(), [&](const std::string& why) { said = why; });
  Stage stage{store};
  stage.get("k", 1);
  const auto check = [&](const std::string& reason) {
    const std::string error = error_of([&] { stage.get("k", 2); });
    CHECK_MESSAGE(contains(error, reason), error);
    CHECK_THROWS_AS(store.holds("margins", "k"), system_refusal);
    CHECK(stage.made == 1);
    CHECK(said.empty());
  };
  {
    const NoMoreFiles none;
    check("Too many open files; too many files are open: close some, or raise the limit");
  }
  {
    REQUIRE(::chmod(store.path("margins").c_str(), 0) == 0);
    const AsNobody nobody;
    check("cannot be opened: Permission denied; change the permissions of the file and");
  }
  {
    REQUIRE(::chmod(scratch.folder().c_str(), 0) == 0);
    {
      const AsNobody nobody;
      check("cannot be looked at: Permission denied; change the permissions");
    }
    REQUIRE(::chmod(scratch.folder().c_str(), 0700) == 0);
  }
  REQUIRE(::chmod(store.path("margins").c_str(), 0600) == 0);
  CHECK(stage.get("k", 2)(0) == 1);  // as it was
}

TEST_CASE("a folder, a pipe or a name too long in the place of a stage is said before it is made") {
  const Scratch scratch;
  const StageStore store(scratch.folder());
  Stage stage{store};
  std::filesystem::create_directories(store.path("folder"));
  CHECK(contains(error_of([&] { stage.get("k", 1, "folder"); }),
                 "but this is a folder; remove it or choose another folder"));
  REQUIRE(::mkfifo(store.path("pipe").c_str(), 0600) == 0);
  CHECK(contains(error_of([&] { stage.get("k", 1, "pipe"); }), "but this is a pipe or a device"));
  const std::string name(300, 'n');
  CHECK(contains(error_of([&] { stage.get("k", 1, name); }), "File name too long"));
  CHECK(stage.made == 0);
}
