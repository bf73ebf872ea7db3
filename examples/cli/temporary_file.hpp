// A file without a name in TMPDIR (or /tmp), gone when the program ends: what comes out of an
// archive is put there and mapped, so that it may be larger than memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "expunge/io/mapped_file.hpp"

namespace expunge::cli {

class TemporaryFile {
 public:
  /// `name`: what is put there, for errors. Throws io_error if no file can be made.
  explicit TemporaryFile(std::string name);
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();

  /// Appends. Throws io_error, of a full disk say.
  void write(std::span<const std::uint8_t> bytes);

  /// What was written, mapped; nothing can be written after that.
  std::shared_ptr<const MappedFile> map();

 private:
  std::string name_, path_;
  int descriptor_ = -1;
};

/// Throws io_error if the disk of the temporary files has less than `size` bytes left.
void check_temporary_space(const std::string& name, std::uint64_t size);

}  // namespace expunge::cli
