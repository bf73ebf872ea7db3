// Classification accuracy of many models over a split of the points.
//
// A point is right if the logit of its label is larger than every other. NaN never counts as right,
// in the label's logit or in another one, and neither does a tie: argmax would depend on its order.
//
//   logits  [models][points][k]
#pragma once

#include <cmath>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/core/view.hpp"

namespace expunge {

struct Accuracy {
  double mean = 0;             // over models, in [0, 1]
  double sd = 0;               // over models, unbiased; 0 for one model
  Array<double, 1> per_model;  // [models]
};

/// Whether the largest of k logits is that of `label`, alone and with no NaN among them.
template <class T>
bool is_right(const T* logits, Index k, Label label) {
  const double own = static_cast<double>(logits[label]);
  if (std::isnan(own)) return false;
  for (Index j = 0; j < k; ++j)
    if (j != label && !(static_cast<double>(logits[j]) < own)) return false;
  return true;
}

/// Of the points of a split: labels [points] in 0 .. k - 1, split: positions among the points.
template <TensorLike A>
Accuracy accuracy(const A& logits, const std::vector<Label>& labels,
                  const std::vector<Index>& split) {
  const TensorView<const typename A::value_type> z = view(logits);
  require(static_cast<Index>(labels.size()) == z.rows, "accuracy: ", labels.size(), " labels for ",
          z.rows, " points");
  require(!split.empty() && z.members > 0, "accuracy: ", split.size(), " points and ", z.members,
          " models, at least 1 of each is needed");
  require(z.features >= 2, "accuracy: logits of ", z.features,
          " class; with one every label is right, so 2 or more are needed");
  for (const Index x : split) {
    require(x >= 0 && x < z.rows, "accuracy: point ", x, " of ", z.rows);
    const Label label = labels[static_cast<std::size_t>(x)];
    require(label >= 0 && label < z.features, "accuracy: point ", x, " has label ", label, " of ",
            z.features, " classes");
  }
  Accuracy result;
  result.per_model = make_array<double>(z.members);
  for (Index m = 0; m < z.members; ++m) {
    Index right = 0;
    for (const Index x : split)
      right += is_right(z.row(m, x), z.features, labels[static_cast<std::size_t>(x)]);
    const double share = static_cast<double>(right) / static_cast<double>(split.size());
    result.per_model(static_cast<std::size_t>(m)) = share;
    result.mean += share / static_cast<double>(z.members);
  }
  for (const double share : result.per_model)
    result.sd += (share - result.mean) * (share - result.mean);
  if (z.members > 1) result.sd = std::sqrt(result.sd / static_cast<double>(z.members - 1));
  return result;
}

}  // namespace expunge
