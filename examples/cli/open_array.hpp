// The array that a name on the command line means, wherever it lies.
//
//   PATH            a .npy file, or an archive (.npz) with one array: by its first bytes, as NumPy
//                   does, not by its name
//   PATH.npz:NAME   one array of an archive
//   a pipe          <(command), /dev/stdin: read once, into memory
#pragma once

#include <string>
#include <vector>

#include "cli/npz.hpp"
#include "expunge/io/npy_view.hpp"

namespace expunge::cli {

/// Throws io_error, which says what the file seems to be if it is no array, and what to do.
NpyView open_array(const std::string& name);

/// Whether a name means ARCHIVE.npz:NAME.
bool is_archive_member(const std::string& name);

/// The file of a name: PATH of PATH.npz:NAME, else the name itself.
std::string file_of(const std::string& name);

/// Whether the file begins as an archive does.
bool is_archive(const std::string& file);

/// Throws io_error with a sentence of what this file seems to be unless it begins as a .npy file
/// does.
void require_npy(const std::string& file);

/// "[200][60000]"; "one number" for no axis.
std::string brackets(const std::vector<Index>& shape);

/// The numbers of an array of one axis, or of which all axes but one have one entry, as numpy.where
/// and column vectors do. Throws io_error for other shapes, with `what` it should have been:
/// "labels [points]".
std::vector<std::int64_t> read_integers(const NpyView& array, const std::string& what);

}  // namespace expunge::cli
