// The file _completed.npy of a datamodels store: which models of the arrays beside it are done.
//
// It lies beside margins.npy, or beside an archive of the arrays (or in it, as _completed), or in
// the folder of one file a model. It speaks of arrays with as many models as it has entries; the
// other arrays of the folder, oracles say, are none of its business.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/npz.hpp"
#include "expunge/io/npy_view.hpp"

namespace expunge::cli {

enum class UseCompleted { yes, no };

/// What is known of which models are done.
struct Completed {
  std::vector<bool> done;  // [models of the file or files], or empty: all of them
  std::string file;        // that says so
  std::string warning;     // there is such a file, but it is of another array
};

/// Where it would lie for a name on the command line: in a folder of one file a model, beside a
/// file.
std::filesystem::path completed_file(const std::string& name);

/// Of the `models` rows of one array. Throws io_error if the file is not one axis of 0 and 1, if no
/// model is done, or if its length is wrong for the store's own array, which is known by its name
/// (margins) or by the masks beside it.
Completed completed_rows(const std::string& name, Index models);

/// Of these files of one model each, in one folder. Of some of a folder's files, the entries of
/// their places in the natural order of all.
Completed completed_files(const std::string& name, const std::vector<std::string>& files);

}  // namespace expunge::cli
