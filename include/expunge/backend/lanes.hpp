// Vector registers as the compiler's vector types, and what convolutions build on: a transposition
// of one square of numbers, and a small matrix product that stays in registers.
//
// A vector holds Lanes<Real>::count numbers: 16 floats with AVX-512, 8 with AVX, 4 without either.
// Arithmetic on vectors is element by element. As with Eigen, all translation units of a program
// must be compiled for the same processor: the width is part of the code and not of its name.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include "expunge/core/platform.hpp"

namespace expunge::detail {

// Loops over the vectors of a small square lie open, so that these stay in registers; the loop over
// the steps of a product does not, or the compiler would move loads about and run out of registers.
#if defined(__CUDACC__)  // knows neither pragma
#define EXPUNGE_UNROLLED
#define EXPUNGE_ROLLED
#elif defined(__clang__)
#define EXPUNGE_UNROLLED _Pragma("clang loop unroll(full)")
#define EXPUNGE_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define EXPUNGE_UNROLLED _Pragma("GCC unroll 36")
#define EXPUNGE_ROLLED _Pragma("GCC unroll 1")
#endif

#define EXPUNGE_INLINE [[gnu::always_inline]] inline

#if defined(__AVX512F__)
inline constexpr Index vector_bytes = 64, vector_registers = 32;
#elif defined(__AVX__)
inline constexpr Index vector_bytes = 32, vector_registers = 16;
#else
inline constexpr Index vector_bytes = 16, vector_registers = 16;
#endif

template <class Real>
struct Lanes {
  typedef Real Vector __attribute__((vector_size(vector_bytes)));  // `using` loses the attribute
  static constexpr Index count = vector_bytes / static_cast<Index>(sizeof(Real));

  EXPUNGE_INLINE static Vector load(const Real* from) {
    Vector v;
    std::memcpy(&v, from, sizeof v);
    return v;
  }
  EXPUNGE_INLINE static void store(Real* to, const Vector& v) { std::memcpy(to, &v, sizeof v); }

  /// The first n numbers, 0 after them.
  EXPUNGE_INLINE static Vector load(const Real* from, Index n) {
    if (n >= count) return load(from);
    Vector v{};
    std::memcpy(&v, from, static_cast<std::size_t>(n) * sizeof(Real));
    return v;
  }
  EXPUNGE_INLINE static void store(Real* to, const Vector& v, Index n) {
    if (n >= count) return store(to, v);
    std::memcpy(to, &v, static_cast<std::size_t>(n) * sizeof(Real));
  }

  /// rows[i][j] <-> rows[j][i]: log2(count) rounds, each of which interleaves one half with the
  /// other.
  EXPUNGE_INLINE static void transpose(Vector (&rows)[count]) {
    Vector other[count];
    EXPUNGE_UNROLLED
    for (Index round = 1; round < count; round *= 2) {
      EXPUNGE_UNROLLED
      for (Index i = 0; i < count / 2; ++i) {
        other[2 * i] = interleave<0>(rows[i], rows[i + count / 2], Positions{});
        other[2 * i + 1] = interleave<count / 2>(rows[i], rows[i + count / 2], Positions{});
      }
      std::copy_n(other, count, rows);
    }
  }

 private:
  using Positions = std::make_integer_sequence<Index, count>;
  template <Index First, Index... I>
  EXPUNGE_INLINE static Vector interleave(const Vector& a, const Vector& b,
                                          std::integer_sequence<Index, I...>) {
#if defined(__CUDACC__)  // does not expand a pack in the built-in; the same in more steps
    return Vector{(I % 2 == 0 ? a : b)[First + I / 2]...};
#else
    return __builtin_shufflevector(a, b, (First + I / 2 + (I % 2) * count)...);
#endif
  }
};

/// sum [Rows][Vectors * lanes] += a b, in registers, over n steps:
///
///   sum[r][v] += a[r * ARow + i * AStep] * b[v * b_vector + i * lanes]      i = 0 .. n - 1
template <class Real, Index Rows, Index Vectors>
struct ProductTile {
  using L = Lanes<Real>;
  using Vector = typename L::Vector;
  Vector sum[Rows * Vectors];

  ProductTile() { std::fill_n(sum, Rows * Vectors, Vector{}); }

  template <Index ARow, Index AStep>
  EXPUNGE_INLINE void add(const Real* a, const Real* b, Index b_vector, Index n) {
    add<ARow, AStep>(a, b, b_vector, n, Each<Rows>{}, Each<Vectors>{});
  }

  /// Writes the first `rows` rows, element (r, v) at to + r * row + v * vector.
  EXPUNGE_INLINE void store(Real* to, Index row, Index vector, Index rows = Rows) const {
    store(to, row, vector, rows, Each<Rows * Vectors>{});
  }
  EXPUNGE_INLINE void add_to(Real* to, Index row, Index vector) const {
    add_to(to, row, vector, Each<Rows * Vectors>{});
  }

 private:  // packs of indices instead of loops: every vector has its register
  template <Index N>
  using Each = std::make_integer_sequence<Index, N>;
  template <Index... I>
  using Pack = std::integer_sequence<Index, I...>;

  template <Index ARow, Index AStep, Index... R, Index... V>
  EXPUNGE_INLINE void add(const Real* a, const Real* b, Index b_vector, Index n, Pack<R...>,
                          Pack<V...> vectors) {
    EXPUNGE_ROLLED
    for (Index i = 0; i < n; ++i, a += AStep, b += L::count) {
      const Vector right[] = {L::load(b + V * b_vector)...};
      (add_row(sum + R * Vectors, a[R * ARow], right, vectors), ...);
    }
  }
  template <Index... V>
  EXPUNGE_INLINE static void add_row(Vector* to, Real left, const Vector* right, Pack<V...>) {
    ((to[V] += left * right[V]), ...);
  }
  template <Index... I>
  EXPUNGE_INLINE void store(Real* to, Index row, Index vector, Index rows, Pack<I...>) const {
    ((I / Vectors < rows ? L::store(to + I / Vectors * row + I % Vectors * vector, sum[I])
                         : void()),
     ...);
  }
  template <Index... I>
  EXPUNGE_INLINE void add_to(Real* to, Index row, Index vector, Pack<I...>) const {
    (add_vector(to + I / Vectors * row + I % Vectors * vector, sum[I]), ...);
  }
  EXPUNGE_INLINE static void add_vector(Real* to, const Vector& v) {
    L::store(to, L::load(to) + v);
  }
};

}  // namespace expunge::detail
