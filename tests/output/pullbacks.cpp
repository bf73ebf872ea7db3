#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/output/logits.hpp"
#include "expunge/output/margin.hpp"
#include "expunge/output/prediction.hpp"

using namespace expunge;

namespace {

/// sum_j dout_j f_j(z), whose slope in z is the pullback of dout.
template <class F>
double objective(const F& f, const std::vector<double>& z, Label y,
                 const std::vector<double>& dout) {
  const Index k = static_cast<Index>(z.size());
  std::vector<double> out(z.size());
  f.value(z.data(), k, y, out.data());
  double sum = 0;
  for (Index j = 0; j < F::outputs(k); ++j)
    sum += dout[static_cast<std::size_t>(j)] * out[static_cast<std::size_t>(j)];
  return sum;
}

constexpr double inf = std::numeric_limits<double>::infinity();
const double quiet_nan = std::nan("");

template <class F>
double first_value(const std::vector<double>& z, Label y) {
  std::vector<double> out(z.size());
  F{}.value(z.data(), static_cast<Index>(z.size()), y, out.data());
  return out[0];
}

}  // namespace

TEST_CASE_TEMPLATE("pullbacks are those of central differences, and are added", F, Margin,
                   HardMargin, Logits, Prediction) {
  const F f;
  for (const Index k : {2, 3, 10})
    for (Label y = 0; y < k; ++y) {
      std::vector<double> z = normals<double>(k, 1);
      const std::vector<double> dout = normals<double>(k, 2);
      std::vector<double> slopes, dz(z.size()), added(z.size(), 10);
      for (double& variable : z)
        slopes.push_back(central_difference(variable, [&] { return objective(f, z, y, dout); }));
      f.pullback(z.data(), k, y, dout.data(), dz.data());
      f.pullback(z.data(), k, y, dout.data(), added.data());
      CHECK(relative_difference(dz, slopes) <= 1e-7);
      for (std::size_t j = 0; j < z.size(); ++j) CHECK(added[j] == doctest::Approx(10 + dz[j]));
    }
}

TEST_CASE("the margin is the log of the odds, and its hard form the lead over the best rival") {
  const std::vector<double> z = {0.5, 2, -1};
  std::vector<double> p(3);
  Prediction{}.value(z.data(), 3, Label{0}, p.data());
  CHECK(p[0] + p[1] + p[2] == doctest::Approx(1));
  for (Label y = 0; y < 3; ++y) {
    const double py = p[static_cast<std::size_t>(y)];
    CHECK(first_value<Margin>(z, y) == doctest::Approx(std::log(py / (1 - py))));
  }
  CHECK(first_value<HardMargin>(z, 0) == -1.5);
  CHECK(first_value<HardMargin>(z, 1) == 1.5);
  CHECK(first_value<HardMargin>(z, 2) == -3);
  CHECK(Margin::outputs(10) == 1);
  CHECK(HardMargin::outputs(10) == 1);
  CHECK(Logits::outputs(10) == 10);
  CHECK(Prediction::outputs(10) == 10);
}

TEST_CASE("the margin of a very sure network is exact where 1 - p is 0 in floating point") {
  CHECK(first_value<Margin>({1000, 0, 0}, 0) == doctest::Approx(1000 - std::log(2.0)));
  CHECK(first_value<Margin>({1000, 0, 0}, 1) == -1000);
  CHECK(first_value<Margin>({-1e4, -2e4}, 0) == 1e4);
}

TEST_CASE_TEMPLATE("a NaN among the logits reaches the margin, wherever it is", F, Margin,
                   HardMargin) {
  for (std::size_t at = 0; at < 4; ++at)
    for (Label y = 0; y < 4; ++y) {
      std::vector<double> z = {1, 2, 3, 4};
      z[at] = quiet_nan;
      CHECK(std::isnan(first_value<F>(z, y)));
    }
  for (Label y = 0; y < 3; ++y) {
    CHECK(std::isnan(first_value<F>({quiet_nan, inf, 0}, y)));
    CHECK(std::isnan(first_value<F>({inf, quiet_nan, 0}, y)));
  }
}

TEST_CASE("an infinite logit never makes a finite margin of the label or of a rival") {
  for (Label y = 0; y < 2; ++y) {
    CHECK(!std::isfinite(first_value<Margin>({inf, 0}, y)));
    CHECK(!std::isfinite(first_value<HardMargin>({inf, 0}, y)));
  }
}
