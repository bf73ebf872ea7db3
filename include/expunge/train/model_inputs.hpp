// What models ask of inputs: their width, tables for the channels of their images, finite numbers.
#pragma once

#include "expunge/data/augment.hpp"
#include "expunge/data/dataset.hpp"
#include "expunge/nn/image.hpp"

namespace expunge {

/// Throws std::invalid_argument in the name of `function` unless the inputs are of the model's
/// width, and bytes have one table of values for each channel of its images, or one for all.
template <class Model>
void check_model_inputs(const char* function, const InputsView& inputs) {
  require(inputs.cols == Model::Input::size, function, ": inputs have ", inputs.cols,
          " features, the model takes ", Model::Input::size);
  if constexpr (is_image_shape<typename Model::Input>) {
    constexpr Index channels = Image<typename Model::Input>::channels;
    const Index tables = inputs.values.rows;
    require(!inputs.are_bytes() || tables == channels || tables == 1, function,
            ": bytes stand for the values of ", tables, " channels, the model's images have ",
            channels);
  }
}

}  // namespace expunge
