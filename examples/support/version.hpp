// The version of expunge as programs print it.
#pragma once

#include <string>

#include "expunge/core/check.hpp"
#include "expunge/version.hpp"

namespace support {

/// "0.1.0"
inline std::string version_text() {
  return expunge::sentence(EXPUNGE_VERSION_MAJOR, ".", EXPUNGE_VERSION_MINOR, ".",
                           EXPUNGE_VERSION_PATCH);
}

}  // namespace support
