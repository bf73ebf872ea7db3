// One file of arrays, .npy or .npz, as rows of a table: shape, type, range, and what it looks like.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/array_verdict.hpp"
#include "cli/document.hpp"

namespace expunge::cli {

struct InspectedArray {
  std::string label;           // what the table calls it
  std::optional<int> version;  // of a .npy file; a member of an archive has none here
  ArrayFacts facts;
  Verdict verdict;
};

/// Reads all of a .npy file, of every member of a .npz file, or of one, ARCHIVE.npz:NAME. Throws
/// io_error.
std::vector<InspectedArray> inspect_arrays(const std::string& file);

/// The table of these arrays, their warnings and remarks, after their labels if there are several.
void add_arrays(Document& document, const std::vector<InspectedArray>& arrays);

/// The same for programs.
Json arrays_json(const std::vector<InspectedArray>& arrays);

}  // namespace expunge::cli
