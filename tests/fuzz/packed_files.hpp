// Several files in one input: how many, then for each its name, as a position in a list, three
// bytes of length, and the bytes. A length beyond the end means all that is left.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/target.hpp"

namespace expunge::fuzz {

/// Names that folders of models have on disk: models, what macOS and datamodels leave, a second
/// epoch, other kinds of file, a data set of EasyDUB.
inline constexpr std::array<std::string_view, 14> file_names{
    "id_0.npy",
    "id_1.npy",
    "id_2.npy",
    "id_10.npy",
    "._id_0.npy",
    ".DS_Store",
    "notes.txt",
    "_completed.npy",
    "masks.npy",
    "id_0_epoch_1.npy",
    "a.npz",
    "id_3.NPY",
    "forget_sets/cifar10/forget_set_1.npy",
    "margins/cifar10/oracle/forget_1/retain/resnet9/id_0_epoch_23.npy"};

using NamedBytes = std::vector<std::pair<std::string_view, Bytes>>;

inline NamedBytes unpack(Bytes bytes) {
  NamedBytes files;
  if (bytes.empty()) return files;
  const std::size_t count = bytes[0] % 8u;
  bytes = bytes.subspan(1);
  for (std::size_t i = 0; i < count && bytes.size() >= 4; ++i) {
    const std::size_t length = bytes[1] + 256u * bytes[2] + 65536u * bytes[3];
    const std::string_view name = file_names[bytes[0] % file_names.size()];
    bytes = bytes.subspan(4);
    files.emplace_back(name, bytes.first(std::min(length, bytes.size())));
    bytes = bytes.subspan(files.back().second.size());
  }
  return files;
}

inline std::vector<std::uint8_t> pack(const NamedBytes& files) {
  std::vector<std::uint8_t> bytes{static_cast<std::uint8_t>(files.size())};
  for (const auto& [name, content] : files) {
    const auto at = std::find(file_names.begin(), file_names.end(), name);
    bytes.push_back(static_cast<std::uint8_t>(at - file_names.begin()));
    for (int shift = 0; shift < 24; shift += 8)
      bytes.push_back(static_cast<std::uint8_t>(content.size() >> shift));
    bytes.insert(bytes.end(), content.begin(), content.end());
  }
  return bytes;
}

}  // namespace expunge::fuzz
