// The few pieces of JSON (RFC 8259) that a header of names and numbers is made of: objects, arrays,
// strings, and integers of at least 0. The caller says which is expected where, so that nothing
// else is accepted and the depth is the caller's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "expunge/core/check.hpp"

namespace expunge {

namespace detail {

/// The beginning of a text from a file, for an error message of one line.
inline std::string shown(std::string_view text) {
  std::string line;
  for (const char c : text.substr(0, 60))
    line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return text.size() > 60 ? line + "..." : line;
}

}  // namespace detail

/// Whether these bytes are UTF-8 (RFC 3629): no overlong forms, no surrogates.
inline bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) -> std::uint32_t {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u;
    };
    const std::uint32_t first = byte(0);
    const std::size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if ((first >= 0x80 && first < 0xc2) || first > 0xf4) return false;
    std::uint32_t code = first & (more == 0 ? 0x7fu : 0x3fu >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      if ((byte(k) & 0xc0) != 0x80) return false;
      code = (code << 6) | (byte(k) & 0x3f);
    }
    if ((more == 2 && code < 0x800) || (more == 3 && (code < 0x10000 || code > 0x10ffff)) ||
        (code >= 0xd800 && code < 0xe000))
      return false;
    i += more + 1;
  }
  return true;
}

/// A reader of such a text, from front to back. Whatever is not expected throws io_error.
class JsonText {
 public:
  /// `first_byte` is the place of the text in the file; `what` begins every message. The bytes must
  /// outlive it.
  JsonText(std::span<const std::uint8_t> bytes, std::string file, std::uint64_t first_byte,
           std::string what)
      : text_(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
        file_(std::move(file)),
        first_byte_(first_byte),
        what_(std::move(what)) {
    if (!is_utf8(text_)) fail("UTF-8 was expected");
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw io_error(file_, first_byte_ + at_, what_ + what);
  }

  /// {"key": value, ...}: calls value(key) with the reader before the value, which it must read.
  template <class F>
  void object(F&& value) {
    expect('{');
    for (bool first = true; peek() != '}'; first = false) {
      if (!first) expect(',');
      std::string key = string();
      expect(':');
      value(std::move(key));
    }
    expect('}');
  }

  /// [value, ...]: calls value() with the reader before each value.
  template <class F>
  void array(F&& value) {
    expect('[');
    for (bool first = true; peek() != ']'; first = false) {
      if (!first) expect(',');
      value();
    }
    expect(']');
  }

  std::uint64_t number() {
    if (peek() < '0' || peek() > '9') fail("an integer of at least 0 was expected");
    const bool zero = text_[at_] == '0';
    constexpr std::uint64_t most = std::uint64_t{1} << 62;
    std::uint64_t value = 0;
    std::size_t digits = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_, ++digits) {
      const std::uint64_t digit = static_cast<std::uint64_t>(text_[at_] - '0');
      if (value > (most - digit) / 10) fail("a number is larger than fits");
      value = 10 * value + digit;
    }
    if (zero && digits > 1) fail("a number must not begin with 0");
    return value;
  }

  std::string string() {
    expect('"');
    std::string value;
    while (true) {
      const char c = next();
      if (c == '"') return value;
      if (static_cast<unsigned char>(c) < 0x20) fail("a string holds a control character");
      if (c == '\\')
        append_escape(value);
      else
        value += c;
    }
  }

  /// Nothing but blanks may follow.
  void end() {
    skip_blanks();
    if (at_ != text_.size()) fail("nothing but spaces was expected after the last '}'");
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && std::string_view(" \n\r\t").find(text_[at_]) != text_.npos) ++at_;
  }
  char peek() {
    skip_blanks();
    if (at_ == text_.size()) fail("the text ends too early");
    return text_[at_];
  }
  char next() {
    if (at_ == text_.size()) fail("a string is not closed");
    return text_[at_++];
  }
  void expect(char c) {
    if (peek() != c) fail(std::string("'") + c + "' was expected");
    ++at_;
  }

  void append_escape(std::string& value) {
    const char c = next();
    constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (const std::size_t i = names.find(c); i != names.npos) {
      value += meanings[i];
      return;
    }
    if (c != 'u') fail("an escape is none of JSON's");
    std::uint32_t code = four_digits();
    if (code >= 0xd800 && code < 0xdc00) {  // the first half of a pair
      if (next() != '\\' || next() != 'u') fail("half a surrogate pair");
      const std::uint32_t low = four_digits();
      if (low < 0xdc00 || low >= 0xe000) fail("half a surrogate pair");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) {
      fail("half a surrogate pair");
    }
    append_utf8(code, value);
  }

  std::uint32_t four_digits() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      constexpr std::string_view digits = "0123456789abcdef";
      const char c = next();
      const std::size_t digit = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
      if (digit == digits.npos) fail("four hexadecimal digits were expected");
      code = 16 * code + static_cast<std::uint32_t>(digit);
    }
    return code;
  }

  static void append_utf8(std::uint32_t code, std::string& value) {
    const auto add = [&](std::uint32_t byte) { value += static_cast<char>(byte); };
    if (code < 0x80) return add(code);
    if (code < 0x800) {
      add(0xc0 | (code >> 6));
    } else {
      if (code < 0x10000) {
        add(0xe0 | (code >> 12));
      } else {
        add(0xf0 | (code >> 18));
        add(0x80 | ((code >> 12) & 0x3f));
      }
      add(0x80 | ((code >> 6) & 0x3f));
    }
    add(0x80 | (code & 0x3f));
  }

  std::string_view text_;
  std::string file_;
  std::uint64_t first_byte_;
  std::string what_;
  std::size_t at_ = 0;
};

/// A string as JSON, quotes and all; no character is escaped that need not be.
inline std::string json_string(std::string_view text) {
  constexpr std::string_view names = "\"\\bfnrt", meanings = "\"\\\b\f\n\r\t";
  std::string json = "\"";
  for (const char c : text) {
    const std::size_t i = meanings.find(c);
    if (i != meanings.npos) {
      json += {'\\', names[i]};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr std::string_view digits = "0123456789abcdef";
      json += "\\u00";
      json += {digits[static_cast<std::size_t>(c) / 16], digits[static_cast<std::size_t>(c) % 16]};
    } else {
      json += c;
    }
  }
  return json + "\"";
}

}  // namespace expunge
