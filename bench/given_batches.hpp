// An objective of the benchmarks: the same batches for all members, one step an epoch.
#pragma once

#include "expunge/train/train.hpp"

namespace bench {

/// Step s trains on row s of `order` [batches][batch], from the first again after the last.
struct GivenBatches {
  const expunge::Array<expunge::Index, 2>& order;
  const expunge::Label* labels;

  expunge::Index passes(expunge::Index) const { return 1; }
  expunge::Index batch_size(expunge::Index, expunge::Index) const {
    return static_cast<expunge::Index>(order.shape()[1]);
  }
  std::vector<expunge::Index> examples(expunge::Index, expunge::Index step, expunge::Index) const {
    const expunge::Index batch = batch_size(0, 0);
    const expunge::Index* row =
        order.data() + step % static_cast<expunge::Index>(order.shape()[0]) * batch;
    return {row, row + batch};
  }
  template <class B>
  void operator()(B& backend, const expunge::Minibatch<typename B::Real>& minibatch) const {
    add_loss(backend, expunge::CrossEntropy{}, expunge::LabelTarget{labels}, minibatch, 1);
  }
};

}  // namespace bench
