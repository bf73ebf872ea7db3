#include "cli/splits.hpp"

#include <algorithm>

#include "cli/open_array.hpp"
#include "cli/session.hpp"
#include "expunge/core/sample.hpp"

namespace expunge::cli {

namespace {

/// Whether these are n flags 0 and 1, at least two of a kind: a mask, not positions.
bool is_mask(const std::vector<std::int64_t>& values, Index n) {
  return static_cast<Index>(values.size()) == n && n > 2 &&
         std::all_of(values.begin(), values.end(), [](std::int64_t v) { return v == 0 || v == 1; });
}

}  // namespace

std::vector<Index> read_positions(const std::string& file, Index n) {
  const NpyView array = open_array(file);
  const char* const mask = "a mask; positions were expected (numpy.flatnonzero makes them of it)";
  if (array.elements() == 0)
    throw io_error(file, "the array is empty, at least one position was expected");
  if (array.header().kind == 'b') throw io_error(file, mask);
  const std::vector<std::int64_t> values = read_integers(array, "positions [count]");
  if (is_mask(values, n)) throw io_error(file, mask);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] < 0 || values[i] >= n)
      throw io_error(file, sentence("entry ", i, " is ", values[i], ", not in 0 .. ", n - 1));
  std::vector<std::int64_t> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end())
    throw io_error(
        file, sentence("position ", *twice, " is listed twice (numpy.unique leaves each in once)"));
  return {values.begin(), values.end()};
}

std::vector<Split> read_splits(const std::vector<std::string>& arguments, Index points) {
  if (arguments.empty()) return {{"all", all_indices(points)}};
  std::vector<Split> splits;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == argument.size())
      throw usage_error("--split " + argument + ": NAME=indices.npy was expected");
    const std::string name = argument.substr(0, equals);
    for (const Split& split : splits)
      if (split.name == name) throw usage_error("--split " + name + " is given twice");
    splits.push_back({name, read_positions(argument.substr(equals + 1), points)});
  }
  return splits;
}

}  // namespace expunge::cli
