// Where a parser's bytes come from: a file, read as it goes, or memory.
//
// Both know their size before anything is read, so that a parser can refuse a header that promises
// more than there is before it allocates.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "expunge/io/descriptor.hpp"

namespace expunge {

/// A reader of bytes in order.
template <class S>
concept ByteSource = requires(S& source, void* to, std::uint64_t count) {
  { source.name() } -> std::convertible_to<std::string_view>;
  { source.size() } -> std::same_as<std::uint64_t>;
  { source.offset() } -> std::same_as<std::uint64_t>;
  source.read(to, count);  // throws io_error if there are fewer
};

/// Bytes in memory, which must outlive it.
class MemorySource {
 public:
  MemorySource(std::span<const std::uint8_t> bytes, std::string name)
      : bytes_(bytes), name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  std::uint64_t size() const { return bytes_.size(); }
  std::uint64_t offset() const { return offset_; }
  void read(void* to, std::uint64_t count) {
    if (count > size() - offset_)
      throw io_error(name_, size(),
                     sentence("the file ends, ", count, " bytes were expected from byte ", offset_,
                              " on; it is cut off"));
    if (count > 0) std::memcpy(to, bytes_.data() + offset_, count);
    offset_ += count;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::string name_;
  std::uint64_t offset_ = 0;
};

/// A file, or all that comes out of a pipe or terminal (/dev/stdin), which is read at once.
class FileSource {
 public:
  /// Throws io_error if there is none, or more than `most_bytes`.
  explicit FileSource(const std::filesystem::path& path,
                      std::uint64_t most_bytes = ~std::uint64_t{0})
      : name_(path.string()) {
    descriptor_ = detail::open_input(path);
    if (descriptor_ < 0) throw detail::refusal_to_read(name_, "cannot be opened", errno);
    try {
      start(most_bytes);
    } catch (...) {
      close();
      throw;
    }
  }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() { close(); }

  const std::string& name() const { return name_; }
  std::uint64_t size() const { return size_; }
  std::uint64_t offset() const { return offset_; }
  void read(void* to, std::uint64_t count) {
    const std::uint64_t there = std::min(count, size_ - offset_);
    if (descriptor_ < 0) {
      if (there > 0) std::memcpy(to, whole_.data() + offset_, there);
      offset_ += there;
    } else {
      read_file(static_cast<std::uint8_t*>(to), there);
    }
    if (there < count)
      throw io_error(name_, offset_,
                     sentence("the file ends, ", count, " bytes were expected from byte ",
                              offset_ - there, " on; it is cut off"));
  }

 private:
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  void start(std::uint64_t most_bytes) {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0)
      throw detail::refusal_to_read(name_, "cannot be read", errno);
    if (detail::is_stream(descriptor_, status)) {
      whole_ = detail::read_stream(descriptor_, name_, most_bytes);
      size_ = whole_.size();
      close();
      return;
    }
    if (!S_ISREG(status.st_mode)) throw io_error(name_, detail::what_instead_of_file(status));
    size_ = static_cast<std::uint64_t>(status.st_size);
    if (size_ > most_bytes)
      throw io_error(
          name_, sentence("the file has ", size_, " bytes, more than the limit of ", most_bytes));
  }
  void read_file(std::uint8_t* to, std::uint64_t count) {
    while (count > 0) {
      const ::ssize_t got = ::read(descriptor_, to, std::min<std::uint64_t>(count, 1u << 30));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw detail::refusal_to_read(name_, "cannot be read", errno);
      if (got == 0) throw io_error(name_, offset_, "the file became shorter while it was read");
      to += got;
      count -= static_cast<std::uint64_t>(got);
      offset_ += static_cast<std::uint64_t>(got);
    }
  }

  std::string name_;
  std::uint64_t size_ = 0;
  std::uint64_t offset_ = 0;
  int descriptor_ = -1;  // -1: of a pipe, which is in memory
  std::vector<std::uint8_t> whole_;
};

/// The whole of a file, or of a pipe, of at most `most_bytes`.
inline std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path,
                                            std::uint64_t most_bytes) {
  FileSource source(path, most_bytes);
  std::vector<std::uint8_t> bytes(source.size());
  source.read(bytes.data(), source.size());
  return bytes;
}

}  // namespace expunge
