// The header of a .npy file (NumPy Enhancement Proposal 1; versions 1, 2 and 3).
//
//   bytes 0 .. 5   \x93NUMPY
//   bytes 6, 7     version
//   then           length of what follows, little endian: 2 bytes in 1.0, 4 bytes in 2.0 and 3.0
//   then           {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, spaces, newline
//
// Parsed strictly: these three keys, each once. Python objects and structured types are refused;
// nothing here is ever evaluated or allocated by a number that the file claims.
#pragma once

#include <bit>
#include <limits>
#include <string>
#include <vector>

#include "expunge/core/platform.hpp"
#include "expunge/io/byte_source.hpp"

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
  /// As numpy writes it, without byte order: f4, i8, b1.
  std::string type() const { return sentence(kind, item_bytes); }
};

namespace detail {

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
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
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
    if (peek() == '[') fail("structured types cannot be read");
    const std::string type = quoted();
    if (type.find('O') != std::string::npos) fail("Python objects cannot be read");
    if (type.size() != 3) fail(sentence("type '", type.substr(0, 40), "' cannot be read"));
    const std::string_view known[] = {"f2", "f4", "f8", "b1", "i1", "i2",
                                      "i4", "i8", "u1", "u2", "u4", "u8"};
    bool found = false;
    for (const std::string_view k : known) found = found || type.substr(1) == k;
    const char order = type[0];
    const bool one_byte = type[2] == '1';
    if (!found || (order != '<' && order != '>' && order != '=' && !(order == '|' && one_byte)))
      fail(sentence("type '", type, "' cannot be read"));
    const bool little = std::endian::native == std::endian::little;
    header.kind = type[1];
    header.item_bytes = type[2] - '0';
    header.swapped = !one_byte && ((order == '<' && !little) || (order == '>' && little));
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
    throw io_error(source.name(), "not a .npy file: \\x93NUMPY was expected");
  if (start[6] < 1 || start[6] > 3 || start[7] != 0)
    throw io_error(source.name(), 6, "npy version 1.0, 2.0 or 3.0 was expected");
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
                            source.size() - source.offset(), " follow"));
  return header;
}

/// Of the file at `path`.
inline NpyHeader read_npy_header(const std::filesystem::path& path) {
  FileSource source(path);
  return read_npy_header(source);
}

}  // namespace expunge
