#include "cli/splits.hpp"

#include "cli/open_array.hpp"
#include "cli/session.hpp"
#include "expunge/core/sample.hpp"
#include "expunge/io/index_file.hpp"

namespace expunge::cli {

std::vector<Index> read_positions(const std::string& file, Index n) {
  const NpyView array = open_array(file);
  if (array.elements() == 0)
    throw io_error(file,
                   "the array is empty, at least one position was expected; was the program that "
                   "wrote it stopped, or its condition true of nothing?");
  return read_index_file(array, n);
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
