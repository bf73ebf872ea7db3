#include "cli/input_checks.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "cli/array_facts.hpp"
#include "cli/array_verdict.hpp"
#include "expunge/report/number.hpp"

namespace expunge::cli {

namespace {

constexpr Index most_looked_at = 256;
constexpr Index least_points = 8;  // fewer are equal, or vary, by chance

/// At most so many of 0 .. n - 1, evenly spaced.
std::vector<Index> spaced(Index n) {
  const Index count = std::min(n, most_looked_at);
  std::vector<Index> some;
  for (Index i = 0; i < count; ++i) some.push_back(i * n / count);
  return some;
}

/// Some margins of a file, [models.size()][points.size()].
struct Sample {
  std::vector<Index> models, points;
  Array<double, 2> margins;

  const double* row(std::size_t m) const { return margins.data() + m * points.size(); }
  bool is_finite(std::size_t m) const {
    return std::all_of(row(m), row(m) + points.size(), [](double x) { return std::isfinite(x); });
  }
};

/// Warns where the rows vary as points do. Ranks take the place of the numbers: one model that ran
/// away must not look like an axis.
void warn_if_turned(Document& document, const ModelOutputs& outputs, const Sample& sample) {
  std::vector<double> values;  // of the models that are finite
  for (std::size_t m = 0; m < sample.models.size(); ++m)
    if (sample.is_finite(m))
      values.insert(values.end(), sample.row(m), sample.row(m) + sample.points.size());
  const std::size_t models = values.size() / sample.points.size();
  if (static_cast<Index>(models) < least_points) return;
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  Array<double, 2> ranks = Array<double, 2>::from_shape({models, sample.points.size()});
  std::copy(values.begin(), values.end(), ranks.begin());
  for (double& value : ranks) {
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), value);
    value = static_cast<double>((first - sorted.begin()) + (last - sorted.begin()));
  }
  if (!rows_vary_most(axis_variances(ranks))) return;
  document.warnings.push_back(sentence(
      outputs.name(), ": its ", outputs.models(), " rows differ more than its ", outputs.points(),
      " columns, as points do and models do not; is it [points][models]? [models][points] is what "
      "is read: numpy.save(name, array.T) turns it."));
}

/// Warns of models that say the same number at every point, and of models that say what another
/// says.
void warn_of_rows(Document& document, const ModelOutputs& outputs, const Sample& sample) {
  std::map<std::vector<double>, Index> seen;
  Index constant = 0, twins = 0, first_constant = -1, twin = -1, original = -1;
  for (std::size_t m = 0; m < sample.models.size(); ++m) {
    if (!sample.is_finite(m)) continue;
    const std::vector<double> row(sample.row(m), sample.row(m) + sample.points.size());
    if (std::all_of(row.begin(), row.end(), [&](double x) { return x == row[0]; })) {
      if (constant++ == 0) first_constant = sample.models[m];
      continue;
    }
    const auto [found, is_new] = seen.try_emplace(row, sample.models[m]);
    if (is_new) continue;
    if (twins++ == 0) {
      twin = sample.models[m];
      original = found->second;
    }
  }
  const std::string of = sentence(" of ", sample.models.size(), " models looked at");
  const std::string points = sentence(" at all ", sample.points.size(), " points looked at");
  if (constant > 0)
    document.warnings.push_back(sentence(outputs.name(), ": ", constant, of, " say one number",
                                         points, ", the first is model ", first_constant,
                                         ": rows of models that were never trained?"));
  if (twins > 0)
    document.warnings.push_back(sentence(outputs.name(), ": ", twins, of,
                                         twins == 1 ? " says" : " say", " what another says",
                                         points, ", the first is model ", twin, ", like model ",
                                         original, ": is it the same model?"));
}

