// Part 2: what DM-Direct is worth with other subset models and other estimators.
#pragma once

#include "cases.hpp"

namespace frontier {

/// Adds DM-Direct at multipliers 1 and 1.2 for M/2, M and 2 M subset models (M =
/// lab.sizes.subset_models) on subsets of .5, .8 and .9, of fixed size and Bernoulli, by the
/// soft-thresholded difference of means and by LASSO; and for M models on .8 of fixed size with
/// starts of their own. 2 M models are trained for each kind of subset, from M/20 shared starts;
/// the first of them serve the smaller numbers.
void compare_attribution(quickstart::Lab& lab, const quickstart::FullModels& full,
                         const std::vector<Case>& cases, Observations& found);

}  // namespace frontier
