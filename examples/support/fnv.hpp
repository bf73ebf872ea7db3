// FNV-1a, 64 bits (Fowler, Noll and Vo): tells data apart in keys of stores and in results.
#pragma once

#include <cstddef>
#include <cstdint>

namespace support {

inline constexpr std::uint64_t fnv_start = 14695981039346656037u;

/// Of `count` values' bytes, going on from `hash`.
template <class T>
std::uint64_t fnv1a(const T* values, std::size_t count, std::uint64_t hash = fnv_start) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(values);
  for (std::size_t i = 0; i < count * sizeof(T); ++i) hash = (hash ^ bytes[i]) * 1099511628211u;
  return hash;
}

}  // namespace support