/// Warns of labels that the models contradict: shifted by one, or of other points.
void warn_of_labels(Document& document, const ModelOutputs& outputs, const Sample& sample) {
  if (!outputs.has_labels() || outputs.classes() < 2) return;
  const Index k = outputs.classes();
  double right[3] = {}, all = 0;  // label - 1, label, label + 1
  for (std::size_t m = 0; m < std::min<std::size_t>(16, sample.models.size()); ++m)
    for (const Index point : sample.points) {
      const std::vector<double> logits = outputs.logits_at(sample.models[m], point);
      const Index says = std::max_element(logits.begin(), logits.end()) - logits.begin();
      const Index label = outputs.label_of(point);
      for (const Index shift : {-1, 0, 1}) right[shift + 1] += says == label + shift;
      all += 1;
    }
  const auto percent = [&](double count) { return report::fixed(100 * count / all, 0); };
  const int better = right[0] > right[2] ? 0 : 2;
  if (k > 2 && right[better] > right[1] + 0.3 * all) {
    document.warnings.push_back(sentence(
        outputs.name(), ": the models say the label on ", percent(right[1]), " % of the points, ",
        better == 0 ? "the class before it" : "the class after it", " on ", percent(right[better]),
        " %: ", better == 0 ? "do the labels count from 1?" : "is 1 taken off the labels?"));
  } else if (all >= 64 && right[1] < 0.5 * all / static_cast<double>(k)) {
    document.warnings.push_back(sentence(outputs.name(), ": the models say the label on ",
                                         percent(right[1]),
                                         " % of the points, fewer than by "
                                         "chance: are the labels those of these points, in this "
                                         "order?"));
  }
}

bool is_kept(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* kept : {"retain", "val", "test", "held"})
    if (name.starts_with(kept)) return true;
  return false;
}

}  // namespace

void warn_of_outputs(Document& document, const ModelOutputs& outputs, int threads) {
  for (const std::string& warning : outputs.warnings()) document.warnings.push_back(warning);
  if (!outputs.are_floats())
    document.warnings.push_back(outputs.name() +
                                ": whole numbers, as classes, flags or counts are; margins are "
                                "real numbers, log(p / (1 - p)) of the label.");
  else if (outputs.look_like_probabilities(threads))
    document.warnings.push_back(
        outputs.name() +
        ": all numbers lie in [0, 1], as probabilities do; margins, log(p / (1 - p)) of the label, "
        "are expected, or logits with --labels.");
  Sample sample{spaced(outputs.models()), spaced(outputs.points()), {}};
  if (static_cast<Index>(sample.points.size()) < least_points) return;
  sample.margins = outputs.read_margins_at<double>(sample.models, sample.points, threads);
  warn_if_turned(document, outputs, sample);
  warn_of_rows(document, outputs, sample);
  warn_of_labels(document, outputs, sample);
}

void require_same_points(const ModelOutputs& first, const ModelOutputs& second,
                         const std::string& whose) {
  if (second.points() == first.points()) return;
  const bool turned = second.models() == first.points() || first.models() == second.points();
  throw io_error(
      second.name(),
      sentence(second.points(), " points, ", whose, " of ", first.name(), " have ", first.points(),
               turned ? "; is one of the two [points][models]? [models][points] is what "
                        "is read"
                      : "; give the same points, in the same order"));
}

void warn_of_kept_splits(Document& document, const std::vector<KlomOfSplit>& splits) {
  for (const KlomOfSplit& split : splits) {
    const double p95 = split.forward.summary.p95;
    if (!is_kept(split.name) || !std::isfinite(p95)) continue;
    const DoNothingStatus status = do_nothing_check(p95, split.forward.floor);
    if (!status.broken || !std::isfinite(status.ratio)) continue;
    document.warnings.push_back(sentence(
        split.name, ": p95 ", report::fixed(p95, 2), " is ", report::fixed(status.ratio, 1),
        " times its floor, where unlearning should leave all as it was. Either the models lost "
        "what they should keep, or the two sides differ in more than the forget set (another "
        "recipe, other points, another order of them). Score models that were never unlearned: if "
        "they are as far off here, it is the second."));
  }
}

}  // namespace expunge::cli
