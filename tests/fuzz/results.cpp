// Any bytes as results that klom wrote with --json: scores, field by field, or an io_error.
#include "cli/saved_results.hpp"
#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace expunge;
  static const fuzz::Folder folder;
  const std::string file = folder.write("results.json", {data, size});
  fuzz::attempt([&] {
    const cli::SavedKlom saved = cli::read_saved_klom(file);
    if (saved.splits.empty() || !(saved.interval_level > 0 && saved.interval_level < 1))
      std::abort();
    for (const cli::SavedSplit& split : saved.splits)
      if (split.points < 0 || split.forward.bad_points < 0) std::abort();
  });
  return 0;
}
