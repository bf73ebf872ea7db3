// What a measurement ran on.
#pragma once

#include <fstream>
#include <string>
#ifdef EXPUNGE_WITH_CUDA
#include <cuda_runtime.h>
#endif

namespace support {

/// The first value of a "name : value" line of a file of /proc, or "unknown".
inline std::string proc_value(const char* file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(": ");
    if (line.rfind(name, 0) == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

inline std::string processor_name() {
  return proc_value("/proc/cpuinfo", "model name");
}

/// Where a program computes that has one device: the GPU of one built with CUDA, and the processor.
inline std::string machine_name() {
#ifdef EXPUNGE_WITH_CUDA
  cudaDeviceProp properties{};
  if (cudaGetDeviceProperties(&properties, 0) == cudaSuccess)
    return properties.name + (", " + processor_name());
#endif
  return processor_name();
}

}  // namespace support
