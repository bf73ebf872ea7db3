// The settings that the demonstration reports. Each was chosen by select_settings on forget sets
// that are not reported here; docs/measurements/settings.md holds its output.
#pragma once

#include "methods.hpp"

namespace quickstart {

inline expunge::GradientAscent<> chosen_ascent() {
  return {.learning_rate = 3e-4, .epochs = 3};
}

inline expunge::GradientDescent<> chosen_descent() {
  return {.learning_rate = 1e-2, .epochs = 3, .sgd = {.weight_decay = 1e-2}};
}

inline expunge::AscentDescent<> chosen_ascent_descent() {
  return {.learning_rate = 5e-3, .epochs = 2, .ascent_epochs = 1, .sgd = {.weight_decay = 1e-2}};
}

inline expunge::Scrub<> chosen_scrub() {
  return {.learning_rate = 2e-2,
          .epochs = 2,
          .max_steps = 2,
          .alpha = 0.5,
          .distillation = {.temperature = 4}};
}

/// SCRUB for the missing-targets figure: longer than chosen, as published, so that its path is
/// seen.
inline expunge::Scrub<> long_scrub() {
  return {.learning_rate = 5e-3, .epochs = 10, .max_steps = 3};
}

inline Dmm chosen_dmm(const LogitDatamodels& datamodels) {
  return {.target = {datamodels, 1.3},
          .learning_rate = 1e-3,
          .epochs = 5,
          .batch = 16,
          .retain_multiple = 10,
          .forget_multiple = 2,
          .decay = 0.95};
}

inline GaussNewtonDmm chosen_gauss_newton(const LogitDatamodels& datamodels) {
  return {.target = {datamodels, 1.5},
          .damping = 3e-3,
          .iterations = 4,
          .retain_count = 250,
          .retain_multiple = 5,
          .prior = {200}};
}

inline Om chosen_om(expunge::OracleOutputs<float> target) {
  return {.target = target,
          .learning_rate = 3e-3,
          .epochs = 5,
          .batch = 32,
          .retain_multiple = 10,
          .forget_multiple = 2,
          .decay = 0.95};
}

inline constexpr double chosen_standard_errors = 0.6;  // of the plug-in LASSO
inline constexpr double chosen_multiplier = 1.1;       // of DM-Direct
inline constexpr Index partial_epochs = 8;             // of partial retraining, out of 15

}  // namespace quickstart
