// Any bytes as a .npz archive in memory: names and whole arrays, or an io_error.
#include "cli/npz.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const expunge::cli::NpzFile file(std::span<const std::uint8_t>(data, size), "fuzz");
    for (const std::string& name : file.names()) {
      try {
        const expunge::NpyView array = file.array(name);
        // a few bytes may unpack to a thousand times as many: none is refused, some are enough
        if (array.elements() > 1 << 20) continue;
        if (static_cast<expunge::Index>(array.read_all<double>().size()) != array.elements())
          std::abort();
      } catch (const expunge::io_error&) {
      }
    }
  } catch (const expunge::io_error&) {
  }
  return 0;
}
