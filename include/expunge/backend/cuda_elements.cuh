// Element-wise work, gathers and copies on the GPU: Thrust calls the same functors as the CPU's
// loops.
#pragma once

#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system/cuda/execution_policy.h>
#include <thrust/system_error.h>
#include <thrust/version.h>

#include <vector>

#include "expunge/backend/cpu.hpp"
#include "expunge/backend/cuda.cuh"

static_assert(
    THRUST_VERSION >= 200000,
    "An old Thrust was found first: put the CUDA Toolkit's include path before the system's.");

namespace expunge {

namespace detail {

/// f(0) .. f(n - 1), queued.
template <class F>
void launch(CudaContext& context, Index n, const F& f) {
  if (n <= 0) return;
  try {
    thrust::for_each_n(thrust::cuda::par_nosync.on(context.stream()),
                       thrust::counting_iterator<Index>(0), n, f);
  } catch (const thrust::system_error& error) {
    throw cuda_error(sentence("a kernel over ", n, " elements: ", error.what()));
  }
}

/// f(member, row, column) of position k. Divisions are of 32 bits where they can be: those of 64
/// bits cost more than most functors.
template <class F>
struct AtElement {
  F f;
  Index rows, columns;
  bool fits_32_bits;
  EXPUNGE_HD void operator()(Index k) const {
    if (fits_32_bits) {
      const auto at = static_cast<std::uint32_t>(k), c = static_cast<std::uint32_t>(columns);
      const std::uint32_t line = at / c, r = static_cast<std::uint32_t>(rows);
      f(static_cast<Index>(line / r), static_cast<Index>(line % r), static_cast<Index>(at % c));
    } else {
      const Index line = k / columns;
      f(line / rows, line % rows, k % columns);
    }
  }
};

}  // namespace detail

template <class Real, class Math, class F>
void for_each_index(const Cuda<Real, Math>& backend, Index n, F f) {
  detail::launch(backend.context(), n, f);
}

template <class Real, class Math, class F>
void for_each_element(const Cuda<Real, Math>& backend, Index members, Index rows, Index columns,
                      F f) {
  const Index n = members * rows * columns;
  detail::launch(
      backend.context(), n,
      detail::AtElement<F>{f, rows, columns, n <= std::numeric_limits<std::int32_t>::max()});
}

template <class T>
struct ZeroElements {
  MatrixView<T> x;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const { x(m, j) = T(0); }
};

template <class Real, class Math, class T>
void fill_zero(const Cuda<Real, Math>& backend, MatrixView<T> x) {
  for_each_element(backend, x.rows, 1, x.cols, ZeroElements<T>{x});
}

/// out[m][p][j] = sum over the rows i = p, p + parts, ..., ascending.
template <class Real>
struct SumRows {
  TensorView<const Real> x;
  TensorView<Real> out;  // [members][parts][features]
  EXPUNGE_HD void operator()(Index m, Index part, Index j) const {
    Real sum = 0;
    for (Index i = part; i < x.rows; i += out.rows) sum += x(m, i, j);
    out(m, part, j) = sum;
  }
};

/// Where there are few columns, so many threads share the rows of one.
template <class Real, class Math>
void sum_rows(Cuda<Real, Math>& backend, std::type_identity_t<TensorView<const Real>> x,
              MatrixView<Real> out) {
  detail::check_sum_rows(x, out);
  constexpr Index enough = Index{1} << 16;  // threads that keep a GPU busy
  const auto add = [&](TensorView<const Real> from, TensorView<Real> to) {
    for_each_element(backend, to.members, to.rows, to.features, SumRows<Real>{from, to});
  };
  const TensorView<Real> sums(out.data, out.rows, 1, out.cols, out.stride);
  const Index parts = x.members * x.features < enough ? std::min<Index>(x.rows / 16, 64) : 1;
  if (parts <= 1) return add(x, sums);
  const TensorView<Real> by_part(backend.scratch(x.members * parts * x.features), x.members, parts,
                                 x.features);
  add(x, by_part);
  add(by_part, sums);
}

template <class From, class To>
struct ConvertRows {
  MatrixView<const From> from;
  MatrixView<To> to;
  EXPUNGE_HD void operator()(Index i, Index, Index j) const {
    to(i, j) = static_cast<To>(from(i, j));
  }
};

/// to[i] = from[i] for every row, converted. Between any two memories; the host waits for what it
/// gets.
template <class Real, class Math, class From, class To>
void copy_rows(const Cuda<Real, Math>& backend, MatrixView<From> from, MatrixView<To> to) {
  using Number = std::remove_const_t<From>;
  detail::check_copy_rows(from, to);
  if (from.empty()) return;
  if constexpr (std::is_same_v<Number, To>) {
    detail::copy_bytes<To>(backend.context(), from, to.data, to.stride);
  } else {
    const bool from_device = detail::on_device(from.data), to_device = detail::on_device(to.data);
    const Cpu<Real> host(1);
    if (!from_device && !to_device) return copy_rows(host, from, to);
    if (from_device && to_device) {
      if constexpr (std::is_arithmetic_v<Number> && std::is_arithmetic_v<To>)
        for_each_element(backend, from.rows, 1, from.cols, ConvertRows<Number, To>{from, to});
      else
        require(false, "copy_rows: the device converts between built-in types of numbers alone");
    } else if (to_device) {
      std::vector<To> converted(static_cast<std::size_t>(from.rows * from.cols));
      const MatrixView<To> staged(converted.data(), from.rows, from.cols);
      copy_rows(host, from, staged);
      detail::copy_bytes<To>(backend.context(), staged, to.data, to.stride);
    } else {
      std::vector<Number> raw(static_cast<std::size_t>(from.rows * from.cols));
      const MatrixView<Number> staged(raw.data(), from.rows, from.cols);
      detail::copy_bytes<Number>(backend.context(), from, staged.data, staged.stride);
      copy_rows(host, staged, to);
    }
  }
}

/// out[m][i] = source[ids[m][i]].
template <class Real, class Source>
struct GatherRows {
  MatrixView<const Source> source;
  MatrixView<const Index> ids;
  TensorView<Real> out;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    out(m, i, j) = static_cast<Real>(source(ids(m, i), j));
  }
};

template <class Real, class Math, class Source>
void gather_rows(const Cuda<Real, Math>& backend, MatrixView<const Source> source,
                 MatrixView<const Index> ids, TensorView<Real> out) {
  detail::check_gather_rows(source, ids, out);
  for_each_element(backend, out.members, out.rows, out.features,
                   GatherRows<Real, Source>{source, ids, out});
}

}  // namespace expunge
