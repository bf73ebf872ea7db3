// Where a parser's bytes come from: a file, read as it goes, or memory.
//
// Both know their size before anything is read, so that a parser can refuse a header that promises
// more than there is before it allocates.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "expunge/core/check.hpp"

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
                     sentence("the file ends, ", count, " bytes were expected from ", "byte ",
                              offset_, " on"));
    if (count > 0) std::memcpy(to, bytes_.data() + offset_, count);
    offset_ += count;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::string name_;
  std::uint64_t offset_ = 0;
};

/// A file.
class FileSource {
 public:
  explicit FileSource(const std::filesystem::path& path) : name_(path.string()) {
    std::error_code failure;
    size_ = std::filesystem::file_size(path, failure);
    if (failure) throw io_error(name_, sentence("cannot be opened: ", failure.message()));
    in_.open(path, std::ios::binary);
    if (!in_) throw io_error(name_, "cannot be opened for reading");
  }

  const std::string& name() const { return name_; }
  std::uint64_t size() const { return size_; }
  std::uint64_t offset() const { return offset_; }
  void read(void* to, std::uint64_t count) {
    in_.read(static_cast<char*>(to), static_cast<std::streamsize>(count));
    if (!in_)
      throw io_error(
          name_, offset_ + static_cast<std::uint64_t>(in_.gcount()),
          sentence("the file ends, ", count, " bytes were expected from byte ", offset_, " on"));
    offset_ += count;
  }

 private:
  std::string name_;
  std::uint64_t size_ = 0;
  std::uint64_t offset_ = 0;
  std::ifstream in_;
};

/// The whole of a file of at most `most_bytes`.
inline std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path,
                                            std::uint64_t most_bytes) {
  FileSource source(path);
  if (source.size() > most_bytes)
    throw io_error(
        source.name(), most_bytes,
        sentence("the file has ", source.size(), " bytes, more than the limit of ", most_bytes));
  std::vector<std::uint8_t> bytes(source.size());
  source.read(bytes.data(), source.size());
  return bytes;
}

}  // namespace expunge
