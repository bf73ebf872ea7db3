// One array in a file that says what it is and whether it is whole: a part of a long computation
// that several runs, one after the other or at once, may find, use or make again.
//
// A safetensors file (safetensors.hpp) of one tensor, "array", and this metadata:
//
//   expunge_block   "1", the version of this form
//   name            of the part, so that a renamed file is not taken for another
//   key             everything that the numbers depend on, as text
//   crc32           eight hexadecimal digits: CRC-32 (crc32.hpp) of every other entry of the
//                   metadata, of type and shape, and of the numbers as they lie in the file
//
// and whatever else the writer adds (the arithmetic, say). A block is written by one rename after
// its bytes are on the disk (atomic_file.hpp): no lock is needed, two writers of the same block
// leave one of them whole, and what is there, of this name and key and with this checksum, is done.
#pragma once

#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/io/crc32.hpp"
#include "expunge/io/safetensors.hpp"

namespace expunge {

/// What a block is.
struct BlockLabel {
  std::string name;
  std::string key;
  std::map<std::string, std::string> more = {};  // further metadata; not compared when read
};

enum class BlockState {
  whole,    // of this name and key, undamaged
  missing,  // there is no file
  foreign,  // a block of another name or key, or no block at all
  damaged   // cut off or changed
};

/// A block as it was found.
struct BlockFile {
  BlockState state = BlockState::missing;
  std::string problem;  // foreign, damaged: what was found, beginning with the path
  std::optional<Safetensors> file = {};  // whole: mapped
  const SafetensorsEntry* array() const { return file ? file->find("array") : nullptr; }
};

namespace detail {

inline constexpr const char* block_version = "1";

/// Metadata must be UTF-8, a key need not be.
inline std::pair<std::string, std::string> key_entry(const std::string& key) {
  if (is_utf8(key)) return {"key", key};
  std::string digits;
  char pair[3];
  for (const char c : key) {
    std::snprintf(pair, sizeof pair, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    digits += pair;
  }
  return {"key_hex", digits};
}

/// Of all that a block says and holds; `numbers` as they lie in the file.
inline std::string block_checksum(const std::map<std::string, std::string>& metadata,
                                  std::string_view type, const std::vector<Index>& shape,
                                  std::span<const std::uint8_t> numbers) {
  std::string text;
  for (const auto& [name, value] : metadata)
    if (name != "crc32") text += name + '\0' + value + '\0';
  text += type;
  for (const Index extent : shape) text += sentence(' ', extent);
  const std::uint32_t sum =
      crc32_of(numbers.data(), numbers.size(), crc32_of(text.data(), text.size()));
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(sum));
  return digits;
}

/// The bytes of an array as they lie in a file; `swapped` keeps them where they are not the
/// machine's.
inline std::span<const std::uint8_t> little_endian(const TensorToWrite& tensor,
                                                   std::vector<std::uint8_t>& swapped) {
  const std::span<const std::uint8_t> bytes(static_cast<const std::uint8_t*>(tensor.data),
                                            tensor.bytes());
  if constexpr (std::endian::native == std::endian::little) return bytes;
  swapped.assign(bytes.begin(), bytes.end());
  swap_items(swapped, tensor.type.bytes);
  return swapped;
}

}  // namespace detail

/// Writes a row-major array of any number of axes as a block. Throws io_error if it cannot.
template <class A>
void write_block(const std::filesystem::path& path, const BlockLabel& label, const A& array) {
  static_assert(A::static_layout == xt::layout_type::row_major,
                "write_block: a row-major array was expected (expunge::Array, xt::xtensor).");
  std::vector<Index> shape;
  for (const auto extent : array.shape()) shape.push_back(static_cast<Index>(extent));
  const TensorToWrite tensor = tensor_to_write("array", shape, array.data());
  std::map<std::string, std::string> metadata = label.more;
  metadata.insert_or_assign("expunge_block", detail::block_version);
  metadata.insert_or_assign("name", label.name);
  const auto [name, value] = detail::key_entry(label.key);
  metadata.insert_or_assign(name, value);
  std::vector<std::uint8_t> swapped;
  metadata.insert_or_assign("crc32",
                            detail::block_checksum(metadata, tensor.type.name, shape,
                                                   detail::little_endian(tensor, swapped)));
  write_safetensors(path, {tensor}, metadata);
}

/// Checks all of what should be a block: a file that is of another computation or damaged is no
/// error but a state, with a sentence to show.
inline BlockFile check_block(Safetensors file, const BlockLabel& label) {
  const auto entry = [&](const std::string& name) {
    const auto at = file.metadata().find(name);
    return at == file.metadata().end() ? std::string() : at->second;
  };
  const auto found = [&](BlockState state, const std::string& problem) {
    return BlockFile{state, file.name() + ": " + problem};
  };
  const SafetensorsEntry* array = file.find("array");
  if (entry("expunge_block") != detail::block_version || array == nullptr)
    return found(BlockState::foreign, sentence("this is no block of version ",
                                               detail::block_version, " of this program"));
  const std::string sum =
      detail::block_checksum(file.metadata(), array->type_name(), array->shape, file.bytes(*array));
  if (entry("crc32") != sum)
    return found(BlockState::damaged,
                 sentence("the content has the checksum ", sum, ", it was written with '",
                          detail::shown(entry("crc32")), "'"));
  const auto [name, value] = detail::key_entry(label.key);
  if (entry("name") != label.name)
    return found(BlockState::foreign, sentence("this is '", detail::shown(entry("name")),
                                               "' under the name of '", label.name, "'"));
  if (file.metadata().count(name) == 0 || entry(name) != value)
    return found(BlockState::foreign, "it was made with other settings or other data");
  return {BlockState::whole, "", std::move(file)};
}

namespace detail {

/// Whether something lies at this path. Throws io_error unless that is a file, and system_refusal
/// where the system does not say: a block that cannot be seen now may be whole.
inline bool is_block_there(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw refusal_to_read(path.string(), "cannot be looked at", errno);
  }
  if (S_ISREG(status.st_mode)) return true;
  throw io_error(path.string(), sentence("a block is kept under this name, but this is a ",
                                         S_ISDIR(status.st_mode) ? "folder" : "pipe or a device",
                                         "; remove it or choose another folder"));
}

}  // namespace detail

/// Opens a block, mapped, and checks it. What the content says is a state: missing, foreign,
/// damaged. Throws system_refusal where the system does not let it be read (too many open files, no
/// memory, no permission): such a block may be whole, and is not to be made again. Throws io_error
/// where the path is of a folder, a pipe or a device.
inline BlockFile open_block(const std::filesystem::path& path, const BlockLabel& label) {
  if (!detail::is_block_there(path)) return {};
  try {
    return check_block(Safetensors::map(path), label);
  } catch (const system_refusal& refusal) {
    if (refusal.error() != ENOENT) throw;
    return {};  // removed meanwhile
  } catch (const io_error& error) {
    return {BlockState::damaged, error.what()};
  }
}

}  // namespace expunge
