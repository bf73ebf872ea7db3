// Targets from true oracles: models that never saw F.
//
// Every member is given its own oracle (member m takes oracle m modulo their number), or the mean
// of several drawn without replacement. Averaging shrinks the spread of the targets and with it
// that of the unlearned models; KLoM then rises. The paper's configurations use one.
#pragma once

#include "expunge/core/check.hpp"
#include "expunge/core/sample.hpp"
#include "expunge/unlearning/target.hpp"

namespace expunge {

template <class Real>
struct OracleOutputs {
  TensorView<const Real> outputs;  // f_x of the oracles [oracles][points or more][outputs]
  Index averaged = 1;              // oracles per member
  std::uint64_t seed = 0;          // of the draw when several are averaged

  void validate() const {
    require(averaged >= 1 && averaged <= outputs.members, "OracleOutputs: averaged is ", averaged,
            ", not in 1 .. ", outputs.members);
  }

  Array<Real, 3> targets(TensorView<const Real> base, const std::vector<Index>&) const {
    validate();
    require(outputs.rows >= base.rows && outputs.features == base.features,
            "OracleOutputs: oracles have [", outputs.rows, "][", outputs.features,
            "] outputs, the models [", base.rows, "][", base.features, "]");
    Array<Real, 3> mean = make_array<Real>(base.members, base.rows, base.features);
    for (Index m = 0; m < base.members; ++m) {
      const std::vector<Index> oracles = oracles_of(m);
      for (Index i = 0; i < base.rows; ++i)
        for (Index j = 0; j < base.features; ++j) {
          double sum = 0;
          for (const Index o : oracles) sum += static_cast<double>(outputs(o, i, j));
          mean(m, i, j) = static_cast<Real>(sum / static_cast<double>(averaged));
        }
    }
    return mean;
  }

 private:
  std::vector<Index> oracles_of(Index member) const {
    if (averaged == 1) return {member % outputs.members};
    const Stream stream{Purpose::oracle_choice, static_cast<std::uint32_t>(member)};
    return random_sample(seed, stream, all_indices(outputs.members), averaged);
  }
};

static_assert(Target<OracleOutputs<float>, float>);

}  // namespace expunge
