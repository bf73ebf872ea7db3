// Training masks on disk: which examples each model saw, bool or integer 0/1 [models][examples],
// 1 = included. Read row by row into one bit an entry.
#pragma once

#include <string>
#include <vector>

#include "expunge/data/subset_masks.hpp"

namespace expunge::cli {

/// Which of the file's models are done: the file _completed.npy beside an array whose first axis is
/// the models, as the datamodels store has it. Empty if there is no such file.
std::vector<bool> completed_models(const std::string& outputs);

/// All rows of the file. Throws io_error for another number of axes, for a type that is no integer,
/// or for a value other than 0 and 1, with its row and column.
SubsetMasks read_masks(const std::string& name);

/// The rows that `completed` calls done; all if it is empty. Throws io_error if the file has
/// another number of rows.
SubsetMasks read_masks(const std::string& name, const std::vector<bool>& completed);

}  // namespace expunge::cli
