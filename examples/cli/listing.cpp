#include "cli/listing.hpp"

#include <glob.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string_view>

#include "cli/suggest.hpp"
#include "expunge/io/byte_source.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

/// Whether the name has a character of a pattern.
bool is_pattern(const std::string& name) {
  return name.find_first_of("*?[") != std::string::npos;
}

bool is_hidden(const std::string& name) {
  return name.starts_with('.') || name == "__MACOSX";
}

/// The name with a backslash before every character that a pattern would take for its own.
std::string literal(const std::string& name) {
  std::string text;
  for (const char c : name) {
    if (std::string_view("*?[]\\").find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  return text;
}

/// The pattern, in which folders on the way that are there by that very name are taken as they are:
/// of "run[1]/*.npy" the folder run[1].
std::string with_literal_folders(const std::string& pattern) {
  std::error_code ignored;
  std::string text;
  for (std::size_t first = 0;;) {
    const std::size_t slash = pattern.find('/', first);
    if (slash == std::string::npos || !fs::is_directory(pattern.substr(0, slash + 1), ignored))
      return text + pattern.substr(first);
    text += literal(pattern.substr(first, slash - first)) + "/";
    first = slash + 1;
  }
}

/// What there is instead of models, for an error.
std::string what_is_there(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return "";
  std::map<std::string, Index> counts;
  for (const std::string& name : names_in(folder)) {
    const std::string ending = fs::path(name).extension().string();
    ++counts[fs::is_directory(folder / name, ignored) ? "folder"
             : ending.empty()                         ? "file without an ending"
                                                      : ending];
  }
  std::vector<std::string> kinds;
  for (const auto& [kind, count] : counts)
    if (kind == "folder" || kind == "file without an ending")
      kinds.push_back(sentence(count, " ", kind, count == 1 ? "" : "s"));
    else
      kinds.push_back(sentence(count, " ", kind));
  if (kinds.empty()) return "; the folder is empty";
  std::string text = "; the folder holds " + listed(kinds);
  if (counts.contains(".pt") || counts.contains(".pth"))
    text += " (of PyTorch's, save each tensor by numpy.save(name, tensor.numpy()))";
  return text;
}

}  // namespace

bool natural_less(const std::string& a, const std::string& b) {
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!digit(a[i]) || !digit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
      continue;
    }
    const auto run = [&](const std::string& s, std::size_t& at) {
      while (at + 1 < s.size() && s[at] == '0' && digit(s[at + 1])) ++at;
      const std::size_t first = at;
      while (at < s.size() && digit(s[at])) ++at;
      return s.substr(first, at - first);
    };
    const std::string x = run(a, i), y = run(b, j);
    if (x.size() != y.size()) return x.size() < y.size();
    if (x != y) return x < y;
  }
  if (i < a.size() || j < b.size()) return j < b.size();
  return a < b;  // 01 and 1
}

bool stands_for_files(const std::string& name) {
  std::error_code ignored;
  return fs::is_directory(name, ignored) || (!fs::exists(name, ignored) && is_pattern(name));
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::error_code failure;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure))
    names.push_back(entry->path().filename().string());
  if (failure) throw io_error(folder.string(), "cannot be listed: " + failure.message());
  std::erase_if(names, is_hidden);
  std::sort(names.begin(), names.end(), natural_less);
  return names;
}

void require_no_pipe(const fs::path& entry) {
  std::error_code ignored;
  const fs::file_status status = fs::status(entry, ignored);
  if (!fs::exists(status) || fs::is_regular_file(status) || fs::is_directory(status)) return;
  const char* const what = fs::is_fifo(status)     ? "pipe"
                           : fs::is_socket(status) ? "socket"
                                                   : "device";
  throw io_error(entry.string(), sentence("this is a ", what,
                                          ", and of a folder files alone are read; remove it, or "
                                          "name it by itself where a pipe can be read"));
}

std::vector<std::string> npy_names_in(const fs::path& folder) {
  std::vector<std::string> names = names_in(folder);
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".npy"); });
  return names;
}

fs::path folder_of(const std::string& name) {
  std::error_code ignored;
  return fs::is_directory(name, ignored) ? fs::path(name) : fs::path(name).parent_path();
}

std::vector<std::string> list_files(const std::string& name) {
  std::vector<std::string> files;
  std::error_code ignored;
  const bool folder = fs::is_directory(name, ignored);
  if (is_pattern(name) && !folder) {
    glob_t found{};
    if (::glob(with_literal_folders(name).c_str(), 0, nullptr, &found) == 0)
      for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
    ::globfree(&found);
    std::sort(files.begin(), files.end(), natural_less);
  } else {
    const std::vector<std::string> names = names_in(name);
    for (const char* ending : {".npy", ".npz"}) {
      for (const std::string& file : names)
        if (file.ends_with(ending) && !file.starts_with('_'))
          files.push_back((fs::path(name) / file).string());
      if (!files.empty()) break;
    }
  }
  std::erase_if(files, [](const std::string& file) {
    const std::string own = fs::path(file).filename().string();
    return own.starts_with('_') || is_hidden(own);
  });
  if (files.empty())
    throw io_error(name, folder ? "no .npy file was found there" + what_is_there(name)
                                : "no .npy file was found there: no name is like this pattern" +
                                      what_is_there(folder_of(name)));
  for (const std::string& file : files) require_no_pipe(file);
  return files;
}

std::vector<std::string> epochs_of_a_model(const std::vector<std::string>& files) {
  std::set<std::string, decltype(&natural_less)> epochs(&natural_less);
  std::set<std::string> models;
  for (const std::string& file : files) {
    const std::size_t at = file.rfind("epoch");
    if (at == std::string::npos) return {};
    const std::size_t first = file.find_first_of("0123456789", at);
    const std::size_t end = file.find_first_not_of("0123456789", first);
    if (first == std::string::npos || first > at + 6) return {};
    epochs.insert(file.substr(first, end == std::string::npos ? end : end - first));
    models.insert(file.substr(0, at) + (end == std::string::npos ? "" : file.substr(end)));
  }
  if (models.size() == files.size()) return {};
  return {epochs.begin(), epochs.end()};
}

std::string epochs_warning(const std::string& name, const std::vector<std::string>& files) {
  const std::vector<std::string> epochs = epochs_of_a_model(files);
  if (epochs.empty()) return "";
  return sentence(name, ": several epochs (", listed(epochs), ") of the same models, taken as ",
                  files.size(), " models; name one epoch by a pattern in quotes, '",
                  (folder_of(name) / sentence("*epoch_", epochs.back(), ".npy")).string(), "'.");
}

}  // namespace expunge::cli
