#include "expunge/io/crc32.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace expunge;

namespace {

/// Bit by bit, as the standard defines it.
std::uint32_t slow_crc32(const std::string& text) {
  std::uint32_t rest = 0xffffffffu;
  for (const char c : text) {
    rest ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? 0xEDB88320u : 0u);
  }
  return ~rest;
}

std::string numbered(std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += static_cast<char>((i * 131 + 7) % 251);
  return text;
}

}  // namespace

TEST_CASE("the checksum of 123456789 is that of the standard") {
  CHECK(crc32_of("123456789", 9) == 0xCBF43926u);
  CHECK(crc32_of("", 0) == 0);
  CHECK(crc32_of("a", 1) == 0xE8B7BE43u);  // zlib's
}

TEST_CASE("the checksum of any length, in one piece or two, is that of bit by bit") {
  for (std::size_t length = 0; length < 70; ++length) {
    const std::string text = numbered(length);
    CHECK(crc32_of(text.data(), length) == slow_crc32(text));
    for (std::size_t cut = 0; cut <= length; ++cut)
      CHECK(crc32_of(text.data() + cut, length - cut, crc32_of(text.data(), cut)) ==
            slow_crc32(text));
  }
}

TEST_CASE("any one changed bit changes the checksum") {
  std::string text = numbered(50);
  const std::uint32_t whole = crc32_of(text.data(), text.size());
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
    CHECK(crc32_of(text.data(), text.size()) != whole);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
  }
}
