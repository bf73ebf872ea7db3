// The header of a safetensors file, the format in which PyTorch's users exchange weights.
//
//   bytes 0 .. 7   length N of the header, little endian
//   then N bytes   {"__metadata__":{"key":"text"},"name":{"dtype":"F32","shape":[2,3],
//                  "data_offsets":[0,24]}}, and spaces
//   then           the numbers, little endian, row-major; offsets count from here
//
// Parsed strictly, as exactly this grammar and not as any JSON: every key once, nothing deeper. The
// tensors must tile the data: no overlap, no hole, nothing after them. Nothing is allocated by a
// number that the file claims; the header is at most 100 MB, as in the reference implementation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/core/platform.hpp"
#include "expunge/io/file_kind.hpp"
#include "expunge/io/json_text.hpp"

namespace expunge {

/// A type of number that the format knows, by its name there.
struct TensorType {
  std::string_view name;
  std::uint64_t bytes;  // of one number; 0 of a type that this reader does not know
};

/// Of the text of a header, in bytes, as in the reference implementation.
inline constexpr std::uint64_t longest_safetensors_header = 100'000'000;

inline constexpr TensorType tensor_types[] = {
    {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
    {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
    {"U32", 4},  {"F32", 4}, {"F64", 8}, {"I64", 8},     {"U64", 8}};

/// One tensor of a file: bytes [begin, end) of the data.
struct SafetensorsEntry {
  std::string name;
  TensorType type = {};
  std::string unknown_type;  // of a type that this reader does not know: its name; else empty
  std::vector<Index> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  bool is_known() const { return type.bytes > 0; }
  std::string_view type_name() const { return is_known() ? type.name : unknown_type; }
  /// Of the shape. Where the type is known, the bytes are all there.
  std::uint64_t elements() const {
    std::uint64_t n = 1;
    for (const Index extent : shape) n *= static_cast<std::uint64_t>(extent);
    return n;
  }
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> tensors;  // in the order of their data
  std::map<std::string, std::string> metadata;
  std::uint64_t data_offset = 0;  // of the first number, in the file
};

namespace detail {

/// Reads the dictionary.
class SafetensorsDictionary {
 public:
  SafetensorsDictionary(JsonText& text, SafetensorsHeader& header) : text_(text), header_(header) {}

  void parse() {
    bool metadata = false;
    text_.object([&](std::string key) {
      if (key != "__metadata__") return parse_tensor(std::move(key));
      if (metadata) text_.fail("__metadata__ is given twice");
      metadata = true;
      text_.object([&](std::string inner) {
        const auto [at, added] = header_.metadata.emplace(std::move(inner), text_.string());
        if (!added) text_.fail("metadata '" + shown(at->first) + "' is given twice");
      });
    });
    text_.end();
  }

 private:
  void parse_tensor(std::string name) {
    SafetensorsEntry tensor;
    tensor.name = std::move(name);
    unsigned seen = 0;
    text_.object([&](const std::string& key) {
      const unsigned bit = key == "dtype" ? 1 : key == "shape" ? 2 : key == "data_offsets" ? 4 : 0;
      if (bit == 0 || (seen & bit) != 0)
        fail(tensor, "key '" + shown(key) + "' is unknown or given twice");
      seen |= bit;
      if (bit == 1) set_type(tensor);
      if (bit == 2) tensor.shape = numbers<Index>(tensor, 32);
      if (bit == 4) {
        const std::vector<std::uint64_t> offsets = numbers<std::uint64_t>(tensor, 2);
        if (offsets.size() != 2 || offsets[0] > offsets[1])
          fail(tensor, "data_offsets of a begin and an end not below it were expected");
        tensor.begin = offsets[0];
        tensor.end = offsets[1];
      }
    });
    if (seen != 7) fail(tensor, "dtype, shape and data_offsets were expected");
    check_size(tensor);
    header_.tensors.push_back(std::move(tensor));
  }

  /// Newer files have types that did not exist when this was written: their tensors are listed.
  void set_type(SafetensorsEntry& tensor) {
    const std::string name = text_.string();
    for (const TensorType& known : tensor_types)
      if (known.name == name) tensor.type = known;
    if (!tensor.is_known()) tensor.unknown_type = name;
  }

  template <class Number>
  std::vector<Number> numbers(const SafetensorsEntry& tensor, std::size_t most) {
    std::vector<Number> values;
    text_.array([&] {
      if (values.size() == most) fail(tensor, sentence("more than ", most, " numbers in a list"));
      values.push_back(static_cast<Number>(text_.number()));
    });
    return values;
  }

  /// The shape asks for exactly the bytes between the offsets, where a number's are known.
  void check_size(const SafetensorsEntry& tensor) {
    constexpr std::uint64_t most = std::uint64_t{1} << 62;
    std::uint64_t bytes = std::max<std::uint64_t>(tensor.type.bytes, 1);
    for (const Index extent : tensor.shape) {
      const auto n = static_cast<std::uint64_t>(extent);
      if (n > 0 && bytes > most / n) fail(tensor, "the shape has more bytes than fit");
      bytes *= n;
    }
    if (tensor.is_known() && bytes != tensor.end - tensor.begin)
      fail(tensor, sentence("its type and shape take ", bytes, " bytes, data_offsets ",
                            tensor.begin, " to ", tensor.end, " give ", tensor.end - tensor.begin));
  }

  [[noreturn]] void fail(const SafetensorsEntry& tensor, const std::string& what) const {
    text_.fail("tensor '" + shown(tensor.name) + "': " + what);
  }

  JsonText& text_;
  SafetensorsHeader& header_;
};

/// Sorts the tensors by their data and refuses overlaps, holes, and data that are not all there.
inline void check_tiling(SafetensorsHeader& header, std::uint64_t data_bytes,
                         const std::string& file) {
  const auto fail = [&](const SafetensorsEntry& tensor, std::uint64_t expected) {
    throw io_error(
        file, header.data_offset + expected,
        sentence("tensor '", shown(tensor.name), "' takes bytes ", tensor.begin, " to ", tensor.end,
                 " of ", data_bytes, " of data, it was expected from ", expected, " on"));
  };
  std::stable_sort(header.tensors.begin(), header.tensors.end(), [](const auto& a, const auto& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::uint64_t end = 0;
  for (const SafetensorsEntry& tensor : header.tensors) {
    if (tensor.begin != end) fail(tensor, end);
    if (tensor.end > data_bytes)
      throw io_error(
          file, header.data_offset + data_bytes,
          sentence("the file ends within tensor '", shown(tensor.name), "', which takes ",
                   tensor.end - tensor.begin, " bytes, ", data_bytes - tensor.begin,
                   " are there; the file is cut off, copy it again"));
    end = tensor.end;
  }
  if (end != data_bytes)
    throw io_error(
        file, header.data_offset + end,
        sentence("the tensors take ", end, " bytes, ", data_bytes, " bytes of data follow"));
}

inline void check_names_differ(const SafetensorsHeader& header, const std::string& file) {
  std::vector<std::string_view> names;
  for (const SafetensorsEntry& tensor : header.tensors) names.push_back(tensor.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end())
    throw io_error(file, 8, sentence("tensor '", shown(*twice), "' is given twice"));
}

}  // namespace detail

/// Reads and checks the header of a whole file in memory; `file` is for error messages. Throws
/// io_error.
inline SafetensorsHeader read_safetensors_header(std::span<const std::uint8_t> bytes,
                                                 const std::string& file) {
  if (bytes.size() < 8)
    throw io_error(file, sentence("not a safetensors file: 8 bytes of length were expected, ",
                                  detail::file_kind(bytes)));
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < 8; ++i) length |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  if (length > longest_safetensors_header || length > bytes.size() - 8)
    throw io_error(file,
                   sentence("not a safetensors file, or cut off: a header of ", length,
                            " bytes is claimed, ", bytes.size() - 8, " bytes follow, at most ",
                            longest_safetensors_header, " are read; ", detail::file_kind(bytes)));
  if (length == 0 || bytes[8] != '{')
    throw io_error(file, 8, "not a safetensors file: '{' was expected");
  SafetensorsHeader header;
  header.data_offset = 8 + length;
  JsonText text(bytes.subspan(8, length), file, 8, "safetensors header: ");
  detail::SafetensorsDictionary(text, header).parse();
  detail::check_names_differ(header, file);
  detail::check_tiling(header, bytes.size() - header.data_offset, file);
  return header;
}

}  // namespace expunge
