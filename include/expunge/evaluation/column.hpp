// One column of a matrix [rows][columns] as numbers of double precision.
#pragma once

#include <vector>

#include "expunge/core/view.hpp"

namespace expunge::detail {

template <class T>
std::vector<double> column(MatrixView<const T> a, Index t) {
  std::vector<double> values(static_cast<std::size_t>(a.rows));
  for (Index m = 0; m < a.rows; ++m)
    values[static_cast<std::size_t>(m)] = static_cast<double>(a(m, t));
  return values;
}

}  // namespace expunge::detail
