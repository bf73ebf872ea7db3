// Logits that overflow a naive softmax, and logits that are no numbers.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/loss/cross_entropy.hpp"
#include "expunge/loss/distillation.hpp"
#include "expunge/loss/squared_error.hpp"

using namespace expunge;

namespace {

template <class Real>
bool all_finite(const std::vector<Real>& values) {
  return std::all_of(values.begin(), values.end(), [](Real x) { return std::isfinite(x); });
}

template <class Real>
bool some_not_finite(const std::vector<Real>& values) {
  return !all_finite(values);
}

constexpr double inf = std::numeric_limits<double>::infinity();
const double quiet_nan = std::nan("");

template <class Real>
std::vector<std::vector<Real>> extreme_logits() {
  return {{40, -40, 0, 0},
          {10000, -10000, 0, 1},
          {-10000, -10000, -10000, -10000},
          {10000, 10000, 10000, 9999},
          {-1000, 0, 1000, 0}};
}

}  // namespace

TEST_CASE_TEMPLATE("large logits give finite losses and gradients", Real, float, double) {
  const std::vector<Real> teacher = {Real(0.3), -1, 2, 0};
  for (const std::vector<Real>& z : extreme_logits<Real>()) {
    for (Label y = 0; y < 4; ++y) {
      std::vector<Real> dz(4);
      const Real loss = CrossEntropy{}(z.data(), 4, y, Real(1), dz.data());
      CHECK((std::isfinite(loss) && loss >= 0 && all_finite(dz)));
    }
    for (const double temperature : {1.0, 4.0}) {
      const Distillation kl{.temperature = temperature};
      std::vector<Real> dz(4), dt(4);
      CHECK(std::isfinite(kl(z.data(), 4, teacher.data(), Real(1), dz.data())));
      CHECK(std::isfinite(kl(teacher.data(), 4, z.data(), Real(1), dt.data())));
      CHECK((all_finite(dz) && all_finite(dt)));
    }
  }
}

TEST_CASE("cross entropy of large logits is the difference to the largest") {
  const std::vector<double> z = {10000, -10000, 0, 0};
  std::vector<double> dz(4);
  CHECK(CrossEntropy{}(z.data(), 4, Label{1}, 1.0, dz.data()) == 20000);
  CHECK(dz == std::vector<double>{1, -1, 0, 0});
}

TEST_CASE("a logit that is no number makes a loss that is no number") {
  const std::vector<double> teacher = {0.3, -1, 2, 0};
  for (std::size_t at = 0; at < 4; ++at) {
    std::vector<double> z = {1, 2, 3, 4};
    z[at] = quiet_nan;
    std::vector<double> a(4), b(4), c(4), d(4);
    for (Label y = 0; y < 4; ++y) CHECK(std::isnan(CrossEntropy{}(z.data(), 4, y, 1.0, a.data())));
    CHECK(std::isnan(SquaredError{}(z.data(), 4, teacher.data(), 1.0, b.data())));
    CHECK(std::isnan(Distillation{}(z.data(), 4, teacher.data(), 1.0, c.data())));
    CHECK(std::isnan(Distillation{}(teacher.data(), 4, z.data(), 1.0, d.data())));
    CHECK((some_not_finite(a) && some_not_finite(b) && some_not_finite(c) && some_not_finite(d)));
  }
}

TEST_CASE("NaN and infinity together make NaN, in either order") {
  for (const std::vector<double>& z :
       {std::vector<double>{quiet_nan, inf, 0}, std::vector<double>{inf, quiet_nan, 0}}) {
    std::vector<double> dz(3);
    CHECK(std::isnan(CrossEntropy{}(z.data(), 3, Label{2}, 1.0, dz.data())));
  }
}

TEST_CASE("an infinite logit is never a finite loss at no cost") {
  for (const double bad : {inf, -inf}) {
    const std::vector<double> z = {bad, 0, 1};
    std::vector<double> dz(3);
    const double loss = CrossEntropy{}(z.data(), 3, Label{0}, 1.0, dz.data());
    CHECK((!std::isfinite(loss) || some_not_finite(dz)));
  }
}
