// The rule for runaways (core/runaway.hpp), measured: the tables of docs/methods/klom.md.
//
//   runaways [POINTS]   points in each cell of the first table, 100,000 unless given
//
//   1  honest margins, two arrays of N models each, 0 to 4 sd apart: how many points have a runaway
//      (sd 100, so that the rule's least distance of 1 does not help)
//   2  k of N models replaced by one size: how many points the rule misses, and how many of those
//      score better than the honest models
//   3  what one model of N at so many sd does to KLoM where it is no runaway, and what two do
//   4  time for each output
#include <cstdio>
#include <cstdlib>
#include <string>

#include "clock.hpp"
#include "evaluation/margins.hpp"
#include "expunge/evaluation/klom.hpp"

using namespace expunge;

namespace {

/// Margins of two arrays of n models, `apart` sd from each other, [2 n][points]: made by threads.
struct Pair {
  Array<double, 2> oracle, unlearned;
};

Pair honest_pair(Shape shape, Index n, Index points, double sd, double apart, std::uint64_t seed) {
  Pair pair{make_array<double>(n, points), make_array<double>(n, points)};
  parallel_for(0, 2 * n, [&](int, Index m) {
    Array<double, 2>& to = m < n ? pair.oracle : pair.unlearned;
    const double mean = m < n ? 0 : apart * sd;
    for (Index x = 0; x < points; ++x)
      to(static_cast<std::size_t>(m % n), static_cast<std::size_t>(x)) =
          mean + sd * honest_margin(shape, seed, static_cast<std::uint32_t>(m),
                                    static_cast<std::uint64_t>(x));
  });
  return pair;
}

void false_flags(Index points) {
  std::printf("| honest margins, flagged of %td points | N = 5 | 9 | 20 | 50 | 100 | 200 |\n",
              points);
  std::printf("|---|---|---|---|---|---|---|\n");
  for (const Shape shape : shapes)
    for (const double apart : {0.0, 2.0, 4.0}) {
      std::printf("| %s, %g sd apart ", name(shape).c_str(), apart);
      for (const Index n : {5, 9, 20, 50, 100, 200}) {
        Index flagged = 0;
        constexpr Index at_once = 20000;
        for (Index done = 0; done < points; done += at_once) {
          const Pair p = honest_pair(shape, n, std::min(at_once, points - done), 100, apart,
                                     static_cast<std::uint64_t>(done + 1));
          flagged += find_runaways(p.oracle, p.unlearned).runaway_points;
        }
        std::printf("| %td ", flagged);
        std::fflush(stdout);
      }
      std::printf("|\n");
    }
}

/// Puts `size` in the place of the first k models at every point, in one array or both.
void replace(Pair& pair, Index k, double size, bool in_oracle, bool in_unlearned) {
  for (std::size_t m = 0; m < static_cast<std::size_t>(k); ++m)
    for (std::size_t x = 0; x < pair.oracle.shape()[1]; ++x) {
      if (in_oracle) pair.oracle(m, x) = size;
      if (in_unlearned) pair.unlearned(m, x) = size;
    }
}

struct Misses {
  Index points = 0, missed = 0, won = 0;

