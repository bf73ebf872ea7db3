#include "expunge/evaluation/sample_distances.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <string>

#include "evaluation/margins.hpp"
#include "expunge/core/sample.hpp"
#include "expunge/evaluation/distance_summary.hpp"
#include "expunge/evaluation/klom.hpp"
#include "expunge/io/npy.hpp"

using namespace expunge;

namespace {

const std::string golden = std::string(EXPUNGE_GOLDEN_DIR) + "/distances/";
const double infinity = std::numeric_limits<double>::infinity();
const double ceiling = -std::log(1e-5);

/// False with NaN on either side.
bool close(double a, double b, double relative, double absolute = 0) {
  return std::abs(a - b) <= relative * std::abs(b) + absolute;
}

Array<double, 2> column(const std::vector<double>& values) {
  Array<double, 2> a = make_array<double>(static_cast<Index>(values.size()), 1);
  std::copy(values.begin(), values.end(), a.begin());
  return a;
}

SampleDistances of_one_point(const std::vector<double>& oracle,
                             const std::vector<double>& unlearned,
                             const SampleDistancesConfig& config = {}) {
  return sample_distances(column(oracle), column(unlearned), config);
}

std::vector<const Array<double, 1>*> all_arrays(const SampleDistances& d) {
  return {&d.ks,     &d.welch_t, &d.welch_p, &d.wasserstein,
          &d.renyi2, &d.renyi5,  &d.renyi10, &d.jensen_shannon};
}

bool equal(const SampleDistances& a, const SampleDistances& b) {
  for (std::size_t i = 0; i < 8; ++i)
    if (*all_arrays(a)[i] != *all_arrays(b)[i]) return false;
  return a.bad == b.bad;
}

void check_worst(const SampleDistances& d, std::size_t x) {
  CHECK(d.ks(x) == 1);
  CHECK(std::abs(d.welch_t(x)) == infinity);
  CHECK(d.welch_p(x) == 0);
  for (const Array<double, 1>* renyi : {&d.renyi2, &d.renyi5, &d.renyi10})
    CHECK((*renyi)(x) == doctest::Approx(ceiling).epsilon(1e-14));
  CHECK(d.jensen_shannon(x) == doctest::Approx(std::log(2.0)).epsilon(1e-14));
}

template <class T>
void check_golden() {
  const Array<T, 2> oracle = read_npy<T, 2>(golden + "oracle.npy");
  const Array<T, 2> unlearned = read_npy<T, 2>(golden + "unlearned.npy");
  const Array<double, 2> expected = read_npy<double, 2>(golden + "distances.npy");
  SampleDistancesConfig config;
  const SampleDistances forward = sample_distances(oracle, unlearned, config);
  config.direction = KlDirection::unlearned_to_oracle;
  const SampleDistances reverse = sample_distances(oracle, unlearned, config);
  const std::vector<const Array<double, 1>*> rows = {
      &forward.ks,     &forward.welch_t, &forward.welch_p,       &forward.wasserstein,
      &forward.renyi2, &forward.renyi5,  &forward.renyi10,       &reverse.renyi2,
      &reverse.renyi5, &reverse.renyi10, &forward.jensen_shannon};
  REQUIRE(expected.shape()[0] == rows.size());
  REQUIRE(expected.shape()[1] == 39);
  CHECK(forward.bad_points == 0);
  for (std::size_t row = 0; row < rows.size(); ++row)
    for (std::size_t x = 0; x < 39; ++x) {
      const double ours = (*rows[row])(x), theirs = expected(row, x);
      INFO("row " << row << ", point " << x << ": " << ours << " against " << theirs);
      // the last column is two equal distributions, where only rounding is left of Renyi's 0
      CHECK(close(ours, theirs, row == 2 ? 1e-10 : 1e-12, x == 38 ? 1e-15 : 0));
    }
}

/// Every pair of distribution functions by counting, at every value.
std::pair<double, double> naive_cdf_distances(const std::vector<double>& a,
                                              const std::vector<double>& b) {
  std::vector<double> grid = a;
  grid.insert(grid.end(), b.begin(), b.end());
  std::sort(grid.begin(), grid.end());
  const auto share = [](const std::vector<double>& values, double x) {
    const auto below =
        std::count_if(values.begin(), values.end(), [&](double v) { return v <= x; });
    return static_cast<double>(below) / static_cast<double>(values.size());
  };
  double ks = 0, area = 0;
  for (std::size_t i = 0; i < grid.size(); ++i) {
    const double gap = std::abs(share(a, grid[i]) - share(b, grid[i]));
    ks = std::max(ks, gap);
    if (i + 1 < grid.size()) area += gap * (grid[i + 1] - grid[i]);
  }
  return {ks, area};
}

}  // namespace

