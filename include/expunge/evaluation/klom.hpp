// KLoM, the KL divergence of margins: how far the margins of unlearned models are from those of
// oracles (models retrained without the forget set), point by point.
//
//   p_b = share of oracle models in bin b,  q_b = share of unlearned models in bin b
//   KLoM(x) = sum over b with p_b > 0 of p_b ln(p_b / max(q_b, floor))
//
// Source: Georgiev et al., arXiv 2410.23232, Algorithm E.1; variants and presets in
// klom_config.hpp. Two samples of the same distribution do not score 0: print the floor
// (klom_floor.hpp) beside every score, and both directions (klom_triple.hpp).
//
// Where we differ from published code: a point with a NaN or infinite margin scores the ceiling and
// is counted, where EasyDUB returns 0, the perfect score, or NaN. So does a point where a dropped
// last edge loses more than the one largest sample: two or more models of either array clipped to
// it, or an unclipped tie whose share of one array is more than 5 % above its share of the other.
// Published code scores the models that remain, so that 99 of 100 may diverge upwards and score
// almost 0. Two equal constants score 0 in every preset.
//
// A model that diverged to a finite margin is worse than one that ended as NaN: one margin of -1e4
// among sixty makes every bin five wide, and a score of 5.3 falls to .1. So points where a model
// ran away (core/runaway.hpp) are counted and the models named in every preset, and score the
// ceiling in the paper's (KlomConfig::runaways). A model that is listed twice is judged as one
// model.
//
//   oracle     [oracle models][points]     float, double or Half
//   unlearned  [unlearned models][points]  the number of models may differ
//
// Cost: see klom_histogram.hpp. Results do not depend on the number of threads.
#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/core/find_runaways.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/core/sample.hpp"
#include "expunge/evaluation/klom_config.hpp"
#include "expunge/evaluation/klom_histogram.hpp"

namespace expunge {

/// One score per point, and what it rests on.
struct KlomResult {
  Array<double, 1> per_point;     // [points], nats
  std::vector<std::uint8_t> bad;  // [points], 1: the ceiling, because there is no score
  Index bad_points = 0;
  Index oracle_models = 0;
  Index unlearned_models = 0;
  KlomConfig config;
  Runaways runaways = {};  // first: the oracles, second: the unlearned models

  /// One sentence where a model ran away, else nothing: which, and what became of the score.
  std::string warning() const;
  /// Preset, direction, bins and numbers of models, for printing beside the score.
  std::string label() const { return klom_label(config, oracle_models, unlearned_models); }
};

inline std::string KlomResult::warning() const {
  if (!runaways.any()) return {};
  return sentence(runaway_sentence(runaways, {"point", "oracle", "unlearned"}),
                  config.runaways == RunawayPoints::score_ceiling
                      ? "; these points score the ceiling"
                      : sentence("; the arithmetic of ", config.name,
                                 " is kept, and the scores of these points are too good"));
}

namespace detail {

/// ln 0 .. ln n, of which the first is not used.
inline std::vector<double> logarithms(Index n) {
  std::vector<double> logs(static_cast<std::size_t>(n + 1));
  for (std::size_t i = 1; i < logs.size(); ++i) logs[i] = std::log(static_cast<double>(i));
  return logs;
}

/// KL of two histograms by a table of logarithms of counts.
class HistogramKl {
 public:
  HistogramKl(const KlomConfig& config, const double* logarithms)
      : bins_(config.bins),
        floor_(config.floor),
        log_floor_(std::log(config.floor)),
        floor_below_(static_cast<double>(config.bins_below) * config.floor),
        everywhere_(config.floor_where == FloorWhere::everywhere),
        renormalised_(config.renormalised),
        logarithms_(logarithms) {}

  /// KL(first || second) of counts [bins]; NaN where a sample was dropped altogether.
  EXPUNGE_HD double operator()(const std::int32_t* first, const std::int32_t* second) const {
    std::int32_t n = 0, m = 0;
    for (Index b = 0; b < bins_; ++b) {
      n += first[b];
      m += second[b];
    }
    if (n == 0 || (m == 0 && renormalised_)) return std::numeric_limits<double>::quiet_NaN();
    const double floor_count = floor_ * static_cast<double>(m);
    double sum = 0;
    for (Index b = 0; b < bins_; ++b) {
      if (first[b] == 0) continue;
      const bool floored = m == 0 || static_cast<double>(second[b]) < floor_count;
      const double log_q = floored ? log_floor_ : logarithms_[second[b]] - logarithms_[m];
      sum += static_cast<double>(first[b]) * (logarithms_[first[b]] - logarithms_[n] - log_q);
    }
    const double kl = sum / static_cast<double>(n);
    return renormalised_ ? kl + std::log(floored_sum(first, second, m)) : kl;
  }

 private:
  /// What the second distribution adds up to after flooring.
  EXPUNGE_HD double floored_sum(const std::int32_t* first, const std::int32_t* second,
                                std::int32_t m) const {
    double sum = everywhere_ ? floor_below_ : 0;
    for (Index b = 0; b < bins_; ++b) {
      const double q = static_cast<double>(second[b]) / static_cast<double>(m);
      sum += everywhere_ || first[b] > 0 ? (q < floor_ ? floor_ : q) : q;
    }
    return sum;
  }

