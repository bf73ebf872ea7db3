// Runs in an order that the test chooses: the list that the loop is about to shuffle is arranged so
// that the shuffle brings it into the wanted order.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "expunge/data/batches.hpp"
#include "expunge/train/objective.hpp"

namespace expunge {

/// A list that `shuffle_for_epoch` turns into `wanted`.
inline std::vector<Index> arranged(std::uint64_t seed, Index member, Index epoch, Index pass,
                                   const std::vector<Index>& wanted) {
  std::vector<Index> shuffled = all_indices(static_cast<Index>(wanted.size()));
  shuffle_for_epoch(seed, member, epoch, pass, shuffled);
  std::vector<Index> list(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    list[static_cast<std::size_t>(shuffled[i])] = wanted[i];
  return list;
}

/// An objective whose passes take its own examples in the order `order(epoch, pass)`. Throws if
/// that is no arrangement of the examples that the objective lists.
template <class Inner>
struct FixedOrder {
  Inner inner;
  std::uint64_t seed;
  std::function<std::vector<Index>(Index epoch, Index pass)> order;
  bool other_examples = false;

  Index passes(Index epoch) const { return inner.passes(epoch); }
  Index batch_size(Index epoch, Index pass) const { return inner.batch_size(epoch, pass); }
  std::vector<Index> examples(Index member, Index epoch, Index pass) const {
    const std::vector<Index> wanted = order(epoch, pass);
    std::vector<Index> a = wanted, b = inner.examples(member, epoch, pass);
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    require(other_examples || a == b, "FixedOrder: epoch ", epoch, ", pass ", pass,
            " has other examples");
    return arranged(seed, member, epoch, pass, wanted);
  }
  template <class B>
  void operator()(B& backend, const Minibatch<typename B::Real>& minibatch) const {
    inner(backend, minibatch);
  }
};

}  // namespace expunge
