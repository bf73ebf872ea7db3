// Numbers as a reader wants them: a few digits, and words where there is no number.
#pragma once

#include <cmath>
#include <cstdio>
#include <string>

#include "expunge/report/results.hpp"

namespace expunge::report {

/// What stands where a number would, if this is none; empty for a finite value.
inline std::string words_for(double value) {
  if (std::isnan(value)) return "no value";
  if (std::isinf(value)) return "infinite";
  return "";
}

/// Fixed number of decimals: "0.72"; words where the value is not finite.
inline std::string fixed(double value, int decimals) {
  if (!std::isfinite(value)) return words_for(value);
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

/// A KLoM score, in nats: two decimals are all that 100 models can tell.
inline std::string score_text(double value) {
  return fixed(value, 2);
}

/// A share in [0, 1] as percent: "83.3".
inline std::string percent_text(double share) {
  return fixed(100 * share, 1);
}

/// A share of the compute of retraining: "0", "4.1 %", "0.12 %".
inline std::string compute_text(double share) {
  if (!std::isfinite(share)) return words_for(share);
  if (share == 0) return "0";
  return fixed(100 * share, share < 0.01 ? 2 : 1) + " %";
}

/// A time: "0.31 s", "12.4 s", "2 min 5 s".
inline std::string seconds_text(double seconds) {
  if (!std::isfinite(seconds)) return words_for(seconds);
  if (seconds < 10) return fixed(seconds, 2) + " s";
  if (seconds < 59.95) return fixed(seconds, 1) + " s";
  const long whole = std::lround(seconds);
  return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
}

/// Memory: "812 MiB", "2.1 GiB".
inline std::string bytes_text(double bytes) {
  if (!std::isfinite(bytes)) return words_for(bytes);
  const double mebibytes = bytes / (1024.0 * 1024.0);
  return mebibytes < 1024 ? fixed(mebibytes, 0) + " MiB" : fixed(mebibytes / 1024, 1) + " GiB";
}

/// "[0.61, 0.83]", or nothing where there is no interval.
inline std::string interval_text(const Interval& interval) {
  if (!std::isfinite(interval.low) || !std::isfinite(interval.high)) return "";
  return "[" + score_text(interval.low) + ", " + score_text(interval.high) + "]";
}

}  // namespace expunge::report
