// The version of expunge, read by CMake and by users of the headers alone.
#pragma once

#include "expunge/core/platform.hpp"

#define EXPUNGE_VERSION_MAJOR 0
#define EXPUNGE_VERSION_MINOR 1
#define EXPUNGE_VERSION_PATCH 0
