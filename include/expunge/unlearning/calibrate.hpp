// Calibration without peeking: which settings of a method forget best, judged on held-out forget
// sets (held_out_sets.hpp).
//
// Every candidate is told to forget every held-out set, and is scored by p95 KLoM against models
// that never saw it: the mean over splits (forget, retain, validation) and over both directions of
// KL, and the geometric mean of these over sets. Both directions, since one alone can be pleased:
// KL(oracle || unlearned) rewards models that are spread too wide, the reverse rewards models that
// are all alike. Geometric, so that no set, however hard, rules the choice: a tenth less counts the
// same on each.
//
// Oracles of the set F that will really be forgotten are not among the arguments: settings chosen
// by them are settings chosen on the test.
//
// A candidate of which one model broke is refused: its weights are no numbers, its largest |logit|
// is a hundred times that of the starting models (train/divergence.hpp), or its margins ran
// away (core/runaway.hpp). One such model widens every bin of KLoM, and the candidate would win.
//
// Cost: candidates x sets runs of the method; a candidate stops at its first set when it costs too
// much or diverges. docs/methods/calibration.md says what calibration cannot do.
#pragma once

#include <chrono>
#include <concepts>
#include <limits>

#include "expunge/core/find_runaways.hpp"
#include "expunge/evaluation/klom_floor.hpp"
#include "expunge/evaluation/klom_triple.hpp"
#include "expunge/unlearning/gauss_newton_matching.hpp"
#include "expunge/unlearning/held_out_sets.hpp"
#include "expunge/unlearning/unlearn.hpp"

namespace expunge {

struct CalibrationConfig {
  Index epochs = 0;  // >= 1, to be set: of the models' recipe, for compute
  double most_compute = std::numeric_limits<double>::infinity();  // > 0, share of a full training
  KlomConfig klom = {};                                           // its direction is `forward`

  void validate() const {
    require(epochs >= 1, "CalibrationConfig: epochs is ", epochs,
            ", below 1; set it to the epochs of the models' recipe");
    require(most_compute > 0, "CalibrationConfig: most_compute is ", most_compute,
            ", not positive");
    klom.validate();
  }
};

/// How one candidate did. Lower is better; nats.
struct Candidate {
  std::size_t index = 0;  // into the candidates
  double score = 0;       // as above; infinite if it diverged
  double forward = 0;     // of that direction alone
  double reverse = 0;     // the same in the other direction
  double compute = 0;     // share of a full training, of the set where it was most
  double seconds = 0;     // of one run, mean over sets
  Index diverged = 0;     // models that broke, of the set where the candidate stopped
};

struct Calibration {
  std::vector<Candidate> ranked;  // those within the budget, best first
  std::size_t tried = 0;          // candidates
  double most_compute = std::numeric_limits<double>::infinity();

