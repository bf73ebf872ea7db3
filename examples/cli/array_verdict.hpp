// What an array looks like, by its shape and its numbers: a guess in words, and what is odd about
// it.
#pragma once

#include <string>
#include <vector>

#include "cli/array_facts.hpp"

namespace expunge::cli {

struct Verdict {
  std::string looks_like;             // "margins [models][points]: 200 models, 60000 points"
  std::vector<std::string> warnings;  // one sentence each
  std::vector<std::string> remarks;
};

/// More of the variance lies between rows than between columns, as it does where rows are points.
bool rows_vary_most(const AxisVariances& variances);

Verdict verdict_of(const ArrayFacts& facts);

}  // namespace expunge::cli
