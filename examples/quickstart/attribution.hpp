// The attribution that the demonstration's DM-Direct and DMM rest on.
#pragma once

#include <string>

#include "expunge/attribution/plug_in_lasso.hpp"
#include "methods.hpp"

namespace quickstart {

/// LASSO at the plug-in penalty of `standard_errors`.
inline expunge::PlugInLasso attribution_estimator(double standard_errors) {
  return {{.standard_errors = standard_errors}};
}

/// The first `models` models' logits [models][points][k], centred by start: what is fitted.
Array<expunge::Half, 3> centred_logits(const Lab& lab, const Array<expunge::Half, 3>& logits,
                                       Index models, Index starts);
/// Those of the first M subset models.
Array<expunge::Half, 3> centred_logits(const Lab& lab, const SubsetModels& subset);

/// Datamodels of every logit of every point, fitted to the first M subset models; stored.
LogitDatamodels fit_attribution(Lab& lab, const SubsetModels& subset, double standard_errors);

}  // namespace quickstart
