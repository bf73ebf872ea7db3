#include <doctest/doctest.h>

#include "each_loss.hpp"

using namespace expunge;

namespace {

template <class L, class Target>
void check(const L& loss, Target target, std::vector<double> z) {
  const Index k = static_cast<Index>(z.size());
  const auto value = [&] {
    std::vector<double> ignored(z.size());
    return loss(z.data(), k, target, 1.0, ignored.data());
  };
  std::vector<double> slopes;
  for (double& variable : z) slopes.push_back(central_difference(variable, value));
  std::vector<double> dz(z.size());
  loss(z.data(), k, target, 1.0, dz.data());
  CHECK(relative_difference(dz, slopes) <= 1e-7);

  // the gradient is added, times the weight; the value is not weighted
  std::vector<double> sum(z.size(), 100);
  CHECK(loss(z.data(), k, target, -2.5, sum.data()) == doctest::Approx(value()).epsilon(1e-14));
  for (std::size_t j = 0; j < z.size(); ++j) CHECK(sum[j] == doctest::Approx(100 - 2.5 * dz[j]));
}

}  // namespace

TEST_CASE("gradients are those of central differences, weighted and added") {
  for_each_loss([](const auto& loss, auto target, const auto& z) { check(loss, target, z); });
}

TEST_CASE("squared error is the mean over the classes") {
  const std::vector<double> z = {1, 2, 3, 4}, target = {0, 2, 5, 4};
  std::vector<double> dz(4);
  CHECK(SquaredError{}(z.data(), 4, target.data(), 1.0, dz.data()) == (1.0 + 4.0) / 4);
  CHECK(dz == std::vector<double>{0.5, 0, -1, 0});
  // against a label: the one-hot vector
  CHECK(SquaredError{}(z.data(), 4, Label{2}, 1.0, dz.data()) == (1.0 + 4.0 + 4.0 + 16.0) / 4);
}

TEST_CASE("distillation from a model to itself is 0, with no gradient") {
  const std::vector<double> z = normals<double>(10, 1);
  std::vector<double> dz(10);
  CHECK(std::abs(Distillation{}(z.data(), 10, z.data(), 1.0, dz.data())) <= 1e-15);
  for (const double slope : dz) CHECK(std::abs(slope) <= 1e-15);
}

TEST_CASE("distillation does not see a constant added to all logits") {
  const std::vector<double> z = normals<double>(5, 1), teacher = normals<double>(5, 2);
  std::vector<double> shifted = z, a(5), b(5);
  for (double& value : shifted) value += 7;
  CHECK(Distillation{}(z.data(), 5, teacher.data(), 1.0, a.data()) ==
        doctest::Approx(Distillation{}(shifted.data(), 5, teacher.data(), 1.0, b.data())));
}

TEST_CASE("a temperature must be positive") {
  CHECK_THROWS_WITH(Distillation{.temperature = 0}.validate(),
                    "Distillation: temperature is 0, not positive");
  CHECK_THROWS(Distillation{.temperature = std::nan("")}.validate());
  Distillation{}.validate();
}

TEST_CASE("smoothed cross entropy is PyTorch's") {
  // F.cross_entropy(z, [2], label_smoothing=.2) of PyTorch 2.15.0 in double
  const std::vector<double> z = {1, -2, 0.5, 3};
  std::vector<double> dz(4);
  CHECK(std::abs(SmoothedCrossEntropy{.smoothing = 0.2}(z.data(), 4, Label{2}, 1.0, dz.data()) -
                 2.677253447679352) <= 1e-14);
  const std::vector<double> slopes = {0.060553750361739225, -0.04449585287241633,
                                      -0.7829457608593886, 0.7668878633700656};
  CHECK(relative_difference(dz, slopes) <= 1e-14);
  std::vector<double> plain(4), none(4);
  CHECK(SmoothedCrossEntropy{.smoothing = 0}(z.data(), 4, Label{1}, 1.0, none.data()) ==
        CrossEntropy{}(z.data(), 4, Label{1}, 1.0, plain.data()));
  CHECK(none == plain);
  CHECK_THROWS_WITH(SmoothedCrossEntropy{.smoothing = 1}.validate(),
                    "SmoothedCrossEntropy: smoothing is 1, not in [0, 1)");
}
