#include "cli/splits.hpp"

#include <algorithm>

#include "cli/model_outputs.hpp"
#include "cli/session.hpp"
#include "expunge/core/sample.hpp"

namespace expunge::cli {

std::vector<Index> read_positions(const std::string& file, Index n) {
  const NpyView array = open_array(file);
  const std::uint64_t at = array.header().data_offset;
  if (array.axes() != 1)
    throw io_error(
        file, at,
        sentence("positions [count] were expected, the array has ", array.axes(), " axes"));
  if (array.header().kind == 'b')
    throw io_error(file, at,
                   "a mask; positions were expected (numpy.flatnonzero makes them of it)");
  const std::vector<std::int64_t> values = array.read_all<std::int64_t>();
  if (values.empty()) throw io_error(file, at, "the array is empty");
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] < 0 || values[i] >= n)
      throw io_error(file, at, sentence("entry ", i, " is ", values[i], ", not in 0 .. ", n - 1));
  std::vector<std::int64_t> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end())
    throw io_error(file, at, sentence("position ", *twice, " is listed twice"));
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
