#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "expunge/core/array.hpp"
#include "expunge/core/find_runaways.hpp"
#include "expunge/core/random.hpp"

using namespace expunge;

namespace {

const double inf = std::numeric_limits<double>::infinity();

/// mean + sd z, [models][points]
Array<double, 2> normal(std::uint64_t seed, Index models, Index points, double mean = 0,
                        double sd = 1) {
  Array<double, 2> outputs = make_array<double>(models, points);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    outputs.data()[i] = mean + sd * random_normal(seed, {Purpose::test}, i);
  return outputs;
}

/// The middle and half the length of the shortest interval that holds half of n outputs: all pairs.
std::pair<double, double> half_interval(const std::vector<double>& finite, std::size_t n) {
  std::pair<double, double> best{0, inf};
  const std::size_t half = std::min((n + 1) / 2, finite.size());
  std::vector<double> x = finite;
  std::sort(x.begin(), x.end());
  for (const double low : x)
    for (const double high : x) {
      const auto held =
          std::count_if(x.begin(), x.end(), [&](double y) { return low <= y && y <= high; });
      if (static_cast<std::size_t>(held) >= half && (high - low) / 2 < best.second)
        best = {(low + high) / 2, (high - low) / 2};
    }
  return best;
}

std::vector<double> finite_of(const std::vector<double>& x) {
  std::vector<double> kept;
  std::copy_if(x.begin(), x.end(), std::back_inserter(kept), [](double y) { return y - y == 0; });
  return kept;
}

/// The definition of runaway.hpp, word for word and without its short cuts.
std::vector<bool> by_definition(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> both = a;
  both.insert(both.end(), b.begin(), b.end());
  const auto least = [&](double spread, double size) {
    return std::max(both.size() < 20 || spread <= 1e-5 * size ? 10.0 : 1.0, 1e-5 * size);
  };
  const auto [c, w] = half_interval(finite_of(both), both.size());
  const double most = std::max(least(w, std::abs(c)), 50 * w);
  std::vector<double> centres;
  for (const std::vector<double>* one : {&a, &b}) {
    if (one->empty()) continue;
    std::vector<double> near = finite_of(*one);
    std::erase_if(near, [&, c = c](double x) { return std::abs(x - c) > most; });
    const auto own = near.empty() ? half_interval(finite_of(*one), one->size())
                                  : half_interval(near, near.size());
    centres.push_back(b.empty() || (near.empty() && own.second > most) ? c : own.first);
  }
  const auto distance = [&](double x) {
    double d = inf;
    for (const double centre : centres) d = std::min(d, std::abs(x - centre));
    return d;
  };
  std::vector<double> d;
  for (const double x : finite_of(both)) d.push_back(distance(x));
  std::sort(d.begin(), d.end());
  const std::size_t half = (both.size() + 1) / 2;
  double first_runaway = inf;
  double size = 0;
  for (const double centre : centres) size = std::max(size, std::abs(centre));
  for (std::size_t i = half; i < d.size() && first_runaway == inf; ++i) {
    const double gap = i + 1 == d.size() ? 50 : 20;
    if (d[i] > std::max(least(d[half - 1], size), std::min(gap * d[i - 1], 600 * d[half - 1])))
      first_runaway = d[i];
  }
  std::vector<bool> runaway;
  for (const double x : both) runaway.push_back(x - x != 0 || distance(x) >= first_runaway);
  return runaway;
}

std::vector<double> column(const Array<double, 2>& a, std::size_t x) {
  std::vector<double> values;
  for (std::size_t m = 0; m < a.shape()[0]; ++m) values.push_back(a(m, x));
  return values;
}

}  // namespace

