// Any bytes as a .npy file in memory: a view that reads the same at any position as from the start,
// or an io_error. The first bytes choose positions, the rest is the file.
#include <cmath>
#include <cstdlib>

#include "expunge/io/npy_view.hpp"
#include "fuzz/target.hpp"

namespace {

using expunge::Index;

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

void attempt(std::span<const std::uint8_t> choice, std::span<const std::uint8_t> bytes) {
  const expunge::NpyView array(bytes, "fuzz", nullptr);
  const std::vector<double> all = array.read_all<double>();
  if (static_cast<Index>(all.size()) != array.elements()) std::abort();
  std::vector<Index> at;
  Index first = 0;
  for (Index a = 0; a < array.axes(); ++a) {
    const Index byte = choice[static_cast<std::size_t>(a) % choice.size()];
    at.push_back(byte - 1);  // now and then out of range
    first = first * array.extent(a) + at.back();
  }
  const Index count = choice.back();
  std::vector<double> some(static_cast<std::size_t>(count));
  array.read(at, count, some.data());  // throws std::invalid_argument where they are not there
  for (Index i = 0; i < count; ++i)
    if (!same(some[static_cast<std::size_t>(i)], all[static_cast<std::size_t>(first + i)]))
      std::abort();
  std::vector<std::int64_t> integers(static_cast<std::size_t>(count));
  expunge::fuzz::attempt([&] { array.read(at, count, integers.data()); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bytes(data, size);
  if (size < 4) return 0;
  expunge::fuzz::attempt([&] {
    try {
      attempt(bytes.first(4), bytes.subspan(4));
    } catch (const std::invalid_argument&) {
    }
  });
  return 0;
}