TEST_CASE("distances equal scipy and numpy on ordinary, tied, nearly constant, disjoint samples") {
  check_golden<double>();
  check_golden<float>();
}

TEST_CASE("distances of a few numbers, by hand") {
  const SampleDistances d = of_one_point({0, 0, 1, 1}, {1, 3});
  CHECK(d.ks(0) == 0.5);
  CHECK(d.wasserstein(0) == doctest::Approx(1.5).epsilon(1e-15));
  // means 1/2 and 2, variances 1/3 and 2, so t = 1.5 / sqrt(1/12 + 1)
  CHECK(close(d.welch_t(0), 1.5 / std::sqrt(13.0 / 12), 1e-14));
  // degrees of freedom: (13/12)^2 / ((1/12)^2 / 3 + 1)
  const double freedom = 169.0 / 144 / (1.0 / 432 + 1);
  CHECK(
      close(welch_test(std::vector{0., 0., 1., 1.}, std::vector{1., 3.}).freedom, freedom, 1e-14));
  // bins of 0.15: oracle 1/2 at 0, 1/2 at 1; unlearned 1/2 at 1, 1/2 at 3
  CHECK(close(d.renyi2(0), std::log(0.25 / 1e-5 + 0.5), 1e-14));
  CHECK(close(d.renyi5(0), std::log(std::pow(0.5, 5) * 1e20 + 0.5) / 4, 1e-14));
  CHECK(close(d.jensen_shannon(0), 0.5 * std::log(2.0), 1e-14));
}

TEST_CASE("divergences of two histograms, by hand") {
  const std::vector<double> p = {0.5, 0.5, 0}, q = {0.25, 0.5, 0.25};
  CHECK(close(renyi_divergence(p, q, 2), std::log(1 + 0.5), 1e-14));
  CHECK(close(renyi_divergence(p, q, 3), std::log(2 + 0.5) / 2, 1e-14));
  CHECK(close(renyi_divergence(p, q, 1 + 1e-7), 0.5 * std::log(2.0), 1e-6));  // towards KL
  CHECK(close(renyi_divergence(p, q, 1e6), std::log(2.0), 1e-5));  // towards the largest ratio
  CHECK(renyi_divergence(p, p, 2) == 0);
  const double js =
      0.5 * (0.5 * std::log(0.5 / 0.375) + 0.25 * std::log(0.25 / 0.375) + 0.25 * std::log(2.0));
  CHECK(close(jensen_shannon(p, q), js, 1e-14));
  CHECK(jensen_shannon(q, p) == jensen_shannon(p, q));
  const double nan = std::nan("");
  for (const std::vector<double>& bad : {std::vector{0.5, 0.4, 0.},
                                         {1.5, -0.5, 0.},
                                         {nan, 0.5, 0.5},
                                         {0., 0., 0.},
                                         {0.5, 0.5},
                                         {infinity, 0., 0.}}) {
    CHECK_THROWS_AS(renyi_divergence(bad, q, 2), std::invalid_argument);
    CHECK_THROWS_AS(renyi_divergence(p, bad, 2), std::invalid_argument);
    CHECK_THROWS_AS(jensen_shannon(bad, q), std::invalid_argument);
  }
  for (const double order : {1.0, 0.5, -2.0, nan, infinity})
    CHECK_THROWS_AS(renyi_divergence(p, q, order), std::invalid_argument);
  for (const double floor : {0.0, 1.0, nan})
    CHECK_THROWS_AS(renyi_divergence(p, q, 2, floor), std::invalid_argument);
}

