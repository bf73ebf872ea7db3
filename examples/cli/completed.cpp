#include "cli/completed.hpp"

#include <algorithm>
#include <filesystem>

#include "cli/listing.hpp"
#include "cli/open_array.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

const char* const way_out = " (--ignore-completed uses every model)";

/// Of one array of 0 and 1, of any length.
std::vector<bool> read_flags(const NpyView& array) {
  const std::vector<std::int64_t> values = read_integers(array, "flags [models]");
  std::vector<bool> done;
  for (std::size_t m = 0; m < values.size(); ++m) {
    if (values[m] != 0 && values[m] != 1)
      throw io_error(array.name(),
                     sentence("entry ", m, " is ", values[m], ", 0 or 1 was expected", way_out));
    done.push_back(values[m] == 1);
  }
  return done;
}

/// The array _completed of an archive, or the file beside it; nothing if there is neither.
std::vector<bool> read_beside(const std::string& name, std::string& file) {
  std::error_code ignored;
  const std::string own = file_of(name);
  if (fs::is_regular_file(own, ignored) && is_archive(own)) {
    const NpzFile archive{fs::path(own)};
    const std::vector<std::string> names = archive.names();
    if (std::find(names.begin(), names.end(), "_completed") != names.end()) {
      file = own + ":_completed";
      return read_flags(archive.array("_completed"));
    }
  }
  file = completed_file(name).string();
  if (!fs::is_regular_file(file, ignored)) return {};
  require_npy(file);
  return read_flags(NpyView::map(file));
}

/// Whether an array of so many models is the store's own: by its name, or by the masks beside it.
bool is_stores_own(const std::string& name, Index models) {
  const std::string member = name.substr(file_of(name).size());
  if (member == ":margins" || member == ":margins.npy") return true;
  if (member.empty() && fs::path(name).filename() == "margins.npy") return true;
  const fs::path masks = fs::path(name).parent_path() / "masks.npy";
  std::error_code ignored;
  if (!fs::is_regular_file(masks, ignored)) return false;
  try {
    const NpyHeader header = read_npy_header(masks);
    return !header.shape.empty() && header.shape[0] == models;
  } catch (const system_refusal&) {  // says nothing of the masks
    throw;
  } catch (const io_error&) {
    return false;
  }
}

Completed checked(std::vector<bool> done, std::string file) {
  if (std::find(done.begin(), done.end(), true) == done.end())
    throw io_error(file, sentence("no model is completed", way_out));
  return {std::move(done), std::move(file), ""};
}

}  // namespace

fs::path completed_file(const std::string& name) {
  if (stands_for_files(name)) return folder_of(name) / "_completed.npy";
  return fs::path(file_of(name)).parent_path() / "_completed.npy";
}

Completed completed_rows(const std::string& name, Index models) {
  std::string file;
  std::vector<bool> done = read_beside(name, file);
  if (done.empty()) return {};
  if (static_cast<Index>(done.size()) == models) return checked(std::move(done), file);
  if (is_stores_own(name, models))
    throw io_error(file, sentence("one entry for each of the ", models, " models of ", name,
                                  " was expected, it has ", done.size(), way_out));
  return {{},
          "",
          sentence(file, " has ", done.size(), " entries and ", name, " ", models,
                   " models: it speaks of another array and was not used.")};
}

Completed completed_files(const std::string& name, const std::vector<std::string>& files) {
  std::string file;
  const std::vector<bool> flags = read_beside(name, file);
  if (flags.empty()) return {};
  if (flags.size() == files.size()) return checked(flags, file);
  // some of the folder's files: each has a place among all of them
  const std::vector<std::string> all = list_files(folder_of(name).string());
  std::vector<bool> done;
  for (const std::string& one : files) {
    const fs::path own = fs::path(one).filename();
    const auto found = std::find_if(all.begin(), all.end(), [&](const std::string& other) {
      return fs::path(other).filename() == own;
    });
    if (found != all.end() && all.size() == flags.size())
      done.push_back(flags[static_cast<std::size_t>(found - all.begin())]);
  }
  if (done.size() == files.size()) return checked(std::move(done), file);
  return {{},
          "",
          sentence(file, " has ", flags.size(), " entries and ", name, " ", files.size(),
                   " files: it speaks of other models and was not used.")};
}

}  // namespace expunge::cli
