// The two tables of docs/methods/klom.md: the noise floor of every preset by simulation, 20,000
// points of standard normal margins; and for margins of other shapes the true floor of N against N
// models beside the one that klom_floor finds from N oracles alone, both averaged over 20 draws of
// 1000 points.
#include "expunge/evaluation/klom_floor.hpp"

#include <cstdio>
#include <string>
#include <utility>

#include "../tests/evaluation/margin_shapes.hpp"

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

}  // namespace

int main() {
  print_simulated();
  std::printf("\n");
  print_shapes();
}
