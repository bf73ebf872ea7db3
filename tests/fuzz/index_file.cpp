// Any bytes as a forget set: positions in range, each once, or an io_error.
#include "expunge/io/index_file.hpp"

#include <set>

#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  expunge::fuzz::attempt([&] {
    const std::vector<expunge::Index> indices =
        expunge::read_index_file(std::span<const std::uint8_t>(data, size), "fuzz", 1000);
    const std::set<expunge::Index> different(indices.begin(), indices.end());
    if (different.size() != indices.size()) std::abort();
    if (!different.empty() && (*different.begin() < 0 || *different.rbegin() >= 1000)) std::abort();
  });
  return 0;
}
