// A labelled data set, and the ways to arrange its rows.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "expunge/backend/cpu.hpp"
#include "expunge/core/array.hpp"
#include "expunge/core/check.hpp"
#include "expunge/data/inputs.hpp"

namespace expunge {

/// A view of examples: inputs [n][features] and one label each. Owns nothing.
struct DatasetView {
  InputsView inputs;
  const Label* labels = nullptr;

  Index size() const { return inputs.rows; }
};

/// Examples and their labels. Images may stay bytes: ImageDataset, in image_dataset.hpp.
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

/// Throws std::invalid_argument in the name of `function` unless all inputs are finite numbers; of
/// rows for which used(i) is false nothing is asked. Inputs that lie on the backend's device are
/// not looked at. `one` as above.
template <class B, class Used>
void check_finite_inputs(const B& backend, const char* function, const InputsView& inputs,
                         const Used& used, const char* one = "example") {
  if constexpr (requires { on_device(backend, inputs); })
    if (on_device(backend, inputs)) return;
  for (Index c = 0; c < inputs.values.rows; ++c)
    for (Index byte = 0; byte < 256; ++byte)
      require(std::isfinite(inputs.values(c, byte)), function, ": byte ", byte, " of channel ", c,
              " stands for ", inputs.values(c, byte), "; inputs must be finite numbers");
  if (inputs.are_bytes()) return;
  for (Index i = 0; i < inputs.rows; ++i) {
    const float* const row = inputs.floats.row(i);
    bool finite = true;
    for (Index j = 0; j < inputs.cols; ++j) finite &= std::isfinite(row[j]);
    if (finite || !used(i)) continue;
    const float* const at =
        std::find_if_not(row, row + inputs.cols, [](float x) { return std::isfinite(x); });
    require(false, function, ": input ", at - row, " of ", one, " ", i, " is ", *at,
            "; inputs must be finite numbers: leave the ", one, " out, or fill the number in");
  }
}

/// The same of all rows.
template <class B>
void check_finite_inputs(const B& backend, const char* function, const InputsView& inputs,
                         const char* one = "example") {
  check_finite_inputs(
      backend, function, inputs, [](Index) { return true; }, one);
}

/// The listed rows, in the listed order, as floats.
inline Dataset select_rows(DatasetView data, const std::vector<Index>& rows) {
  const Index n = static_cast<Index>(rows.size()), features = data.inputs.cols;
  Dataset part{make_array<float>(n, features), {}};
  for (const Index i : rows) {
    require(i >= 0 && i < data.size(), "select_rows: row ", i, " of ", data.size());
    part.labels.push_back(data.labels[i]);
  }
  gather_inputs(Cpu<float>(1), data.inputs, MatrixView<const Index>(rows.data(), 1, n),
                TensorView<float>(part.inputs.data(), 1, n, features));
  return part;
}

namespace detail {

/// The rows of `a` and then those of `b`.
template <class T>
Array<T, 2> joined(const Array<T, 2>& a, const Array<T, 2>& b) {
  require(a.shape()[1] == b.shape()[1], "concatenate: ", a.shape()[1], " and ", b.shape()[1],
          " features");
  Array<T, 2> both = make_array<T>(a.shape()[0] + b.shape()[0], a.shape()[1]);
  std::copy_n(b.data(), b.size(), std::copy_n(a.data(), a.size(), both.data()));
  return both;
}

inline std::vector<Label> joined(std::vector<Label> a, const std::vector<Label>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace detail

/// The rows of `a` and then those of `b`: training and validation points in one array, say.
inline Dataset concatenate(const Dataset& a, const Dataset& b) {
  return {detail::joined(a.inputs, b.inputs), detail::joined(a.labels, b.labels)};
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
