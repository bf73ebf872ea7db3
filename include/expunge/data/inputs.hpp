// Inputs of examples as every algorithm reads them: floats, or images as bytes with what each byte
// stands for.
//
//   floats   x[i][j] = floats[i][j]
//   bytes    x[i][j] = values[j / (cols / channels)][bytes[i][j]]
//
// A table of 256 floats per channel holds scaling and normalisation, so bytes give the same inputs
// to the bit as floats that were made by the table, in a quarter of the memory, on a device too.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

#include "expunge/backend/extents.hpp"
#include "expunge/core/view.hpp"

namespace expunge {

/// Inputs [rows][cols], one row for each example. Owns nothing; a view of floats converts to it.
struct InputsView {
  Index rows = 0;
  Index cols = 0;
  MatrixView<const float> floats;        // [rows][cols], or empty, then:
  MatrixView<const std::uint8_t> bytes;  // [rows][cols], channel first
  MatrixView<const float> values;        // [channels][256]  what a byte stands for
  Index plane = 0;  // numbers of a row that share a channel's values; 0 of floats

  InputsView() = default;
  InputsView(MatrixView<const float> x) : rows(x.rows), cols(x.cols), floats(x) {}
  InputsView(MatrixView<float> x) : InputsView(MatrixView<const float>(x)) {}
  /// Images [rows][cols] and [channels][256] values. Throws std::invalid_argument unless channels
  /// are of one size.
  InputsView(MatrixView<const std::uint8_t> images, MatrixView<const float> of_bytes)
      : rows(images.rows), cols(images.cols), bytes(images), values(of_bytes) {
    require(values.rows >= 1 && values.cols == 256, "InputsView: bytes stand for values [",
            values.rows, "][", values.cols, "], not [channels][256]");
    require(
        cols > 0 && cols <= std::numeric_limits<std::uint32_t>::max() && cols % values.rows == 0,
        "InputsView: images of ", cols, " bytes and values of ", values.rows, " channels");
    plane = cols / values.rows;
  }

  EXPUNGE_HD bool are_bytes() const { return values.rows > 0; }
  EXPUNGE_HD float operator()(Index i, Index j) const {
    return are_bytes() ? values_at(j)[bytes(i, j)] : floats(i, j);
  }
  /// Of bytes: the 256 values of number j's channel. A division of 64 bits is slow on a GPU.
  EXPUNGE_HD const float* values_at(Index j) const {
    return values.row(static_cast<std::uint32_t>(j) / static_cast<std::uint32_t>(plane));
  }

  /// Rows [first, first + count).
  InputsView row_range(Index first, Index count) const {
    if (are_bytes()) return {bytes.row_range(first, count), values};
    return floats.row_range(first, count);
  }
};

/// out[m][i][j] = number j of input ids[m][i].
template <class Real>
struct GatherInputs {
  InputsView source;
  MatrixView<const Index> ids;
  TensorView<Real> out;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    out(m, i, j) = static_cast<Real>(source(ids(m, i), j));
  }
};

/// out[i][j] = number j of input i.
template <class Real>
struct CopyInputs {
  InputsView source;
  MatrixView<Real> out;
  EXPUNGE_HD void operator()(Index, Index i, Index j) const {
    out(i, j) = static_cast<Real>(source(i, j));
  }
};

/// Whether the numbers lie on the device, for a backend that has one (cuda.cuh) and knows.
template <class B>
requires requires(const B& backend, const void* p) {
  address_on_device(backend, p);
}
bool on_device(const B& backend, const InputsView& inputs) {
  return inputs.are_bytes() ? address_on_device(backend, inputs.bytes.data) ||
                                  address_on_device(backend, inputs.values.data)
                            : address_on_device(backend, inputs.floats.data);
}

/// Inputs where the backend's functors read them, as long as the B::ResidentScope lives.
template <class B>
InputsView kept_inputs(B& backend, const InputsView& host) {
  if (!host.are_bytes()) return kept(backend, host.floats);
  return {kept(backend, host.bytes), kept(backend, host.values)};
}

/// out[m][i] = source[ids[m][i]]; on a device, of kept inputs.
template <class B>
void gather_inputs(const B& backend, const InputsView& source, MatrixView<const Index> ids,
                   TensorView<typename B::Real> out) {
  if (!source.are_bytes()) return gather_rows(backend, source.floats, ids, out);
  detail::check_gather_rows(source.bytes, ids, out);
  for_each_element(backend, out.members, out.rows, out.features,
                   GatherInputs<typename B::Real>{source, ids, out});
}

/// to[i] = from[i]: from the host, or from where they are kept, to the backend.
template <class B>
void copy_inputs(const B& backend, const InputsView& from, MatrixView<typename B::Real> to) {
  if (!from.are_bytes()) return copy_rows(backend, from.floats, to);
  detail::check_copy_rows(from.bytes, to);
  const auto bytes = resident(backend, from.bytes);
  const auto values = resident(backend, from.values);
  for_each_element(backend, 1, from.rows, from.cols,
                   CopyInputs<typename B::Real>{{bytes, values}, to});
}

/// f(first row, inputs [rows][cols] on the backend) for consecutive rows, as many as `room` holds;
/// they are lost at the next.
template <class B, class F>
void for_each_chunk_of_inputs(B& backend, const InputsView& inputs,
                              MatrixView<typename B::Real> room, const F& f) {
  const auto values = resident(backend, inputs.values);  // once, not with every chunk
  InputsView source = inputs;
  source.values = values;
  for (Index first = 0; first < inputs.rows; first += room.rows) {
    const auto x = room.row_range(0, std::min(room.rows, inputs.rows - first));
    copy_inputs(backend, source.row_range(first, x.rows), x);
    f(first, MatrixView<const typename B::Real>(x));
  }
}

/// Whether row i of `a` and row k of `b` are the same floats, to the bit. Both lie on the host.
inline bool same_row(const InputsView& a, Index i, const InputsView& b, Index k) {
  if (a.cols != b.cols) return false;
  const auto same = [&](const auto& x, const auto& y) {
    return std::memcmp(x.row(i), y.row(k), static_cast<std::size_t>(a.cols) * sizeof *x.data) == 0;
  };
  if (!a.are_bytes() && !b.are_bytes()) return same(a.floats, b.floats);
  if (a.are_bytes() && b.are_bytes() && a.values.data == b.values.data && same(a.bytes, b.bytes))
    return true;
  for (Index j = 0; j < a.cols; ++j)
    if (std::bit_cast<std::uint32_t>(a(i, j)) != std::bit_cast<std::uint32_t>(b(k, j)))
      return false;
  return true;
}

}  // namespace expunge
