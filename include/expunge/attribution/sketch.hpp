// Long rows made short so that inner products stay: a count sketch (Charikar, Chen and
// Farach-Colton 2002). Number j of a row is added, with a random sign, to one of k sums:
//
//   out[m][(s + shift_b) mod k] = sum over b of sign[b k + s] x[m][b k + s],     s = 0 .. k - 1
//
// Numbers of one piece of k neighbours never meet in one sum; those of different pieces do with
// probability 1 / k.
// E[out_x . out_y] = x . y, with the variance that a dense matrix of random signs has, at one
// operation for each number of a row instead of 2 k.
//
// Signs and shifts are functions of (seed, number of the sketch, position) alone, the same on every
// device.
#pragma once

#include <vector>

#include "expunge/backend/cpu.hpp"
#include "expunge/core/random.hpp"

namespace expunge {

/// +1 or -1 for 128 columns a call, which are the bits of one counter.
template <class Real>
struct DrawSigns {
  std::uint64_t seed;
  Stream stream;
  MatrixView<Real> signs;  // [1][columns]
  EXPUNGE_HD void operator()(Index group) const {
    const std::array<std::uint32_t, 4> bits =
        random_bits(seed, stream, static_cast<std::uint64_t>(group));
    const Index end = signs.cols < 128 * (group + 1) ? signs.cols : 128 * (group + 1);
    for (Index j = 128 * group; j < end; ++j)
      signs(0, j) =
          (bits[static_cast<std::size_t>(j % 128 / 32)] >> j % 32 & 1u) != 0 ? Real(1) : Real(-1);
  }
};

/// out += signs x, over neighbours.
template <class Real>
struct AddSigned {
  MatrixView<const Real> x;
  MatrixView<const Real> signs;  // [1][columns of x]
  MatrixView<Real> out;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const { out(m, j) += signs(0, j) * x(m, j); }
};

/// A whole sum: neighbours read neighbours.
template <class Real>
struct SumSigned {
  MatrixView<const Real> x;
  MatrixView<const Real> signs;    // [1][columns of x]
  MatrixView<const Index> shifts;  // [1][pieces]
  MatrixView<Real> out;
  EXPUNGE_HD void operator()(Index m, Index, Index c) const {
    const Index k = out.cols;
    Real sum = 0;
    for (Index b = 0; b < shifts.cols; ++b) {
      const Index s = c < shifts(0, b) ? c + k - shifts(0, b) : c - shifts(0, b);
      const Index j = b * k + s;
      if (j < x.cols) sum += signs(0, j) * x(m, j);
    }
    out(m, c) = sum;
  }
};

/// How rows are made short.
struct SketchConfig {
  Index dimensions = 2048;  // k >= 1
  std::uint64_t seed = 0;

  void validate() const {
    require(dimensions >= 1 && dimensions <= (Index{1} << 31), "SketchConfig: dimensions is ",
            dimensions, ", not in 1 .. 2^31");
  }
};

/// The sketch of rows of so many columns.
template <class B>
class Sketch {
  using Real = typename B::Real;

 public:
  /// `number`: sketches of one seed with other numbers are independent.
  Sketch(B& backend, const SketchConfig& config, Index number, Index columns)
      : k_(config.dimensions),
        signs_(backend.template allocate<Real>(columns)),
        shifts_(shifts_of(config, stream_of(number), columns)),
        shifts_there_(backend.template allocate<Index>(std::ssize(shifts_))),
        columns_(columns) {
    for_each_index(backend, (columns + 127) / 128,
                   DrawSigns<Real>{config.seed, stream_of(number), {signs_.data(), 1, columns}});
    copy_rows(backend, MatrixView<const Index>(shifts_.data(), 1, std::ssize(shifts_)),
              MatrixView<Index>(shifts_there_.data(), 1, std::ssize(shifts_)));
  }

  /// out [rows][k] of x [rows][columns], both on the backend.
  void operator()(B& backend, MatrixView<const Real> x, MatrixView<Real> out) const {
    require(x.cols == columns_ && out.cols == k_ && x.rows == out.rows, "Sketch: [", x.rows, "][",
            x.cols, "] into [", out.rows, "][", out.cols, "], made for ", columns_, " columns and ",
            k_, " dimensions");
    const MatrixView<const Real> signs(signs_.data(), 1, columns_);
    if constexpr (B::lockstep_members > 0) {
      const MatrixView<const Index> shifts(shifts_there_.data(), 1, std::ssize(shifts_));
      for_each_element(backend, x.rows, 1, k_, SumSigned<Real>{x, signs, shifts, out});
    } else {  // piece by piece, so that a vector of sums stays in the first cache
      fill_zero(backend, out);
      for (Index b = 0; b < std::ssize(shifts_); ++b) {
        const Index shift = shifts_[static_cast<std::size_t>(b)], first = b * k_;
        const Index count = std::min(k_, columns_ - first), ahead = std::min(count, k_ - shift);
        add(backend, x, signs, first, ahead, out.columns(shift, ahead));
        add(backend, x, signs, first + ahead, count - ahead, out.columns(0, count - ahead));
      }
    }
  }

 private:
  static Stream stream_of(Index number) {
    return {Purpose::projection, static_cast<std::uint32_t>(number)};
  }
  /// Of every piece, uniform in 0 .. k - 1; their counters lie beyond those of the signs.
  static std::vector<Index> shifts_of(const SketchConfig& config, Stream stream, Index columns) {
    const auto k = static_cast<std::uint64_t>(config.dimensions);
    std::vector<Index> shifts;
    for (Index b = 0; b * config.dimensions < columns; ++b) {
      const std::uint64_t bits = random_bits(
          config.seed, stream, (std::uint64_t{1} << 40) + static_cast<std::uint64_t>(b))[0];
      shifts.push_back(static_cast<Index>(bits * k >> 32));
    }
    return shifts;
  }
  static void add(B& backend, MatrixView<const Real> x, MatrixView<const Real> signs, Index first,
                  Index count, MatrixView<Real> out) {
    for_each_element(backend, x.rows, 1, count,
                     AddSigned<Real>{x.columns(first, count), signs.columns(first, count), out});
  }

  Index k_;
  typename B::template Buffer<Real> signs_;
  std::vector<Index> shifts_;
  typename B::template Buffer<Index> shifts_there_;
  Index columns_;
};

}  // namespace expunge
