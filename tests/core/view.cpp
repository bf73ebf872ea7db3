#include "expunge/core/view.hpp"

#include <doctest/doctest.h>

#include "expunge/core/array.hpp"

using namespace expunge;

static_assert(MatrixLike<MatrixView<const float>>);
static_assert(MatrixLike<Array<double, 2>>);
static_assert(!MatrixLike<Array<double, 3>>);
static_assert(TensorLike<Array<double, 3>>);
static_assert(!MatrixLike<int>);

TEST_CASE("views address rows, columns and members") {
  Array<float, 3> a = make_array<float>(2, 3, 4);
  for (std::size_t i = 0; i < a.size(); ++i) a.data()[i] = static_cast<float>(i);
  const TensorView<float> t = view(a);
  CHECK(t(1, 2, 3) == 23);
  CHECK(t[1](0, 1) == 13);
  CHECK(t.member_range(1, 1)(0, 0, 0) == 12);
  CHECK(t.flat().cols == 12);
  const TensorView<const float> everyone = shared(MatrixView<const float>(t[0]), 5);
  CHECK(everyone.members == 5);
  CHECK(everyone(4, 1, 1) == everyone(0, 1, 1));
  CHECK(t[0].columns(1, 2)(2, 0) == 9);
  CHECK(t[0].row_range(1, 2)(0, 0) == 4);
}
