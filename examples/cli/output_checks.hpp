// No output of a command may be one of its inputs, nor two outputs one file, nor a place where
// nothing can be written: all of that is looked at in one place, before any work.
#pragma once

#include <string>
#include <vector>

namespace expunge::cli {

/// A name on the command line and the option that it belongs to.
struct NamedFile {
  std::string option, name;
};

/// Files are the same if device and inode are, whatever their names: links are followed. An input
/// may be a file, ARCHIVE.npz:NAME, NAME=FILE, a pattern, or a folder: of one file a model (a new
/// file among them would be taken for a model the next time), of a fit, a store, or a data set.
/// Throws usage_error for an output that is an input or another output, io_error for one that
/// cannot be written.
void check_outputs(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs);

}  // namespace expunge::cli
