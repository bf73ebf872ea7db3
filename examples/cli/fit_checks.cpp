#include "cli/fit_checks.hpp"

#include <algorithm>
#include <cmath>

#include "cli/array_verdict.hpp"
#include "expunge/report/number.hpp"

namespace expunge::cli {

namespace {

double mean_of(const std::vector<double>& x) {
  double sum = 0;
  for (const double value : x) sum += value / static_cast<double>(x.size());
  return sum;
}

double variance_of(const std::vector<double>& x) {
  const double mean = mean_of(x);
  double sum = 0;
  for (const double value : x) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(x.size());
}

double correlation_of(const std::vector<double>& x, const std::vector<double>& y) {
  const double x_mean = mean_of(x), y_mean = mean_of(y);
  double together = 0;
  for (std::size_t i = 0; i < x.size(); ++i) together += (x[i] - x_mean) * (y[i] - y_mean);
  const double scale = std::sqrt(variance_of(x) * variance_of(y)) * static_cast<double>(x.size());
  return scale > 0 ? together / scale : 0;
}

/// What a pass has seen so far.
class Pass {
 public:
  Pass(Index models, Index targets)
      : targets_(static_cast<double>(targets)),
        zero_(static_cast<std::size_t>(models), true),
        model_mean_(zero_.size()),
        of_models_(zero_.size()) {}

  /// Outputs [models][count] of targets from `first` on.
  void see(const Array<double, 2>& y, Index first, int threads) {
    const std::size_t count = y.shape()[1], models = zero_.size();
    // A reference for each target, so that a mean which is large beside the spread loses nothing.
    for (std::size_t t = 0; t < count; ++t) {
      double mean = 0;
      for (std::size_t m = 0; m < models; ++m) mean += (y(m, t) - y(0, t)) / double(models);
      target_mean_.push_back(y(0, t) + mean);
    }
    const double* means = target_mean_.data() + target_mean_.size() - count;
    for (std::size_t m = 0; m < models; ++m)
      for (std::size_t t = 0; t < count; ++t) {
        const double value = y(m, t), difference = value - means[t];
        zero_[m] = zero_[m] && value == 0;
        model_mean_[m] += value / targets_;
        of_models_[m] += difference / targets_;
        squares_ += difference * difference;
      }
    add(find_runaways(y, threads), first);
  }

  OutputFacts facts() && {
    OutputFacts facts;
    for (std::size_t m = 0; m < zero_.size(); ++m)
      if (zero_[m]) facts.zero_models.push_back(static_cast<Index>(m));
    facts.runaways = std::move(runaways_);
    facts.variances.rows = variance_of(of_models_);
    facts.variances.columns = variance_of(target_mean_);
    facts.variances.rest =
        std::max(0.0, squares_ / (targets_ * double(zero_.size())) - facts.variances.rows);
    facts.model_mean = std::move(model_mean_);
    return facts;
  }

 private:
  /// The runaways of a block of targets that begins at `first`.
  void add(const Runaways& block, Index first) {
    runaways_.first.resize(zero_.size());
    for (std::size_t m = 0; m < block.first.size(); ++m) runaways_.first[m] += block.first[m];
    runaways_.points += block.points;
    if (!block.any()) return;
    const bool farther = !runaways_.any() || block.worst.distance() > runaways_.worst.distance();
    runaways_.runaway_points += block.runaway_points;
    if (!farther) return;
    runaways_.worst = block.worst;
    runaways_.worst.point += first;
  }

