// results.json: everything that the report shows, for programs. What was not measured is null.
#pragma once

#include <filesystem>
#include <string>

#include "expunge/report/results.hpp"
#include "expunge/report/text_file.hpp"
#include "support/json.hpp"

namespace expunge::report {

template <class T>
Json list_json(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(json_of(value));
  return list;
}

inline Json json_of(const Interval& interval) {
  return Json::array({number_json(interval.low), number_json(interval.high)});
}

inline Json json_of(const Score& score) {
  return {{"p95", number_json(score.p95)},
          {"mean", number_json(score.mean)},
          {"p95_interval", json_of(score.p95_interval)}};
}

inline Json json_of(const SplitScores& scores) {
  return {{"forward", json_of(scores.forward)},
          {"reverse", json_of(scores.reverse)},
          {"gaussian", json_of(scores.gaussian)},
          {"bad_points", scores.bad_points},
          {"accuracy", number_json(scores.accuracy)}};
}

inline Json json_of(double value) {
  return number_json(value);
}

template <class T>
Json json_of(const PerSplit<T>& values) {
  return {{"forget", json_of(values.forget)},
          {"retain", json_of(values.retain)},
          {"validation", json_of(values.validation)}};
}

inline Json json_of(const Row& row) {
  return {{"method", row.method},
          {"settings", row.settings},
          {"compute_fraction", number_json(row.compute_fraction)},
          {"seconds", number_json(row.seconds)},
          {"diverged", row.diverged},
          {"scores", json_of(row.scores)}};
}

inline Json json_of(const ComputePoint& point) {
  return {{"compute_fraction", number_json(point.compute_fraction)},
          {"klom_p95", json_of(point.klom_p95)}};
}

inline Json json_of(const ComputeCurve& curve) {
  return {{"method", curve.method}, {"points", list_json(curve.points)}};
}

inline Json json_of(const ForgetSetResult& set) {
  return {{"name", set.name},
          {"description", set.description},
          {"size", set.size},
          {"floor", json_of(set.floor)},
          {"rows", list_json(set.rows)},
          {"klom_vs_compute", list_json(set.klom_vs_compute)},
          {"remarks", set.remarks}};
}

inline Json json_of(const MissingTargets& targets) {
  Json percent = Json::array();
  for (const std::vector<double>& epoch : targets.percent) percent.push_back(numbers_json(epoch));
  return {{"method", targets.method},
          {"forget_set", targets.forget_set},
          {"percent", percent},
          {"overshoots", targets.overshoots}};
}

inline Json json_of(const ModelsPoint& point) {
  return {{"models", point.models},
          {"lds", number_json(point.lds)},
          {"lds_interval", json_of(point.lds_interval)},
          {"klom_forget_p95", number_json(point.klom_forget_p95)}};
}

inline Json json_of(const ModelsCurve& curve) {
  return {{"estimator", curve.estimator}, {"points", list_json(curve.points)}};
}

inline Json json_of(const ImageMargins::Series& series) {
  return {{"method", series.method}, {"margins", numbers_json(series.margins)}};
}

inline Json json_of(const ImageMargins& image) {
  return {{"title", image.title},
          {"width", image.width},
          {"height", image.height},
          {"pixels", image.pixels},
          {"series", list_json(image.series)}};
}

inline Json json_of(const Stage& stage) {
  return {{"name", stage.name}, {"seconds", number_json(stage.seconds)}};
}

inline Json json_of(const Run& run) {
  Json settings = Json::object();
  for (const auto& [name, value] : run.settings) settings[name] = value;
  return {{"version", run.version},
          {"command", run.command},
          {"machine", run.machine},
          {"threads", run.threads},
          {"seed", run.seed},
          {"date", run.date},
          {"settings", settings},
          {"stages", list_json(run.stages)},
          {"peak_memory_bytes", number_json(run.peak_memory_bytes)}};
}

/// The results as one JSON object, keys in the order of results.hpp.
inline Json results_json(const Results& results) {
  return {{"title", results.title},
          {"summary", results.summary},
          {"run", json_of(results.run)},
          {"forget_sets", list_json(results.forget_sets)},
          {"missing_targets", list_json(results.missing_targets)},
          {"models_curves", list_json(results.models_curves)},
          {"histograms", list_json(results.histograms)},
          {"remarks", results.remarks}};
}

/// Writes the file.
inline void write_results_json(const std::filesystem::path& path, const Results& results) {
  write_text_file(path, json_text(results_json(results)));
}

}  // namespace expunge::report