  /// Throws std::invalid_argument when no candidate stayed within the budget, or all diverged.
  const Candidate& best() const {
    require(!ranked.empty(), "Calibration: none of the ", tried, " candidates costs at most ",
            most_compute, " of a full training");
    require(std::isfinite(ranked.front().score), "Calibration: all ", ranked.size(),
            " candidates within the budget diverged");
    return ranked.front();
  }
};

namespace detail {

/// The parts of the points that are scored, none empty: forget, retain, and the others if there
/// are.
inline std::vector<std::vector<Index>> calibration_splits(const std::vector<Index>& forget,
                                                          const std::vector<Index>& retain,
                                                          Index points) {
  std::vector<std::vector<Index>> splits = {forget, retain, {}};
  for (Index x = std::ssize(forget) + std::ssize(retain); x < points; ++x) splits[2].push_back(x);
  if (splits[2].empty()) splits.pop_back();
  return splits;
}

/// Marks the models that ran away in a split of which more than a twentieth has a runaway, be it of
/// one model or of many in turn: a 95th percentile does not see fewer. `points_of_model` is that of
/// one of the arrays of `found`.
inline void mark_broken(const Runaways& found, const std::vector<Index>& points_of_model,
                        std::vector<char>& broken) {
  if (20 * found.runaway_points <= found.points) return;
  for (std::size_t m = 0; m < broken.size(); ++m)
    if (points_of_model[m] > 0) broken[m] = 1;
}

/// How many of the unlearned models broke, of logits and margins at all points. `usual`: the
/// largest |logit| of a starting model.
inline Index broken_models(const Array<float, 3>& logits, double usual,
                           const Array<float, 2>& oracle_margins, const Array<float, 2>& margins,
                           const std::vector<std::vector<Index>>& splits, int threads) {
  const std::vector<double> largest = largest_logits(TensorView<const float>(view(logits)));
  std::vector<char> broken;
  for (const double z : largest) broken.push_back(ran_away(z, usual) ? 1 : 0);
  for (const std::vector<Index>& split : splits) {
    const Runaways found =
        find_runaways(select_points(oracle_margins, split), select_points(margins, split), threads);
    mark_broken(found, found.second, broken);
  }
  return std::count(broken.begin(), broken.end(), 1);
}

inline void check_held_out(const std::vector<HeldOutSet>& held_out, Index points) {
  require(!held_out.empty(), "calibrate: no held-out sets");
  for (std::size_t s = 0; s < held_out.size(); ++s) {
    const MatrixView<const float> oracles = view(held_out[s].oracle_margins);
    require(oracles.rows >= 2 && oracles.cols == points, "calibrate: held-out set ", s,
            " has oracle margins [", oracles.rows, "][", oracles.cols, "], expected [2 or more][",
            points, "]");
    for (Index m = 0; m < oracles.rows; ++m)
      for (Index x = 0; x < oracles.cols; ++x)
        require(std::isfinite(oracles(m, x)), "calibrate: oracle ", m, " of held-out set ", s,
                " has margin ", oracles(m, x), " on point ", x);
  }
}

/// Refuses a held-out set of which an oracle ran away on a split, as candidates are refused.
inline void check_oracles(const HeldOutSet& held_out, std::size_t set,
                          const std::vector<std::vector<Index>>& splits, int threads) {
  const Runaways everywhere = find_runaways(held_out.oracle_margins, threads);
  for (const std::vector<Index>& split : splits) {
    const Runaways found = find_runaways(select_points(held_out.oracle_margins, split), threads);
    std::vector<char> broken(found.first.size());
    mark_broken(found, found.first, broken);
    require(std::count(broken.begin(), broken.end(), 1) == 0, "calibrate: held-out set ", set, ": ",
            runaway_sentence(everywhere, {.first = "oracle"}),
            "; leave such oracles out, or train them again");
  }
}

/// p95 KLoM of a set, mean over its splits: forward, reverse.
inline std::array<double, 2> mean_of_splits(const HeldOutSet& held_out,
                                            const Array<float, 2>& unlearned,
                                            const std::vector<std::vector<Index>>& splits,
                                            const KlomConfig& klom) {
  const KlomScores scores = klom_scores(held_out.oracle_margins, unlearned, klom);
  std::array<double, 2> mean = {};
  for (const std::vector<Index>& split : splits) {
    mean[0] += summarise(scores.forward, split).p95 / static_cast<double>(splits.size());
    mean[1] += summarise(scores.reverse, split).p95 / static_cast<double>(splits.size());
  }
  return mean;
}

/// How many members a report says diverged: that of a method of your own may have `finite` alone.
template <class Report>
Index diverged_members(const Report& report) {
  if constexpr (requires {
                  { report.diverged() } -> std::convertible_to<Index>;
                })
    return static_cast<Index>(report.diverged());
  else
    return std::count(report.finite.begin(), report.finite.end(), 0);
}

/// Runs the method on the held-out sets, up to the first where it diverges or costs too much.
template <class Method, class Model, class B>
Candidate judge(B& backend, const Method& method,
                const std::vector<Problem<Model, typename B::Real>>& problems,
                const std::vector<HeldOutSet>& held_out, DatasetView points,
                const CalibrationConfig& config) {
  using Clock = std::chrono::steady_clock;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Candidate candidate;
  double runs = 0, seconds = 0, log_score = 0, log_forward = 0, log_reverse = 0;
  for (std::size_t s = 0; s < problems.size(); ++s) {
    const Clock::time_point start = Clock::now();
    const auto result = unlearn(backend, method, problems[s]);
    seconds += std::chrono::duration<double>(Clock::now() - start).count();
    candidate.seconds = seconds / ++runs;
    candidate.compute =
        std::max(candidate.compute, result.compute(problems[s].data.size(), config.epochs));
    candidate.diverged = diverged_members(result.report);
    if (candidate.diverged > 0 || candidate.compute > config.most_compute) break;
    const Array<float, 3> logits = evaluate_logits<float>(backend, result.models, points.inputs);
    const Array<float, 2> unlearned = margins(logits, points.labels, backend.threads());
    const auto splits = calibration_splits(problems[s].forget, problems[s].retain, points.size());
    const double usual = usual_logit(largest_logits(backend, problems[s].logits));
    candidate.diverged = broken_models(logits, usual, held_out[s].oracle_margins, unlearned, splits,
                                       config.klom.threads);
    if (candidate.diverged > 0) break;
    const auto [forward, reverse] = mean_of_splits(held_out[s], unlearned, splits, config.klom);
    log_score += std::log((forward + reverse) / 2);
    log_forward += std::log(forward);
    log_reverse += std::log(reverse);
  }
  const auto mean = [&](double sum) {
    const double value = std::exp(sum / static_cast<double>(problems.size()));
    return candidate.diverged > 0 || std::isnan(value) ? infinity : value;
  };
  candidate.score = mean(log_score);
  candidate.forward = mean(log_forward);
  candidate.reverse = mean(log_reverse);
  return candidate;
}

}  // namespace detail

/// Ranks the candidates, methods of one type that `unlearn` accepts, by their score over the
/// held-out sets. Those that cost more than config.most_compute are left out; those of which a
/// model diverged or ran away score infinity and come last. Equal scores: less compute first, then
/// the earlier candidate.
///
/// data      the training set;  points  the same, then any others, as in the oracles' margins
/// models    theta0, trained on all of data;  logits  theirs [members][n or more][k]
/// progress  counts candidates
///
/// Throws std::invalid_argument when there is nothing to try, the pieces do not fit, or starting
/// models or oracles are broken.
template <class Method, class Model, class B>
Calibration calibrate(B& backend, const std::vector<Method>& candidates,
                      const std::vector<HeldOutSet>& held_out, DatasetView data, DatasetView points,
                      const Ensemble<Model, typename B::Real>& models,
                      TensorView<const typename B::Real> logits, CalibrationConfig config,
                      const Progress& progress = {}) {
  config.validate();
  if (config.klom.threads == 0) config.klom.threads = backend.threads();
  require(!candidates.empty(), "calibrate: no candidates");
  require(models.members() >= 2, "calibrate: ", models.members(),
          " models; KLoM compares distributions and needs 2");
  detail::check_points("calibrate", data, points, Model::classes);
  detail::check_held_out(held_out, points.size());
  std::vector<Problem<Model, typename B::Real>> problems;
  for (const HeldOutSet& set : held_out)
    problems.push_back(make_problem(data, set.forget, models, logits));
  for (std::size_t s = 0; s < held_out.size(); ++s)
    detail::check_oracles(
        held_out[s], s,
        detail::calibration_splits(problems[s].forget, problems[s].retain, points.size()),
        config.klom.threads);
  Calibration result{{}, candidates.size(), config.most_compute};
  ProgressCounter counter(progress, static_cast<Index>(candidates.size()));
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    Candidate candidate = detail::judge(backend, candidates[i], problems, held_out, points, config);
    candidate.index = i;
    if (candidate.compute <= config.most_compute) result.ranked.push_back(candidate);
    counter.add(1);
  }
  std::stable_sort(result.ranked.begin(), result.ranked.end(),
                   [](const Candidate& a, const Candidate& b) {
                     return a.score != b.score ? a.score < b.score : a.compute < b.compute;
                   });
  return result;
}

