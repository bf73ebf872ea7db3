// Randomness as a function: the same (seed, stream, index) gives the same number on every thread,
// device, block size and resumed run. Nothing here has a state.
//
// The bits are Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC
// 2011) from the Random123 library: key = seed, counter = (index, stream).
#pragma once

#include <Random123/philox.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "expunge/core/platform.hpp"

namespace expunge {

/// What a stream of random numbers is for. Two purposes never share numbers.
enum class Purpose : std::uint32_t {
  subset_masks = 1,
  initial_weights,
  batch_order,
  retain_sample,
  forget_set,
  bootstrap,
  oracle_choice,
  projection,
  split,
  data_order,
  augmentation,
  dropout,
  test,
  synthetic_data,
  point_sample,
  shadow_models,
  queries,
  noise_floor,
};

/// One stream: what it is for, and for which member (model, replicate, target) of it.
struct Stream {
  Purpose purpose;
  std::uint32_t member = 0;
};

/// Four independent 32-bit words.
EXPUNGE_HD inline std::array<std::uint32_t, 4> random_bits(std::uint64_t seed, Stream stream,
                                                           std::uint64_t index) {
  const r123::Philox4x32::ctr_type counter = {
      {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), stream.member,
       static_cast<std::uint32_t>(stream.purpose)}};
  const r123::Philox4x32::key_type key = {
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  const r123::Philox4x32::ctr_type bits = r123::Philox4x32()(counter, key);
  return {bits[0], bits[1], bits[2], bits[3]};
}

/// 64 random bits.
EXPUNGE_HD inline std::uint64_t random_word(std::uint64_t seed, Stream stream,
                                            std::uint64_t index) {
  const std::array<std::uint32_t, 4> bits = random_bits(seed, stream, index);
  return (static_cast<std::uint64_t>(bits[1]) << 32) | bits[0];
}

/// Uniform in [0, 1), a multiple of 2^-53.
EXPUNGE_HD inline double random_uniform(std::uint64_t seed, Stream stream, std::uint64_t index) {
  return static_cast<double>(random_word(seed, stream, index) >> 11) * 0x1.0p-53;
}

/// Uniform in 0 .. bound - 1, for bound < 2^32; the bias is below bound / 2^64.
EXPUNGE_HD inline Index random_below(std::uint64_t seed, Stream stream, std::uint64_t index,
                                     Index bound) {
  const std::uint64_t word = random_word(seed, stream, index);
  const std::uint64_t b = static_cast<std::uint64_t>(bound);
  const std::uint64_t high = (word >> 32) * b;
  const std::uint64_t low = ((word & 0xffffffffu) * b) >> 32;
  return static_cast<Index>((high + low) >> 32);
}

/// Two independent standard normals (Box and Muller 1958) from one counter.
EXPUNGE_HD inline std::pair<double, double> random_normal_pair(std::uint64_t seed, Stream stream,
                                                               std::uint64_t index) {
  const std::array<std::uint32_t, 4> bits = random_bits(seed, stream, index);
  const std::uint64_t a = (static_cast<std::uint64_t>(bits[1]) << 32) | bits[0];
  const std::uint64_t b = (static_cast<std::uint64_t>(bits[3]) << 32) | bits[2];
  const double u = (static_cast<double>(a >> 11) + 0.5) * 0x1.0p-53;  // (0, 1): log(u) is finite
  const double v = static_cast<double>(b >> 11) * 0x1.0p-53;
  const double radius = std::sqrt(-2.0 * std::log(u));
  const double angle = 6.283185307179586476925286766559 * v;
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

/// The standard normal at position `index` of a stream; pairs share one counter.
EXPUNGE_HD inline double random_normal(std::uint64_t seed, Stream stream, std::uint64_t index) {
  const std::pair<double, double> pair = random_normal_pair(seed, stream, index / 2);
  return index % 2 == 0 ? pair.first : pair.second;
}

}  // namespace expunge