  double targets_;
  std::vector<bool> zero_;                      // [models] so far
  std::vector<double> model_mean_, of_models_;  // of_models_: of differences from the target's mean
  std::vector<double> target_mean_;
  double squares_ = 0;
  Runaways runaways_;
};

/// How many examples each model saw.
std::vector<double> sizes_of(const SubsetMasks& masks) {
  std::vector<double> sizes;
  for (Index m = 0; m < masks.models(); ++m)
    sizes.push_back(static_cast<double>(masks.members(m).size()));
  return sizes;
}

/// How many models saw each example.
std::vector<double> uses_of(const SubsetMasks& masks) {
  std::vector<double> uses(static_cast<std::size_t>(masks.examples()));
  for (Index m = 0; m < masks.models(); ++m)
    for (const Index i : masks.members(m)) ++uses[static_cast<std::size_t>(i)];
  return uses;
}

/// "3 of 200 models ... (the first is model 7)"
std::string counted(std::size_t count, Index of, const std::string& what, Index first) {
  return sentence(count, " of ", of, " models ", what,
                  count == 1 ? " (model " : " (the first is model ", first, ")");
}

void warn_of_unfinished(const SubsetMasks& masks, const OutputFacts& facts,
                        std::vector<std::string>& warnings) {
  const std::string advice =
      ": if they are not done, leave them out by a file _completed.npy beside the outputs.";
  if (!facts.zero_models.empty())
    warnings.push_back(counted(facts.zero_models.size(), masks.models(), "say 0 at every target",
                               facts.zero_models[0]) +
                       advice);
  const std::vector<double> sizes = sizes_of(masks);
  const auto empty = std::count(sizes.begin(), sizes.end(), 0.0);
  const auto first = std::find(sizes.begin(), sizes.end(), 0.0);
  if (empty > 0)
    warnings.push_back(counted(static_cast<std::size_t>(empty), masks.models(),
                               "saw no example by their masks", first - sizes.begin()) +
                       advice);
}

/// Subsets of one size make all sums over examples equal and let those over models vary as sums of
/// random numbers do; where it is the other way round, so are the axes.
void warn_of_turned_masks(const SubsetMasks& masks, std::vector<std::string>& warnings) {
  const std::vector<double> sizes = sizes_of(masks), uses = uses_of(masks);
  if (masks.models() < 10 || masks.examples() < 10) return;
  const double share = mean_of(uses) / static_cast<double>(masks.models());
  const double random = static_cast<double>(masks.examples()) * share * (1 - share);
  if (variance_of(uses) > 0 || !(variance_of(sizes) > 0.25 * random)) return;
  const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
  warnings.push_back(sentence("Every example was seen by exactly ", uses[0],
                              " models, while models saw ", *least, " to ", *most,
                              " examples: the masks look turned round; [models][examples] is "
                              "read."));
}

/// Outputs differ more between points than between models. Asked only where the shapes fit both
/// ways.
void warn_of_turned_outputs(const SubsetMasks& masks, const ModelOutputs& outputs,
                            const OutputFacts& facts, std::vector<std::string>& warnings) {
  const bool fits_both_ways =
      outputs.columns() == outputs.models() || outputs.columns() == masks.examples();
  const bool turned = rows_vary_most(facts.variances);
  if (outputs.columns() < 10 || outputs.models() < 10 || !fits_both_ways || !turned) return;
  warnings.push_back(
      "The outputs differ more between rows than between columns: they look turned round; "
      "[models][targets] is read.");
}

void warn_of_inverted_masks(const SubsetMasks& masks, const ModelOutputs& outputs,
                            const OutputFacts& facts, const OwnEffects* own,
                            std::vector<std::string>& warnings) {
  const std::string question =
      ": do the masks hold 1 for what was left out (1 = seen is read), or are the outputs losses "
      "(larger = worse)?";
  const std::vector<double> sizes = sizes_of(masks);
  const double models = static_cast<double>(masks.models());
  const double share = mean_of(sizes) / static_cast<double>(std::max<Index>(masks.examples(), 1));
  if (masks.examples() >= 20 && share > 0 && share < 0.05)
    warnings.push_back(sentence("The mean model saw ", report::fixed(100 * share, 1),
                                " % of the examples by its mask: does 1 mean left out? 1 = seen is "
                                "read."));
  if (own != nullptr && own->negative >= 10 && own->negative > 4 * own->positive &&
      -own->mean > 2 * own->mean_others) {
    warnings.push_back(sentence("Examples lower their own outputs (", own->negative,
                                " effects of an example on the target of its own number are "
                                "negative, ",
                                own->positive, " positive)", question));
    return;  // the sizes say the same
  }
  if (outputs.classes() > 0 || masks.models() < 30 || variance_of(sizes) == 0) return;
  const double r = correlation_of(sizes, facts.model_mean);
  if (r < -0.5 && r * std::sqrt((models - 2) / (1 - r * r)) < -6)
    warnings.push_back(sentence("Models that saw more examples have smaller outputs (correlation ",
                                report::fixed(r, 2), ")", question));
}

}  // namespace

OutputFacts output_facts(const ModelOutputs& outputs, Index width, int threads,
                         const Progress& progress) {
  Pass pass(outputs.models(), outputs.columns());
  for (Index first = 0; first < outputs.columns(); first += width) {
    const Index count = std::min(width, outputs.columns() - first);
    pass.see(outputs.read_columns<double>(first, count, threads), first, threads);
    if (progress) progress(first + count, outputs.columns());
  }
  return std::move(pass).facts();
}

OwnEffects own_effects(const NpyView& effects) {
  OwnEffects own;
  const Index n = effects.extent(0);
  const auto effect = [&](Index i, Index t) {
    double value = 0;
    effects.read(std::array<Index, 2>{i, t}, 1, &value);
    return value;
  };
  for (Index i = 0; i < n; ++i) {
    const double value = effect(i, i);
    own.positive += value > 0;
    own.negative += value < 0;
    own.mean += value / static_cast<double>(n);
    own.mean_others +=
        std::abs(effect(i, (i + std::max<Index>(1, n / 2)) % n)) / static_cast<double>(n);
  }
  return own;
}

std::string turned_round_hint(const SubsetMasks& masks, const ModelOutputs& outputs) {
  if (masks.examples() == outputs.models())
    return "; the masks look turned round, [models][examples] is read";
  if (masks.models() == outputs.columns())
    return "; the outputs look turned round, [models][targets] is read";
  return "";
}

std::vector<std::string> fit_warnings(const SubsetMasks& masks, const ModelOutputs& outputs,
                                      const OutputFacts& facts, const OwnEffects* own) {
  std::vector<std::string> warnings;
  if (facts.runaways.any())
    warnings.push_back(runaway_sentence(facts.runaways, {.point = "target"}) +
                       ". It outweighs all others there: effects and LDS of such targets say "
                       "nothing. Leave the model out, or train it again.");
  warn_of_unfinished(masks, facts, warnings);
  warn_of_turned_masks(masks, warnings);
  warn_of_turned_outputs(masks, outputs, facts, warnings);
  warn_of_inverted_masks(masks, outputs, facts, own, warnings);
  return warnings;
}

void add_fit_checks(const OutputFacts& facts, const OwnEffects* own, report::Json& results) {
  results["runaway_targets"] = facts.runaways.runaway_points;
  results["runaway_models"] = runaway_models(facts.runaways.first);
  if (facts.runaways.any())
    results["worst_runaway"] = {{"model", facts.runaways.worst.model},
                                {"target", facts.runaways.worst.point},
                                {"value", report::number_json(facts.runaways.worst.value)}};
  results["models_without_outputs"] = facts.zero_models;
  if (own != nullptr)
    results["own_effects"] = {{"positive", own->positive},
                              {"negative", own->negative},
                              {"mean", report::number_json(own->mean)}};
}

}  // namespace expunge::cli
