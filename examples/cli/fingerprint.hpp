// What tells whether two results were scored on the same oracles and the same points: short hashes
// that go into their JSON (FNV-1a, 64 bits, as 16 hexadecimal digits).
#pragma once

#include <string>
#include <vector>

#include "cli/model_outputs.hpp"

namespace expunge::cli {

struct Fingerprints {
  std::string oracle, points;
};

/// Of words, each as eight bytes, the lowest first.
std::string fingerprint_of(const std::vector<std::uint64_t>& words);

/// Of the margins of all models, as double, at up to 256 of these points, evenly spaced in
/// ascending order. Files of other precision have other fingerprints.
std::string oracle_fingerprint(const ModelOutputs& oracle, std::vector<Index> points, int threads);

/// Of the positions, in ascending order.
std::string points_fingerprint(std::vector<Index> points);

}  // namespace expunge::cli
