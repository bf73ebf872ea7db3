// Views: pointers with extents. They own nothing, cost nothing to copy, and never allocate.
//
//   MatrixView  [rows][cols]               row i starts at data + i * stride
//   TensorView  [members][rows][features]  member m starts at data + m * member_stride
//
// The rows of a member are contiguous. A stride of 0 means that all rows (or all members) share the
// same numbers. Public functions take anything that `view` accepts: these views, or a row-major
// xtensor array of two or three axes.
#pragma once

#include <concepts>
#include <type_traits>

#include "expunge/core/check.hpp"
#include "expunge/core/platform.hpp"

namespace expunge {

template <class T>
struct MatrixView {
  using value_type = std::remove_const_t<T>;

  T* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index stride = 0;

  MatrixView() = default;
  EXPUNGE_HD MatrixView(T* data_, Index rows_, Index cols_, Index stride_)
      : data(data_), rows(rows_), cols(cols_), stride(stride_) {}
  EXPUNGE_HD MatrixView(T* data_, Index rows_, Index cols_)
      : MatrixView(data_, rows_, cols_, cols_) {}
  template <class Mutable>
  requires std::is_same_v<const Mutable, T> EXPUNGE_HD MatrixView(MatrixView<Mutable> x)
      : MatrixView(x.data, x.rows, x.cols, x.stride) {}

  EXPUNGE_HD T* row(Index i) const { return data + i * stride; }
  EXPUNGE_HD T& operator()(Index i, Index j) const { return data[i * stride + j]; }
  EXPUNGE_HD bool empty() const { return rows == 0 || cols == 0; }

  /// Columns [first, first + count) of every row: a layer's slice of all weights, say.
  EXPUNGE_HD MatrixView columns(Index first, Index count) const {
    return {data + first, rows, count, stride};
  }
  /// Rows [first, first + count).
  EXPUNGE_HD MatrixView row_range(Index first, Index count) const {
    return {data + first * stride, count, cols, stride};
  }
};

template <class T>
struct TensorView {
  using value_type = std::remove_const_t<T>;

  T* data = nullptr;
  Index members = 0;
  Index rows = 0;
  Index features = 0;
  Index member_stride = 0;

  TensorView() = default;
  EXPUNGE_HD TensorView(T* data_, Index members_, Index rows_, Index features_, Index stride_)
      : data(data_), members(members_), rows(rows_), features(features_), member_stride(stride_) {}
  EXPUNGE_HD TensorView(T* data_, Index members_, Index rows_, Index features_)
      : TensorView(data_, members_, rows_, features_, rows_ * features_) {}
  template <class Mutable>
  requires std::is_same_v<const Mutable, T> EXPUNGE_HD TensorView(TensorView<Mutable> x)
      : TensorView(x.data, x.members, x.rows, x.features, x.member_stride) {}

  EXPUNGE_HD T* row(Index m, Index i) const { return data + m * member_stride + i * features; }
  EXPUNGE_HD T& operator()(Index m, Index i, Index j) const { return row(m, i)[j]; }
  EXPUNGE_HD MatrixView<T> operator[](Index m) const {
    return {data + m * member_stride, rows, features, features};
  }
  EXPUNGE_HD bool empty() const { return members == 0 || rows == 0 || features == 0; }

  /// Members [first, first + count).
  EXPUNGE_HD TensorView member_range(Index first, Index count) const {
    return {data + first * member_stride, count, rows, features, member_stride};
  }
  /// [members][rows * features]: one row of numbers per member.
  EXPUNGE_HD MatrixView<T> flat() const { return {data, members, rows * features, member_stride}; }
};

/// The same numbers under all of `members`: member stride 0.
template <class T>
EXPUNGE_HD TensorView<T> shared(MatrixView<T> x, Index members) {
  return {x.data, members, x.rows, x.cols, 0};
}

/// A row-major array with a fixed number of axes, as xtensor's: data(), shape(), value_type.
template <class A, std::size_t Rank>
concept ArrayOfRank = requires(A& a) {
  typename std::remove_cvref_t<A>::value_type;
  {a.data()};
  { a.shape().size() } -> std::convertible_to<std::size_t>;
  requires std::tuple_size_v<std::remove_cvref_t<decltype(a.shape())>>
  == Rank;
};

template <class T>
MatrixView<T> view(MatrixView<T> a) {
  return a;
}
template <class T>
TensorView<T> view(TensorView<T> a) {
  return a;
}
template <ArrayOfRank<2> A>
auto view(A& a) {
  using T = std::remove_pointer_t<decltype(a.data())>;
  return MatrixView<T>(a.data(), static_cast<Index>(a.shape()[0]),
                       static_cast<Index>(a.shape()[1]));
}
template <ArrayOfRank<3> A>
auto view(A& a) {
  using T = std::remove_pointer_t<decltype(a.data())>;
  return TensorView<T>(a.data(), static_cast<Index>(a.shape()[0]), static_cast<Index>(a.shape()[1]),
                       static_cast<Index>(a.shape()[2]));
}

/// What can be read as [rows][cols]: a MatrixView, or a two-axis array.
template <class A>
concept MatrixLike = requires(const A& a) {
  { view(a) } -> std::convertible_to<MatrixView<const typename A::value_type>>;
};

/// What can be read as [members][rows][features]: a TensorView, or a three-axis array.
template <class A>
concept TensorLike = requires(const A& a) {
  { view(a) } -> std::convertible_to<TensorView<const typename A::value_type>>;
};

}  // namespace expunge
