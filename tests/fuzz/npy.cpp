// Any bytes as a .npy file: read into arrays of several types and ranks, or refused by an io_error.
#include "expunge/io/npy.hpp"

#include "fuzz/target.hpp"

namespace {

template <class T, std::size_t Rank>
void attempt(std::span<const std::uint8_t> bytes) {
  expunge::fuzz::attempt([&] {
    const expunge::Array<T, Rank> array = expunge::read_npy<T, Rank>(bytes, "fuzz");
    double sum = 0;
    for (const T value : array) sum += static_cast<double>(value);
    [[maybe_unused]] volatile double used = sum;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bytes(data, size);
  attempt<float, 1>(bytes);
  attempt<double, 2>(bytes);
  attempt<std::int64_t, 1>(bytes);
  attempt<std::uint8_t, 2>(bytes);
  attempt<expunge::Half, 3>(bytes);
  attempt<bool, 2>(bytes);
  return 0;
}
