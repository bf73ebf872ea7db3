// Blocks of channels: the layout in which convolutions on the CPU compute.
//
//   planes   [channels][positions]                       what layers pass on, row-major
//   blocks   [ceil(channels / lanes)][places][lanes]     one vector holds a position of one block
//
// Channels that fill up the last block are 0. A place may be any function of the position (a padded
// image, weights in another order). Both conversions cost one read and one write of the numbers.
#pragma once

#include <array>

#include "expunge/backend/buffer.hpp"
#include "expunge/backend/lanes.hpp"

namespace expunge {

/// What happens to the numbers that a result is written over.
enum class Write { set, add };

namespace detail {

constexpr Index ceil_divide(Index a, Index b) {
  return (a + b - 1) / b;
}

/// Memory that the calling thread keeps until it ends.
template <class Real>
HostBuffer<Real>& thread_memory() {
  thread_local HostBuffer<Real> memory;
  return memory;
}

/// The thread's memory, cut into aligned pieces of these sizes, until the next call of this
/// function. It grows to the largest use and stays: after the first training step a thread
/// allocates nothing. It is no layer's cache, since it is needed within one pass of one layer only
/// and so serves all of them. The pieces may hold anything.
template <class Real, std::size_t Pieces>
std::array<Real*, Pieces> scratch(const std::array<Index, Pieces>& sizes) {
  HostBuffer<Real>& memory = thread_memory<Real>();
  Index total = 0;
  for (const Index size : sizes) total += padded<Real>(size);
  if (memory.size() < total) memory = HostBuffer<Real>(total);
  std::array<Real*, Pieces> pieces{};
  Real* next = memory.data();
  for (std::size_t i = 0; i < Pieces; ++i) {
    pieces[i] = next;
    next += padded<Real>(sizes[i]);
  }
  return pieces;
}

/// to[block][place(position)][lane] = from[channel * stride + position].
template <class Real, class Place>
void to_blocks(const Real* from, Index channels, Index positions, Index stride, Real* to,
               Index block_stride, Place place) {
  using L = Lanes<Real>;
  for (Index first = 0; first < channels; first += L::count, to += block_stride)
    for (Index p = 0; p < positions; p += L::count) {
      const Index count = std::min(L::count, positions - p);
      typename L::Vector square[L::count] = {};
      for (Index i = 0; i < std::min(L::count, channels - first); ++i) {
        const Index at = (first + i) * stride + p;  // what is beyond the row's end is not stored
        square[i] = L::load(from + at, (channels - 1) * stride + positions - at);
      }
      L::transpose(square);
      for (Index j = 0; j < count; ++j) L::store(to + place(p + j) * L::count, square[j]);
    }
}

/// to[channel * stride + position] = (or +=) from[block][place(position)][lane].
template <class Real, class Place>
void from_blocks(const Real* from, Index block_stride, Place place, Index channels, Index positions,
                 Index stride, Real* to, Write write) {
  using L = Lanes<Real>;
  for (Index first = 0; first < channels; first += L::count, from += block_stride)
    for (Index p = 0; p < positions; p += L::count) {
      const Index count = std::min(L::count, positions - p);
      typename L::Vector square[L::count] = {};
      for (Index j = 0; j < count; ++j) square[j] = L::load(from + place(p + j) * L::count);
      L::transpose(square);
      for (Index i = 0; i < std::min(L::count, channels - first); ++i) {
        Real* row = to + (first + i) * stride + p;
        if (write == Write::add) square[i] += L::load(row, count);
        L::store(row, square[i], count);
      }
    }
}

/// Where position y * width + x of an image lies in one of another width, shifted.
template <Index Width>
struct ImagePlace {
  Index width, top, left;
  Index operator()(Index p) const { return (p / Width + top) * width + p % Width + left; }
};

/// Where number (channel, tap) of a filter lies among [taps][channels].
template <Index Taps>
struct TapPlace {
  Index channels;
  Index operator()(Index q) const { return q % Taps * channels + q / Taps; }
};

}  // namespace detail
}  // namespace expunge