TEST_CASE("-ln(floor) is the largest Renyi divergence at every order") {
  for (const double floor : {1e-5, 1e-300})
    for (const double order : {2.0, 5.0, 10.0}) {
      const std::vector<double> one = {1, 0, 0}, other = {0, 0.5, 0.5}, both = {0.5, 0.5, 0};
      CHECK(close(renyi_divergence(one, other, order, floor), -std::log(floor), 1e-14));
      CHECK(renyi_divergence(both, one, order, floor) < -std::log(floor));
      CHECK(renyi_divergence(both, one, order, floor) > 0.5 * -std::log(floor));
    }
}

TEST_CASE("Kolmogorov-Smirnov and Wasserstein equal a count at every value") {
  for (Index n : {2, 3, 17, 40})
    for (Index m : {2, 5, 40}) {
      std::vector<double> a, b;
      for (Index i = 0; i < n; ++i)
        a.push_back(
            std::round(4 * random_normal(7, {Purpose::test}, static_cast<std::uint64_t>(i))));
      for (Index i = 0; i < m; ++i)
        b.push_back(
            std::round(2 + 3 * random_normal(8, {Purpose::test}, static_cast<std::uint64_t>(i))));
      const SampleDistances d = of_one_point(a, b);
      const auto [ks, area] = naive_cdf_distances(a, b);
      CHECK(close(d.ks(0), ks, 1e-14));
      CHECK(close(d.wasserstein(0), area, 1e-13));
    }
}

TEST_CASE("histograms of sorted samples are those of KLoM") {
  const Array<double, 2> oracle = normal_margins(1, 30, 64);
  Array<double, 2> unlearned = normal_margins(2, 50, 64, 0.5, 1.5);
  for (std::size_t m = 0; m < 50; ++m) unlearned(m, 3) = static_cast<double>(m % 21) / 10;
  const detail::ListedModels oracles(all_indices(30)), others(all_indices(50));
  detail::HistogramBlock<double> block({}, oracles, others);
  const MatrixView<const double> of_oracle = view(oracle), of_unlearned = view(unlearned);
  block.fill(of_oracle, of_unlearned, 0, 64);
  for (std::size_t x = 0; x < 64; ++x) {
    std::vector<double> a, b, edges(21), p(20), q(20);
    for (std::size_t m = 0; m < 30; ++m) a.push_back(oracle(m, x));
    for (std::size_t m = 0; m < 50; ++m) b.push_back(unlearned(m, x));
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    detail::equal_edges<double>(std::min(a[0], b[0]), std::max(a[29], b[49]), 20, edges.data());
    detail::shares_of_sorted(a, edges, p);
    detail::shares_of_sorted(b, edges, q);
    for (std::size_t i = 0; i < 20; ++i) {
      CHECK(p[i] == block.counts(0, static_cast<Index>(x))[i] / 30.0);
      CHECK(q[i] == block.counts(1, static_cast<Index>(x))[i] / 50.0);
    }
  }
}

TEST_CASE("Student's p-values equal scipy's, for small and large t and freedom that is not whole") {
  const Array<double, 2> cases = read_npy<double, 2>(golden + "student.npy");
  REQUIRE(cases.shape()[1] == 60);
  for (std::size_t i = 0; i < 60; ++i) {
    INFO("t " << cases(0, i) << ", freedom " << cases(1, i));
    CHECK(close(student_p_value(cases(0, i), cases(1, i)), cases(2, i), 1e-10));
  }
  for (const double t : {1e-9, 1e-3, 0.5, 3.0, 1e6})  // Cauchy
    CHECK(close(student_p_value(t, 1), 2 / std::acos(-1.0) * std::atan(1 / t), 1e-12));
  CHECK(student_p_value(-infinity, 5) == 0);
  CHECK(student_p_value(1e200, 5) == 0);
  CHECK_THROWS_AS(student_p_value(std::nan(""), 5), std::invalid_argument);
  CHECK_THROWS_AS(student_p_value(1, 0), std::invalid_argument);
  CHECK_THROWS_AS(student_p_value(1, std::nan("")), std::invalid_argument);
}

