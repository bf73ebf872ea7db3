// What a file seems to be that is not what a reader expected, by its first bytes: for messages.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "expunge/core/platform.hpp"

namespace expunge::detail {

/// ": it begins like ..., which ..." or the first bytes, as the end of a sentence.
inline std::string file_kind(std::span<const std::uint8_t> bytes) {
  struct Kind {
    std::string_view magic, what;
  };
  constexpr Kind kinds[] = {
      {{"\x93NUMPY", 6}, "a .npy array of NumPy"},
      {{"PK\x03\x04", 4},
       "a zip archive (.npz, or .pt of PyTorch); take the array that is meant out of it"},
      {{"\x1f\x8b", 2}, "a gzip file; unpack it first"},
      {{"\xfd\x37zXZ", 5}, "an xz file; unpack it first"},
      {{"BZh", 3}, "a bzip2 file; unpack it first"},
      {{"\x28\xb5\x2f\xfd", 4}, "a zstd file; unpack it first"},
      {{"\x89HDF", 4}, "an HDF5 file; save the array by numpy.save"},
      {{"MATLAB", 6}, "a MATLAB file; save the array by numpy.save"},
      {{"\x80\x02", 2}, "a Python pickle; save the numbers by numpy.save or safetensors"},
      {{"\x80\x03", 2}, "a Python pickle; save the numbers by numpy.save or safetensors"},
      {{"\x80\x04", 2}, "a Python pickle; save the numbers by numpy.save or safetensors"},
      {{"\x80\x05", 2}, "a Python pickle; save the numbers by numpy.save or safetensors"},
      {{"version https://git-lfs", 23},
       "a pointer of Git LFS; fetch the file itself (git lfs pull)"},
      {{"<", 1}, "a page of the web; was the download refused?"}};
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (start.empty()) return "it is empty";
  for (const Kind& kind : kinds)
    if (start.starts_with(kind.magic)) return "it begins like " + std::string(kind.what);
  std::string shown = "it begins with the bytes";
  constexpr std::string_view digits = "0123456789abcdef";
  for (const std::uint8_t byte : bytes.first(bytes.size() < 4 ? bytes.size() : 4))
    shown += std::string(" ") + digits[byte / 16] + digits[byte % 16];
  return shown;
}

}  // namespace expunge::detail
