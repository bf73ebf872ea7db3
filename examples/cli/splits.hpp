// Named sets of points: NAME=indices.npy on the command line.
#pragma once

#include <string>
#include <vector>

#include "expunge/core/platform.hpp"

namespace expunge::cli {

struct Split {
  std::string name;
  std::vector<Index> points;
};

/// The whole numbers of an array of one axis, each in 0 .. n - 1 and at most once. Throws io_error,
/// for a mask as well.
std::vector<Index> read_positions(const std::string& file, Index n);

/// From NAME=FILE; all points as "all" if none is given. Throws usage_error for other text or a
/// name given twice.
std::vector<Split> read_splits(const std::vector<std::string>& arguments, Index points);

}  // namespace expunge::cli
