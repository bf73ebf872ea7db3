// Results of klom and easydub as their --json wrote them, read back and checked field by field.
#pragma once

#include <string>
#include <vector>

#include "expunge/core/platform.hpp"
#include "expunge/report/results.hpp"
#include "support/json.hpp"

namespace expunge::cli {

/// In nats; NaN where the file has null.
struct SavedScore {
  double p95 = report::not_measured;
  report::Interval p95_interval;
  double mean = report::not_measured;
  double floor_p95 = report::not_measured;
  Index bad_points = 0;
  Index runaway_points = 0;  // 0 also in files of versions that did not count them
};

struct SavedSplit {
  std::string name, oracle_fingerprint, points_fingerprint;
  Index points = 0;
  SavedScore forward, reverse, gaussian;
};

struct SavedKlom {
  std::string file, preset, direction, last_edge;
  bool renormalised = false;
  Index bins = 0, oracle_models = 0, unlearned_models = 0;
  double interval_level = 0;
  std::vector<SavedSplit> splits;
};

/// The JSON of a file of at most 64 MiB, nested at most 32 deep. Throws io_error.
report::Json read_json(const std::string& file);

/// Throws io_error with the name of the field if the file holds no such results.
SavedKlom read_saved_klom(const std::string& file);

}  // namespace expunge::cli
