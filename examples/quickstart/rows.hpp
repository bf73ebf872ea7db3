// One forget set of the report: oracles, floor, every method's row, curves and figures.
#pragma once

#include "expunge/report/results.hpp"
#include "forget_sets.hpp"
#include "methods.hpp"
#include "score.hpp"

namespace quickstart {

/// A forget set's results, and what the figures of the whole report need of it.
struct ForgetSetRun {
  expunge::report::ForgetSetResult result;
  Oracles oracles;
  Array<float, 2> dmm_margins;  // [N][points]
};

/// Runs every method. With `curves`, records every epoch for KLoM against compute.
ForgetSetRun run_forget_set(Lab& lab, const FullModels& full, const LogitDatamodels& datamodels,
                            const NamedForgetSet& set, std::uint64_t group, bool curves);

/// SCRUB and DMM, epoch by epoch, for the missing-targets figure.
std::vector<expunge::report::MissingTargets> run_missing_targets(Lab& lab, const FullModels& full,
                                                                 const LogitDatamodels& datamodels,
                                                                 const NamedForgetSet& set,
                                                                 const Oracles& oracles);

}  // namespace quickstart
