// What the command line says.
#pragma once

#include <string>
#include <vector>

#include "settings.hpp"
#include "support/device.hpp"

namespace cifar10 {

/// What becomes of batch norm's running statistics while a model unlearns.
enum class BatchNorm {
  train,       // batches normalise by themselves and move the running statistics, as published
  frozen,      // the running statistics of theta0 normalise and stay
  reestimate,  // as train; afterwards they are estimated anew on the retain set
};

inline const char* name_of(BatchNorm mode) {
  return mode == BatchNorm::train ? "train" : mode == BatchNorm::frozen ? "frozen" : "reestimate";
}

struct Options {
  std::string data;
  std::string out = "out/cifar10";
  std::string command;
  Settings settings = small_settings();
  std::vector<BatchNorm> modes = {BatchNorm::train};
  int forget_class = -1;  // -1: images to forget are drawn from all classes
  std::uint64_t forget_seed = 0;
  std::uint64_t seed = 0;
  int threads = 0;
  support::Device device = support::Device::automatic;
};

}  // namespace cifar10
