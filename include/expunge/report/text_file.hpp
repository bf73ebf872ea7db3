// Text files of a report: written under a temporary name and renamed, so that a killed run leaves
// the old file or the new one, never half of one.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

#include "expunge/core/check.hpp"

namespace expunge::report {

/// Writes the whole file; makes the folder if there is none. Throws io_error.
inline void write_text_file(const std::filesystem::path& path, const std::string& text) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  std::filesystem::path partial = path;
  partial += ".partial";
  {
    std::ofstream out(partial, std::ios::binary | std::ios::trunc);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.close();
    if (!out) throw io_error(path.string(), 0, sentence("cannot write ", text.size(), " bytes"));
  }
  std::filesystem::rename(partial, path, error);
  if (error) throw io_error(path.string(), 0, "cannot be renamed to: " + error.message());
}

/// The whole file. Throws io_error.
inline std::string read_text_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw io_error(path.string(), 0, "cannot be opened for reading");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace expunge::report
