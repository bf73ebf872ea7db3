// Part 3: how Gauss-Newton chooses the retain points that it holds fast.
#pragma once

#include "cases.hpp"

namespace frontier {

/// Adds DMM by Gauss-Newton with each of the library's four strategies, all with the chosen number
/// of retain points. Strategies that look at features first pay for that in compute.
void compare_retain(quickstart::Lab& lab, const quickstart::LogitDatamodels& datamodels,
                    const std::vector<Case>& cases, Observations& found);

}  // namespace frontier
