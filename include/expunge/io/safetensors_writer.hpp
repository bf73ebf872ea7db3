// Writes files of named tensors in the safetensors format (safetensors_header.hpp), atomically, in
// the order and with the bytes of the reference implementation.
//
//   write_safetensors("copy.safetensors", {tensor_to_write("9.bias", {10}, bias.data())});
#pragma once

#include <algorithm>
#include <bit>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "expunge/core/half.hpp"
#include "expunge/io/atomic_file.hpp"
#include "expunge/io/safetensors_header.hpp"

namespace expunge {

/// A tensor to be written, which must outlive the call that writes it. Its numbers lie in `pieces`
/// blocks of one size, `stride` numbers from one to the next: a slice of every member's row, say.
struct TensorToWrite {
  std::string name;
  std::vector<Index> shape;  // of all pieces together
  TensorType type;
  const void* data;
  Index pieces = 1;
  Index stride = 0;

  Index elements() const {
    Index n = 1;
    for (const Index extent : shape) n *= extent;
    return n;
  }
  std::uint64_t bytes() const { return static_cast<std::uint64_t>(elements()) * type.bytes; }
};

/// The format's name of a C++ type that can be written: float, double, Half, bool or an integer.
template <class T>
constexpr TensorType tensor_type_of() {
  static_assert(
      std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, Half> ||
          std::is_integral_v<T>,
      "tensor_type_of: tensors of float, double, Half, bool and integers can be written.");
  if constexpr (std::is_same_v<T, Half>) return {"F16", 2};
  if constexpr (std::is_same_v<T, float>) return {"F32", 4};
  if constexpr (std::is_same_v<T, double>) return {"F64", 8};
  if constexpr (std::is_same_v<T, bool>) return {"BOOL", 1};
  constexpr std::string_view names[] = {"U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64"};
  constexpr std::size_t place = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 2 : sizeof(T) == 4 ? 4 : 6;
  return {names[place + (std::is_signed_v<T> ? 1 : 0)], sizeof(T)};
}

template <class T>
TensorToWrite tensor_to_write(std::string name, std::vector<Index> shape, const T* data,
                              Index pieces = 1, Index stride = 0) {
  return {std::move(name), std::move(shape), tensor_type_of<T>(), data, pieces, stride};
}

namespace detail {

/// As the reference implementation: wide types first, then by name, so that all are aligned.
inline void sort_for_writing(std::vector<TensorToWrite>& tensors) {
  const auto rank = [](const TensorToWrite& t) {
    return std::find_if(std::begin(tensor_types), std::end(tensor_types),
                        [&](const TensorType& type) { return type.name == t.type.name; });
  };
  std::sort(tensors.begin(), tensors.end(), [&](const TensorToWrite& a, const TensorToWrite& b) {
    return rank(a) != rank(b) ? rank(a) > rank(b) : a.name < b.name;
  });
  std::set<std::string_view> names;
  for (const TensorToWrite& t : tensors) {
    require(is_utf8(t.name) && t.name != "__metadata__",
            "write_safetensors: no tensor can be named '", shown(t.name), "'");
    require(names.insert(t.name).second, "write_safetensors: two tensors are named '",
            shown(t.name), "'");
    require(std::all_of(t.shape.begin(), t.shape.end(), [](Index n) { return n >= 0; }) &&
                t.pieces >= 1 && t.elements() % t.pieces == 0,
            "write_safetensors: tensor '", shown(t.name), "' has no shape of ", t.pieces,
            " equal pieces");
  }
}

/// The text of the header, with spaces up to a multiple of 8 bytes.
inline std::string safetensors_dictionary(const std::vector<TensorToWrite>& tensors,
                                          const std::map<std::string, std::string>& metadata) {
  std::string text = "{";
  for (const auto& [key, value] : metadata) {
    require(is_utf8(key) && is_utf8(value), "write_safetensors: metadata '", shown(key),
            "' is not UTF-8");
    text += (text.size() == 1 ? "\"__metadata__\":{" : ",") + json_string(key) + ":" +
            json_string(value);
  }
  if (!metadata.empty()) text += "}";
  std::uint64_t begin = 0;
  for (const TensorToWrite& t : tensors) {
    text += (text.size() == 1 ? "" : ",") + json_string(t.name);
    text += sentence(":{\"dtype\":\"", t.type.name, "\",\"shape\":[");
    for (std::size_t a = 0; a < t.shape.size(); ++a) text += sentence(a ? "," : "", t.shape[a]);
    text += sentence("],\"data_offsets\":[", begin, ",", begin + t.bytes(), "]}");
    begin += t.bytes();
  }
  text += "}";
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

/// Turns the bytes of every item round.
inline void swap_items(std::vector<std::uint8_t>& bytes, std::uint64_t item) {
  for (auto at = bytes.begin(); at != bytes.end(); at += static_cast<std::ptrdiff_t>(item))
    std::reverse(at, at + static_cast<std::ptrdiff_t>(item));
}

inline void write_little_endian(AtomicFile& file, const std::uint8_t* bytes, std::uint64_t count,
                                std::uint64_t item) {
  if constexpr (std::endian::native == std::endian::little) {
    file.write(bytes, count);
  } else {
    std::vector<std::uint8_t> swapped(bytes, bytes + count);
    swap_items(swapped, item);
    file.write(swapped.data(), count);
  }
}

}  // namespace detail

/// Writes the tensors in the order and with the header of the reference implementation: the same
/// content is the same bytes. Throws io_error if it cannot; the old file stays.
inline void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                              const std::map<std::string, std::string>& metadata = {}) {
  detail::sort_for_writing(tensors);
  const std::string header = detail::safetensors_dictionary(tensors, metadata);
  require(header.size() <= longest_safetensors_header, "write_safetensors: a header of ",
          header.size(), " bytes; readers take ", longest_safetensors_header);
  AtomicFile file(path);
  const auto length = static_cast<std::uint64_t>(header.size());
  std::uint8_t digits[8];
  for (std::size_t i = 0; i < 8; ++i) digits[i] = static_cast<std::uint8_t>(length >> (8 * i));
  file.write(digits, 8);
  file.write(header);
  for (const TensorToWrite& t : tensors) {
    const std::uint64_t piece = t.bytes() / static_cast<std::uint64_t>(t.pieces);
    for (Index p = 0; p < t.pieces && piece > 0; ++p)
      detail::write_little_endian(file,
                                  static_cast<const std::uint8_t*>(t.data) +
                                      p * t.stride * static_cast<Index>(t.type.bytes),
                                  piece, t.type.bytes);
  }
  file.commit();
}

}  // namespace expunge
