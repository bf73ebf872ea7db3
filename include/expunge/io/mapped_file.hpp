// A file as a span of bytes, mapped where the system can: pages are read as they are touched and
// may be dropped again, so a file may be larger than memory.
//
// The file must not shrink while it is mapped (touching the lost pages ends the program, as with
// every mapping). Systems without <sys/mman.h> read the whole file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "expunge/core/check.hpp"
#include "expunge/io/byte_source.hpp"

#if __has_include(<sys/mman.h>)
#define EXPUNGE_HAS_MMAP 1
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace expunge {

#if defined(EXPUNGE_HAS_MMAP)

class MappedFile {
 public:
  /// Throws io_error if there is no such file or it is no regular file.
  explicit MappedFile(const std::filesystem::path& path) : name_(path.string()) {
    // without O_NONBLOCK a pipe that nobody writes to would be waited for
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) fail("cannot be opened", errno);
    map(file);
    ::close(file);
  }

  /// Of a file that is open already, which is closed; `name` is for error messages.
  MappedFile(int file, std::string name) : name_(std::move(name)) {
    map(file);
    ::close(file);
  }

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (data_ != nullptr) ::munmap(data_, size_);
  }

  const std::string& name() const { return name_; }
  std::span<const std::uint8_t> bytes() const {
    return {static_cast<const std::uint8_t*>(data_), size_};
  }

 private:
  [[noreturn]] void fail(const char* what, int error) const {
    throw io_error(name_, sentence(what, ": ", std::generic_category().message(error)));
  }

  void map(int file) {
    struct stat status {};
    int error = ::fstat(file, &status) == 0 ? 0 : errno;
    if (error == 0 && !S_ISREG(status.st_mode)) error = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    if (error == 0 && status.st_size > 0) {
      size_ = static_cast<std::size_t>(status.st_size);
      data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
      if (data_ == MAP_FAILED) {
        error = errno;
        data_ = nullptr;
      }
    }
    if (error == 0) return;
    ::close(file);
    fail("cannot be read", error);
  }

  std::string name_;
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

#else

class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path)
      : name_(path.string()), bytes_(read_bytes(path, ~std::uint64_t{0})) {}
  const std::string& name() const { return name_; }
  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  std::string name_;
  std::vector<std::uint8_t> bytes_;
};

#endif

}  // namespace expunge
