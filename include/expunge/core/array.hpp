// xtensor, whose headers moved between versions: 0.24 has flat paths, newer ones do not.
#pragma once

#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xtensor.hpp>
#endif

#include "expunge/core/view.hpp"

namespace expunge {

/// The array type of public results: row-major, `Rank` axes.
template <class T, std::size_t Rank>
using Array = xt::xtensor<T, Rank>;

/// An array of this shape whose elements are not yet set.
template <class T, class... Extents>
Array<T, sizeof...(Extents)> make_array(Extents... extents) {
  return Array<T, sizeof...(Extents)>::from_shape({static_cast<std::size_t>(extents)...});
}

}  // namespace expunge
