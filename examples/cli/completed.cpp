#include "cli/completed.hpp"

#include <algorithm>
#include <filesystem>

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

std::vector<bool> read_completed(const fs::path& file, Index models, const std::string& outputs) {
  const NpyView array = NpyView::map(file);
  const std::uint64_t at = array.header().data_offset;
  if (array.axes() != 1 || array.extent(0) != models)
    throw io_error(file.string(), at,
                   sentence("one entry for each of the ", models, " models of ", outputs,
                            " was expected, it has ", array.elements()));
  const std::vector<double> values = array.read_all<double>();
  std::vector<bool> completed;
  for (std::size_t m = 0; m < values.size(); ++m) {
    if (values[m] != 0 && values[m] != 1)
      throw io_error(file.string(), at,
                     sentence("entry ", m, " is ", values[m], ", 0 or 1 was expected"));
    completed.push_back(values[m] == 1);
  }
  if (std::find(completed.begin(), completed.end(), true) == completed.end())
    throw io_error(file.string(), 0, "no model is completed");
  return completed;
}

}  // namespace

fs::path completed_file(const std::string& name) {
  return fs::path(name).parent_path() / "_completed.npy";
}

std::vector<bool> completed_models(const NpyView& outputs, const std::string& name) {
  const fs::path beside = completed_file(name);
  std::error_code ignored;
  if (outputs.axes() < 2 || !name.ends_with(".npy") || !fs::exists(beside, ignored)) return {};
  return read_completed(beside, outputs.extent(0), name);
}

std::vector<bool> completed_models(const std::string& name) {
  std::error_code ignored;
  if (!name.ends_with(".npy") || !fs::is_regular_file(name, ignored)) return {};
  return completed_models(NpyView::map(name), name);
}

}  // namespace expunge::cli
