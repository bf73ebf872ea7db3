// Every seed through its target, as the fuzzer would: so that the targets do not rot, and what must
// be read is read.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "fuzz/seeds.hpp"
#include "fuzz/target.hpp"

// CMake gives LLVMFuzzerTestOneInput of each target's file a name of its own.
#define EXPUNGE_FUZZ_TARGETS(X)                                                                \
  X(npy)                                                                                       \
  X(npy_view)                                                                                  \
  X(npz)                                                                                       \
  X(idx) X(gzip) X(cifar) X(index_file) X(safetensors) X(checkpoint) X(stage_store) X(results) \
      X(command_arrays) X(folder)

#define EXPUNGE_DECLARE(name) \
  extern "C" int fuzz_##name(const std::uint8_t* data, std::size_t size);
EXPUNGE_FUZZ_TARGETS(EXPUNGE_DECLARE)

using namespace expunge;

namespace {

using Target = int (*)(const std::uint8_t*, std::size_t);

#define EXPUNGE_NAMED(name) {#name, fuzz_##name},
const std::map<std::string, Target> targets{EXPUNGE_FUZZ_TARGETS(EXPUNGE_NAMED)};

}  // namespace

TEST_CASE("every seed of the fuzzers is read or refused, and what must be read is read") {
  std::set<std::string> with_seeds;
  for (const fuzz::Seed& seed : fuzz::all_seeds()) {
    INFO(seed.reader, ": ", seed.name);
    with_seeds.insert(seed.reader);
    REQUIRE(targets.count(seed.reader) == 1);
    const int before = fuzz::inputs_read;
    CHECK(targets.at(seed.reader)(seed.bytes.data(), seed.bytes.size()) == 0);
    if (seed.is_read) CHECK(fuzz::inputs_read > before);
  }
  CHECK(with_seeds.size() == targets.size());
}

TEST_CASE("every seed of the fuzzers, through every other target") {
  for (const fuzz::Seed& seed : fuzz::all_seeds())
    for (const auto& [name, target] : targets) {
      INFO(seed.reader, ": ", seed.name, ", read by ", name);
      CHECK(target(seed.bytes.data(), seed.bytes.size()) == 0);
    }
}
