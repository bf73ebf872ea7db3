// The curves and pictures of the report.
#pragma once

#include "expunge/report/results.hpp"
#include "forget_sets.hpp"
#include "methods.hpp"
#include "score.hpp"

namespace quickstart {

/// p95 KLoM after every epoch of a run of `epochs` epochs that cost `compute` in all.
expunge::report::ComputeCurve compute_curve(const std::string& method, const Oracles& oracles,
                                            const MethodRun& run, const Splits& splits,
                                            int threads);

/// Where the mean margins of the forget points stand in the oracles' distributions, from theta0 on.
expunge::report::MissingTargets missing_targets_of(const std::string& method,
                                                   const std::string& forget_set,
                                                   const FullModels& full, const Oracles& oracles,
                                                   const MethodRun& run,
                                                   const std::vector<Index>& forget);

/// LDS on held-out subset models and KLoM of DM-Direct on the forget points, against the number of
/// subset models, for each estimator.
std::vector<expunge::report::ModelsCurve> models_curves(Lab& lab, const SubsetModels& subset,
                                                        const FullModels& full,
                                                        const Oracles& oracles,
                                                        const std::vector<Index>& forget);

/// Four forget images with the margins that each kind of model gives them: those whose full and
/// oracle means differ most, of different classes.
std::vector<expunge::report::ImageMargins> image_margins(
    const Lab& lab, const std::vector<Index>& forget, const Array<float, 2>& oracle_margins,
    const std::vector<std::pair<std::string, Array<float, 2>>>& others);

}  // namespace quickstart
