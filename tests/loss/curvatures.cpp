#include <doctest/doctest.h>

#include "each_loss.hpp"

using namespace expunge;

namespace {

/// Row i: the slopes of dL / dz_i in all z_j.
template <class L, class Target>
std::vector<double> differences(const L& loss, Target target, std::vector<double> z) {
  const Index k = static_cast<Index>(z.size());
  std::vector<double> hessian;
  for (std::size_t i = 0; i < z.size(); ++i)
    for (double& variable : z)
      hessian.push_back(central_difference(variable, [&] {
        std::vector<double> dz(z.size());
        loss(z.data(), k, target, 1.0, dz.data());
        return dz[i];
      }));
  return hessian;
}

/// Column j by a product with unit vector j, laid out as row j.
template <class L, class Target>
std::vector<double> products(const L& loss, Target target, const std::vector<double>& z) {
  const Index k = static_cast<Index>(z.size());
  std::vector<double> hessian(z.size() * z.size());
  for (std::size_t j = 0; j < z.size(); ++j) {
    std::vector<double> unit(z.size());
    unit[j] = 1;
    loss.curvature(z.data(), k, target, 1.0, unit.data(), hessian.data() + j * z.size());
  }
  return hessian;
}

template <class L, class Target>
void check(const L& loss, Target target, const std::vector<double>& z) {
  const std::size_t k = z.size();
  const std::vector<double> h = products(loss, target, z);
  CHECK(relative_difference(h, differences(loss, target, z)) <= 1e-7);
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t j = 0; j < i; ++j) CHECK(std::abs(h[i * k + j] - h[j * k + i]) <= 1e-15);

  // linear in v, times the weight, added; and nowhere negative
  const std::vector<double> v = normals<double>(static_cast<Index>(k), 3);
  std::vector<double> sum(k, 100);
  loss.curvature(z.data(), static_cast<Index>(k), target, -2.5, v.data(), sum.data());
  double form = 0;
  for (std::size_t i = 0; i < k; ++i) {
    double product = 0;
    for (std::size_t j = 0; j < k; ++j) product += h[i * k + j] * v[j];
    CHECK(sum[i] == doctest::Approx(100 - 2.5 * product).epsilon(1e-14));
    form += v[i] * product;
  }
  CHECK(form > 0);
}

}  // namespace

TEST_CASE("curvatures are central differences of the gradient, symmetric, weighted and added") {
  for_each_loss([](const auto& loss, auto target, const auto& z) { check(loss, target, z); });
}

TEST_CASE("a constant added to all logits meets no curvature of softmax losses") {
  const std::vector<double> z = normals<double>(5, 1), teacher = normals<double>(5, 2);
  const std::vector<double> constant(5, 3);
  std::vector<double> hv(5);
  CrossEntropy{}.curvature(z.data(), 5, Label{1}, 1.0, constant.data(), hv.data());
  Distillation{.temperature = 2}.curvature(z.data(), 5, teacher.data(), 1.0, constant.data(),
                                           hv.data());
  for (const double value : hv) CHECK(std::abs(value) <= 1e-15);
}

TEST_CASE("curvatures of very large logits are finite, and of NaN are NaN") {
  const std::vector<double> v = {1, 2, 3};
  for (const std::vector<double>& z : {std::vector<double>{1e4, -1e4, 0}, {-1e4, -1e4, -1e4}}) {
    std::vector<double> hv(3);
    CrossEntropy{}.curvature(z.data(), 3, Label{0}, 1.0, v.data(), hv.data());
    Distillation{}.curvature(z.data(), 3, z.data(), 1.0, v.data(), hv.data());
    for (const double value : hv) CHECK(std::isfinite(value));
  }
  for (std::size_t at = 0; at < 3; ++at) {
    std::vector<double> z = {1, 2, 3}, hv(3);
    z[at] = std::nan("");
    CrossEntropy{}.curvature(z.data(), 3, Label{0}, 1.0, v.data(), hv.data());
    for (const double value : hv) CHECK(std::isnan(value));
  }
}
