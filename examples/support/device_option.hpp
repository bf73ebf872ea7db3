// --device cpu|cuda|auto.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "support/device.hpp"

namespace support {

/// `what` happens there.
inline void add_device_option(CLI::App& app, Device& device,
                              const std::string& what = "networks train") {
  app.add_option_function<std::string>(
         "--device",
         [&device](const std::string& name) {
           device = name == "cpu" ? Device::cpu : name == "cuda" ? Device::cuda : Device::automatic;
         },
         "where " + what + "; auto is the GPU where there is one")
      ->check(CLI::IsMember({"cpu", "cuda", "auto"}))
      ->default_str("auto");
}

}  // namespace support
