// Half precision for storage: logits of thousands of models need no more than its three digits.
#pragma once

#include <Eigen/Core>

namespace expunge {

/// IEEE binary16. Arithmetic happens in float; only memory and files hold this.
using Half = Eigen::half;

}  // namespace expunge
