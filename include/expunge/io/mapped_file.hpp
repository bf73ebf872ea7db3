// A file as a span of bytes, mapped: pages are read as they are touched and may be dropped again,
// so a file may be larger than memory. What comes out of a pipe or terminal (/dev/stdin) is read
// into memory at once.
//
// The file must not shrink while it is mapped, and a page that the disk does not give cannot be
// told: touching it ends the program, as with every mapping.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "expunge/io/descriptor.hpp"

namespace expunge {

class MappedFile {
 public:
  /// Throws io_error if there is no such file, or it is a folder or a device; where the system
  /// refuses it, that is a system_refusal.
  explicit MappedFile(const std::filesystem::path& path) : name_(path.string()) {
    const int file = detail::open_input(path);
    if (file < 0) fail("cannot be opened", errno);
    map(file);
  }

  /// Of a file that is open already, which is closed; `name` is for error messages.
  MappedFile(int file, std::string name) : name_(std::move(name)) { map(file); }

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (data_ != nullptr) ::munmap(data_, size_);
  }

  const std::string& name() const { return name_; }
  std::span<const std::uint8_t> bytes() const {
    if (data_ == nullptr) return whole_;
    return {static_cast<const std::uint8_t*>(data_), size_};
  }

 private:
  [[noreturn]] void fail(const char* what, int error) const {
    throw detail::refusal_to_read(name_, what, error);
  }

  /// Maps or reads the file, and closes it.
  void map(int file) {
    try {
      map_open(file);
    } catch (...) {
      ::close(file);
      throw;
    }
    ::close(file);
  }

  void map_open(int file) {
    struct stat status {};
    if (::fstat(file, &status) != 0) fail("cannot be read", errno);
    if (detail::is_stream(file, status)) {
      whole_ = detail::read_stream(file, name_, ~std::uint64_t{0});
      return;
    }
    if (!S_ISREG(status.st_mode)) throw io_error(name_, detail::what_instead_of_file(status));
    if (status.st_size == 0) return;
    size_ = static_cast<std::size_t>(status.st_size);
    void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
    if (mapped == MAP_FAILED) fail("cannot be read", errno);
    data_ = mapped;
  }

  std::string name_;
  void* data_ = nullptr;
  std::size_t size_ = 0;
  std::vector<std::uint8_t> whole_;  // of a pipe
};

}  // namespace expunge
