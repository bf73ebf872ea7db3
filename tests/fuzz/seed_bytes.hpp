// Bytes of small files, made by hand, for the seeds.
#pragma once

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "expunge/io/byte_source.hpp"
#include "expunge/io/crc32.hpp"
#include "io/scratch.hpp"

namespace expunge::fuzz {

using ByteVector = std::vector<std::uint8_t>;

inline ByteVector joined(ByteVector a, const ByteVector& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// The low bytes of a number, least first.
inline ByteVector little_endian(std::uint64_t value, int bytes) {
  ByteVector digits;
  for (int i = 0; i < bytes; ++i) digits.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  return digits;
}

/// Numbers 0, 1, 2, ... as bytes of this type.
template <class T>
std::string counted(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    const T value = static_cast<T>(i);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return bytes;
}

/// A gzip member that holds the bytes uncompressed (one stored block).
inline ByteVector gzip_member(const ByteVector& content) {
  ByteVector bytes{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1};
  bytes = joined(std::move(bytes), little_endian(content.size(), 2));
  bytes = joined(std::move(bytes), little_endian(~content.size(), 2));
  bytes = joined(std::move(bytes), content);
  bytes = joined(std::move(bytes), little_endian(crc32_of(content.data(), content.size()), 4));
  return joined(std::move(bytes), little_endian(content.size(), 4));
}

/// A zip archive of stored members, in this order; names may repeat.
inline ByteVector zip_archive(const std::vector<std::pair<std::string, ByteVector>>& members,
                              const std::string& comment = "") {
  ByteVector bytes, directory;
  for (const auto& [name, content] : members) {
    // versions, flags, method, time and date of 1 January 1980, checksum, sizes, length of the name
    ByteVector common = joined({20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0},
                               little_endian(crc32_of(content.data(), content.size()), 4));
    for (int twice = 0; twice < 2; ++twice)
      common = joined(std::move(common), little_endian(content.size(), 4));
    common = joined(std::move(common), little_endian(name.size(), 2));
    directory = joined(std::move(directory), joined({'P', 'K', 1, 2, 20, 0}, common));
    directory = joined(std::move(directory), ByteVector(12, 0));
    directory = joined(std::move(directory), little_endian(bytes.size(), 4));
    directory.insert(directory.end(), name.begin(), name.end());
    bytes = joined(std::move(bytes), joined({'P', 'K', 3, 4}, common));
    bytes = joined(std::move(bytes), {0, 0});
    bytes.insert(bytes.end(), name.begin(), name.end());
    bytes = joined(std::move(bytes), content);
  }
  ByteVector end{'P', 'K', 5, 6, 0, 0, 0, 0};
  for (int twice = 0; twice < 2; ++twice)
    end = joined(std::move(end), little_endian(members.size(), 2));
  end = joined(std::move(end), little_endian(directory.size(), 4));
  end = joined(std::move(end), little_endian(bytes.size(), 4));
  end = joined(std::move(end), little_endian(comment.size(), 2));
  end.insert(end.end(), comment.begin(), comment.end());
  return joined(joined(std::move(bytes), directory), end);
}

/// Calls f(name, bytes) for every file of a golden folder with this ending.
template <class F>
void for_each_golden(const std::string& folder, const std::string& ending, F&& f) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(EXPUNGE_GOLDEN_DIR) + "/" + folder))
    if (entry.path().extension() == ending && entry.file_size() < 20000)
      paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) f(path.stem().string(), read_bytes(path, 20000));
}

}  // namespace expunge::fuzz
