#include "cli/listing.hpp"

#include <glob.h>

#include <algorithm>
#include <cctype>

#include "expunge/io/byte_source.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

/// Whether the name has a character of a pattern.
bool is_pattern(const std::string& name) {
  return name.find_first_of("*?[") != std::string::npos;
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
  if (failure) throw io_error(folder.string(), 0, "cannot be listed: " + failure.message());
  std::sort(names.begin(), names.end(), natural_less);
  return names;
}

std::vector<std::string> npy_names_in(const fs::path& folder) {
  std::vector<std::string> names = names_in(folder);
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".npy"); });
  return names;
}

std::vector<std::string> list_files(const std::string& name) {
  std::vector<std::string> files;
  std::error_code ignored;
  if (is_pattern(name) && !fs::is_directory(name, ignored)) {
    glob_t found{};
    if (::glob(name.c_str(), 0, nullptr, &found) == 0)
      for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
    ::globfree(&found);
    std::sort(files.begin(), files.end(), natural_less);
  } else {
    for (const std::string& file : npy_names_in(name))
      files.push_back((fs::path(name) / file).string());
  }
  std::erase_if(files, [](const std::string& file) {
    return fs::path(file).filename().string().starts_with('_');
  });
  if (files.empty()) throw io_error(name, 0, "no .npy file was found there");
  return files;
}

}  // namespace expunge::cli
