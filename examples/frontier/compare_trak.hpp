// TRAK of a few of the full models in place of datamodels of thousands of subset models.
#pragma once

#include "cases.hpp"

namespace frontier {

/// DM-Direct and DMM by Gauss-Newton, with the demonstration's datamodels and with TRAK.
void compare_trak(quickstart::Lab& lab, const quickstart::FullModels& full,
                  const quickstart::LogitDatamodels& datamodels, const std::vector<Case>& cases,
                  Observations& found);

}  // namespace frontier
