// Any bytes as a safetensors file: tensors that lie within it, are readable and survive being
// written again, or an io_error.
#include "expunge/io/safetensors.hpp"

#include "fuzz/target.hpp"

namespace {

void attempt(std::span<const std::uint8_t> bytes) {
  const expunge::Safetensors file(bytes, "fuzz", nullptr);
  std::uint64_t data = 0;
  bool all_known = true;
  for (const expunge::SafetensorsEntry& tensor : file.tensors()) {
    data += tensor.end - tensor.begin;
    all_known = all_known && tensor.is_known();
    if (file.find(tensor.name) != &tensor || !expunge::is_utf8(tensor.name)) std::abort();
    try {
      const std::vector<double> numbers = file.values<double>(tensor.name);
      if (numbers.size() != tensor.elements()) std::abort();
      double sum = 0;
      for (const double value : numbers) sum += value;
      [[maybe_unused]] volatile double used = sum;
    } catch (const expunge::io_error&) {  // of a type that is not read
    }
  }
  if (file.header().data_offset + data != bytes.size()) std::abort();
  if (!all_known) return;  // what is of a later version cannot be written
  std::vector<expunge::TensorToWrite> again;
  for (const expunge::SafetensorsEntry& tensor : file.tensors())
    again.push_back({tensor.name, tensor.shape, tensor.type,
                     bytes.data() + file.header().data_offset + tensor.begin});
  expunge::detail::sort_for_writing(again);
  const std::string text = expunge::detail::safetensors_dictionary(again, file.metadata());
  expunge::JsonText json({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, "again",
                         0, "");
  expunge::SafetensorsHeader header;
  expunge::detail::SafetensorsDictionary(json, header).parse();
  if (header.metadata != file.metadata() || header.tensors.size() != again.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  expunge::fuzz::attempt([&] { attempt({data, size}); });
  return 0;
}
