#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/output/logits.hpp"
#include "expunge/output/margin.hpp"
#include "expunge/output/prediction.hpp"

using namespace expunge;

namespace {

template <class F>
std::vector<double> values(const std::vector<double>& z, Label y) {
  const Index k = static_cast<Index>(z.size());
  std::vector<double> out(static_cast<std::size_t>(F::outputs(k)), 77);
  F{}.value(z.data(), k, y, out.data());
  return out;
}

template <class F>
std::vector<double> pushforward(const std::vector<double>& z, Label y,
                                const std::vector<double>& dz) {
  const Index k = static_cast<Index>(z.size());
  std::vector<double> dout(static_cast<std::size_t>(F::outputs(k)), 77);
  F{}.pushforward(z.data(), k, y, dz.data(), dout.data());
  return dout;
}

/// Differences of all outputs as z moves along dz.
template <class F>
std::vector<double> differences(const std::vector<double>& z, Label y,
                                const std::vector<double>& dz) {
  std::vector<double> slopes(values<F>(z, y).size());
  for (std::size_t o = 0; o < slopes.size(); ++o) {
    double t = 0;
    slopes[o] = central_difference(t, [&] {
      std::vector<double> moved = z;
      for (std::size_t j = 0; j < z.size(); ++j) moved[j] += t * dz[j];
      return values<F>(moved, y)[o];
    });
  }
  return slopes;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

TEST_CASE_TEMPLATE("pushforwards are those of central differences, and are written, not added", F,
                   Margin, HardMargin, Logits, Prediction) {
  for (const Index k : {2, 3, 10})
    for (Label y = 0; y < k; ++y) {
      const std::vector<double> z = normals<double>(k, 1), dz = normals<double>(k, 2);
      CHECK(relative_difference(pushforward<F>(z, y, dz), differences<F>(z, y, dz)) <= 1e-7);
    }
}

TEST_CASE_TEMPLATE("pushforward and pullback are transposes of each other", F, Margin, HardMargin,
                   Logits, Prediction) {
  for (const Index k : {2, 3, 10})
    for (Label y = 0; y < k; ++y) {
      const std::vector<double> z = normals<double>(k, 1), dz = normals<double>(k, 2);
      const std::vector<double> a = normals<double>(F::outputs(k), 3);
      std::vector<double> back(z.size());
      F{}.pullback(z.data(), k, y, a.data(), back.data());
      const double forwards = dot(a, pushforward<F>(z, y, dz)), backwards = dot(back, dz);
      CHECK(std::abs(forwards - backwards) <= 1e-12 * std::sqrt(dot(a, a) * dot(dz, dz)));
    }
}

TEST_CASE_TEMPLATE("a NaN among the logits or their motion reaches the pushforward", F, Margin,
                   Prediction) {
  const std::vector<double> fine = {1, 2, 3};
  for (std::size_t at = 0; at < 3; ++at) {
    std::vector<double> broken = fine;
    broken[at] = std::nan("");
    for (Label y = 0; y < 3; ++y) {
      CHECK(std::isnan(pushforward<F>(fine, y, broken)[0]));
      if (static_cast<std::size_t>(y) != at || F::outputs(3) > 1)
        CHECK(std::isnan(pushforward<F>(broken, y, fine)[0]));
    }
  }
}

TEST_CASE("the pushforward of a very sure margin is exact where 1 - p is 0 in floating point") {
  CHECK(pushforward<Margin>({1000, 0, 0}, 0, {3, 1, 5})[0] == doctest::Approx(3 - 3));
  CHECK(pushforward<Margin>({1000, 0, 0}, 0, {3, 1, 1})[0] == doctest::Approx(2));
  CHECK(pushforward<Margin>({1000, 0, 0}, 1, {3, 1, 1})[0] == doctest::Approx(-2));
}
