// Settings and results of U-LiRA (ulira.hpp), and the figures of its queries: accuracy per target,
// AUC and TPR at low FPR of all queries together, each with a bootstrap interval.
//
// A replicate draws as many base models as there are, with replacement; a base comes with all its
// targets and their queries, as often as it was drawn. Shadows are not drawn again: the intervals
// hold the noise of the targets, not that of the attack's fits.
//
// Cost: one sort of the scores, then O(queries) per replicate.
#pragma once

#include "expunge/core/parallel.hpp"
#include "expunge/evaluation/bootstrap.hpp"
#include "expunge/evaluation/roc.hpp"
#include "expunge/evaluation/ulira_shadows.hpp"

namespace expunge {

struct UliraConfig {
  Index max_shadows = 300;        // of each kind
  Index min_shadows = 10;         // of each kind; a query with fewer is skipped and counted
  bool pooled_variance = false;   // one variance for both kinds: decides by the nearer mean
  double variance_floor = 1e-12;  // squared margins
  std::uint64_t seed = 0;         // of the shadows and of the never-seen points
  BootstrapConfig bootstrap{1000, 0.95, 0};  // over base models
  int threads = 0;                           // 0: all; never changes a result

  void validate() const {
    require(min_shadows >= 2 && min_shadows <= max_shadows, "UliraConfig: min_shadows is ",
            min_shadows, ", not in 2 .. max_shadows = ", max_shadows);
    require(variance_floor > 0 && std::isfinite(variance_floor), "UliraConfig: variance_floor is ",
            variance_floor, ", not a positive number");
    bootstrap.validate();
  }
};

/// One answer of the attack. It is correct if member == (score > 0).
struct UliraQuery {
  double score = 0;  // log-likelihood ratio, nats
  std::uint32_t model = 0, point = 0;
  bool member = false;  // the model unlearned the point; else it never saw it
  bool bad = false;     // without a score: counts as correct
};

struct UliraFigure {
  double value = 0;
  Interval interval;  // bootstrap percentile interval over base models
};

struct UliraResult {
  UliraFigure accuracy;  // mean over targets, in [0, 1]
  double sd = 0;         // of accuracy over targets; NaN for one target
  UliraFigure auc, tpr_at_1_percent, tpr_at_0_1_percent;  // of all queries together
  Index targets = 0;                                      // models with a query
  Index bases = 0;                                        // base models of the targets
  Index skipped = 0;          // unlearned points not asked: too few shadows, or never-seen points
  Index bad = 0;              // queries without a score, counted as correct
  Index bad_shadows = 0;      // margins left out of the shadows as they are not finite
  Index runaway_shadows = 0;  // margins left out of the shadows as they ran away
  std::vector<Index> target;  // [targets], models, ascending
  std::vector<double> target_accuracy;  // [targets]
  std::vector<UliraQuery> queries;      // by target; half of each target's are members
  Runaways runaways;                    // of the margins that shadows are made of; first: models

  /// One sentence where a model ran away, else nothing.
  std::string warning() const {
    if (!runaways.any()) return {};
    return sentence(runaway_sentence(runaways), "; ", runaway_shadows,
                    " margins were left out of the shadows, and queries about them count as ",
                    "correct attacks");
  }
};

namespace detail {

/// Accuracies per target, in the order of the queries, and their standard deviation.
inline void add_targets(UliraResult& result) {
  const std::vector<UliraQuery>& queries = result.queries;
  for (std::size_t first = 0, end = 0; first < queries.size(); first = end) {
    double correct = 0;
    for (; end < queries.size() && queries[end].model == queries[first].model; ++end) {
      correct += queries[end].member == (queries[end].score > 0);
      result.bad += queries[end].bad;
    }
    result.target.push_back(queries[first].model);
    result.target_accuracy.push_back(correct / static_cast<double>(end - first));
  }
  const double n = static_cast<double>(result.target.size());
  double mean = 0, squares = 0;
  for (const double a : result.target_accuracy) mean += a / n;
  for (const double a : result.target_accuracy) squares += (a - mean) * (a - mean);
  result.targets = static_cast<Index>(result.target.size());
  result.sd = result.targets > 1 ? std::sqrt(squares / (n - 1)) : std::nan("");
}

/// The four figures under weights of the bases [bases]: accuracy, AUC, TPR at 1 % and 0.1 %.
class UliraFigures {
 public:
  UliraFigures(const UliraResult& result, const UliraBases& bases)
      : result_(result), bases_(bases), ranking_(cases(result, bases), bases.count) {}

