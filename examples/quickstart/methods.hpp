// Running one unlearning method on all N models of a problem, with its clock and its meter.
#pragma once

#include "expunge/unlearning/ascent_descent.hpp"
#include "expunge/unlearning/gauss_newton_matching.hpp"
#include "expunge/unlearning/gradient_ascent.hpp"
#include "expunge/unlearning/oracle_matching.hpp"
#include "expunge/unlearning/scrub.hpp"
#include "lab.hpp"

namespace quickstart {

using ForgetProblem = expunge::Problem<Net, float>;
using LogitDatamodels = expunge::Datamodels<float>;
using Om = expunge::OracleMatching<expunge::OracleOutputs<float>>;
using Dmm = expunge::DatamodelMatching<LogitDatamodels>;
using GaussNewtonDmm = expunge::GaussNewtonMatching<expunge::DmDirect<LogitDatamodels>>;

/// A method's models on all points.
struct MethodRun {
  Array<float, 3> logits;                // [N][points][k]
  Array<float, 3> trajectory;            // [epochs][N][points] margins, if recorded
  double compute = 0;                    // fraction of a full training
  std::vector<double> compute_by_epoch;  // after each epoch
  double seconds = 0;                    // wall clock for all N models
  Index diverged = 0;                    // models whose weights are no longer numbers
};

enum class Record { final_only, every_epoch };

MethodRun run(Lab& lab, const ForgetProblem& problem, const expunge::GradientAscent<>& method,
              Record record = Record::final_only);
MethodRun run(Lab& lab, const ForgetProblem& problem, const expunge::GradientDescent<>& method,
              Record record = Record::final_only);
MethodRun run(Lab& lab, const ForgetProblem& problem, const expunge::AscentDescent<>& method,
              Record record = Record::final_only);
MethodRun run(Lab& lab, const ForgetProblem& problem, const expunge::Scrub<>& method,
              Record record = Record::final_only);
MethodRun run(Lab& lab, const ForgetProblem& problem, const Om& method,
              Record record = Record::final_only);
MethodRun run(Lab& lab, const ForgetProblem& problem, const Dmm& method,
              Record record = Record::final_only);
MethodRun run(Lab& lab, const ForgetProblem& problem, const GaussNewtonDmm& method,
              Record record = Record::final_only);
/// SCRUB+R; rewinds by the error on the validation points.
MethodRun run_rewound(Lab& lab, const ForgetProblem& problem, const expunge::Scrub<>& method);

/// Retraining on R that stops after so many epochs; `name` and `group` as in train_partially.
MethodRun run_partially(Lab& lab, const std::string& name, const std::vector<Index>& forget,
                        std::uint64_t group, Index stop_after);

/// DM-Direct: what the full models would say without the forget set. No compute, for no model
/// changes; the seconds are those of the prediction, not of fitting the datamodels.
MethodRun run_direct(const FullModels& full, const LogitDatamodels& datamodels,
                     const std::vector<Index>& forget, double multiplier);

}  // namespace quickstart
