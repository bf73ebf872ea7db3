// CRC-32 (IEEE 802.3, the one of zlib, gzip and PNG): finds damaged parts of stored results.
//
// Reflected polynomial 0xEDB88320, start and end inverted; the bytes "123456789" give 0xCBF43926.
// Eight bytes a step by eight tables that the compiler makes ("slicing by eight"; Kounavis and
// Berry 2008). It finds every damage of up to 32 bits in a row and misses others with
// probability 2^-32; against intent it protects nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "expunge/core/platform.hpp"

namespace expunge {

namespace detail {

using Crc32Tables = std::array<std::array<std::uint32_t, 256>, 8>;

/// Table 0: the remainder of one byte; table k: of that byte and k bytes of zeros after it.
constexpr Crc32Tables make_crc32_tables() {
  Crc32Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? 0xEDB88320u : 0u);
    tables[0][byte] = rest;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  return tables;
}

inline constexpr Crc32Tables crc32_tables = make_crc32_tables();

/// Little-endian, on any machine.
inline std::uint32_t four_bytes(const std::uint8_t* at) {
  return std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 |
         std::uint32_t{at[3]} << 24;
}

}  // namespace detail

/// Of `count` bytes, going on from the value of the bytes before them:
/// `crc32_of(b, n, crc32_of(a, m))` is that of a and then b.
inline std::uint32_t crc32_of(const void* bytes, std::size_t count, std::uint32_t before = 0) {
  const auto* at = static_cast<const std::uint8_t*>(bytes);
  const detail::Crc32Tables& t = detail::crc32_tables;
  std::uint32_t rest = ~before;
  for (; count >= 8; count -= 8, at += 8) {
    const std::uint32_t a = rest ^ detail::four_bytes(at), b = detail::four_bytes(at + 4);
    rest = t[7][a & 0xff] ^ t[6][(a >> 8) & 0xff] ^ t[5][(a >> 16) & 0xff] ^ t[4][a >> 24] ^
           t[3][b & 0xff] ^ t[2][(b >> 8) & 0xff] ^ t[1][(b >> 16) & 0xff] ^ t[0][b >> 24];
  }
  for (; count > 0; --count, ++at) rest = (rest >> 8) ^ t[0][(rest ^ *at) & 0xff];
  return ~rest;
}

}  // namespace expunge
