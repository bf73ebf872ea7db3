// Part 3: the parts of Gauss-Newton matching, one changed at a time.
#pragma once

#include "cases.hpp"

namespace frontier {

/// Adds DMM by Gauss-Newton as chosen, with every other retain strategy of the library, with the
/// isotropic prior, with more linearisations, and with more iterations.
/// All match the chosen number of retain points; what a variant costs beside that is in its
/// compute.
void compare_variants(quickstart::Lab& lab, const quickstart::LogitDatamodels& datamodels,
                      const std::vector<Case>& cases, Observations& found);

}  // namespace frontier
