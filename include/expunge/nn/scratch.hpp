// The cache of a layer as memory: arrays carved from it, and room for what a backward or tangent
// pass has to remember while it runs.
#pragma once

#include "expunge/nn/layer.hpp"

namespace expunge {

/// A cache as memory to write to. Backward and tangent passes get the cache read-only, since what
/// the forward pass saved has to outlive them; a layer that needs room of its own asks for it in
/// `cache` and writes to that part alone. The memory is the workspace's and was never const.
template <class Real>
TensorView<Real> scratch_of(TensorView<const Real> cache) {
  return {const_cast<Real*>(cache.data), cache.members, cache.rows, cache.features,
          cache.member_stride};
}

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
