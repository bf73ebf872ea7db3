// What a folder of other tools' files holds: an EasyDUB data set, a datamodels store, what
// `expunge fit` wrote, one file a model; anything else as a list. Arrays of an EasyDUB data set are
// known by their headers alone; those of the others are read.
#pragma once

#include <string>

#include "cli/document.hpp"

namespace expunge::cli {

/// Facts, tables, warnings and results of the folder. Throws io_error if it cannot be read; a
/// damaged file in it is a warning.
void inspect_folder(Document& document, const std::string& folder);

/// The same of an EasyDUB data set: forget_sets/, margins/.
void inspect_easydub(Document& document, const std::string& folder);

}  // namespace expunge::cli
