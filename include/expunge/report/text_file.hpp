// Text files of a report. Written so that a killed run leaves the old file or the new one, never
// half of one.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "expunge/core/check.hpp"
#include "expunge/io/atomic_file.hpp"

namespace expunge::report {

/// Writes the whole file; makes the folder if there is none. Throws io_error.
inline void write_text_file(const std::filesystem::path& path, const std::string& text) {
  make_folder_of(path);
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

/// The whole file. Throws io_error.
inline std::string read_text_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw io_error(path.string(), "cannot be opened for reading");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace expunge::report
