// What a measurement ran on.
#pragma once

#include <fstream>
#include <string>

namespace frontier {

/// The processor's name as Linux knows it, or "unknown processor".
inline std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos)
      return line.substr(colon + 2);
  }
  return "unknown processor";
}

}  // namespace frontier
