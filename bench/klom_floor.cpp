// The noise floor of every preset by simulation: 20,000 points of standard normal margins, seed 7.
// Prints the table of docs/methods/klom.md.
#include "expunge/evaluation/klom_floor.hpp"

#include <cstdio>
#include <string>
#include <utility>

using namespace expunge;

int main() {
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
