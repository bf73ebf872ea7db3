// Shapes of arrays in error messages.
#pragma once

#include <string>
#include <vector>

#include "expunge/core/platform.hpp"

namespace expunge {

/// "[64, 3, 3, 3]".
inline std::string shape_text(const std::vector<Index>& shape) {
  std::string text = "[";
  for (const Index extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

}  // namespace expunge
