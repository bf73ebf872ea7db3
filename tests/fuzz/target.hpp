// What the fuzz targets share: a folder in memory for readers that take names of files, and a count
// of the inputs that were read whole, by which the seeds are tested.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "expunge/core/check.hpp"

namespace expunge::fuzz {

using Bytes = std::span<const std::uint8_t>;

/// Goes up when a target has read an input to its end and refused nothing.
inline int inputs_read = 0;

/// A folder of this process, in memory where the system has such a place; gone at the end.
class Folder {
 public:
  Folder() {
    const std::filesystem::path memory = "/dev/shm";
    folder_ =
        (std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path()) /
        sentence("expunge-fuzz-", ::getpid(), "-", this);
    std::filesystem::create_directories(folder_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string operator/(const std::string& name) const { return (folder_ / name).string(); }
  std::string name() const { return folder_.string(); }

  std::string write(const std::string& name, Bytes bytes) const {
    std::ofstream out(folder_ / name, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    return *this / name;
  }
  void clear() const {
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      std::filesystem::remove_all(entry.path());
  }

 private:
  std::filesystem::path folder_;
};

/// Calls look(), for which an io_error is a right answer. Any other exception ends the program. For
/// what accepts nearly every input and so says little about one: not counted as read.
template <class F>
void glance(F&& look) {
  try {
    look();
  } catch (const io_error&) {
  }
}

/// The same, counted as read where it refuses nothing.
template <class F>
void attempt(F&& read) {
  glance([&] {
    read();
    ++inputs_read;
  });
}

}  // namespace expunge::fuzz
