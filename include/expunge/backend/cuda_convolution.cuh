// Convolutions on the GPU as products over patches, for all members at once, some rows at a time:
//
//   patches   [members][channels taps][rows positions]     what each output position sees
//   outputs   [members][filters][rows positions]
//
//   forward            outputs = w patches
//   input gradient     patches = w' outputs, and every pixel gathers from the patches that it is in
//   filter gradient    w += outputs patches'
//
// Patches of a layer of 3x3 filters are nine times its input, so they are made for so many rows
// that they stay near the second-level cache.
#pragma once

#include "expunge/backend/convolution.hpp"
#include "expunge/backend/cuda_gemm.cuh"

namespace expunge {

namespace detail {

/// Numbers of a chunk's patches that are aimed at: 32 MB of floats.
inline constexpr Index patch_room = Index{1} << 23;

template <class E>
struct PatchExtents {
  static constexpr Index positions = E::out_height * E::out_width;
  static constexpr Index inner = E::channels * E::taps;
};

/// patches[m][c taps + t][i positions + p]: the pixel of channel c under tap t of position p, or 0.
template <class E, class Real>
struct TakePatches {
  TensorView<const Real> x;
  TensorView<Real> patches;
  EXPUNGE_HD void operator()(Index m, Index line, Index at) const {
    constexpr Index positions = PatchExtents<E>::positions;
    const Index i = at / positions, p = at % positions, c = line / E::taps, tap = line % E::taps;
    const Index v = p / E::out_width * E::stride + tap / E::kernel - E::padding;
    const Index h = p % E::out_width * E::stride + tap % E::kernel - E::padding;
    const bool inside = v >= 0 && h >= 0 && v < E::height && h < E::width;
    patches(m, line, at) = inside ? x(m, i, (c * E::height + v) * E::width + h) : Real(0);
  }
};

/// x[m][i][pixel] = sum over the patches that hold the pixel, taps ascending.
template <class E, class Real>
struct GatherPatches {
  TensorView<const Real> patches;
  TensorView<Real> x;
  EXPUNGE_HD void operator()(Index m, Index i, Index pixel) const {
    constexpr Index positions = PatchExtents<E>::positions;
    const Index c = pixel / (E::height * E::width), in_plane = pixel % (E::height * E::width);
    const Index v = in_plane / E::width + E::padding, h = in_plane % E::width + E::padding;
    Real sum = 0;
    for (Index tap = 0; tap < E::taps; ++tap) {
      const Index down = v - tap / E::kernel, right = h - tap % E::kernel;
      if (down < 0 || right < 0 || down % E::stride != 0 || right % E::stride != 0) continue;
      const Index row = down / E::stride, column = right / E::stride;
      if (row < E::out_height && column < E::out_width)
        sum += patches(m, c * E::taps + tap, i * positions + row * E::out_width + column);
    }
    x(m, i, pixel) = sum;
  }
};

/// outputs[m][f][i positions + p] = y[m][i][f positions + p]. `positions` is a constant, as
/// divisions by others take long.
template <Index positions, class Real>
struct FiltersFirst {
  TensorView<const Real> y;
  TensorView<Real> outputs;
  EXPUNGE_HD void operator()(Index m, Index f, Index at) const {
    outputs(m, f, at) = y(m, at / positions, f * positions + at % positions);
  }
};

/// And back: y = (or +=) outputs.
template <Index positions, class Real>
struct ExamplesFirst {
  TensorView<const Real> outputs;
  TensorView<Real> y;
  Write write;
  EXPUNGE_HD void operator()(Index m, Index i, Index at) const {
    const Real value = outputs(m, at / positions, i * positions + at % positions);
    y(m, i, at) = write == Write::add ? y(m, i, at) + value : value;
  }
};

/// Scratch for the rows of one chunk, and the chunks of a batch.
template <class E, class B>
class PatchChunks {
  using Real = typename B::Real;
  using P = PatchExtents<E>;

 public:
  PatchChunks(B& backend, Index members, Index rows)
      : members_(members),
        rows_(rows),
        chunk_(std::clamp<Index>(patch_room / (members * P::inner * P::positions), 1, rows)),
        memory_(backend.scratch(members * (P::inner + E::filters) * chunk_ * P::positions)) {}