/// All combinations of these settings, the others as in `method`: multipliers vary slowest,
/// retain counts fastest. An empty list keeps the setting of `method`; listed retain counts are
/// exact, for retain_multiple is 0 beside them.
template <class A, class R, class P, class O>
std::vector<GaussNewtonMatching<DmDirect<A>, R, P, O>> matching_grid(
    const GaussNewtonMatching<DmDirect<A>, R, P, O>& method, std::vector<double> multipliers,
    std::vector<double> dampings, std::vector<Index> iterations, std::vector<Index> retain_counts) {
  if (multipliers.empty()) multipliers = {method.target.multiplier};
  if (dampings.empty()) dampings = {method.damping};
  if (iterations.empty()) iterations = {method.iterations};
  const double retain_multiple = retain_counts.empty() ? method.retain_multiple : 0;
  if (retain_counts.empty()) retain_counts = {method.retain_count};
  std::vector<GaussNewtonMatching<DmDirect<A>, R, P, O>> grid;
  for (const double multiplier : multipliers)
    for (const double damping : dampings)
      for (const Index iteration_count : iterations)
        for (const Index retain_count : retain_counts) {
          grid.push_back(method);
          grid.back().target.multiplier = multiplier;
          grid.back().damping = damping;
          grid.back().iterations = iteration_count;
          grid.back().retain_count = retain_count;
          grid.back().retain_multiple = retain_multiple;
          grid.back().validate();
        }
  return grid;
}

}  // namespace expunge
