// A labelled data set, and the ways to arrange its rows.
#pragma once

#include <cmath>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/core/check.hpp"

namespace expunge {

/// A view of examples: inputs [n][features] and one label each. Owns nothing.
struct DatasetView {
  MatrixView<const float> inputs;
  const Label* labels = nullptr;

  Index size() const { return inputs.rows; }
};

/// Examples and their labels.
struct Dataset {
  Array<float, 2> inputs;     // [n][features]
  std::vector<Label> labels;  // [n]

  Index size() const { return static_cast<Index>(labels.size()); }
  Index features() const { return static_cast<Index>(inputs.shape()[1]); }

  operator DatasetView() const {
    require(inputs.shape()[0] == labels.size(), "Dataset: ", inputs.shape()[0], " inputs and ",
            labels.size(), " labels");
    return {view(inputs), labels.data()};
  }
};

/// Throws std::invalid_argument in the name of `function` unless all labels are classes of a model.
/// `one`: what the sentence calls one of the data.
inline void check_labels(const char* function, DatasetView data, Index classes,
                         const char* one = "example") {
  for (Index i = 0; i < data.size(); ++i)
    require(data.labels[i] >= 0 && data.labels[i] < classes, function, ": the label of ", one, " ",
            i, " is ", data.labels[i], ", the model has ", classes, " classes");
}

/// The listed rows, in the listed order.
inline Dataset select_rows(const Dataset& data, const std::vector<Index>& rows) {
  Dataset part{make_array<float>(rows.size(), data.features()), {}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    require(rows[i] >= 0 && rows[i] < data.size(), "select_rows: row ", rows[i], " of ",
            data.size());
    const float* from = data.inputs.data() + rows[i] * data.features();
    std::copy_n(from, data.features(),
                part.inputs.data() + static_cast<Index>(i) * data.features());
    part.labels.push_back(data.labels[static_cast<std::size_t>(rows[i])]);
  }
  return part;
}

/// The rows of `a` and then those of `b`: training and validation points in one array, say.
inline Dataset concatenate(const Dataset& a, const Dataset& b) {
  require(a.features() == b.features(), "concatenate: ", a.features(), " and ", b.features(),
          " features");
  Dataset both{make_array<float>(a.size() + b.size(), a.features()), a.labels};
  std::copy_n(a.inputs.data(), a.inputs.size(), both.inputs.data());
  std::copy_n(b.inputs.data(), b.inputs.size(), both.inputs.data() + a.inputs.size());
  both.labels.insert(both.labels.end(), b.labels.begin(), b.labels.end());
  return both;
}

/// The mean and standard deviation over all numbers of the inputs.
struct Standardisation {
  double mean = 0;
  double sd = 1;
};

inline Standardisation standardisation_of(const Dataset& data) {
  const double n = static_cast<double>(data.inputs.size());
  double sum = 0, squares = 0;
  for (const float x : data.inputs) sum += x;
  const double mean = sum / n;
  for (const float x : data.inputs) squares += (x - mean) * (x - mean);
  require(squares > 0, "standardisation_of: all inputs are ", mean);
  return {mean, std::sqrt(squares / n)};
}

/// (x - mean) / sd, in place. Use the training set's figures for validation data too.
inline void standardise(Dataset& data, Standardisation by) {
  for (float& x : data.inputs) x = static_cast<float>((x - by.mean) / by.sd);
}

}  // namespace expunge
