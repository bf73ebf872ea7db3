// Training masks on disk: which examples each model saw, 0/1 of any type [models][examples],
// 1 = included. Read row by row into one bit an entry.
#pragma once

#include <string>
#include <vector>

#include "expunge/data/subset_masks.hpp"

namespace expunge::cli {

/// All rows of the file. Throws io_error for another number of axes, or for a value other than 0
/// and 1, with its row and column.
SubsetMasks read_masks(const std::string& name);

/// The rows that `completed` calls done; all if it is empty. Throws io_error if the file has
/// another number of rows.
SubsetMasks read_masks(const std::string& name, const std::vector<bool>& completed);

}  // namespace expunge::cli
