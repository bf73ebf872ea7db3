// The header of a .npy file (NumPy Enhancement Proposal 1; versions 1, 2 and 3).
//
//   bytes 0 .. 5   \x93NUMPY
//   bytes 6, 7     version
//   then           length of what follows, little endian: 2 bytes in 1.0, 4 bytes in 2.0 and 3.0
//   then           {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, spaces, newline
//
// What NumPy accepts there is accepted: any blanks, long integers of Python 2 (3L), types with and
// without byte order, by code or by name ('<f4', 'f4', 'float32'). These three keys, each once.
// Python objects and structured types are refused; nothing here is ever evaluated or allocated by a
// number that the file claims.
#pragma once

#include <bit>
#include <limits>
#include <string>
#include <vector>

#include "expunge/core/platform.hpp"
#include "expunge/io/byte_source.hpp"
#include "expunge/io/convert_number.hpp"
#include "expunge/io/file_kind.hpp"

namespace expunge {

struct NpyHeader {
  char kind = 'f';  // f float, i integer, u unsigned, b bool
  Index item_bytes = 4;
  bool swapped = false;  // the file's byte order is not this machine's
  bool fortran_order = false;
  std::vector<Index> shape;
  std::uint64_t data_offset = 0;

  Index elements() const {
    Index n = 1;
    for (const Index extent : shape) n *= extent;
    return n;
  }
  ItemType item() const { return {kind, item_bytes, swapped}; }
  /// As numpy writes it, without byte order: f4, i8, b1.
  std::string type() const { return item().text(); }
};

namespace detail {

/// Kind and bytes ("f4") of a type by the codes and names that numpy.dtype takes, without the byte
/// order; "" of a type that is not read.
inline std::string_view npy_type_code(std::string_view type) {
  struct Code {
    std::string_view code, name, letters;  // letters: of C types, as Linux and macOS have them
  };
  constexpr Code codes[] = {{"f2", "float16", "e"}, {"f4", "float32", "f"}, {"f8", "float64", "d"},
                            {"b1", "bool", "?"},    {"i1", "int8", "b"},    {"i2", "int16", "h"},
                            {"i4", "int32", "i"},   {"i8", "int64", "lq"},  {"u1", "uint8", "B"},
                            {"u2", "uint16", "H"},  {"u4", "uint32", "I"},  {"u8", "uint64", "LQ"}};
  for (const Code& c : codes)
    if (type == c.code || type == c.name ||
        (type.size() == 1 && c.letters.find(type) != std::string_view::npos))
      return c.code;
  return {};
}

/// What a type is that cannot be read, and the way out.
inline std::string npy_type_advice(const std::string& type) {
  const auto has = [&](std::string_view letters) {
    return type.find_first_of(letters) != std::string::npos;
  };
  if (type.ends_with("V2"))
    return ": two raw bytes, which is how bfloat16 of ml_dtypes is saved; save a.astype('float32')";
  if (type.ends_with("V1"))
    return ": raw bytes, which is how float8 of ml_dtypes is saved; save a.astype('float32')";
  if (type.ends_with("c8") || type.ends_with("c16"))
    return ": complex numbers; save a.real and a.imag";
  if (type.ends_with("f16") || type.ends_with("f12") || type.ends_with("g"))
    return ": long double; save a.astype('float64')";
  if (has("USa")) return ": text; save numbers";
  if (has("Mm")) return ": dates; save a.astype('int64')";
  return "; save a.astype('float64')";
}

/// Reads the dictionary, character by character.
class NpyDictionary {
 public:
  NpyDictionary(const std::string& text, std::string name, std::uint64_t first_byte)
      : text_(text), name_(std::move(name)), first_byte_(first_byte) {}

