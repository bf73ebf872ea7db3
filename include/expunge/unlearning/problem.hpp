// What every unlearning method is given: trained models, the data, and what to forget.
#pragma once

#include <vector>

#include "expunge/data/dataset.hpp"
#include "expunge/train/divergence.hpp"
#include "expunge/train/ensemble.hpp"
#include "expunge/train/model_inputs.hpp"

namespace expunge {

/// Models theta0 trained on all of `data`, and the split of `data` into forget and retain set.
/// Holds views: what it is made from must outlive it.
template <class Model, class Real>
struct Problem {
  DatasetView data;                     // S, the training set
  std::vector<Index> forget;            // F, positions in S
  std::vector<Index> retain;            // R = S \ F, ascending
  const Ensemble<Model, Real>& models;  // theta0 [members][p]
  TensorView<const Real> logits;  // f_x(theta0) [members][n or more][k], training points first; on
                                  //   the host, or where no target is made from them on the device
};

/// f_x(theta0) of the training points alone [members][n][k].
template <class Model, class Real>
TensorView<const Real> training_logits(const Problem<Model, Real>& problem) {
  const TensorView<const Real> all = problem.logits;
  return {all.data, all.members, problem.data.size(), all.features, all.member_stride};
}

/// The forget set's examples.
template <class Model, class Real>
Dataset forget_examples(const Problem<Model, Real>& problem) {
  return select_rows(problem.data, problem.forget);
}

namespace detail {

/// Throws std::invalid_argument in the name of `function` if members' weights, statistics or logits
/// are no finite numbers: nothing that starts from them can be unlearned. `largest` [members]:
/// |logit|.
template <class Model, class Real>
void check_starting_models(const char* function, const Ensemble<Model, Real>& models,
                           const std::vector<double>& largest) {
  std::vector<Index> weights, outputs;
  for (Index m = 0; m < models.members(); ++m) {
    if (!is_finite(models, m)) weights.push_back(m);
    if (!std::isfinite(largest[static_cast<std::size_t>(m)])) outputs.push_back(m);
  }
  const auto refuse = [&](const char* what, const std::vector<Index>& members) {
    require(members.empty(), function, ": the ", what, " of ", members_text(members), " of ",
            models.members(),
            " are not all finite numbers; leave such members out, or train them again");
  };
  refuse("weights", weights);
  refuse("logits", outputs);
}

/// The same of a problem, whose logits may lie on the backend's device. Returns each member's
/// largest |logit|.
template <class B, class Model, class Real>
std::vector<double> check_starting_models(const char* function, const B& backend,
                                          const Problem<Model, Real>& problem) {
  std::vector<double> largest = largest_logits(backend, problem.logits);
  check_starting_models(function, problem.models, largest);
  return largest;
}

}  // namespace detail

/// Checks the pieces and fills the retain set in.
/// Throws std::invalid_argument when F is empty, repeats itself, leaves S or is all of S, when a
/// label is no class of the model, when the logits are of other models or points, or when weights
/// or logits are not all finite numbers. Logits lie on the host.
template <class Model, class Real>
Problem<Model, Real> make_problem(DatasetView data, std::vector<Index> forget,
                                  const Ensemble<Model, Real>& models,
                                  std::type_identity_t<TensorView<const Real>> logits) {
  require(logits.members == models.members() && logits.rows >= data.size() &&
              logits.features == Model::classes,
          "make_problem: logits are [", logits.members, "][", logits.rows, "][", logits.features,
          "], expected [", models.members(), "][", data.size(), " or more][", Model::classes, "]");
  check_labels("make_problem", data, Model::classes);
  check_model_inputs<Model>("make_problem", data.inputs);
  detail::check_starting_models("make_problem", models, largest_logits(logits));
  require(!forget.empty(), "make_problem: the forget set is empty");
  std::vector<char> forgotten(static_cast<std::size_t>(data.size()));
  for (const Index i : forget) {
    require(i >= 0 && i < data.size(), "make_problem: forget example ", i, " of ", data.size());
    require(!forgotten[static_cast<std::size_t>(i)], "make_problem: example ", i,
            " is in the forget set twice");
    forgotten[static_cast<std::size_t>(i)] = 1;
  }
  std::vector<Index> retain;
  for (Index i = 0; i < data.size(); ++i)
    if (!forgotten[static_cast<std::size_t>(i)]) retain.push_back(i);
  require(!retain.empty(), "make_problem: the forget set is the whole training set");
  return {data, std::move(forget), std::move(retain), models, logits};
}

}  // namespace expunge
