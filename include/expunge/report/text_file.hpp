// Text files of a report. Written so that a killed run leaves the old file or the new one, never
// half of one.
#pragma once

#include <filesystem>
#include <string>

#include "expunge/io/atomic_file.hpp"
#include "expunge/io/byte_source.hpp"

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
  FileSource source(path);
  std::string text(source.size(), ' ');
  source.read(text.data(), text.size());
  return text;
}

}  // namespace expunge::report
