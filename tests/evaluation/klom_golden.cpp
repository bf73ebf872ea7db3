#include <doctest/doctest.h>

#include <string>

#include "evaluation/margins.hpp"
#include "expunge/evaluation/klom.hpp"
#include "expunge/io/npy.hpp"

using namespace expunge;

namespace {

const std::string golden = std::string(EXPUNGE_GOLDEN_DIR) + "/klom/";

template <class T>
void check_preset(KlomConfig config, const std::string& type) {
  config.runaways = RunawayPoints::keep_score;  // the published formula, also where all are at 500
  const Array<T, 2> oracle = read_npy<T, 2>(golden + "oracle_" + type + ".npy");
  const Array<T, 2> unlearned = read_npy<T, 2>(golden + "unlearned_" + type + ".npy");
  const std::string name = std::string(config.name) + "_" + type;
  const Array<double, 1> expected = read_npy<double, 1>(golden + name + ".npy");
  const KlomResult result = klom(oracle, unlearned, config);
  REQUIRE(result.per_point.size() == expected.size());
  CHECK(result.oracle_models == 40);
  CHECK(result.unlearned_models == 30);
  for (std::size_t x = 0; x < expected.size(); ++x) {
    INFO(name << ", point " << x << ": " << result.per_point(x) << " against " << expected(x));
    CHECK(std::abs(result.per_point(x) - expected(x)) <= 1e-12);
  }
}

/// Bins found by comparison with every edge, one point at a time.
double naive_klom(const Array<double, 2>& oracle, const Array<double, 2>& unlearned,
                  std::size_t x) {
  double low = oracle(0, x), high = oracle(0, x);
  for (const Array<double, 2>* a : {&oracle, &unlearned})
    for (std::size_t m = 0; m < a->shape()[0]; ++m) {
      low = std::min(low, (*a)(m, x));
      high = std::max(high, (*a)(m, x));
    }
  double edges[21];
  detail::equal_edges<double>(low, high, 20, edges);
  const auto shares = [&](const Array<double, 2>& a) {
    std::vector<double> share(20);
    for (std::size_t m = 0; m < a.shape()[0]; ++m)
      for (std::size_t b = 20; b-- > 0;)
        if (a(m, x) >= edges[b]) {
          share[b] += 1 / static_cast<double>(a.shape()[0]);
          break;
        }
    return share;
  };
  const std::vector<double> p = shares(oracle), q = shares(unlearned);
  double sum = 0;
  for (std::size_t b = 0; b < 20; ++b)
    if (p[b] > 0) sum += p[b] * std::log(p[b] / std::max(q[b], 1e-5));
  return sum;
}

}  // namespace

TEST_CASE("every preset equals its published formula in half, single and double precision") {
  for (const KlomConfig& config : {KlomConfig::paper(), KlomConfig::paper_code(),
                                   KlomConfig::unlearning_bench(), KlomConfig::easydub()}) {
    check_preset<Half>(config, "f2");
    check_preset<float>(config, "f4");
    check_preset<double>(config, "f8");
  }
}

TEST_CASE("klom equals the naive histogram on every column of a wide array") {
  const Array<double, 2> oracle = normal_margins(1, 37, 333);
  const Array<double, 2> unlearned = normal_margins(2, 53, 333, 0.5, 1.5);
  const KlomResult result = klom(oracle, unlearned);
  for (std::size_t x = 0; x < 333; ++x)
    CHECK(std::abs(result.per_point(x) - naive_klom(oracle, unlearned, x)) <= 1e-12);
}

TEST_CASE("klom does not depend on the number of threads or on the stride of its input") {
  const Array<double, 2> oracle = normal_margins(3, 20, 300);
  const Array<double, 2> unlearned = normal_margins(4, 25, 300);
  KlomConfig config;
  config.threads = 1;
  const KlomResult one = klom(oracle, unlearned, config);
  config.threads = 3;
  CHECK(one.per_point == klom(oracle, unlearned, config).per_point);
  const MatrixView<const double> part = view(oracle).columns(100, 70);
  const KlomResult some = klom(part, view(unlearned).columns(100, 70), config);
  for (std::size_t x = 0; x < 70; ++x) CHECK(some.per_point(x) == one.per_point(100 + x));
}

TEST_CASE("klom of the listed models equals klom of their rows") {
  const Array<double, 2> oracle = normal_margins(5, 10, 20);
  const std::vector<Index> models = {3, 3, 7, 0};
  Array<double, 2> rows = make_array<double>(4, 20);
  for (std::size_t m = 0; m < 4; ++m)
    for (std::size_t x = 0; x < 20; ++x)
      rows(m, x) = oracle(static_cast<std::size_t>(models[m]), x);
  const KlomResult listed = klom_of_models(oracle, models, oracle, all_indices(10));
  CHECK(listed.per_point == klom(rows, oracle).per_point);
  CHECK_THROWS_WITH_AS(klom_of_models(oracle, {10}, oracle, {0}), "klom: oracle model 10 of 10",
                       std::invalid_argument);
}
