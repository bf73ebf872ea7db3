// expunge inspect: what a file or folder holds and whether it looks right.
#include <filesystem>

#include "cli/commands.hpp"
#include "cli/inspect_file.hpp"
#include "cli/inspect_folder.hpp"
#include "cli/open_array.hpp"

namespace expunge::cli {

namespace {

Document run_inspect(const std::string& path) {
  Document document;
  document.kind = "inspect";
  document.title = path;
  document.results["path"] = path;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    inspect_folder(document, path);
    return document;
  }
  const std::vector<InspectedArray> arrays = inspect_arrays(path);
  const bool regular = std::filesystem::is_regular_file(file_of(path), ignored);
  document.results["is"] =
      path.ends_with(".npz") || is_archive_member(path) || (regular && is_archive(path)) ? "npz"
                                                                                         : "npy";
  document.results["arrays"] = arrays_json(arrays);
  if (arrays.empty())
    document.warnings.push_back("The archive holds no array.");
  else
    add_arrays(document, arrays);
  return document;
}

}  // namespace

void add_inspect_command(CLI::App& app, Session& session) {
  const auto path = std::make_shared<std::string>();
  CLI::App* command = add_command(
      app, session, "inspect",
      "What is in a .npy or .npz file or in a folder, and whether it looks right: shapes, types, "
      "NaN, constant or repeated models, transposed axes.",
      "expunge inspect oracle.npy", [path] { return run_inspect(*path); });
  session.reads(command->add_option("path", *path, "a file, a folder, or ARCHIVE.npz:NAME"))
      ->required();
}

}  // namespace expunge::cli
