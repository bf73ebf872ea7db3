// Part 1: every method at its chosen settings on every forget set.
#pragma once

#include "cases.hpp"

namespace frontier {

/// Adds ten methods and the floor, for each case.
void compare_methods(quickstart::Lab& lab, const quickstart::FullModels& full,
                     const quickstart::LogitDatamodels& datamodels, const std::vector<Case>& cases,
                     Observations& found);

}  // namespace frontier
