// Where the heavy part of a program runs: the CPU, or a GPU through CUDA.
#pragma once

#include <string>

#include "expunge/core/check.hpp"
#ifdef EXPUNGE_WITH_CUDA
#include <cuda_runtime.h>
#endif

namespace support {

enum class Device { cpu, cuda, automatic };

inline const char* name_of(Device device) {
  return device == Device::cpu ? "CPU" : device == Device::cuda ? "CUDA" : "auto";
}

/// Why this program cannot use a GPU here; empty if it can.
inline std::string why_no_gpu() {
#ifdef EXPUNGE_WITH_CUDA
  int devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess) return cudaGetErrorString(status);
  return devices > 0 ? "" : "there is no device";
#else
  return "this program was built without CUDA; docs/gpu.md says how to build it with";
#endif
}

/// The device itself: `automatic` is the GPU where there is one. Throws std::invalid_argument if a
/// GPU is asked for and there is none.
inline Device choose(Device wanted) {
  if (wanted == Device::cpu) return Device::cpu;
  const std::string obstacle = why_no_gpu();
  expunge::require(wanted == Device::automatic || obstacle.empty(), "--device cuda: ", obstacle);
  return obstacle.empty() ? Device::cuda : Device::cpu;
}

}  // namespace support