TEST_CASE("identities: shifts, order of Renyi's orders, symmetry, signs, permutations") {
  const Array<double, 2> a = normal_margins(3, 40, 70);
  const Array<double, 2> shifted = a + 0.75, b = normal_margins(4, 60, 70, 0.3, 1.2);
  const SampleDistances same = sample_distances(a, a), moved = sample_distances(a, shifted);
  const SampleDistances ab = sample_distances(a, b), ba = sample_distances(b, a);
  for (std::size_t x = 0; x < 70; ++x) {
    for (const Array<double, 1>* values : all_arrays(same))
      CHECK(std::abs((*values)(x) - (values == &same.welch_p ? 1 : 0)) <= 1e-14);
    CHECK(close(moved.wasserstein(x), 0.75, 1e-13));
    CHECK(moved.welch_t(x) > 0);
    CHECK(ab.renyi2(x) > 0);
    CHECK(ab.renyi2(x) <= ab.renyi5(x));
    CHECK(ab.renyi5(x) <= ab.renyi10(x));
    CHECK(ab.renyi10(x) < ceiling);
    CHECK(close(ab.jensen_shannon(x), ba.jensen_shannon(x), 1e-14));
    CHECK(ab.ks(x) == ba.ks(x));
    CHECK(close(ab.wasserstein(x), ba.wasserstein(x), 1e-14));
    CHECK(ab.welch_t(x) == -ba.welch_t(x));
    CHECK(ab.renyi2(x) != ba.renyi2(x));
  }
  SampleDistancesConfig reverse;
  reverse.direction = KlDirection::unlearned_to_oracle;
  CHECK(sample_distances(a, b, reverse).renyi5 == ba.renyi5);
  const SampleDistances apart = sample_distances(a, normal_margins(5, 30, 70, -50));
  for (std::size_t x = 0; x < 70; ++x) {
    CHECK(apart.ks(x) == 1);
    CHECK(apart.welch_t(x) < -50);
    CHECK(close(apart.jensen_shannon(x), std::log(2.0), 1e-14));
  }
}

TEST_CASE("Welch's t does not lose a spread that is small beside the values, nor its extremes") {
  // 1e6 + {0, 1, 2, 3} 2^-20 against the same moved by 2^-20: t = 1 / sqrt(2 (5/3) / 4)
  std::vector<double> a, b;
  for (int i = 0; i < 4; ++i) {
    a.push_back(1e6 + i * 0x1p-20);
    b.push_back(1e6 + (i + 1) * 0x1p-20);
  }
  CHECK(close(welch_test(a, b).t, 1 / std::sqrt(5.0 / 6), 1e-13));
  CHECK(close(welch_test(a, b).freedom, 6, 1e-13));
  for (const double scale : {1e-300, 1e300}) {
    const std::vector<double> c = {0, scale, 2 * scale, 3 * scale};
    const std::vector<double> d = {scale, 2 * scale, 3 * scale, 4 * scale};
    CHECK(close(welch_test(c, d).t, 1 / std::sqrt(5.0 / 6), 1e-13));
  }
  CHECK(welch_test(std::vector{-1e308, 0.}, std::vector{1e308, 1e308}).t == infinity);
  CHECK(welch_test(std::vector{0., std::nan("")}, std::vector{0., 1.}).t == infinity);
  CHECK(welch_test(std::vector{0., 1.}, std::vector{0., -infinity}).p_value == 0);
  CHECK_THROWS_WITH_AS(welch_test(std::vector{1.}, std::vector{1., 2.}),
                       "welch_test: samples of 1 and 2, at least 2 each have a variance",
                       std::invalid_argument);
}

