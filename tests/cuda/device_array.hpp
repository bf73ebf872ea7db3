// Arrays of a device, and what is on it as host vectors.
#pragma once

#include <vector>

#include "expunge/expunge_cuda.cuh"

namespace expunge {

template <class B, class T>
std::vector<T> host_copy(const B& backend, MatrixView<const T> x) {
  std::vector<T> numbers(static_cast<std::size_t>(x.rows * x.cols));
  copy_rows(backend, x, MatrixView<T>(numbers.data(), x.rows, x.cols));
  return numbers;
}

/// A matrix on the device, filled from the host.
template <class B, class T>
class DeviceArray {
 public:
  DeviceArray(const B& backend, const std::vector<T>& numbers, Index rows, Index cols)
      : backend_(backend),
        rows_(rows),
        cols_(cols),
        buffer_(backend.template allocate<T>(rows * cols)) {
    copy_rows(backend, MatrixView<const T>(numbers.data(), rows, cols), view());
  }
  MatrixView<T> view() const { return {buffer_.data(), rows_, cols_}; }
  std::vector<T> host() const { return host_copy(backend_, MatrixView<const T>(view())); }

 private:
  const B& backend_;
  Index rows_, cols_;
  typename B::template Buffer<T> buffer_;
};

}  // namespace expunge
