#include "expunge/io/stage_store.hpp"

#include <doctest/doctest.h>

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

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

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

TEST_CASE("a run that was killed between array and key leaves no stage") {
  const Scratch scratch;
  const StageStore store(scratch.folder());
  Stage stage{store};
  stage.get("k", 1);
  std::filesystem::remove(scratch / "margins.key");
  CHECK(!store.holds("margins", "k"));
  CHECK(stage.get("k", 2)(0) == 2);
  std::filesystem::remove(scratch / "margins.npy");  // a key alone is no stage either
  CHECK(!store.holds("margins", "k"));
  CHECK(stage.get("k", 3)(0) == 3);
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

TEST_CASE("a damaged array is an error, not a result") {
  const Scratch scratch;
  const StageStore store(scratch.folder());
  Stage stage{store};
  stage.get("k", 1);
  write_text(scratch / "margins.npy", "not an array");
  CHECK_THROWS_AS(stage.get("k", 2), io_error);
}
