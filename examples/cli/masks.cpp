#include "cli/masks.hpp"

#include <array>

#include "cli/open_array.hpp"

namespace expunge::cli {

namespace {

NpyView open_masks(const std::string& name) {
  NpyView masks = open_array(name);
  if (masks.axes() != 2)
    throw io_error(name, sentence("masks [models][examples] were expected, the array is ",
                                  brackets(masks.header().shape),
                                  "; one row a model, a column an example, is what is read"));
  if (masks.elements() == 0)
    throw io_error(name, "the array is empty; was the program that wrote it stopped?");
  return masks;
}

/// Row `row` of the file as model `model`.
void read_row(const NpyView& file, Index row, Index model, SubsetMasks& masks) {
  constexpr Index piece = 65536;
  std::vector<double> values(static_cast<std::size_t>(std::min(piece, masks.examples())));
  for (Index first = 0; first < masks.examples(); first += piece) {
    const Index count = std::min(piece, masks.examples() - first);
    file.read(std::array<Index, 2>{row, first}, count, values.data());
    for (Index i = 0; i < count; ++i) {
      const double value = values[static_cast<std::size_t>(i)];
      if (value != 0 && value != 1)
        throw io_error(
            file.name(),
            sentence("row ", row, ", column ", first + i, " is ", value, " (", file.header().type(),
                     "); masks [models][examples] hold 0 and 1: save a != 0 if other "
                     "numbers mean that the model saw the example"));
      if (value == 1) masks.insert(model, first + i);
    }
  }
}

}  // namespace

SubsetMasks read_masks(const std::string& name) {
  return read_masks(name, {});
}

SubsetMasks read_masks(const std::string& name, const std::vector<bool>& completed) {
  const NpyView file = open_masks(name);
  const Index rows = file.extent(0);
  if (!completed.empty() && static_cast<Index>(completed.size()) != rows)
    throw io_error(
        name, sentence(rows, " models, _completed.npy beside the outputs has ", completed.size(),
                       "; masks must have a row for each model, done or not "
                       "(--ignore-completed uses every model)"));
  std::vector<Index> kept;
  for (Index m = 0; m < rows; ++m)
    if (completed.empty() || completed[static_cast<std::size_t>(m)]) kept.push_back(m);
  SubsetMasks masks(static_cast<Index>(kept.size()), file.extent(1));
  for (std::size_t m = 0; m < kept.size(); ++m)
    read_row(file, kept[m], static_cast<Index>(m), masks);
  return masks;
}

}  // namespace expunge::cli
