// Any bytes as an IDX file, plain or compressed, read as several types: an array that fits its
// shape, or an io_error.
#include "expunge/io/idx.hpp"

#include "fuzz/target.hpp"

namespace {

template <class T>
void attempt(const std::uint8_t* data, std::size_t size) {
  expunge::fuzz::attempt([&] {
    const expunge::BasicIdxArray<T> array =
        expunge::read_idx<T>(std::span<const std::uint8_t>(data, size), "fuzz", 1u << 20);
    std::size_t elements = 1;
    for (const expunge::Index extent : array.shape) elements *= static_cast<std::size_t>(extent);
    if (elements != array.values.size()) std::abort();
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  attempt<std::uint8_t>(data, size);
  attempt<int>(data, size);
  attempt<float>(data, size);
  attempt<double>(data, size);
  return 0;
}