  /// f(first row, rows, patches, outputs) for every chunk.
  template <class F>
  void for_each(const F& f) const {
    for (Index first = 0; first < rows_; first += chunk_) {
      const Index count = std::min(chunk_, rows_ - first), columns = count * P::positions;
      const TensorView<Real> patches(memory_, members_, P::inner, columns);
      f(first, count, patches,
        TensorView<Real>(memory_ + members_ * P::inner * columns, members_, E::filters, columns));
    }
  }

 private:
  Index members_, rows_, chunk_;
  Real* memory_;
};

template <class T>
TensorView<T> some_rows(TensorView<T> x, Index first, Index count) {
  return {x.data + first * x.features, x.members, count, x.features, x.member_stride};
}

/// Fills `patches` from the rows of x that they are of.
template <class E, class B, class Real>
void take_patches(const B& backend, TensorView<const Real> x, TensorView<Real> patches) {
  for_each_element(backend, patches.members, patches.rows, patches.features,
                   TakePatches<E, Real>{x, patches});
}

/// Fills `outputs` from the rows of y that they are of.
template <class E, class B, class Real>
void put_filters_first(const B& backend, TensorView<const Real> y, TensorView<Real> outputs) {
  for_each_element(backend, outputs.members, outputs.rows, outputs.features,
                   FiltersFirst<PatchExtents<E>::positions, Real>{y, outputs});
}

/// The filters of every member as a matrix, [members][filters][channels taps].
template <class E, class T>
TensorView<T> filter_matrix(MatrixView<T> w) {
  return {w.data, w.rows, E::filters, PatchExtents<E>::inner, w.stride};
}

}  // namespace detail

template <class E, class Real, class Math>
void convolve(Cuda<Real, Math>& backend, std::type_identity_t<TensorView<const Real>> x,
              std::type_identity_t<MatrixView<const Real>> w, TensorView<Real> y,
              Write write = Write::set) {
  using namespace detail;
  check_extents<E, Real>("convolve", x, w, y);
  if (y.empty()) return;
  PatchChunks<E, Cuda<Real, Math>>(backend, y.members, y.rows)
      .for_each([&](Index first, Index count, TensorView<Real> patches, TensorView<Real> outputs) {
        take_patches<E>(backend, some_rows(x, first, count), patches);
        gemm(backend, Op::none, Op::none, 1, filter_matrix<E>(w), patches, 0, outputs);
        const TensorView<Real> to = some_rows(y, first, count);
        for_each_element(backend, to.members, to.rows, to.features,
                         ExamplesFirst<PatchExtents<E>::positions, Real>{outputs, to, write});
      });
}

template <class E, class Real, class Math>
void convolve_input_gradient(Cuda<Real, Math>& backend,
                             std::type_identity_t<TensorView<const Real>> dy,
                             std::type_identity_t<MatrixView<const Real>> w, TensorView<Real> dx) {
  using namespace detail;
  check_extents<E, Real>("convolve_input_gradient", dx, w, dy);
  if (dx.empty()) return;
  PatchChunks<E, Cuda<Real, Math>>(backend, dx.members, dx.rows)
      .for_each([&](Index first, Index count, TensorView<Real> patches, TensorView<Real> outputs) {
        put_filters_first<E>(backend, some_rows(dy, first, count), outputs);
        gemm(backend, Op::transpose, Op::none, 1, filter_matrix<E>(w), outputs, 0, patches);
        const TensorView<Real> to = some_rows(dx, first, count);
        for_each_element(backend, to.members, to.rows, to.features,
                         GatherPatches<E, Real>{patches, to});
      });
}

template <class E, class Real, class Math>
void convolve_filter_gradient(Cuda<Real, Math>& backend,
                              std::type_identity_t<TensorView<const Real>> x,
                              std::type_identity_t<TensorView<const Real>> dy,
                              MatrixView<Real> dw) {
  using namespace detail;
  check_extents<E, Real>("convolve_filter_gradient", x, dw, dy);
  if (dy.empty()) return fill_zero(backend, dw);
  PatchChunks<E, Cuda<Real, Math>>(backend, dw.rows, dy.rows)
      .for_each([&](Index first, Index count, TensorView<Real> patches, TensorView<Real> outputs) {
        take_patches<E>(backend, some_rows(x, first, count), patches);
        put_filters_first<E>(backend, some_rows(dy, first, count), outputs);
        gemm(backend, Op::none, Op::transpose, 1, outputs, patches, first == 0 ? Real(0) : Real(1),
             filter_matrix<E>(dw));
      });
}

}  // namespace expunge
