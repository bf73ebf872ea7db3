// The cache of a layer as memory: arrays carved from it, for what the forward pass saves and for
// what a backward or tangent pass has to remember while it runs.
#pragma once

#include "expunge/nn/layer.hpp"

namespace expunge {

/// Numbers per example that an array of so many takes in a cache: what comes after it starts as
/// aligned as the cache itself.
constexpr Index cache_room(Index features) {
  return (features + 15) / 16 * 16;
}

/// [members][rows][features] from number `offset` per example of the cache.
template <class T>
TensorView<T> carve(TensorView<T> cache, Index offset, Index features) {
  return {cache.data + cache.rows * offset, cache.members, cache.rows, features,
          cache.member_stride};
}

}  // namespace expunge
