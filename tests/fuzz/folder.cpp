// Any files in a folder as outputs, one file a model, and as what `expunge inspect` lists: numbers
// of the right shape, or an io_error.
#include "cli/inspect_folder.hpp"
#include "cli/model_outputs.hpp"
#include "fuzz/packed_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace expunge;
  static const fuzz::Folder folder;
  folder.clear();
  for (const auto& [name, bytes] : fuzz::unpack({data, size})) {
    if (name.find('/') != std::string_view::npos)
      std::filesystem::create_directories(
          std::filesystem::path(folder / std::string(name)).parent_path());
    folder.write(std::string(name), bytes);
  }
  fuzz::attempt([&] {
    const cli::ModelOutputs outputs(folder.name());
    if (outputs.models() < 1 || outputs.points() < 1) std::abort();
    const Index columns = std::min<Index>(outputs.columns(), 100);
    if (static_cast<Index>(outputs.read_columns<float>(0, columns, 1).size()) !=
        outputs.models() * columns)
      std::abort();
  });
  fuzz::glance([&] {
    cli::Document document;
    cli::inspect_folder(document, folder.name());
  });
  return 0;
}