TEST_CASE("one output of sixty far out is found, named, and described by the others") {
  for (const double size : {1e3, -1e4, 3e7, -1e38}) {
    Array<double, 2> oracle = normal(1, 60, 70, 3), unlearned = normal(2, 50, 70, 6);
    unlearned(17, 65) = size;
    const Runaways found = find_runaways(oracle, unlearned);
    CHECK(found.points == 70);
    REQUIRE(found.runaway_points == 1);
    CHECK(found.at[65] == 1);
    CHECK(runaway_models(found.first).empty());
    CHECK(runaway_models(found.second) == std::vector<Index>{17});
    CHECK(found.worst.of_second);
    CHECK(found.worst.model == 17);
    CHECK(found.worst.point == 65);
    CHECK(found.worst.value == size);
    CHECK(found.examples.size() == 1);
    CHECK(find_runaways(oracle).any() == false);
    const Runaways alone = find_runaways(unlearned);
    CHECK(alone.runaway_points == 1);
    CHECK(alone.second.empty());
    CHECK(runaway_models(alone.first) == std::vector<Index>{17});
  }
}

TEST_CASE("what is found is what the definition says, tails, clusters and ladders included") {
  const Index points = 700;
  Index flagged = 0;
  Array<double, 2> a = make_array<double>(12, points), b = make_array<double>(9, points);
  for (std::size_t x = 0; x < static_cast<std::size_t>(points); ++x) {
    const double width = std::exp2(static_cast<double>(x % 13) - 6);
    const double tail = 1 + static_cast<double>(x % 7);
    const auto draw = [&](std::size_t m) {
      const double z = random_normal(3, {Purpose::test}, x * 64 + m);
      const double heavy = width * (z < 0 ? -1 : 1) * std::pow(std::abs(z), tail * tail / 2);
      return x % 11 == 0 && m % 5 == 0 ? std::round(z) : x % 17 == 1 && m % 6 == 0 ? inf : heavy;
    };
    const double shift = x % 3 == 0 ? 40.0 * static_cast<double>(x % 9) : 0;
    for (std::size_t m = 0; m < 12; ++m) a(m, x) = draw(m);
    for (std::size_t m = 0; m < 9; ++m) b(m, x) = shift + draw(32 + m);
  }
  const Runaways two = find_runaways(a, b, 2), one = find_runaways(a);
  for (std::size_t x = 0; x < static_cast<std::size_t>(points); ++x) {
    const std::vector<double> first = column(a, x), second = column(b, x);
    for (const bool both : {true, false}) {
      const std::vector<bool> expected =
          by_definition(first, both ? second : std::vector<double>());
      bool any = false;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        const double value = i < 12 ? first[i] : second[i - 12];
        any = any || (expected[i] && std::isfinite(value));
      }
      INFO("point " << x << ", both " << both);
      CHECK((both ? two : one).at[x] == any);
      flagged += any;
    }
  }
  CHECK(flagged > 100);   // both answers are tried
  CHECK(flagged < 1000);  // of 1400
}

TEST_CASE("threads and element types do not change what is found") {
  Array<double, 2> a = normal(1, 40, 300, 0, 5), b = normal(2, 30, 300, 9, 5);
  for (std::size_t x = 0; x < 300; x += 3)
    (x % 2 == 0 ? a : b)(x % 30, x) = x % 5 == 0 ? 3e4 : -2e4;
  const Runaways one = find_runaways(a, b, 1), three = find_runaways(a, b, 3);
  CHECK(one.runaway_points == 100);
  CHECK(one.at == three.at);
  CHECK(one.first == three.first);
  CHECK(one.second == three.second);
  CHECK(one.worst.point == three.worst.point);
  REQUIRE(one.examples.size() == Runaways::most_examples);
  for (std::size_t i = 0; i < one.examples.size(); ++i) {
    CHECK(one.examples[i].point == static_cast<Index>(3 * i));
    CHECK(one.examples[i].point == three.examples[i].point);
  }
  const Array<float, 2> af = a, bf = b;
  Array<Half, 2> ah = make_array<Half>(40, 300), bh = make_array<Half>(30, 300);
  for (std::size_t i = 0; i < a.size(); ++i) ah.data()[i] = static_cast<Half>(af.data()[i]);
  for (std::size_t i = 0; i < b.size(); ++i) bh.data()[i] = static_cast<Half>(bf.data()[i]);
  CHECK(find_runaways(af, bf).at == one.at);
  CHECK(find_runaways(af, b).at == one.at);
  CHECK(find_runaways(ah, bh).at == one.at);
}

