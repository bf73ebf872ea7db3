#include "score.hpp"

#include "expunge/data/forget_sets.hpp"
#include "expunge/evaluation/accuracy.hpp"
#include "expunge/evaluation/klom_interval.hpp"

namespace quickstart {

using namespace expunge;

namespace {

constexpr Index replicates = 40;  // bootstrap draws per interval

report::Score score_of(const Summary& summary) {
  return {summary.p95, summary.mean, {}};
}

report::SplitScores split_score(const Lab& lab, const Oracles& oracles,
                                const Array<float, 2>& margins, const KlomTriple& triple,
                                const Array<float, 3>& logits, const std::vector<Index>& split) {
  report::SplitScores scores;
  scores.forward = score_of(triple.forward);
  scores.reverse = score_of(triple.reverse);
  scores.gaussian = score_of(triple.gaussian);
  scores.bad_points = triple.forward.bad;
  KlomConfig config;
  config.threads = lab.threads();
  const KlomInterval interval = klom_interval(oracles.margins, margins, split, config,
                                              {.replicates = replicates, .seed = lab.seed});
  scores.forward.p95_interval = {interval.p95.centred.low, interval.p95.centred.high};
  scores.accuracy = accuracy(logits, lab.workload.points.labels, split).mean;
  return scores;
}

}  // namespace

Splits splits_of(const Lab& lab, const std::vector<Index>& forget) {
  return {forget, retain_set(forget, lab.train_size()), lab.workload.validation_points};
}

QuickScore quick_score(const Array<float, 2>& oracle, const Array<float, 2>& unlearned,
                       const Splits& splits, int threads) {
  KlomConfig config;
  config.threads = threads;
  const KlomScores scores = klom_scores(oracle, unlearned, config);
  return {summarise(scores, splits.forget), summarise(scores, splits.retain),
          summarise(scores, splits.validation)};
}

report::PerSplit<report::SplitScores> full_score(const Lab& lab, const Oracles& oracles,
                                                 const Array<float, 3>& logits,
                                                 const Splits& splits) {
  const Array<float, 2> margins = margins_of(lab, logits);
  const QuickScore quick = quick_score(oracles.margins, margins, splits, lab.threads());
  return {split_score(lab, oracles, margins, quick.forget, logits, splits.forget),
          split_score(lab, oracles, margins, quick.retain, logits, splits.retain),
          split_score(lab, oracles, margins, quick.validation, logits, splits.validation)};
}

std::vector<report::PerSplit<double>> score_epochs(const Oracles& oracles,
                                                   const Array<float, 3>& trajectory,
                                                   const Splits& splits, int threads) {
  KlomConfig config;
  config.threads = threads;
  std::vector<report::PerSplit<double>> scores;
  for (Index epoch = 0; epoch < static_cast<Index>(trajectory.shape()[0]); ++epoch) {
    const KlomResult result = klom(oracles.margins, view(trajectory)[epoch], config);
    scores.push_back({summarise(result, splits.forget).p95, summarise(result, splits.retain).p95,
                      summarise(result, splits.validation).p95});
  }
  return scores;
}

}  // namespace quickstart
