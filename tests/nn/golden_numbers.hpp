// Golden files that are one row of numbers after the other.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "golden_arrays.hpp"

namespace expunge {

/// Takes the next numbers of a golden file.
class GoldenNumbers {
 public:
  explicit GoldenNumbers(const std::string& name) : all_(golden<1>(name)) {}

  std::vector<double> take(Index n) {
    REQUIRE(at_ + n <= static_cast<Index>(all_.size()));
    const std::vector<double> part(all_.data() + at_, all_.data() + at_ + n);
    at_ += n;
    return part;
  }
  bool finished() const { return at_ == static_cast<Index>(all_.size()); }

 private:
  Array<double, 1> all_;
  Index at_ = 0;
};

}  // namespace expunge
