// Any bytes as a CIFAR file of both kinds: images that are all there with labels in range, or an
// io_error. Records are long, so a short input is repeated.
#include "expunge/io/cifar.hpp"

#include "fuzz/target.hpp"

namespace {

void check(const expunge::CifarImages& images, expunge::Label classes) {
  if (images.pixels.size() != images.labels.size() * 3072) std::abort();
  for (const expunge::Label label : images.labels)
    if (label < 0 || label >= classes) std::abort();
  for (const expunge::Label label : images.coarse_labels)
    if (label < 0 || label >= 20) std::abort();
  [[maybe_unused]] volatile float used =
      expunge::standardised(images, expunge::cifar10_channels).inputs(0, 0);
}

void attempt(std::span<const std::uint8_t> bytes) {
  expunge::fuzz::attempt([&] { check(expunge::read_cifar10(bytes, "fuzz"), 10); });
  expunge::fuzz::attempt([&] { check(expunge::read_cifar100(bytes, "fuzz"), 100); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  attempt({data, size});
  if (size == 0) return 0;
  std::vector<std::uint8_t> whole(data[0] % 2 == 0 ? 2 * 3073u : 2 * 3074u);
  for (std::size_t i = 0; i < whole.size(); ++i) whole[i] = data[i % size];
  attempt(whole);
  return 0;
}
