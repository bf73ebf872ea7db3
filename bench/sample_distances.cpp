// Time and noise floors of the distances beside KLoM: mean and p95 over 20,000 points of standard
// normal margins (docs/methods/sample_distances.md), and us per point for 200 + 200 models on one
// core.
#include <cstdio>

#include "clock.hpp"
#include "expunge/core/random.hpp"
#include "expunge/evaluation/distance_summary.hpp"

using namespace expunge;

namespace {

Array<float, 2> normal_margins(Index models, Index points, std::uint32_t which) {
  Array<float, 2> margins = make_array<float>(models, points);
  for (Index i = 0; i < models * points; ++i)
    margins.data()[i] = static_cast<float>(
        random_normal(1, {Purpose::test, which}, static_cast<std::uint64_t>(i)));
  return margins;
}

}  // namespace

int main() {
  std::printf("%s\n", bench::processor().c_str());
  std::printf("mean and p95 of KS, Wasserstein, Renyi 2, 5, 10, Jensen-Shannon\n");
  constexpr Index points = 20000;
  for (const Index n : {20, 50, 100, 200}) {
    const Array<float, 2> a = normal_margins(n, points, 0), b = normal_margins(n, points, 1);
    const DistanceSummary s = summarise(sample_distances(a, b), all_indices(points));
    std::printf("%3td x %3td", n, n);
    for (const Summary& x : {s.ks, s.wasserstein, s.renyi2, s.renyi5, s.renyi10, s.jensen_shannon})
      std::printf("  %.3f %.3f", x.mean, x.p95);
    std::printf("\n");
  }
  const Array<float, 2> a = normal_margins(200, points, 0), b = normal_margins(200, points, 1);
  SampleDistancesConfig config;
  config.threads = 1;
  const double seconds = bench::best_of(5, [&] { sample_distances(a, b, config); });
  std::printf("200 + 200 models: %.1f us per point, one thread\n", 1e6 * seconds / points);
}
