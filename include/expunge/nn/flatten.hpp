// The same numbers as one row: Shape<C, H, W> becomes Shape<C * H * W>, row-major. A layer writes
// its output, so this is a copy; GlobalMaxPool and GlobalAveragePool need none after them.
#pragma once

#include "expunge/nn/scale.hpp"

namespace expunge {

template <class S>
struct Flatten : Scale<S, std::ratio<1>> {
  using Output = Shape<S::size>;
};

static_assert(TangentLayer<Flatten<Shape<2, 3, 3>>, Cpu<float>>);

}  // namespace expunge
