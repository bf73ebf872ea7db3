// Any bytes as a .npz archive in memory: names and whole arrays, or an io_error.
#include "cli/npz.hpp"

#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace expunge;
  fuzz::glance([&] {
    const cli::NpzFile file(fuzz::Bytes(data, size), "fuzz");
    for (const std::string& name : file.names())
      fuzz::attempt([&] {
        const NpyView array = file.array(name);
        // a few bytes may unpack to a thousand times as many: none is refused, some are enough
        if (array.elements() > 1 << 20) return;
        if (static_cast<Index>(array.read_all<double>().size()) != array.elements()) std::abort();
      });
  });
  return 0;
}
