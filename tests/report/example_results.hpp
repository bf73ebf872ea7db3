// Made-up results with every awkward case: a method that diverged, numbers that were not measured,
// names that need escaping. Shapes and sizes are those of the quickstart.
#pragma once

#include <cmath>
#include <string>

#include "expunge/core/random.hpp"
#include "expunge/report/results.hpp"

namespace example {

using namespace expunge;
using namespace expunge::report;

inline double uniform(std::uint32_t member, int index) {
  return random_uniform(7, {Purpose::test, member}, static_cast<std::uint64_t>(index));
}
inline double normal(std::uint32_t member, int index) {
  return random_normal(7, {Purpose::test, member}, static_cast<std::uint64_t>(index));
}

inline SplitScores split(double p95, double accuracy) {
  SplitScores scores;
  scores.forward = {p95, 0.5 * p95, {0.85 * p95, 1.2 * p95}};
  scores.reverse = {1.3 * p95, 0.6 * p95, {1.1 * p95, 1.5 * p95}};
  scores.gaussian = {0.1 * p95 * p95, 0.04 * p95, {0.05 * p95, 0.2 * p95}};
  scores.accuracy = accuracy;
  return scores;
}

inline Row row(const std::string& method, const std::string& settings, double compute,
               double seconds, double forget, double retain, double validation) {
  Row made{method, settings, compute, seconds, {}, false};
  made.scores = {split(forget, 0.81), split(retain, 0.884), split(validation, 0.833)};
  return made;
}

inline ComputeCurve curve(const std::string& method, double begin, double end, double floor,
                          double rate) {
  ComputeCurve made{method, {}};
  for (int i = 0; i < 6; ++i) {
    const double compute = begin * std::pow(end / begin, i / 5.0);
    const double klom = floor + (9 - floor) * std::exp(-rate * i);
    made.points.push_back({compute, {klom, 0.7 + 0.1 * rate * i, 0.7 + 0.08 * rate * i}});
  }
  return made;
}

inline ForgetSetResult forget_set(const std::string& name, const std::string& description,
                                  Index size, double hardness) {
  ForgetSetResult set;
  set.name = name;
  set.description = description;
  set.size = size;
  set.floor = {split(0.62, 0.79), split(0.67, 0.883), split(0.70, 0.832)};
  set.rows = {
      row("do nothing", "the trained model", 0, 0, 9.1, 1.9, 1.8),
      row("GA", "SGD 1e-3, 1 epoch", 0.001, 0.02, 9.05, 1.8, 1.7),
      row("GD", "SGD 0.02, 1 epoch", 0.07, 0.9, 3.3, 1.5, 1.4),
      row("GDA", "SGD 5e-3, 3 epochs of ascent & descent", 0.2, 2.6, not_measured, 2.1, 2.2),
      row("SCRUB", "SGD 5e-3, 3 epochs <small>", 0.2, 2.9, 6.3, 2.1, 2.2),
      row("retrain, stopped", "8 of 15 epochs", 0.53, 7.1, 0.9, 1.2, 1.2),
      row("DM-Direct", "no training", 0, 0.01, 0.7 * hardness, 0.95, 0.9),
      row("DMM, Adam", "3e-3, batch 64, 5 epochs, 10 |F| retain points", 0.04, 0.61, 1.3 * hardness,
          0.8, 0.8),
      row("DMM, Gauss-Newton", "5 CG steps, 80 retain points", 0.03, 0.55, 0.65 * hardness, 0.7,
          0.7),
      row("OM", "one oracle per run", 0.04, 0.6, 1.2, 0.9, 0.8),
  };
  Row broken = row("GA, rate x10", "SGD 1e-2, 1 epoch", 0.001, 0.02, INFINITY, 11.51, 11.51);
  broken.diverged = true;
  broken.scores.forget.bad_points = size;
  set.rows.push_back(broken);
  set.klom_vs_compute = {curve("GA", 0.001, 0.03, 7, 0.5),
                         curve("GD", 0.02, 0.4, 2.4, 0.4),
                         curve("GDA", 0.05, 0.6, 3.1, 0.3),
                         curve("SCRUB", 0.05, 0.6, 4.6, 0.3),
                         curve("DMM, Adam", 0.004, 0.08, 1.2, 0.9),
                         curve("DMM, Gauss-Newton", 0.006, 0.06, 0.75, 1.5),
                         curve("retrain, stopped", 0.2, 0.9, 0.6, 0.4)};
  set.klom_vs_compute.push_back({"do nothing", {{0, {9.1, 1.9, 1.8}}}});
  set.klom_vs_compute.push_back({"DM-Direct", {{0, {1.3, 0.95, 0.9}}}});
  set.klom_vs_compute.push_back({"OM", {{0.04, {1.2, 0.9, not_measured}}}});
  return set;
}

inline report::MissingTargets missing_targets(const std::string& method, bool overshoots) {
  report::MissingTargets made{method, "random 100", {}, {}};
  for (int epoch = 0; epoch <= 8; ++epoch) {
    std::vector<double> percent;
    for (int point = 0; point < 60; ++point) {
      const double speed = 0.3 + uniform(1, point);
      double value = 48 * (1 - std::exp(-speed * epoch)) + 2 * normal(2, 60 * epoch + point);
      if (overshoots && point % 2 == 0 && epoch > 3) value -= 9.0 * (epoch - 3);
      percent.push_back(std::fmin(50, std::fmax(0, value)));
    }
    made.percent.push_back(percent);
  }
  for (int point = 0; point < 60; ++point) made.overshoots.push_back(overshoots && point % 2 == 0);
  return made;
}

inline ImageMargins image(const std::string& title, int which) {
  ImageMargins made{title, 14, 14, {}, {}};
  for (int y = 0; y < 14; ++y)
    for (int x = 0; x < 14; ++x) {
      const double distance = std::hypot(x - 6.5, (y - 6.5) * (0.6 + 0.2 * which));
      made.pixels.push_back(static_cast<std::uint8_t>(distance < 5.5 ? 230 - 20 * (x % 4) : 8));
    }
  const char* methods[] = {"full model", "oracle", "DMM, Gauss-Newton", "SCRUB"};
  const double means[] = {3.1, 0.2 - which, 0.3 - which, 1.9};
  for (int s = 0; s < 4; ++s) {
    ImageMargins::Series series{methods[s], {}};
    for (int m = 0; m < 100; ++m)
      series.margins.push_back(means[s] +
                               0.8 * normal(static_cast<std::uint32_t>(10 + 4 * which + s), m));
    made.series.push_back(series);
  }
  return made;
}

inline Results results() {
  Results made;
  made.title = "Forgetting by datamodel matching on Fashion-MNIST";
  made.summary = {
      "100 small networks were trained on 2,000 images, and 100 more for each forget set without "
      "it.",
      "2,000 networks on random subsets gave a linear prediction of what removal does to every "
      "output.",
      "Each method below unlearned 100 trained networks; KLoM compares them with those that never "
      "saw it.",
  };
  made.run = {
      "0.1.0",
      "./demo --seed 1 <x>",
      "Xeon, 2 cores, g++ 12.2",
      2,
      1,
      "2025-01-01T12:00:00Z",
      {{"subset models", "2000"}, {"subset fraction alpha", "0.8"}, {"N", "100 against 100"}},
      {{"load", 0.3},
       {"subset models", 31.2},
       {"datamodels", 1.1},
       {"unlearning", 12.5},
       {"KLoM", 1.9}},
      512.0 * 1024 * 1024};
  made.forget_sets = {
      forget_set("random 100", "100 training images drawn at random", 100, 1),
      forget_set("50 of class Shirt", "the 50 shirts nearest to <their> mean", 50, 3)};
  made.forget_sets[1].remarks = {
      "Removals of a coherent set add up to more than a linear datamodel predicts."};
  made.missing_targets = {missing_targets("SCRUB", true),
                          missing_targets("DMM, Gauss-Newton", false)};
  for (const char* estimator : {"difference of means", "thresholded", "LASSO"}) {
    ModelsCurve models_curve{estimator, {}};
    const double quality = estimator[0] == 'L' ? 1.15 : estimator[0] == 't' ? 1.1 : 0.8;
    for (const Index models : {250, 500, 1000, 2000}) {
      const double lds = quality * (0.25 + 0.1 * std::log2(static_cast<double>(models) / 250));
      models_curve.points.push_back({models, lds, {lds - 0.02, lds + 0.02}, 1.4 / lds});
    }
    made.models_curves.push_back(models_curve);
  }
  const char* titles[] = {"Shirt 1203", "Bag 88", "Sneaker 411", "Coat 1790"};
  for (int i = 0; i < 4; ++i) made.histograms.push_back(image(titles[i], i));
  made.remarks = {
      "Settings were chosen on a held-out random set of 100, never on the sets reported.",
      "The floor is the score of oracles against other oracles at the same number of models."};
  return made;
}

}  // namespace example
