// Any bytes as a gzip file: a content below the limit, or an io_error.
#include "expunge/io/gzip.hpp"

#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::uint64_t most_bytes = 1u << 18;
  expunge::fuzz::attempt([&] {
    if (expunge::gunzip(std::span<const std::uint8_t>(data, size), "fuzz", most_bytes).size() >
        most_bytes)
      std::abort();
  });
  return 0;
}
