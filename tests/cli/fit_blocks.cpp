// The stored blocks of expunge fit, put together.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>

#include "cli/fit_store.hpp"
#include "expunge/io/npy.hpp"
#include "io/scratch.hpp"
#include "io/special_files.hpp"

using namespace expunge;

namespace {

/// Mappings of stored blocks that this process has now; -1 where the system does not say.
Index mapped_blocks() {
  std::ifstream maps("/proc/self/maps");
  if (!maps) return -1;
  Index count = 0;
  for (std::string line; std::getline(maps, line);) count += contains(line, ".safetensors");
  return count;
}

/// A number that says where it stands.
float effect(Index example, Index target) {
  return static_cast<float>(example * 10'000 + target);
}

/// A fit whose blocks are all stored.
struct StoredFit {
  static constexpr Index examples = 300;
  Scratch scratch;
  cli::FitPlan plan;
  cli::FitStore store{scratch.folder()};

  explicit StoredFit(Index targets) {
    plan.estimator = Ridge{};
    plan.targets = targets;
    plan.key = "a key";
    for (Index first = 0; first < targets; first += 64) {
      const Index count = std::min<Index>(64, targets - first);
      Array<float, 2> effects = make_array<float>(examples, count);
      Array<double, 2> figures = make_array<double>(static_cast<Index>(cli::Figure::count), count);
      for (Index t = 0; t < count; ++t) {
        for (Index i = 0; i < examples; ++i) effects.data()[i * count + t] = effect(i, first + t);
        for (Index f = 0; f < static_cast<Index>(cli::Figure::count); ++f)
          figures.data()[f * count + t] = static_cast<double>(f * 10'000 + first + t);
      }
      write_block(path("effects", first), {sentence("effects_", first), plan.key}, effects);
      write_block(path("figures", first), {sentence("figures_", first), plan.key}, figures);
    }
  }
  std::filesystem::path path(const char* what, Index first) const {
    return store.stages().path(sentence(what, "_", first));
  }
};

}  // namespace

TEST_CASE("fit: blocks are joined in their order, with few or many targets") {
  for (const Index targets : {1, 64, 65, 200}) {
    INFO(targets);
    const StoredFit fit(targets);
    cli::join_blocks(fit.plan, fit.examples, fit.store, fit.scratch.folder());
    const auto effects = read_npy<float, 2>(fit.scratch / "effects.npy");
    REQUIRE(effects.shape()[1] == static_cast<std::size_t>(targets));
    bool right = true;
    for (Index i = 0; i < fit.examples; ++i)
      for (Index t = 0; t < targets; ++t)
        right = right && effects.data()[i * targets + t] == effect(i, t);
    CHECK(right);
    const auto lds = read_npy<float, 1>(fit.scratch / "lds.npy");
    for (Index t = 0; t < targets; ++t) CHECK(lds.data()[t] == static_cast<float>(30'000 + t));
  }
}

TEST_CASE("fit: however many blocks there are, one at a time is mapped when they are joined") {
  if (mapped_blocks() < 0) return;  // no /proc
  const StoredFit fit(20 * 64);     // effects of 1.5 MB, more than a pipe takes at once
  const std::filesystem::path out = fit.scratch / "effects.npy";
  REQUIRE(::mkfifo(out.c_str(), 0600) == 0);
  const int pipe = ::open(out.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(pipe >= 0);
  std::atomic<bool> ended{false};
  Index most = -1;
  std::thread reader([&] {
    std::array<char, 4096> part;
    while (true) {
      const bool last = ended;
      const ::ssize_t n = ::read(pipe, part.data(), part.size());
      if (n > 0) most = std::max(most, mapped_blocks());  // while the rest waits to be written
      if (n > 0) continue;
      if (last) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const std::string error =
      error_of([&] { cli::join_blocks(fit.plan, fit.examples, fit.store, fit.scratch.folder()); });
  ended = true;
  reader.join();
  ::close(pipe);
  CHECK(error.empty());
  CHECK(most >= 0);
  CHECK(most <= 1);
}

TEST_CASE("fit: a block that is gone, damaged or of another fit is named when they are joined") {
  const StoredFit fit(200);
  const auto error = [&] {
    return error_of(
        [&] { cli::join_blocks(fit.plan, fit.examples, fit.store, fit.scratch.folder()); });
  };
  std::filesystem::copy(fit.path("effects", 64), fit.scratch / "kept");
  std::filesystem::remove(fit.path("effects", 64));
  CHECK(contains(error(), "effects_64.safetensors: this block is gone; start the same command"));
  std::filesystem::copy(fit.path("effects", 128), fit.path("effects", 64));
  CHECK(contains(error(), "'effects_128' under the name of 'effects_64'; start the same command"));
  std::filesystem::resize_file(fit.path("effects", 64), 100);
  CHECK(contains(error(), "start the same command again, and it is made again"));
  std::filesystem::rename(fit.scratch / "kept", fit.path("effects", 64));
  CHECK(error().empty());
}
