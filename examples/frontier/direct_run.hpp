// DM-Direct: the prediction itself as a method.
#pragma once

#include <chrono>

#include "methods.hpp"
#include "settings.hpp"

namespace frontier {

/// What the full models would say without the forget set, at the chosen multiplier. No compute, for
/// no model changes; the seconds are those of the prediction, not of fitting the datamodels.
inline quickstart::MethodRun run_direct(const quickstart::FullModels& full,
                                        const quickstart::LogitDatamodels& datamodels,
                                        const std::vector<quickstart::Index>& forget) {
  const auto start = std::chrono::steady_clock::now();
  const expunge::DmDirect<quickstart::LogitDatamodels> direct{datamodels,
                                                              quickstart::chosen_multiplier};
  quickstart::MethodRun run;
  run.logits = direct.targets(expunge::TensorView<const float>(expunge::view(full.logits)), forget);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  run.seconds = elapsed.count();
  return run;
}

}  // namespace frontier