TEST_CASE("constant samples: 0 if equal, the worst values if not, but Wasserstein") {
  const SampleDistances equal_constants = of_one_point({1.1, 1.1, 1.1}, {1.1, 1.1});
  for (const Array<double, 1>* values : all_arrays(equal_constants))
    CHECK((*values)(0) == (values == &equal_constants.welch_p ? 1 : 0));
  for (const auto& [from, to] :
       {std::pair{1.0, 2.0}, {2.0, 1.0}, {0.1, 0.1 + 1e-16}, {0.0, 1e-310}}) {
    const SampleDistances d = of_one_point({from, from, from}, {to, to});
    check_worst(d, 0);
    CHECK(d.wasserstein(0) == doctest::Approx(std::abs(to - from)).epsilon(1e-14));
    CHECK((d.welch_t(0) > 0) == (to > from));
    CHECK(d.bad_points == 0);
  }
  const SampleDistances one = of_one_point({1, 2, 3}, {2, 2, 2, 2});
  CHECK(one.welch_t(0) == 0);
  CHECK(one.welch_p(0) == 1);
  CHECK(one.ks(0) == doctest::Approx(1.0 / 3));
}

TEST_CASE("margins that are not finite score the worst values and are counted") {
  const double low = std::numeric_limits<double>::denorm_min();
  for (const double hostile : {std::nan(""), infinity, -infinity})
    for (const bool in_oracle : {true, false})
      for (const std::size_t model : {0u, 9u}) {
        Array<double, 2> a = normal_margins(6, 10, 70), b = normal_margins(7, 10, 70);
        const SampleDistances clean = sample_distances(a, b);
        (in_oracle ? a : b)(model, 41) = hostile;
        const SampleDistances d = sample_distances(a, b);
        CHECK(d.bad_points == 1);
        CHECK(d.bad[41] == 1);
        check_worst(d, 41);
        CHECK(d.wasserstein(41) == 200);
        for (std::size_t i = 0; i < 8; ++i)
          for (const std::size_t x : {40u, 42u})
            CHECK((*all_arrays(d)[i])(x) == (*all_arrays(clean)[i])(x));
      }
  // nothing but what is not finite is bad, and no distance is NaN
  for (const std::vector<double>& values : {std::vector{1e308, -1e308, 0.}, {low, 0., -low}}) {
    const SampleDistances d = of_one_point(values, {0, low});
    CHECK(d.bad_points == 0);
    for (const Array<double, 1>* array : all_arrays(d)) CHECK(!std::isnan((*array)(0)));
    CHECK(d.ks(0) > 0);
  }
  check_worst(of_one_point({1e308, 150}, {-1e308, -150}), 0);  // constants, once clipped
  CHECK(of_one_point({1e308, 150}, {-1e308, -150}).wasserstein(0) == 200);
}

TEST_CASE("distances do not depend on threads, stride or the order of models") {
  const Array<double, 2> a = normal_margins(8, 20, 300), b = normal_margins(9, 25, 300, 0.2);
  SampleDistancesConfig config;
  config.threads = 1;
  const SampleDistances one = sample_distances(a, b, config);
  config.threads = 3;
  CHECK(equal(one, sample_distances(a, b, config)));
  const SampleDistances some =
      sample_distances(view(a).columns(100, 70), view(b).columns(100, 70), config);
  Array<double, 2> backwards = a;
  for (std::size_t m = 0; m < 20; ++m)
    for (std::size_t x = 0; x < 300; ++x) backwards(m, x) = a(19 - m, x);
  CHECK(equal(one, sample_distances(backwards, b, config)));
  for (std::size_t i = 0; i < 8; ++i)
    for (std::size_t x = 0; x < 70; ++x)
      CHECK((*all_arrays(some)[i])(x) == (*all_arrays(one)[i])(100 + x));
}

TEST_CASE("half precision gives the distances of its values") {
  Array<Half, 2> a = make_array<Half>(20, 5), b = make_array<Half>(25, 5);
  Array<double, 2> wide_a = normal_margins(10, 20, 5), wide_b = normal_margins(11, 25, 5);
  const auto narrow = [](Array<double, 2>& wide, Array<Half, 2>& half) {
    for (std::size_t i = 0; i < wide.size(); ++i) {
      half.data()[i] = static_cast<Half>(static_cast<float>(wide.data()[i]));
      wide.data()[i] = static_cast<double>(half.data()[i]);
    }
  };
  narrow(wide_a, a);
  narrow(wide_b, b);
  CHECK(equal(sample_distances(a, b), sample_distances(wide_a, wide_b)));
  a(3, 2) = static_cast<Half>(1e30f);  // infinity
  CHECK(sample_distances(a, b).bad_points == 1);
  CHECK(sample_distances(a, wide_b).bad[2] == 1);
}

