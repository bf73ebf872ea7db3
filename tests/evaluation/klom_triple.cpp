#include "expunge/evaluation/klom_triple.hpp"

#include <doctest/doctest.h>

#include "evaluation/margins.hpp"

using namespace expunge;

TEST_CASE("the Gaussian KL is its closed form") {
  CHECK(gaussian_kl({0, 1}, {0, 1}) == 0);
  CHECK(gaussian_kl({1, 1}, {0, 1}) == doctest::Approx(0.5));
  CHECK(gaussian_kl({0, 4}, {0, 1}) == doctest::Approx(0.5 * (std::log(0.25) + 4 - 1)));
  CHECK(gaussian_kl({0, 1}, {2, 4}) == doctest::Approx(0.5 * (std::log(4.0) + 1.25 - 1)));
  CHECK(gaussian_kl({1, 0}, {1, 0}) == 0);
  CHECK(std::isinf(gaussian_kl({1, 0}, {1, 1})));
  CHECK(std::isinf(gaussian_kl({1, std::nan("")}, {1, 1})));
}

TEST_CASE("the Gaussian score of a point is that of its sample means and variances") {
  Array<double, 2> oracle = make_array<double>(3, 1), unlearned = make_array<double>(2, 1);
  oracle(0, 0) = 1, oracle(1, 0) = 2, oracle(2, 0) = 3;  // mean 2, variance 1
  unlearned(0, 0) = 3, unlearned(1, 0) = 5;              // mean 4, variance 2
  const double expected = gaussian_kl({2, 1}, {4, 2});
  CHECK(gaussian_klom(oracle, unlearned).per_point(0) == doctest::Approx(expected).epsilon(1e-14));
  KlomConfig config;
  config.direction = KlDirection::unlearned_to_oracle;
  CHECK(gaussian_klom(oracle, unlearned, config).per_point(0) ==
        doctest::Approx(gaussian_kl({4, 2}, {2, 1})).epsilon(1e-14));
}

TEST_CASE("over-dispersed models please one direction and are exposed by the other two") {
  const Array<double, 2> oracle = normal_margins(1, 100, 400);
  const std::vector<Index> all = all_indices(400);
  const KlomTriple same = summarise(klom_scores(oracle, normal_margins(2, 100, 400)), all);
  const KlomTriple wide = summarise(klom_scores(oracle, normal_margins(3, 100, 400, 0, 5)), all);
  CHECK(wide.forward.p95 < 2.5);
  CHECK(wide.reverse.p95 > 2 * wide.forward.p95);
  CHECK(wide.gaussian.p95 > 5 * same.gaussian.p95);
}

TEST_CASE("the reverse score is the score with the samples exchanged") {
  const Array<double, 2> a = normal_margins(1, 40, 60), b = normal_margins(2, 40, 60, 0.3, 2);
  const KlomScores scores = klom_scores(a, b);
  CHECK(scores.reverse.per_point == klom(b, a).per_point);
  CHECK(scores.forward.per_point == klom(a, b).per_point);
}

TEST_CASE("the three scores are printed together and count bad points of their split") {
  const Array<double, 2> oracle = normal_margins(1, 10, 6);
  Array<double, 2> unlearned = normal_margins(2, 10, 6);
  unlearned(0, 5) = std::nan("");
  const KlomScores scores = klom_scores(oracle, unlearned);
  const KlomTriple forget = summarise(scores, {5, 4}), retain = summarise(scores, {0, 1, 2});
  CHECK(forget.forward.bad == 1);
  CHECK(forget.gaussian.bad == 1);
  CHECK(forget.forward.worst == KlomConfig::paper().ceiling());
  CHECK(retain.forward.bad == 0);
  for (const char* part : {"forward", "reverse", "Gaussian", "1 of 2 points bad", "20 bins",
                           "10 oracle and 10 unlearned"})
    CHECK(forget.line().find(part) != std::string::npos);
}