  void add(const Pair& honest, const KlomResult& before, Index k, double size, int where) {
    Pair broken = honest;
    replace(broken, k, size, where != 1, where != 0);
    KlomConfig config;
    config.runaways = RunawayPoints::keep_score;
    const KlomResult after = klom(broken.oracle, broken.unlearned, config);
    for (std::size_t x = 0; x < after.bad.size(); ++x) {
      ++points;
      missed += !after.runaways.at[x];
      won += !after.runaways.at[x] && after.per_point(x) < before.per_point(x);
    }
  }
};

void missed_runaways() {
  std::printf("\n| replaced, k of N = 20, 60, 200; missed (score better) of tries |");
  for (const Shape shape : shapes) std::printf(" %s |", name(shape).c_str());
  std::printf("\n|---|---|---|---|---|\n");
  const auto cell = [](Shape shape, double sd, double size) {
    Misses misses;
    for (const Index n : {20, 60, 200})
      for (const double apart : {2.0, 3.0, 4.0}) {
        const Pair honest = honest_pair(shape, n, 64, sd, apart, 5);
        const KlomResult before = klom(honest.oracle, honest.unlearned);
        for (const Index k : {Index{1}, Index{2}, n / 4, n / 2 - 1, n / 2})
          for (const int where : {0, 1, 2})
            for (const double sign : {1.0, -1.0}) misses.add(honest, before, k, sign * size, where);
      }
    std::printf(" %td (%td) of %td |", misses.missed, misses.won, misses.points);
    std::fflush(stdout);
  };
  for (const auto& [sd, size] : {std::pair{0.01, 3.0},
                                 {0.01, 1e2},
                                 {0.05, 9.0},
                                 {0.05, 2e1},
                                 {0.1, 1e2},
                                 {0.1, 1e3},
                                 {0.1, 1e6},
                                 {0.1, 1e38},
                                 {1.0, 1e2},
                                 {1.0, 2e2},
                                 {1.0, 5e2},
                                 {1.0, 1e3},
                                 {1.0, 1e4},
                                 {1.0, 1e38},
                                 {3.0, 1e3},
                                 {3.0, 1e4}}) {
    std::printf("| sd %g, size %g (%g sd) |", sd, size, size / sd);
    for (const Shape shape : shapes) cell(shape, sd, size);
    std::printf("\n");
  }
}

/// The mean score of a pair, and the share of its points that are flagged.
void print_score(const Pair& pair) {
  const KlomResult result = klom(pair.oracle, pair.unlearned);
  const double points = static_cast<double>(result.per_point.size());
  double mean = 0;
  for (const double score : result.per_point) mean += score / points;
  std::printf("| %.2f, %.0f %% flagged ", mean,
              100 * static_cast<double>(result.runaways.runaway_points) / points);
}

void below_the_rule() {
  std::printf("\n| mean KLoM at 3 sd apart, one unlearned model at | N = 20 | 60 | 100 | 200 |\n");
  std::printf("|---|---|---|---|---|\n");
  for (const Shape shape : {Shape::normal, Shape::t3})
    for (const double at : {0.0, 10.0, 20.0, 50.0, 100.0, 200.0}) {
      if (at == 0)
        std::printf("| %s, its own place ", name(shape).c_str());
      else
        std::printf("| %s, -%g sd ", name(shape).c_str(), at);
      for (const Index n : {20, 60, 100, 200}) {
        Pair pair = honest_pair(shape, n, 2000, 1, 3, 5);
        if (at > 0) replace(pair, 1, -at, false, true);
        print_score(pair);
      }
      std::printf("|\n");
    }
}

/// Two unlearned models on different sides, where their distances differ too little to be a gap.
void pairs_below_the_rule() {
  std::printf("\n| mean KLoM at 3 sd apart, two unlearned models at | N = 20 | 60 | 100 | 200 |\n");
  std::printf("|---|---|---|---|---|\n");
  for (const auto& [low, high] :
       {std::pair{20.0, 22.0}, {45.0, 48.0}, {60.0, 90.0}, {90.0, 150.0}}) {
    std::printf("| -%g and %g sd ", low, high);
    for (const Index n : {20, 60, 100, 200}) {
      Pair pair = honest_pair(Shape::normal, n, 2000, 1, 3, 5);
      replace(pair, 2, high, false, true);
      replace(pair, 1, -low, false, true);
      print_score(pair);
    }
    std::printf("|\n");
  }
}

void timing() {
  std::printf("\n%s, one thread\n", bench::processor().c_str());
  for (const double sd : {1.0, 5.0}) {
    const Pair p = honest_pair(Shape::normal, 200, 20000, sd, 2, 1);
    const Array<float, 2> a = p.oracle, b = p.unlearned;
    const double seconds = bench::best_of(5, [&] { find_runaways(a, b, 1); });
    std::printf("find_runaways, 200 + 200 models, sd %g: %.2f ns per output\n", sd,
                seconds * 1e9 / (400.0 * 20000));
  }
}

}  // namespace

int main(int count, char** words) {
  const Index points = count > 1 ? std::atol(words[1]) : 100000;
  if (points < 1) {
    std::fprintf(stderr, "usage: runaways [POINTS]\n");
    return 2;
  }
  false_flags(points);
  missed_runaways();
  below_the_rule();
  pairs_below_the_rule();
  timing();
  return 0;
}
