// Any bytes as a stored stage: the array that was stored with this key, or it is made again; never
// another array, and no error. What is stored after that is read.
#include "expunge/io/stage_store.hpp"

#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace expunge;
  static const fuzz::Folder folder;
  const StageStore store(folder.name());
  folder.write("stage.safetensors", {data, size});
  bool made = false;
  const auto make = [&] {
    made = true;
    Array<float, 2> array = make_array<float>(2, 3);
    array.fill(7);
    return array;
  };
  const Array<float, 2> first = store.get_or_make<float, 2>("stage", "key", make);
  if (made && first != make()) std::abort();
  fuzz::inputs_read += made ? 0 : 1;
  made = false;
  const Array<float, 2> again = store.get_or_make<float, 2>("stage", "key", make);
  if (made || again.shape() != first.shape() ||
      !std::equal(first.begin(), first.end(), again.begin(),
                  [](float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }))
    std::abort();
  return 0;
}
