// Files of named tensors, the format in which PyTorch's users exchange weights: read where they lie
// here, written in safetensors_writer.hpp, which comes with it.
//
//   const Safetensors file = Safetensors::map("model.safetensors");
//   const std::vector<float> bias = file.values<float>("9.bias");
//
// Read are F16, BF16, F32, F64, all integers and BOOL, as numbers of any type that holds them, by
// the rules of all readers (convert_number.hpp): integers round where floating-point numbers are
// read, whole floating-point numbers are integers. Tensors of other types are listed and not read.
// Format and checks: safetensors_header.hpp, docs/formats.md.
#pragma once

#include <algorithm>
#include <bit>
#include <filesystem>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "expunge/io/convert_number.hpp"
#include "expunge/io/mapped_file.hpp"
#include "expunge/io/safetensors_header.hpp"
#include "expunge/io/safetensors_writer.hpp"

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
  /// io_error if the type of its numbers is not read or T cannot hold one,
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
                              detail::expected_number<T>(), detail::advice_on_number<T>()));
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

  /// Refuses a type that is not read.
  template <class T>
  void check_type(const SafetensorsEntry& tensor) const {
    if (tensor.is_known() && (tensor.type.name == "BF16" || item_type(tensor.type.name).bytes > 0))
      return;
    throw io_error(
        name_, header_.data_offset + tensor.begin,
        sentence("tensor '", detail::shown(tensor.name), "' has numbers of type ",
                 detail::shown(tensor.type_name()), ", which are not read; convert it to ",
                 std::is_integral_v<T> ? "I64" : "F32"));
  }

  /// How many numbers were converted before one that T cannot hold.
  template <class T>
  static Index convert(std::string_view type, const std::uint8_t* bytes, Index count, T* to) {
    const std::size_t n = static_cast<std::size_t>(count);
    if (type == "BF16")
      return static_cast<Index>(detail::convert_bytes<Eigen::bfloat16>(bytes, n, swapped, to));
    return static_cast<Index>(detail::convert_items(item_type(type), bytes, n, to));
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

}  // namespace expunge
