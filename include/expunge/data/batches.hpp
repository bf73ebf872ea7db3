// Minibatches in their exact order.
//
// The order of one epoch is a permutation that depends on (seed, member, epoch, pass) alone. What
// becomes of a last batch that is not full is a setting, since it changes results: with 2000
// examples and batches of 32 a batch of 16 remains, and leaving out a forget set changes its size
// for all models.
#pragma once

#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/core/sample.hpp"

namespace expunge {

enum class LastBatch {
  keep,   // a smaller last step
  drop,   // its examples sit this epoch out (the only batch is never dropped)
  merge,  // joins the batch before when it is less than half full, else stays
};

/// Where the batches of n examples end: batch b is [ends[b - 1], ends[b]).
inline std::vector<Index> batch_ends(Index n, Index batch, LastBatch last) {
  require(batch > 0, "batch_ends: batch size ", batch);
  std::vector<Index> ends;
  for (Index end = batch; end <= n; end += batch) ends.push_back(end);
  const Index rest = n % batch;
  if (rest == 0) return ends;
  if (ends.empty() || last == LastBatch::keep || (last == LastBatch::merge && 2 * rest >= batch))
    ends.push_back(n);
  else if (last == LastBatch::merge)
    ends.back() = n;
  return ends;
}

/// The largest batch that `batch_ends` can give.
inline Index largest_batch(Index n, Index batch, LastBatch last) {
  Index largest = 0, begin = 0;
  for (const Index end : batch_ends(n, batch, last)) {
    largest = std::max(largest, end - begin);
    begin = end;
  }
  return largest;
}

/// Shuffles `examples` for one pass of one epoch of one member.
inline void shuffle_for_epoch(std::uint64_t seed, Index member, Index epoch, Index pass,
                              std::vector<Index>& examples) {
  std::vector<Index> order;
  const Stream stream{Purpose::batch_order, static_cast<std::uint32_t>(member)};
  const std::uint64_t first =
      (static_cast<std::uint64_t>(epoch) << 40) | (static_cast<std::uint64_t>(pass) << 34);
  random_permutation(seed, stream, first, static_cast<Index>(examples.size()), order);
  for (Index& position : order) position = examples[static_cast<std::size_t>(position)];
  examples.swap(order);
}

}  // namespace expunge
