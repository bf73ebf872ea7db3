// Writing a file so that a killed run leaves the old one or the new one, never a half.
//
// Bytes go to a temporary name in the same folder, and `commit` renames it. A file that is not
// committed is removed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <system_error>

#include "expunge/core/check.hpp"

namespace expunge {

class AtomicFile {
 public:
  /// Throws io_error if no file can be made there.
  explicit AtomicFile(const std::filesystem::path& path) : path_(path), partial_(partial(path)) {
    out_.open(partial_, std::ios::binary | std::ios::trunc);
    if (!out_) throw io_error(path_.string(), 0, "cannot be written: no file can be made there");
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (committed_) return;
    out_.close();
    std::error_code ignored;
    std::filesystem::remove(partial_, ignored);
  }

  void write(const void* bytes, std::uint64_t count) {
    out_.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(count));
    if (!out_) throw io_error(path_.string(), written_, "cannot be written: is the disk full?");
    written_ += count;
  }
  void write(std::string_view text) { write(text.data(), text.size()); }

  /// Makes the file appear under its name. Throws io_error if that fails.
  void commit() {
    out_.close();
    if (!out_) throw io_error(path_.string(), written_, "cannot be written: is the disk full?");
    std::error_code failure;
    std::filesystem::rename(partial_, path_, failure);
    if (failure)
      throw io_error(
          path_.string(), written_,
          sentence("cannot be renamed from ", partial_.string(), ": ", failure.message()));
    committed_ = true;
  }

 private:
  static std::filesystem::path partial(const std::filesystem::path& path) {
    std::random_device device;
    std::filesystem::path name = path;
    name += sentence(".", device(), device(), ".partial");
    return name;
  }

  std::filesystem::path path_, partial_;
  std::ofstream out_;
  std::uint64_t written_ = 0;
  bool committed_ = false;
};

}  // namespace expunge
