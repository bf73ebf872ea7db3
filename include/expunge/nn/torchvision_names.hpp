// The names of torchvision's ResNet-18, and of the many variants for CIFAR that follow it.
//
//   load_member("resnet18.safetensors", ensemble, 0, torchvision_names<ResNet18<10>>());
//
//   conv1, bn1, layer1.0.conv1, .., layer4.1.bn2, fc; the shortcut of a block is "downsample"
//
// torchvision's own network for ImageNet has another stem (7x7), which is refused by its shape.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "expunge/nn/named_tensors.hpp"
#include "expunge/nn/resnet18.hpp"

namespace expunge {

namespace detail {

/// Replaces the front of a name by the first of the pairs that fits, and returns what was put there
/// and the rest.
inline std::pair<std::string, std::string> renamed_front(
    const std::string& name, const std::vector<std::pair<std::string, std::string>>& pairs) {
  for (const auto& [from, to] : pairs)
    if (name.compare(0, from.size(), from) == 0) return {to, name.substr(from.size())};
  return {"", name};
}

}  // namespace detail

/// The table of a ResNet18 in torchvision's names. Throws std::invalid_argument for another model.
template <class Model>
std::vector<NamedTensor> torchvision_names() {
  std::vector<std::pair<std::string, std::string>> modules = {
      {"0.0.", "conv1."}, {"0.1.", "bn1."}, {"7.", "fc."}};
  for (const char* stage : {"1", "2", "3", "4"})
    for (const char* block : {"0", "1"})
      modules.emplace_back(sentence(stage, ".", block, ".0."),
                           sentence("layer", stage, ".", block, "."));
  const std::vector<std::pair<std::string, std::string>> inner = {{"module.0.0.", "conv1."},
                                                                  {"module.0.1.", "bn1."},
                                                                  {"module.1.0.", "conv2."},
                                                                  {"module.1.1.", "bn2."},
                                                                  {"shortcut.", "downsample."}};
  std::vector<NamedTensor> table = tensors_of<Model>();
  for (NamedTensor& tensor : table) {
    const auto [module, rest] = detail::renamed_front(tensor.name, modules);
    const auto [part, leaf] = detail::renamed_front(rest, inner);
    require(!module.empty(), "torchvision_names: tensor '", tensor.name, "' is none of a ResNet18");
    tensor.name = module + part + leaf;
  }
  return table;
}

}  // namespace expunge