TEST_CASE("blocks of points add up to what is found in all of them") {
  Array<double, 2> a = normal(1, 40, 300), b = normal(2, 30, 300);
  for (std::size_t x = 5; x < 300; x += 7)
    (x % 2 == 0 ? a : b)(x % 30, x) = 1e4 + static_cast<double>(x);
  const Runaways whole = find_runaways(a, b);
  Runaways parts;
  for (Index first = 0; first < 300; first += 90) {
    const Index count = std::min<Index>(90, 300 - first);
    add_runaways(parts, find_runaways(view(a).columns(first, count), view(b).columns(first, count)),
                 first);
  }
  CHECK(parts.points == 300);
  CHECK(parts.at == whole.at);
  CHECK(parts.first == whole.first);
  CHECK(parts.second == whole.second);
  CHECK(parts.runaway_points == 43);
  CHECK(parts.worst.point == whole.worst.point);
  CHECK(parts.worst.model == whole.worst.model);
  REQUIRE(parts.examples.size() == whole.examples.size());
  for (std::size_t i = 0; i < parts.examples.size(); ++i)
    CHECK(parts.examples[i].point == whole.examples[i].point);
}

TEST_CASE("outputs that are not finite are far away, but not listed") {
  Array<double, 2> a = normal(1, 20, 3);
  a(3, 0) = std::nan("");
  a(4, 0) = 1e6;
  a(5, 1) = -inf;
  for (std::size_t m = 0; m < 19; ++m) a(m, 2) = inf;
  const Runaways found = find_runaways(a);
  CHECK(found.at == std::vector<std::uint8_t>{1, 0, 0});
  CHECK(runaway_models(found.first) == std::vector<Index>{4});
}

TEST_CASE("outputs that are all equal but for the rounding of float have no runaway") {
  Array<float, 2> a = make_array<float>(30, 2);
  a.fill(-3e5f);
  a(3, 0) = std::nextafter(-3e5f, 0.0f);
  a(4, 1) = -3e5f + 11;
  const Runaways found = find_runaways(a);
  CHECK(found.at == std::vector<std::uint8_t>{0, 1});
}

TEST_CASE("of fewer than twenty outputs nothing nearer than ten is a runaway") {
  for (const Index models : {4, 9, 10, 15}) {
    Array<double, 2> a = normal(1, models, 1, 0, 1e-3), b = normal(2, models, 1, 0, 1e-3);
    a(1, 0) = 9;
    CHECK(find_runaways(a, b).any() == (2 * models >= 20));
    CHECK(find_runaways(a).any() == false);
    a(1, 0) = 11;
    CHECK(find_runaways(a, b).any());
    CHECK(find_runaways(a).any());
  }
}

TEST_CASE("the sentence about runaways counts models and points and gives the farthest") {
  CHECK(runaway_sentence(find_runaways(normal(1, 60, 5))).empty());
  Array<double, 2> a = normal(1, 60, 5), b = normal(2, 50, 5);
  for (std::size_t x = 1; x < 5; ++x) a(3, x) = -1e4 * static_cast<double>(x);
  const std::string one = runaway_sentence(find_runaways(a), {"target", "", ""});
  CHECK(one.substr(0, one.find(", where")) ==
        "1 of 60 models ran away at 4 of 5 targets: model 3 gives -4e+04 at target 4");
  b(7, 0) = 5e5, b(8, 0) = -2000;
  const std::string two = runaway_sentence(find_runaways(a, b), {"point", "oracle", "unlearned"});
  CHECK(two.substr(0, two.find(" of ", two.find(", where half"))) ==
        "1 of 60 oracle models and 2 of 50 unlearned models ran away at 5 of 5 points: unlearned "
        "model 7 gives 5e+05 at point 0, where half");
}

TEST_CASE("arrays of different numbers of points have no runaways in common") {
  CHECK_THROWS_WITH_AS(find_runaways(normal(1, 3, 5), normal(1, 3, 4)),
                       "find_runaways: outputs of 5 and of 4 points", std::invalid_argument);
  CHECK(find_runaways(normal(1, 3, 0)).points == 0);
}
