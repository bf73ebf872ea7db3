// Dropout: what its masks depend on, what they do not, and their mean.
#include "expunge/nn/dropout.hpp"

#include <doctest/doctest.h>

#include "expunge/nn/linear.hpp"
#include "expunge/nn/relu.hpp"
#include "expunge/nn/sequential.hpp"
#include "expunge/train/train.hpp"
#include "layer_bench.hpp"
#include "small_data.hpp"

using namespace expunge;

namespace {

template <class Real, class L>
LayerBench<L, Real> fresh(Index members, Index rows, std::uint64_t seed = 3,
                          Index first_index = 100) {
  LayerBench<L, Real> bench{members, rows};
  for (Index m = 0; m < members; ++m)
    L::initialise(seed, m, first_index, bench.theta.data(), bench.start.data() + m * L::statistics);
  return bench;
}

using Even = Dropout<Shape<2, 3, 3>, std::ratio<1, 2>>;
using Fifth = Dropout<Shape<1000>, std::ratio<1, 5>>;

/// The mask that one train pass of this member, seed and place draws as number `step`.
template <class Real = double>
std::vector<Real> mask_of(std::uint64_t seed, Index member, Index place, int step) {
  LayerBench<Fifth, Real> bench{1, 4};
  Fifth::initialise(seed, member, place, bench.theta.data(), bench.start.data());
  for (int before = 0; before <= step; ++before) {
    bench.forward();
    bench.start = bench.stats;
  }
  return bench.cache;
}

double share_equal(const std::vector<double>& a, const std::vector<double>& b) {
  double equal = 0;
  for (std::size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i];
  return equal / static_cast<double>(a.size());
}

using Net = Sequential<Linear<6, 9>, Relu<9>, Dropout<Shape<9>, std::ratio<1, 4>>, Linear<9, 3>>;

template <class Real>
Ensemble<Net, Real> trained(int threads, Index cohort) {
  Cpu<Real> backend(threads, cohort);
  Recipe<> recipe{.descent = {.learning_rate = 0.02, .epochs = 3, .seed = 11}, .batch = 16};
  return train<Net>(backend, recipe, clouds(60, 6, 3), fixed_size_subsets(3, 7, 60, 0.75));
}

}  // namespace

TEST_CASE("derivatives of dropout in both modes") {
  for (const Mode mode : {Mode::train, Mode::eval})
    for (const Index members : {1, 3}) {
      auto bench = fresh<double, Even>(members, 4);
      bench.mode = mode;
      check_gradients(bench);
      check_tangents(bench);
      check_passes(bench);
    }
}

TEST_CASE("eval mode is the identity and moves nothing") {
  auto bench = fresh<float, Even>(2, 4);
  bench.mode = Mode::eval;
  bench.forward();
  bench.backward();
  CHECK(same_bytes(bench.y, bench.x));
  CHECK(same_bytes(bench.back_x, bench.a));
  CHECK(same_bytes(bench.stats, bench.start));
}

TEST_CASE("a mask is 0 or 1 / (1 - p), a fifth of it 0, and its mean is 1") {
  const std::vector<double> mask = mask_of(3, 0, 100, 0);
  double zeros = 0, sum = 0;
  for (const double value : mask) {
    CHECK((value == 0 || value == 1.25));
    zeros += value == 0;
    sum += value;
  }
  const double n = static_cast<double>(mask.size());  // 4000: five sd of the share are .032
  CHECK(std::abs(zeros / n - 0.2) <= 0.032);
  CHECK(std::abs(sum / n - 1) <= 0.04);
}

TEST_CASE("every element is kept in its share of steps") {
  std::vector<double> sum(18);
  auto bench = fresh<double, Even>(1, 1);
  const int steps = 4000;
  for (int step = 0; step < steps; ++step) {
    bench.forward();
    bench.start = bench.stats;
    for (std::size_t j = 0; j < 18; ++j) sum[j] += bench.cache[j] / steps;
  }
  CHECK((bench.stats[4] == 0 && bench.stats[5] == steps));
  for (const double mean : sum) CHECK(std::abs(mean - 1) <= 5 / std::sqrt(double(steps)));
}

TEST_CASE("masks differ by seed, member, place, step and row, and are the same in every type") {
  const std::vector<double> mask = mask_of(3, 0, 100, 0);
  CHECK(same_bytes(mask, mask_of(3, 0, 100, 0)));
  const std::vector<float> in_float = mask_of<float>(3, 0, 100, 0);
  CHECK(std::equal(mask.begin(), mask.end(), in_float.begin()));
  // Independent masks agree in .8^2 + .2^2 = .68 of 4000 positions; five sd are .037.
  for (const std::vector<double>& other :
       {mask_of(4, 0, 100, 0), mask_of(3, 1, 100, 0), mask_of(3, 0, 101, 0), mask_of(3, 0, 100, 1)})
    CHECK(std::abs(share_equal(mask, other) - 0.68) <= 0.037);
  const std::vector<double> row0(mask.begin(), mask.begin() + 1000);
  const std::vector<double> row1(mask.begin() + 1000, mask.begin() + 2000);
  CHECK(std::abs(share_equal(row0, row1) - 0.68) <= 0.074);
}

TEST_CASE("two dropouts in a row have masks of their own") {
  using Twice = Sequential<Fifth, Fifth>;
  std::vector<double> theta, stats(12);
  Twice::initialise(3, 0, theta.data(), stats.data());
  CHECK(std::vector<double>(stats.begin(), stats.begin() + 4) !=
        std::vector<double>(stats.begin() + 6, stats.begin() + 10));
}

TEST_CASE("steps are counted exactly beyond what one float holds") {
  auto bench = fresh<float, Even>(1, 1);
  const auto after = [&](float high, float low) {
    bench.start[4] = high;
    bench.start[5] = low;
    bench.forward();
    return std::pair(bench.stats[4], bench.stats[5]);
  };
  CHECK(after(0, 65534) == std::pair(0.f, 65535.f));
  CHECK(after(0, 65535) == std::pair(1.f, 0.f));
  CHECK(after(65535, 65534) == std::pair(65535.f, 65535.f));
  CHECK(after(65535, 65535) == std::pair(0.f, 0.f));
  after(256, 0);  // step 2^24: the next one has another mask
  const std::vector<float> mask = bench.cache;
  after(256, 1);
  CHECK(bench.cache != mask);
}

TEST_CASE("probability 0 keeps everything") {
  auto bench = fresh<double, Dropout<Shape<5>, std::ratio<0>>>(1, 4);
  bench.forward();
  CHECK(same_bytes(bench.y, bench.x));
}

TEST_CASE_TEMPLATE("a trained network with dropout does not depend on threads and cohorts", Real,
                   float, double) {
  const Ensemble<Net, Real> reference = trained<Real>(1, 1);
  for (const int threads : {1, 2, 5})
    for (const Index cohort : {1, 3, 7}) {
      const Ensemble<Net, Real> other = trained<Real>(threads, cohort);
      CHECK(same_bytes(other.theta, reference.theta));
      CHECK(same_bytes(other.stats, reference.stats));
    }
  CHECK(reference.stats(0, 5) == 9);  // 45 examples in batches of 16: three steps an epoch
}
