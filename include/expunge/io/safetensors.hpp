// Files of named tensors, the format in which PyTorch's users exchange weights: read where they
// lie, written atomically.
//
//   const Safetensors file = Safetensors::map("model.safetensors");
//   const std::vector<float> bias = file.values<float>("9.bias");
//
// Read are F16, BF16, F32, F64 as real numbers, and all integers and BOOL as integers; tensors of
// other types are listed and not read. Format and checks: safetensors_header.hpp, docs/formats.md.
#pragma once

#include <bit>
#include <cstring>
#include <filesystem>
#include <memory>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "expunge/io/atomic_file.hpp"
#include "expunge/io/mapped_file.hpp"
#include "expunge/io/npy.hpp"
#include "expunge/io/safetensors_header.hpp"

namespace expunge {

class Safetensors {
 public:
  /// Bytes that `owner` keeps alive; `name` is for error messages. Throws io_error.
  Safetensors(std::span<const std::uint8_t> bytes, std::string name,
              std::shared_ptr<const void> owner)
      : owner_(std::move(owner)),
        bytes_(bytes),
        name_(std::move(name)),
        header_(read_safetensors_header(bytes_, name_)) {
    by_name_.resize(header_.tensors.size());
    std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
    std::sort(by_name_.begin(), by_name_.end(), [&](std::size_t a, std::size_t b) {
      return header_.tensors[a].name < header_.tensors[b].name;
    });
  }

  /// The file at `path`, mapped.
  static Safetensors map(const std::filesystem::path& path) {
    const auto file = std::make_shared<const MappedFile>(path);
    return {file->bytes(), file->name(), file};
  }

  const std::string& name() const { return name_; }
  const SafetensorsHeader& header() const { return header_; }
  const std::vector<SafetensorsEntry>& tensors() const { return header_.tensors; }
  const std::map<std::string, std::string>& metadata() const { return header_.metadata; }

  /// The tensor of this name, or nullptr.
  const SafetensorsEntry* find(std::string_view tensor) const {
    const auto at = std::lower_bound(
        by_name_.begin(), by_name_.end(), tensor,
        [&](std::size_t a, std::string_view b) { return header_.tensors[a].name < b; });
    if (at == by_name_.end() || header_.tensors[*at].name != tensor) return nullptr;
    return &header_.tensors[*at];
  }

  /// The bytes of a tensor of this file.
  std::span<const std::uint8_t> bytes(const SafetensorsEntry& tensor) const {
    require(tensor.end <= bytes_.size() - header_.data_offset, "Safetensors::bytes: tensor '",
            tensor.name, "' is none of ", name_);
    return bytes_.subspan(header_.data_offset + tensor.begin, tensor.end - tensor.begin);
  }

  /// Numbers [from, from + count) of a tensor of this file, row-major, converted to T. Throws
  /// io_error if the type of its numbers is not read as T or T cannot hold one,
  /// std::invalid_argument if they are not all there.
  template <class T>
  void read(const SafetensorsEntry& tensor, Index from, Index count, T* to) const {
    check_type<T>(tensor);
    const auto size = static_cast<Index>(tensor.elements());
    require(from >= 0 && count >= 0 && from <= size && count <= size - from &&
                tensor.end <= bytes_.size() - header_.data_offset,
            "Safetensors::read: numbers ", from, " to ", from + count, " of tensor '", tensor.name,
            "', which has ", size);
    const std::uint64_t at =
        header_.data_offset + tensor.begin + static_cast<std::uint64_t>(from) * tensor.type.bytes;
    const Index good = convert(tensor.type.name, bytes_.data() + at, count, to);
    if (good < count) {
      const std::uint64_t wrong = at + static_cast<std::uint64_t>(good) * tensor.type.bytes;
      throw io_error(name_, wrong,
                     sentence("tensor '", detail::shown(tensor.name), "' of type ",
                              tensor.type.name, ": number ", from + good, " is ",
                              number_text(tensor.type.name, bytes_.data() + wrong), ", ",
                              detail::expected_number<T>()));
    }
  }

  /// All numbers of the tensor of this name. Throws io_error if there is none.
  template <class T>
  std::vector<T> values(std::string_view tensor) const {
    static_assert(!std::is_same_v<T, bool>,
                  "Safetensors::values: read flags as std::uint8_t, not as bool.");
    const SafetensorsEntry* entry = find(tensor);
    if (entry == nullptr)
      throw io_error(name_, sentence("there is no tensor '", detail::shown(tensor), "' among its ",
                                     header_.tensors.size(), first_name()));
    check_type<T>(*entry);  // before anything is allocated by its shape
    std::vector<T> numbers(entry->elements());
    read(*entry, 0, static_cast<Index>(numbers.size()), numbers.data());
    return numbers;
  }

 private:
  /// What the file has instead, for a message.
  std::string first_name() const {
    if (header_.tensors.empty()) return "";
    return sentence(" ('", detail::shown(header_.tensors[by_name_[0]].name), "' is the first)");
  }

  /// Refuses a type that is not read as T.
  template <class T>
  void check_type(const SafetensorsEntry& tensor) const {
    T none[1];
    if (tensor.is_known() && convert(tensor.type.name, nullptr, 0, none) >= 0) return;
    throw io_error(name_, header_.data_offset + tensor.begin,
                   sentence("tensor '", detail::shown(tensor.name), "' has numbers of type ",
                            detail::shown(tensor.type_name()), ", which cannot be read as ",
                            std::is_integral_v<T> ? "integers" : "real numbers", "; convert it to ",
                            std::is_integral_v<T> ? "I64" : "F32"));
  }

  /// How many numbers were converted before one that T cannot hold; -1 for a type that is not read.
  template <class T>
  static Index convert(std::string_view type, const std::uint8_t* bytes, Index count, T* to) {
    const std::size_t n = static_cast<std::size_t>(count);
    const bool real = type.find('F') != type.npos;
    if (real == std::is_integral_v<T>) return -1;
    if (type == "BF16")
      return static_cast<Index>(detail::convert_bytes<Eigen::bfloat16>(bytes, n, swapped, to));
    const ItemType item = item_type(type);
    return item.bytes == 0 ? -1 : static_cast<Index>(detail::convert_items(item, bytes, n, to));
  }

  /// Of a type that NumPy has too, else of 0 bytes.
  static ItemType item_type(std::string_view type) {
    const char kind = type[0] == 'F' ? 'f' : type[0] == 'I' ? 'i' : 'u';  // BOOL: as U8
    for (const std::string_view known :
         {"F16", "F32", "F64", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "BOOL"})
      if (type == known) {
        const Index bits = type == "BOOL" ? 8 : std::stoi(std::string(type.substr(1)));
        return {kind, bits / 8, swapped};
      }
    return {kind, 0, swapped};
  }

  static std::string number_text(std::string_view type, const std::uint8_t* bytes) {
    if (type != "BF16") return detail::item_text(item_type(type), bytes);
    float value = 0;
    detail::convert_bytes<Eigen::bfloat16>(bytes, 1, swapped, &value);
    return sentence(value);
  }

  static constexpr bool swapped = std::endian::native != std::endian::little;

  std::shared_ptr<const void> owner_;
  std::span<const std::uint8_t> bytes_;
  std::string name_;
  SafetensorsHeader header_;
  std::vector<std::size_t> by_name_;  // positions in header_.tensors, names ascending
};

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
