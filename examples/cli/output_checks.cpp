#include "cli/output_checks.hpp"

#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "cli/completed.hpp"
#include "cli/listing.hpp"
#include "cli/open_array.hpp"
#include "cli/session.hpp"
#include "expunge/io/output_target.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

using FileId = std::pair<std::uint64_t, std::uint64_t>;  // device, inode

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// One file a model: files of the folder whose names are like the pattern.
struct Models {
  FileId folder;
  std::string pattern, option;

  bool would_read(FileId place, const std::string& name) const {
    return place == folder && !name.starts_with('_') && !name.starts_with('.') &&
           ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  }
};

std::optional<FileId> id_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.empty() ? "." : path.c_str(), &status) != 0) return {};
  return FileId{status.st_dev, status.st_ino};
}

/// What the command reads.
struct Inputs {
  std::map<FileId, std::string> files;  // regular files and the option that reads them
  std::vector<Models> models;

  void add(const fs::path& path, const std::string& option) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return;
    const FileId id{status.st_dev, status.st_ino};
    if (S_ISREG(status.st_mode)) files.try_emplace(id, option);
  }

  /// The .npy files of a folder, or its .npz files where there is none.
  void add_models(const fs::path& folder, const std::string& option) {
    bool arrays = false, archives = false;
    std::error_code ignored;  // one that cannot be listed: the command says it
    for (fs::directory_iterator entry(folder, ignored), end; !ignored && entry != end;
         entry.increment(ignored)) {
      const fs::path ending = entry->path().extension();
      if (ending == ".npy" || ending == ".npz") add(entry->path(), option);
      arrays = arrays || ending == ".npy";
      archives = archives || ending == ".npz";
    }
    const std::optional<FileId> id = id_of(folder);
    if (!id) return;
    models.push_back({*id, "*.npy", option});  // the first one would be taken for all models
    if (archives && !arrays) models.push_back({*id, "*.npz", option});
  }

  /// What a command reads of a folder.
  void add_folder(const fs::path& folder, const std::string& option) {
    std::error_code ignored;
    if (fs::exists(folder / "fit.json", ignored)) {
      for (const char* name : {"fit.json", "effects.npy"}) add(folder / name, option);
    } else if (fs::exists(folder / "masks.npy", ignored)) {
      for (const char* name : {"masks.npy", "margins.npy", "_completed.npy"})
        add(folder / name, option);
    } else if (is_folder(folder / "forget_sets") || is_folder(folder / "margins")) {
      for (fs::recursive_directory_iterator entry(folder, ignored), end; !ignored && entry != end;
           entry.increment(ignored))
        if (entry->path().extension() == ".npy") add(entry->path(), option);
    } else {
      add_models(folder, option);
    }
  }

  void add_name(const std::string& name, const std::string& option) {
    if (name.empty()) return;
    std::error_code ignored;
    if (is_folder(name)) return add_folder(name, option);
    if (!stands_for_files(name)) {
      add(file_of(name), option);
    } else {
      try {
        std::set<FileId> places;
        for (const std::string& file : list_files(name)) {
          add(file, option);
          const std::optional<FileId> id = id_of(fs::path(file).parent_path());
          if (id && places.insert(*id).second)
            models.push_back({*id, fs::path(name).filename().string(), option});
        }
      } catch (const io_error&) {  // the command says it when it opens them
        return;
      }
    }
    if (fs::is_regular_file(file_of(name), ignored) || stands_for_files(name))
      add(completed_file(name), option);
  }
};

/// The folder that there is on the way to a path.
fs::path folder_there(const fs::path& path) {
  std::error_code ignored;
  fs::path folder = fs::absolute(path, ignored).parent_path();
  while (!fs::exists(folder, ignored) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

/// Throws io_error if nothing can be written there.
void require_writable(const NamedFile& output) {
  const std::string what = output.option + " cannot be written: ";
  std::error_code ignored;
  if (output.name.ends_with('/') || is_folder(output.name))
    throw io_error(output.name, what + "this is a folder; name a file in it");
  if (fs::exists(output.name, ignored)) {
    if (::access(output.name.c_str(), W_OK) != 0)
      throw io_error(
          output.name,
          what + "you may not write this file; change its permissions or write elsewhere");
    if (!fs::is_regular_file(output.name, ignored)) return;  // written through
  }
  const fs::path target = fs::weakly_canonical(output.name, ignored);
  const fs::path folder = folder_there(target.empty() ? fs::path(output.name) : target);
  if (!is_folder(folder)) throw io_error(output.name, what + folder.string() + " is no folder");
  if (::access(folder.c_str(), W_OK) != 0)
    throw io_error(output.name, what + "you may not write in " + folder.string() +
                                    "; change its permissions or write elsewhere");
}

void refuse_input(const Inputs& inputs, const NamedFile& output) {
  struct stat status {};
  if (::stat(output.name.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
    const auto found = inputs.files.find({status.st_dev, status.st_ino});
    if (found != inputs.files.end())
      throw usage_error(output.option + " " + output.name + " is a file that " + found->second +
                        " reads, which would be lost: choose another name");
  }
  const std::optional<FileId> folder = id_of(fs::path(output.name).parent_path());
  if (!folder) return;
  for (const Models& models : inputs.models)
    if (models.would_read(*folder, fs::path(output.name).filename().string()))
      throw usage_error(output.option + " " + output.name + " lies in the folder of " +
                        models.option + ", where every " + models.pattern +
                        " is a model: it would be read as one the next time; choose another "
                        "folder");
}

void refuse_equal(const NamedFile& a, const NamedFile& b) {
  if (is_same_file(fs::absolute(a.name), fs::absolute(b.name)))
    throw usage_error(a.option + " and " + b.option + " are the same file, " + b.name +
                      ": choose two names");
}

}  // namespace

void check_outputs(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs) {
  if (outputs.empty()) return;
  Inputs known;
  for (const NamedFile& input : inputs) {
    known.add_name(input.name, input.option);
    const std::size_t equals = input.name.find('=');  // NAME=FILE
    if (equals != std::string::npos) known.add_name(input.name.substr(equals + 1), input.option);
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    refuse_input(known, outputs[i]);
    for (std::size_t j = 0; j < i; ++j) refuse_equal(outputs[j], outputs[i]);
    require_writable(outputs[i]);
  }
}

}  // namespace expunge::cli
