// The file _completed.npy of a datamodels store: which models of the array beside it are done.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "expunge/io/npy_view.hpp"

namespace expunge::cli {

/// Where it would lie for the outputs of this name.
std::filesystem::path completed_file(const std::string& name);

/// One entry for each row of `outputs`, the array of the file of this name; empty if that is no
/// .npy file whose first axis is the models, or there is no _completed.npy beside it. Throws
/// io_error if it is not one axis of 0 and 1 of the right length, or if no model is done.
std::vector<bool> completed_models(const NpyView& outputs, const std::string& name);

/// The same of the outputs of this name.
std::vector<bool> completed_models(const std::string& name);

}  // namespace expunge::cli
