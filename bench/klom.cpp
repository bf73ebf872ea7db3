// KLoM of 200 against 200 models: microseconds per point, best of five after a warm-up.
//
//   klom                                       60,000 points of random margins, every preset
//   klom ORACLE.npy UNLEARNED.npy SCORES.npy   these margins, in EasyDUB's preset
//
// The second runs on one thread and writes the scores for comparison.
#include "expunge/evaluation/klom.hpp"

#include <cstdio>
#include <string>
#include <thread>

#include "clock.hpp"
#include "expunge/core/random.hpp"
#include "expunge/io/npy.hpp"

using namespace expunge;

namespace {

Array<float, 2> random_margins(std::uint64_t seed, Index models, Index points) {
  Array<float, 2> margins = make_array<float>(models, points);
  parallel_for(0, models, [&](int, Index m) {
    for (Index x = 0; x < points; ++x)
      margins(static_cast<std::size_t>(m), static_cast<std::size_t>(x)) =
          static_cast<float>(random_normal(seed, {Purpose::test, static_cast<std::uint32_t>(m)},
                                           static_cast<std::uint64_t>(x)));
  });
  return margins;
}

template <class T>
KlomResult timed(const Array<T, 2>& oracle, const Array<T, 2>& unlearned, KlomConfig config) {
  KlomResult result;
  const double seconds = bench::best_of(5, [&] { result = klom(oracle, unlearned, config); });
  const double points = static_cast<double>(result.per_point.size());
  std::printf("%-16s float32, %td + %td models, %.0f points, %d thread(s): %.3f us per point\n",
              std::string(config.name).c_str(), result.oracle_models, result.unlearned_models,
              points, thread_count(config.threads), seconds * 1e6 / points);
  return result;
}

void all_presets() {
  const Array<float, 2> oracle = random_margins(1, 200, 60000);
  const Array<float, 2> unlearned = random_margins(2, 200, 60000);
  for (KlomConfig config : {KlomConfig::paper(), KlomConfig::paper_code(),
                            KlomConfig::unlearning_bench(), KlomConfig::easydub()})
    for (const int threads : {1, 0}) {
      config.threads = threads;
      timed(oracle, unlearned, config);
    }
}

}  // namespace

int main(int count, char** words) {
  std::printf("machine: %s, %u hardware threads\n", bench::processor().c_str(),
              std::thread::hardware_concurrency());
  if (count == 1) {
    all_presets();
    return 0;
  }
  if (count != 4) {
    std::fprintf(stderr, "usage: klom [ORACLE.npy UNLEARNED.npy SCORES.npy]\n");
    return 2;
  }
  KlomConfig config = KlomConfig::easydub();
  config.threads = 1;
  write_npy(words[3],
            timed(read_npy<float, 2>(words[1]), read_npy<float, 2>(words[2]), config).per_point);
  return 0;
}