  Index bins_;
  double floor_, log_floor_, floor_below_;
  bool everywhere_, renormalised_;
  const double* logarithms_;
};

/// A result without scores yet. Throws std::invalid_argument if the settings are wrong or the
/// numbers of points differ.
inline KlomResult empty_result(const KlomConfig& config, Index oracle_points,
                               Index unlearned_points, Index oracle_models,
                               Index unlearned_models) {
  config.validate();
  require(oracle_points == unlearned_points, "klom: oracle margins have ", oracle_points,
          " points, unlearned have ", unlearned_points);
  return {make_array<double>(oracle_points),
          std::vector<std::uint8_t>(static_cast<std::size_t>(oracle_points)),
          0,
          oracle_models,
          unlearned_models,
          config};
}

/// A point's score, or the ceiling where there is none.
inline void set_score(KlomResult& result, Index point, double score) {
  const auto x = static_cast<std::size_t>(point);
  result.bad[x] = not_finite(score);
  result.per_point(x) = result.bad[x] ? result.config.ceiling() : score;
}

/// Takes what ran away into a result that has all scores, and counts its bad points. Throws if the
/// caller refuses such points.
inline void finish(KlomResult& result, Runaways runaways) {
  const bool refuses = result.config.bad_points == BadPoints::refuse;
  const bool raises = result.config.runaways == RunawayPoints::score_ceiling;
  result.runaways = std::move(runaways);
  for (std::size_t x = 0; x < result.bad.size(); ++x) {
    require(!result.bad[x] || !refuses, "klom: point ", x,
            " has a margin that is not finite, or several models on a dropped last edge");
    result.bad_points += result.bad[x];
    if (raises && result.runaways.at[x]) result.per_point(x) = result.config.ceiling();
  }
  require(!refuses || !raises || !result.runaways.any(),
          "klom: ", runaway_sentence(result.runaways, {"point", "oracle", "unlearned"}));
}

inline void require_models(const std::vector<Index>& models, Index available, const char* whose) {
  require(!models.empty(), "klom: no ", whose, " models");
  for (const Index model : models)
    require(model >= 0 && model < available, "klom: ", whose, " model ", model, " of ", available);
}

}  // namespace detail

/// KLoM of the listed models alone; a model may be listed more than once (as a bootstrap does).
/// Throws std::invalid_argument if the numbers of points differ or a model is out of range.
template <MatrixLike O, MatrixLike U>
KlomResult klom_of_models(const O& oracle, const std::vector<Index>& oracle_models,
                          const U& unlearned, const std::vector<Index>& unlearned_models,
                          const KlomConfig& config = {}) {
  using Edge = detail::EdgeType<typename O::value_type, typename U::value_type>;
  const MatrixView<const typename O::value_type> o = view(oracle);
  const MatrixView<const typename U::value_type> u = view(unlearned);
  const Index points = o.cols;
  const Index n_oracle = static_cast<Index>(oracle_models.size());
  const Index n_unlearned = static_cast<Index>(unlearned_models.size());
  KlomResult result = detail::empty_result(config, points, u.cols, n_oracle, n_unlearned);
  detail::require_models(oracle_models, o.rows, "oracle");
  detail::require_models(unlearned_models, u.rows, "unlearned");

  const std::vector<double> logarithms = detail::logarithms(std::max(n_oracle, n_unlearned));
  const detail::HistogramKl kl(config, logarithms.data());
  const Index first_sample = config.direction == KlDirection::oracle_to_unlearned ? 0 : 1;

  const detail::ListedModels o_listed(oracle_models), u_listed(unlearned_models);
  const Index blocks = (points + detail::klom_block - 1) / detail::klom_block;
  const std::size_t workers = static_cast<std::size_t>(thread_count(config.threads));
  std::vector<std::optional<detail::HistogramBlock<Edge>>> workspace(workers);
  std::vector<detail::RunawaySearch> searches(
      workers, detail::RunawaySearch(o_listed.distinct, o.rows, u_listed.distinct, u.rows));
  std::vector<std::vector<Runaway>> ran_away(static_cast<std::size_t>(blocks));
  const auto score_block = [&](int thread, Index block) {
    std::optional<detail::HistogramBlock<Edge>>& mine = workspace[static_cast<std::size_t>(thread)];
    if (!mine) mine.emplace(config, o_listed, u_listed);
    detail::HistogramBlock<Edge>& histograms = *mine;
    const Index first = block * detail::klom_block;
    const Index width = std::min(detail::klom_block, points - first);
    histograms.fill(o, u, first, width);
    Runaway farthest;
    for (Index c = 0; c < width; ++c) {
      double score = std::nan("");
      if (histograms.kind(c) == detail::PointKind::constant) score = 0;
      if (histograms.kind(c) == detail::PointKind::ordinary && !histograms.loses_many(c))
        score = kl(histograms.counts(first_sample, c), histograms.counts(1 - first_sample, c));
      detail::set_score(result, first + c, score);
      if (histograms.may_run_away(c) &&
          searches[static_cast<std::size_t>(thread)](o, u, first + c, first + c, farthest))
        ran_away[static_cast<std::size_t>(block)].push_back(farthest);
    }
  };
  parallel_for(config.threads, blocks, score_block);
  detail::finish(result, detail::collect(points, ran_away, searches));
  return result;
}

/// KLoM of all models: oracle [N_o][points] against unlearned [N_u][points], in nats.
template <MatrixLike O, MatrixLike U>
KlomResult klom(const O& oracle, const U& unlearned, const KlomConfig& config = {}) {
  return klom_of_models(oracle, all_indices(static_cast<Index>(view(oracle).rows)), unlearned,
                        all_indices(static_cast<Index>(view(unlearned).rows)), config);
}

}  // namespace expunge
