// Noise floors. The two tables of docs/methods/klom.md: the noise floor of every preset by
// simulation, 20,000 points of standard normal margins; and for margins of other shapes the true
// floor of N against N models beside the one that klom_floor finds from N oracles alone, both
// averaged over 20 draws of 1000 points. And the table of docs/methods/sample_distances.md: how far
// the floors of distances and of epsilon, which are of moved draws alone, are off for the same
// margins (8 draws).
#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>
#include <utility>

#include "../tests/evaluation/margin_shapes.hpp"
#include "expunge/evaluation/distance_summary.hpp"
#include "expunge/evaluation/epsilon.hpp"
#include "expunge/evaluation/klom_floor.hpp"

using namespace expunge;

namespace {

constexpr Index points = 1000, draws = 20;

void print_simulated() {
  const std::vector<KlomConfig> presets = {KlomConfig::paper(), KlomConfig::paper_code(),
                                           KlomConfig::unlearning_bench(), KlomConfig::easydub()};
  std::printf("| unlearned x oracle ");
  for (const KlomConfig& config : presets)
    std::printf("| %s mean, p95 ", std::string(config.name).c_str());
  std::printf("|\n|---|---|---|---|---|\n");
  const std::vector<std::pair<Index, Index>> sizes = {{10, 10},   {20, 20},   {50, 50},
                                                      {100, 100}, {100, 250}, {200, 200}};
  for (const auto& [unlearned, oracle] : sizes) {
    std::printf("| %td x %td ", unlearned, oracle);
    for (const KlomConfig& config : presets) {
      const KlomFloor floor = simulated_floor(20000, {oracle, unlearned, 1, 7}, config);
      std::printf("| %.2f, %.2f ", floor.mean, floor.p95);
    }
    std::printf("|\n");
  }
}

struct Floors {
  double mean = 0, p95 = 0;
  void add(double draw_mean, double draw_p95) {
    mean += draw_mean / static_cast<double>(draws);
    p95 += draw_p95 / static_cast<double>(draws);
  }
};

/// Of two independent samples.
Floors true_floor(const MarginShape& shape, Index models, const KlomConfig& config) {
  Floors floors;
  for (std::uint64_t draw = 0; draw < static_cast<std::uint64_t>(draws); ++draw) {
    const KlomResult result = klom(shaped_margins(shape, 1000 + 2 * draw, models, points),
                                   shaped_margins(shape, 1001 + 2 * draw, models, points), config);
    const Summary s = summarise(result, all_indices(points));
    floors.add(s.mean, s.p95);
  }
  return floors;
}

/// What the oracles alone say.
Floors estimated_floor(const MarginShape& shape, Index models, const KlomConfig& config) {
  Floors floors;
  for (std::uint64_t draw = 0; draw < static_cast<std::uint64_t>(draws); ++draw) {
    const KlomFloor floor = klom_floor(shaped_margins(shape, 2000 + draw, models, points),
                                       {models, models, 5, draw}, config);
    floors.add(floor.mean, floor.p95);
  }
  return floors;
}

void print_shapes() {
  std::printf(
      "| margins | N | paper, true | found | mean, p95 off by | easydub, true | found | "
      "mean, p95 off by |\n|---|---|---|---|---|---|---|---|\n");
  for (const MarginShape& shape : margin_shapes())
    for (const Index models : {Index{20}, Index{50}, Index{100}, Index{200}}) {
      std::printf("| %s | %td ", shape.name.c_str(), models);
      for (const KlomConfig& config : {KlomConfig::paper(), KlomConfig::easydub()}) {
        const Floors truth = true_floor(shape, models, config);
        const Floors found = estimated_floor(shape, models, config);
        std::printf("| %.3f, %.3f | %.3f, %.3f | %+.0f %%, %+.0f %% ", truth.mean, truth.p95,
                    found.mean, found.p95, 100 * (found.mean / truth.mean - 1),
                    100 * (found.p95 / truth.p95 - 1));
      }
      std::printf("|\n");
      std::fflush(stdout);
    }
}

constexpr const char* other_figures[] = {"Kolmogorov-Smirnov, median",
                                         "p95",
                                         "Wasserstein 1, median",
                                         "p95",
                                         "Renyi 2, median",
                                         "p95",
                                         "Renyi 10, median",
                                         "p95",
                                         "Jensen-Shannon, median",
                                         "p95",
                                         "Welch's abs(t), median",
                                         "p95",
                                         "epsilon, mean",
                                         "p95",
                                         "forgetting quality"};

/// In that order.
std::vector<double> other_scores(const Array<double, 2>& a, const Array<double, 2>& b) {
  const DistanceSummary d = summarise(sample_distances(a, b), all_indices(points));
  const EpsilonResult e = unlearning_epsilon(a, b);
  const Summary epsilon = summarise(e.epsilon, all_indices(points));
  return {d.ks.p50,
          d.ks.p95,
          d.wasserstein.p50,
          d.wasserstein.p95,
          d.renyi2.p50,
          d.renyi2.p95,
          d.renyi10.p50,
          d.renyi10.p95,
          d.jensen_shannon.p50,
          d.jensen_shannon.p95,
          d.welch_size.p50,
          d.welch_size.p95,
          epsilon.mean,
          epsilon.p95,
          e.forgetting_quality};
}

/// What moved draws of N models score, over what independent ones do, minus 1.
std::vector<double> errors_of_moved_draws(const MarginShape& shape, Index models) {
  std::vector<double> truth(std::size(other_figures)), found(truth.size());
  const auto add = [](std::vector<double>& sums, const std::vector<double>& scores) {
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += scores[i];
  };
  for (std::uint64_t draw = 0; draw < 8; ++draw) {
    add(truth, other_scores(shaped_margins(shape, 1000 + 2 * draw, models, points),
                            shaped_margins(shape, 1001 + 2 * draw, models, points)));
    detail::for_each_smoothed_pair(
        shaped_margins(shape, 2000 + draw, models, points), {models, models, 1, draw}, 0,
        [&](const auto& one, const auto& other) { add(found, other_scores(one, other)); });
  }
  for (std::size_t i = 0; i < truth.size(); ++i) truth[i] = found[i] / truth[i] - 1;
  return truth;
}

/// The smallest and the largest of these errors over the shapes.
void print_moved_draws() {
  constexpr Index sizes[] = {20, 50, 100, 200};
  std::printf("| figure | N = 20 | 50 | 100 | 200 |\n|---|---|---|---|---|\n");
  std::vector<std::string> rows(std::begin(other_figures), std::end(other_figures));
  for (std::string& row : rows) row = "| " + row + " ";
  for (const Index models : sizes) {
    std::vector<double> low(rows.size(), std::numeric_limits<double>::infinity()),
        high(rows.size(), -1);
    for (const MarginShape& shape : margin_shapes()) {
      const std::vector<double> errors = errors_of_moved_draws(shape, models);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        low[i] = std::min(low[i], errors[i]);
        high[i] = std::max(high[i], errors[i]);
      }
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      char text[64];
      std::snprintf(text, sizeof text, "| %+.0f to %+.0f %% ", 100 * low[i], 100 * high[i]);
      rows[i] += text;
    }
  }
  for (const std::string& row : rows) std::printf("%s|\n", row.c_str());
}

}  // namespace

int main() {
  print_simulated();
  std::printf("\n");
  print_shapes();
  std::printf("\n");
  print_moved_draws();
}
