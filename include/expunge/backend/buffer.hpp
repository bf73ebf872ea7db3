// Memory of the host, aligned for the widest vector registers.
#pragma once

#include <algorithm>
#include <memory>
#include <new>

#include "expunge/core/platform.hpp"

namespace expunge {

/// Owns n elements of a trivial type, 64-byte aligned, zero at birth. Movable, not copyable.
template <class T>
class HostBuffer {
 public:
  static constexpr std::size_t alignment = 64;

  HostBuffer() = default;
  explicit HostBuffer(Index n)
      : data_(static_cast<T*>(::operator new (bytes(n), std::align_val_t{alignment}))), size_(n) {
    std::fill_n(data_.get(), n, T{});
  }

  T* data() const { return data_.get(); }
  Index size() const { return size_; }

 private:
  struct Free {
    void operator()(T* p) const { ::operator delete (p, std::align_val_t{alignment}); }
  };
  static std::size_t bytes(Index n) {
    return static_cast<std::size_t>(std::max<Index>(n, 1)) * sizeof(T);
  }

  std::unique_ptr<T, Free> data_;
  Index size_ = 0;
};

/// The smallest multiple of 64 bytes that holds n elements, in elements. Rows padded to it start
/// aligned, so that a member's arithmetic does not depend on its place in a block.
template <class T>
constexpr Index padded(Index n) {
  constexpr Index lane = static_cast<Index>(HostBuffer<T>::alignment / sizeof(T));
  return (n + lane - 1) / lane * lane;
}

}  // namespace expunge
