// KLoM on the forget set against compute: one panel per forget set, one colour per method.
#pragma once

#include "expunge/report/drawing.hpp"
#include "observations.hpp"

namespace frontier {

/// `measure` is forget_forward or forget_reverse. Means over seeds, with their 95 % intervals as
/// bars where there are several; the dashed line is the floor.
expunge::report::Drawing frontier_drawing(const Observations& observations, Measure measure,
                                          const std::string& name);

}  // namespace frontier
