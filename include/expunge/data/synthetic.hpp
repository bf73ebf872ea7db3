// Made-up data sets: as many examples as one asks for, from nothing but a seed.
#pragma once

#include <cmath>

#include "expunge/core/random.hpp"
#include "expunge/data/dataset.hpp"

namespace expunge {

/// A mixture of unit normals, one per class: example i has label i % classes and inputs
/// c_label + N(0, I). The centres are normal too, and two of them are `separation` apart in root
/// mean square (3 makes two classes overlap by about 7 %). Example i depends on (seed, i) alone, so
/// examples `first` .. `first + n - 1` are a validation set for the n that come before them.
/// inputs [n][features], labels [n].
inline Dataset gaussian_classes(std::uint64_t seed, Index n, Index features, Index classes,
                                double separation = 3, Index first = 0) {
  require(n >= 1 && features >= 1 && classes >= 1 && first >= 0, "gaussian_classes: ", n,
          " examples from number ", first, ", ", features, " features, ", classes, " classes");
  require(separation >= 0, "gaussian_classes: separation is ", separation, ", negative");
  const Stream centres{Purpose::synthetic_data, 0}, noise{Purpose::synthetic_data, 1};
  const double spread = separation / std::sqrt(2.0 * static_cast<double>(features));
  Dataset data{make_array<float>(n, features), {}};
  for (Index i = 0; i < n; ++i) {
    const Index label = (first + i) % classes;
    data.labels.push_back(static_cast<Label>(label));
    for (Index j = 0; j < features; ++j) {
      const auto of_centre = static_cast<std::uint64_t>(label * features + j);
      const auto of_noise = static_cast<std::uint64_t>((first + i) * features + j);
      data.inputs(i, j) = static_cast<float>(spread * random_normal(seed, centres, of_centre) +
                                             random_normal(seed, noise, of_noise));
    }
  }
  return data;
}

}  // namespace expunge
