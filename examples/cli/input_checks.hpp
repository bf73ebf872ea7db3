// What looks wrong with outputs of models before anything is scored: axes turned round, models that
// are no models, labels of other points. Looks at a sample, so that large files cost little.
#pragma once

#include <vector>

#include "cli/document.hpp"
#include "cli/klom_scores.hpp"
#include "cli/model_outputs.hpp"

namespace expunge::cli {

/// Adds a warning for each of: what ModelOutputs found odd about the files; rows that look like
/// points ([points][models]); models that say one number everywhere, or the same as another;
/// probabilities; whole numbers; labels that another class, or the class before or after, fits
/// better. Looks at no more than 256 models and 256 points, evenly spaced.
void warn_of_outputs(Document& document, const ModelOutputs& outputs, int threads);

/// Throws io_error of `second` unless both have as many points; `whose`: "the oracles".
void require_same_points(const ModelOutputs& first, const ModelOutputs& second,
                         const std::string& whose);

/// Of splits that unlearning should leave as they are, by their names (retain, val, test, ...): a
/// score more than three times its floor (evaluation/klom_floor.hpp).
void warn_of_kept_splits(Document& document, const std::vector<KlomOfSplit>& splits);

}  // namespace expunge::cli