  std::array<double, 4> operator()(const std::vector<Index>& weight) const {
    double sum = 0, targets = 0;
    for (std::size_t t = 0; t < result_.target.size(); ++t) {
      const double w = static_cast<double>(weight[bases_.of(result_.target[t])]);
      sum += w * result_.target_accuracy[t];
      targets += w;
    }
    const RocFigures roc = ranking_.figures(weight, {0.001, 0.01});
    return {sum / targets, roc.auc, roc.tpr[1], roc.tpr[0]};
  }

 private:
  static std::vector<RocCase> cases(const UliraResult& result, const UliraBases& bases) {
    std::vector<RocCase> all;
    all.reserve(result.queries.size());
    for (const UliraQuery& q : result.queries)
      all.push_back({q.score, bases.of(q.model), q.member});
    return all;
  }

  const UliraResult& result_;
  const UliraBases& bases_;
  RocRanking ranking_;
};

/// Bases that have a target, ascending.
inline std::vector<std::size_t> bases_of_targets(const UliraResult& result,
                                                 const UliraBases& bases) {
  std::vector<std::size_t> active;
  for (const Index t : result.target) active.push_back(bases.of(t));
  std::sort(active.begin(), active.end());
  active.erase(std::unique(active.begin(), active.end()), active.end());
  return active;
}

/// How often replicate r of the bootstrap draws each base: [bases].
inline std::vector<Index> drawn_bases(const std::vector<std::size_t>& active, Index bases, Index r,
                                      std::uint64_t seed) {
  const Stream stream{Purpose::bootstrap, static_cast<std::uint32_t>(r)};
  std::vector<Index> weight(static_cast<std::size_t>(bases));
  for (std::uint64_t i = 0; i < active.size(); ++i)
    ++weight[active[static_cast<std::size_t>(
        random_below(seed, stream, i, static_cast<Index>(active.size())))]];
  return weight;
}

/// Figures and their intervals, from the queries and the accuracies of the targets.
inline void add_figures(UliraResult& result, const UliraBases& bases, const UliraConfig& config) {
  const UliraFigures figures(result, bases);
  const std::vector<std::size_t> active = bases_of_targets(result, bases);
  result.bases = static_cast<Index>(active.size());
  std::vector<Index> once(static_cast<std::size_t>(bases.count));
  for (const std::size_t b : active) once[b] = 1;
  const std::array<double, 4> value = figures(once);
  std::vector<std::array<double, 4>> replicates(
      static_cast<std::size_t>(config.bootstrap.replicates));
  parallel_for(config.threads, config.bootstrap.replicates, [&](int, Index r) {
    replicates[static_cast<std::size_t>(r)] =
        figures(drawn_bases(active, bases.count, r, config.bootstrap.seed));
  });
  UliraFigure* const out[] = {&result.accuracy, &result.auc, &result.tpr_at_1_percent,
                              &result.tpr_at_0_1_percent};
  for (std::size_t i = 0; i < 4; ++i) {
    std::vector<double> of_figure;
    for (const std::array<double, 4>& f : replicates) of_figure.push_back(f[i]);
    const Interval interval =
        bootstrap_estimate(value[i], std::move(of_figure), config.bootstrap.level).percentile;
    *out[i] = {value[i], interval};
  }
}

}  // namespace detail

}  // namespace expunge
