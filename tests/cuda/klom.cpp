// KLoM on the GPU against the CPU's, bad points, dropped edges and runaways among them.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "cuda/device_array.hpp"

using namespace expunge;

namespace {

/// Normal margins [models][points], every few points of which have something to trip over.
template <class T>
Array<T, 2> margins_with_traps(Index models, Index points, std::uint32_t stream) {
  const std::vector<double> numbers = normals<double>(models * points, stream);
  Array<T, 2> margins = make_array<T>(models, points);
  for (Index m = 0; m < models; ++m)
    for (Index x = 0; x < points; ++x) {
      const double n = numbers[static_cast<std::size_t>(m * points + x)];
      double value = 3 * n + static_cast<double>(x % 3);
      if (x % 20 == 4) value = 7;                       // constant
      if (x % 20 == 5 && m == 1) value = std::nan("");  // bad
      if (x % 20 == 6 && m == 2) value = -1 / 0.0;      // bad
      if (x % 20 == 7) value *= 60;                     // some are clipped
      if (x % 20 == 8 && m % 3 == 0) value = 500;       // many are, to one edge
      if (x % 20 == 9) value = std::round(value);       // ties
      if (x % 20 == 10) value *= 1e-30;
      if (x % 20 == 11) value += stream * 1e5;           // far apart
      if (x % 20 == 12) value *= 8;                      // wide, but nothing ran away
      if (x % 20 == 13 && m == x % 17) value = -1e4;     // one ran away
      if (x % 20 == 14 && m < models / 2) value = 1e30;  // half did
      margins(m, x) = static_cast<T>(value);
    }
  return margins;
}

/// False for a score that is no number.
bool agree(const KlomResult& a, const KlomResult& b) {
  bool same = a.bad == b.bad && a.bad_points == b.bad_points && a.label() == b.label() &&
              a.per_point.size() == b.per_point.size() && a.runaways.at == b.runaways.at &&
              a.runaways.first == b.runaways.first && a.runaways.second == b.runaways.second &&
              a.warning() == b.warning();
  for (std::size_t x = 0; same && x < a.per_point.size(); ++x)
    same = std::abs(a.per_point(x) - b.per_point(x)) <= 1e-12;
  return same;
}

/// So little that points go through in many pieces.
struct LittleRoom : Cpu<float> {
  std::size_t room() const { return 5000; }
};

template <class O, class U, class B>
void check_presets(const B& backend) {
  const Array<O, 2> oracle = margins_with_traps<O>(40, 200, 1);
  const Array<U, 2> unlearned = margins_with_traps<U>(31, 200, 2);
  for (KlomConfig config : {KlomConfig::paper(), KlomConfig::paper_code(),
                            KlomConfig::unlearning_bench(), KlomConfig::easydub()})
    for (const Index bins : {config.bins, Index{1}, Index{1000}})
      for (const Clipped clipped : {config.clipped, Clipped::none}) {
        CAPTURE(config.name);
        CAPTURE(bins);
        config.clipped = clipped;
        config.bins = bins;
        const KlomResult expected = klom(oracle, unlearned, config);
        CHECK(expected.bad_points > 10);
        CHECK(expected.runaways.runaway_points > 10);
        CHECK(agree(klom(backend, oracle, unlearned, config), expected));
        config.last_edge =
            config.last_edge == LastEdge::closed ? LastEdge::dropped : LastEdge::closed;
        CHECK(agree(klom(backend, oracle, unlearned, config), klom(oracle, unlearned, config)));
      }
}

}  // namespace

TEST_CASE("KLoM on the GPU is the CPU's in every preset") {
  check_presets<float, float>(Cuda<float>());
  check_presets<double, double>(Cuda<float>());
  check_presets<float, double>(Cuda<double>());
  check_presets<float, float>(LittleRoom());
}

TEST_CASE("margins that lie on the GPU are taken as they are") {
  Cuda<float> gpu;
  const Array<float, 2> oracle = margins_with_traps<float>(20, 50, 1);
  const Array<float, 2> unlearned = margins_with_traps<float>(25, 50, 2);
  const std::vector<float> numbers(oracle.begin(), oracle.end());
  const DeviceArray<Cuda<float>, float> there(gpu, numbers, 20, 50);
  CHECK(agree(klom(gpu, there.view(), unlearned), klom(oracle, unlearned)));
  CHECK_THROWS_WITH(klom(gpu, there.view(), margins_with_traps<float>(25, 49, 2)),
                    "klom: oracle margins have 50 points, unlearned have 49");
  CHECK_THROWS_WITH(klom(gpu, make_array<float>(0, 50), unlearned),
                    "klom: 0 oracle and 25 unlearned models, at least one of each is needed");
  KlomConfig strict;
  strict.bad_points = BadPoints::refuse;
  CHECK_THROWS_WITH(klom(gpu, oracle, unlearned, strict), doctest::Contains("klom: point 5 has"));
}
