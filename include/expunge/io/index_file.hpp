// Forget sets on disk: a .npy file of positions in the training set, one axis of whole numbers
// (integers, or floating-point ones that are whole), or an axis of 1 beside it, as numpy.where
// makes.
//
// The order is kept (some published sets are not sorted). Positions outside 0 .. n - 1 and
// duplicates are refused, and so are masks.
#pragma once

#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "expunge/io/npy_view.hpp"

namespace expunge {

namespace detail {

/// Refuses a mask: a file of bool, or of 0 and 1 alone that lists one of them twice.
inline void check_no_mask(const std::string& name, const NpyView& file,
                          const std::vector<Index>& indices) {
  const bool flags =
      std::all_of(indices.begin(), indices.end(), [](Index i) { return i == 0 || i == 1; });
  if (file.header().kind != 'b' && (!flags || indices.size() < 3)) return;
  const auto set = std::count(indices.begin(), indices.end(), Index{1});
  throw io_error(name, sentence("a mask of ", indices.size(), " values of type ",
                                file.header().type(), ", ", set,
                                " of them true; positions in the training set were expected, which "
                                "numpy.flatnonzero(mask) makes of it"));
}

/// What to do about position `index` among n, as the end of a sentence.
inline std::string advice_on_position(Index index, const std::vector<Index>& indices, Index n) {
  const auto [least, most] = std::minmax_element(indices.begin(), indices.end());
  if (index < 0 && index >= -n)
    return sentence("; counted from the front it is ", n + index, ", write that");
  if (*least >= 1 && *most == n) return "; if these count from 1, save them minus 1";
  return sentence("; is this the file of another training set than these ", n, " examples?");
}

}  // namespace detail

/// The positions that an open file lists, among n training examples. Throws io_error, naming the
/// first wrong position.
inline std::vector<Index> read_index_file(const NpyView& file, Index n) {
  Index long_axes = 0;
  for (Index a = 0; a < file.axes(); ++a) long_axes += file.extent(a) != 1;
  if (file.axes() < 1 || long_axes > 1)
    throw io_error(file.name(), sentence("one axis of positions was expected, it has ", file.axes(),
                                         " axes, ", shape_text(file.header().shape),
                                         "; name one row, or save a.ravel() of one list"));
  const std::vector<Index> indices = file.read_all<Index>();
  detail::check_no_mask(file.name(), file, indices);
  for (std::size_t k = 0; k < indices.size(); ++k)
    if (indices[k] < 0 || indices[k] >= n)
      throw io_error(file.name(), sentence("entry ", k, " is ", indices[k], ", not in 0 .. ", n - 1,
                                           detail::advice_on_position(indices[k], indices, n)));
  std::vector<Index> sorted = indices;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end())
    throw io_error(file.name(),
                   sentence("position ", *twice, " is listed twice; save numpy.unique of it"));
  return indices;
}

/// The file at `path`, positions among n training examples. Throws io_error, naming the first wrong
/// position.
inline std::vector<Index> read_index_file(const std::filesystem::path& path, Index n) {
  return read_index_file(NpyView::map(path), n);
}

/// From memory; `name` is for error messages.
inline std::vector<Index> read_index_file(std::span<const std::uint8_t> bytes, std::string name,
                                          Index n) {
  return read_index_file(NpyView(bytes, std::move(name), nullptr), n);
}

}  // namespace expunge