  void parse(NpyHeader& header) {
    bool descr = false, order = false, shape = false;
    expect('{');
    while (peek() != '}') {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !descr) {
        descr = true;
        parse_type(header);
      } else if (key == "fortran_order" && !order) {
        order = true;
        header.fortran_order = boolean();
      } else if (key == "shape" && !shape) {
        shape = true;
        parse_shape(header);
      } else {
        fail(sentence("key '", key.substr(0, 40), "' is unknown or given twice"));
      }
      if (peek() != '}') expect(',');
    }
    expect('}');
    if (!descr || !order || !shape) fail("descr, fortran_order and shape were expected");
    skip_blanks();
    if (at_ != text_.size()) fail("nothing but spaces was expected after the header");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw io_error(name_, first_byte_ + at_, "npy header: " + what);
  }
  void skip_blanks() {
    while (at_ < text_.size() &&
           std::string_view(" \t\n\r\f").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  char peek() {
    skip_blanks();
    if (at_ == text_.size()) fail("the header ends too early");
    return text_[at_];
  }
  void expect(char c) {
    if (peek() != c) fail(sentence("'", c, "' was expected"));
    ++at_;
  }
  std::string quoted() {
    if (peek() == 'u' && at_ + 1 < text_.size()) ++at_;  // u'descr', of Python 2
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail("a quoted name was expected");
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string::npos) fail("a quote is not closed");
    const std::string inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return inside;
  }
  bool boolean() {
    skip_blanks();
    for (const std::string_view word : {"True", "False"})
      if (std::string_view(text_).substr(at_, word.size()) == word) {
        at_ += word.size();
        return word == "True";
      }
    fail("True or False was expected");
  }

  void parse_type(NpyHeader& header) {
    if (peek() == '[') fail("structured types cannot be read; save each field alone");
    const std::string type = quoted();
    if (type.find('O') != std::string::npos)
      fail("Python objects cannot be read; save a.astype('float64')");
    const bool ordered =
        !type.empty() && std::string_view("<>=|").find(type[0]) != std::string_view::npos;
    const char order = ordered ? type[0] : '=';
    const std::string_view code = npy_type_code(std::string_view(type).substr(ordered ? 1 : 0));
    if (code.empty())
      fail(sentence("type '", type.substr(0, 40), "' cannot be read", npy_type_advice(type)));
    const bool little = std::endian::native == std::endian::little;
    header.kind = code[0];
    header.item_bytes = code[1] - '0';
    header.swapped =
        header.item_bytes > 1 && ((order == '<' && !little) || (order == '>' && little));
  }

  void parse_shape(NpyHeader& header) {
    expect('(');
    header.shape.clear();
    std::uint64_t product = 1;
    while (peek() != ')') {
      const std::uint64_t extent = number();
      if (extent > largest / product) fail("the shape has more elements than fit");
      product *= std::max<std::uint64_t>(extent, 1);
      header.shape.push_back(static_cast<Index>(extent));
      if (header.shape.size() > 32) fail("the shape has more than 32 axes");
      if (peek() == ',')
        ++at_;
      else if (header.shape.size() == 1)
        fail("a ',' was expected after the only extent");
      else
        break;
    }
    expect(')');
  }

  std::uint64_t number() {
    if (peek() < '0' || peek() > '9') fail("an extent of at least 0 was expected");
    std::uint64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      value = 10 * value + static_cast<std::uint64_t>(text_[at_] - '0');
      if (value > largest) fail("an extent is larger than fits");
    }
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // a long integer of Python 2
    return value;
  }

  static constexpr std::uint64_t largest = std::uint64_t{1} << 48;

  const std::string& text_;
  std::string name_;
  std::uint64_t first_byte_;
  std::size_t at_ = 0;
};

}  // namespace detail

/// Reads the header and checks that exactly its data follows. Throws io_error.
template <ByteSource S>
NpyHeader read_npy_header(S& source) {
  unsigned char start[8];
  source.read(start, 8);
  if (std::memcmp(start, "\x93NUMPY", 6) != 0)
    throw io_error(source.name(), sentence("not a .npy file: \\x93NUMPY was expected, ",
                                           detail::file_kind({start, sizeof start})));
  if (start[6] < 1 || start[6] > 3 || start[7] != 0)
    throw io_error(source.name(), 6,
                   sentence("npy version 1.0, 2.0 or 3.0 was expected, it is ",
                            static_cast<int>(start[6]), ".", static_cast<int>(start[7])));
  const unsigned length_bytes = start[6] == 1 ? 2 : 4;
  unsigned char digits[4] = {};
  source.read(digits, length_bytes);
  std::uint64_t length = 0;
  for (unsigned i = 0; i < 4; ++i) length |= static_cast<std::uint64_t>(digits[i]) << (8 * i);
  if (length > 65536 || length > source.size() - source.offset())
    throw io_error(source.name(), 8,
                   sentence("npy header: a length of ", length,
                            " bytes, more than the file or the limit of 65536"));
  const std::uint64_t first_byte = source.offset();
  std::string text(length, ' ');
  source.read(text.data(), length);
  NpyHeader header;
  detail::NpyDictionary(text, std::string(source.name()), first_byte).parse(header);
  header.data_offset = source.offset();
  const std::uint64_t expected =
      static_cast<std::uint64_t>(header.elements()) * static_cast<std::uint64_t>(header.item_bytes);
  if (source.size() - source.offset() != expected)
    throw io_error(source.name(), source.offset(),
                   sentence(expected, " bytes of data were expected by the shape, ",
                            source.size() - source.offset(), " follow",
                            source.size() - source.offset() < expected
                                ? "; the file is cut off, copy it again"
                                : "; a file of one array was expected"));
  return header;
}

/// Of the file at `path`.
inline NpyHeader read_npy_header(const std::filesystem::path& path) {
  FileSource source(path);
  return read_npy_header(source);
}

}  // namespace expunge
