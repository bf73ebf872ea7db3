// The observations of a part as a table: by forget set and method, or by method alone.
#pragma once

#include "expunge/report/table.hpp"
#include "observations.hpp"

namespace frontier {

/// Rows are forget sets, all together last, and methods; columns are all measures. With two seeds
/// or more, every cell has its 95 % interval.
expunge::report::Table score_table(const Observations& observations, const std::string& title);

/// Rows are methods, for many of them. The measures before `end` over all sets, then
/// `both_directions` of each set.
expunge::report::Table short_table(const Observations& observations, const std::string& title,
                                   Measure end);

/// Every observation on its own line, for other programs.
std::string csv_text(const Observations& observations);

}  // namespace frontier