TEST_CASE("sample distances refuse shapes and settings that make no sense") {
  const Array<double, 2> a = normal_margins(1, 3, 2);
  CHECK_THROWS_WITH_AS(sample_distances(a, normal_margins(1, 3, 4)),
                       "sample_distances: oracle margins have 2 points, unlearned have 4",
                       std::invalid_argument);
  CHECK_THROWS_AS(sample_distances(a, normal_margins(1, 1, 2)), std::invalid_argument);
  const auto refused = [&](auto change) {
    SampleDistancesConfig config;
    change(config);
    CHECK_THROWS_AS(sample_distances(a, a, config), std::invalid_argument);
  };
  refused([](SampleDistancesConfig& c) { c.bins = 0; });
  refused([](SampleDistancesConfig& c) { c.bins = 1001; });
  refused([](SampleDistancesConfig& c) { c.floor = 0; });
  refused([](SampleDistancesConfig& c) { c.floor = std::nan(""); });
  refused([](SampleDistancesConfig& c) { c.clip_min = 100; });
  refused([](SampleDistancesConfig& c) { c.clip_max = infinity; });
  refused([](SampleDistancesConfig& c) { c.clip_min = std::nan(""); });
  refused([](SampleDistancesConfig& c) { c.threads = -1; });
  CHECK(sample_distances(make_array<double>(3, 0), make_array<double>(2, 0)).ks.size() == 0);
}

TEST_CASE("the summary takes t by its size, counts bad points and prints one line") {
  Array<double, 2> a = normal_margins(12, 30, 4000), b = normal_margins(13, 40, 4000);
  DistanceSummary s = summarise(sample_distances(a, b), all_indices(4000));
  CHECK(s.significant == doctest::Approx(0.05).epsilon(0.25));
  CHECK(s.welch_size.mean == doctest::Approx(std::sqrt(2 / 3.14159265)).epsilon(0.05));
  CHECK(s.ks.bad == 0);
  a(0, 1) = std::nan("");
  for (std::size_t m = 0; m < 40; ++m) b(m, 0) = -90;
  const SampleDistances d = sample_distances(a, b);
  s = summarise(d, {0, 1});
  CHECK(s.welch_size.p5 > 90);
  CHECK(s.ks.bad == 1);
  CHECK(s.welch_size.bad == 1);
  CHECK(s.significant == 1);
  CHECK(s.renyi10.worst == doctest::Approx(ceiling));
  CHECK(s.wasserstein.worst == 200);
  CHECK(s.line().find("Welch's p < 0.05 at 100.0 % of 2 points; 1 bad; Renyi(oracle || unlearned), "
                      "20 bins, 30 oracle and 40 unlearned models") != std::string::npos);
  CHECK(s.line().find("p95 KS 1.000, Wasserstein ") == 0);
  CHECK_THROWS_AS(summarise(d, {4000}), std::invalid_argument);
  b(3, 0) = 1e4;
  CHECK(summarise(sample_distances(a, b), {0, 1}).line().find("; 1 bad; a model ran away at 1; ") !=
        std::string::npos);
}

TEST_CASE("the floor of two equal distributions is the one the documentation gives") {
  const SampleDistances d =
      sample_distances(normal_margins(1, 100, 4000), normal_margins(2, 100, 4000));
  const DistanceSummary s = summarise(d, all_indices(4000));
  CHECK(s.ks.mean == doctest::Approx(0.118).epsilon(0.03));
  CHECK(s.wasserstein.mean == doctest::Approx(0.176).epsilon(0.03));
  CHECK(s.renyi2.mean == doctest::Approx(3.32).epsilon(0.03));
  CHECK(s.renyi5.mean == doctest::Approx(5.70).epsilon(0.03));
  CHECK(s.renyi10.mean == doctest::Approx(6.19).epsilon(0.03));
  CHECK(s.jensen_shannon.mean == doctest::Approx(0.052).epsilon(0.03));
}
