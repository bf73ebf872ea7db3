// Values and gradients of PyTorch; rows of the batch are weighted 1 / 16, the mean over the batch.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/loss/cross_entropy.hpp"
#include "expunge/loss/distillation.hpp"
#include "expunge/loss/squared_error.hpp"
#include "golden_arrays.hpp"

using namespace expunge;

namespace {

/// Mean loss over the rows, and its gradient, of loss(z, k, target(row), ...).
template <class Real, class L, class Target>
void check(const L& loss, const Target& target, const std::string& name, double tolerance) {
  const Array<Real, 2> z = converted<Real>(golden<2>("objectives/student_logits"));
  const Index rows = static_cast<Index>(z.shape()[0]), k = static_cast<Index>(z.shape()[1]);
  std::vector<Real> dz(z.size());
  double sum = 0;
  for (Index i = 0; i < rows; ++i)
    sum += static_cast<double>(
        loss(z.data() + i * k, k, target(i), Real(1) / static_cast<Real>(rows), dz.data() + i * k));
  const double expected = golden<1>("objectives/" + name)(0);
  INFO(name);
  CHECK(std::abs(sum / static_cast<double>(rows) - expected) <=
        tolerance * std::max(1.0, std::abs(expected)));
  CHECK(relative_difference(dz, golden<2>("objectives/" + name + "_gradient")) <= tolerance);
}

template <class Real>
void check_all(double tolerance) {
  const Array<Label, 1> labels = golden_integers<Label, 1>("objectives/labels");
  const Array<Real, 2> teacher = converted<Real>(golden<2>("objectives/teacher_logits"));
  const auto label = [&](Index i) { return labels.data()[i]; };
  const auto row = [&](Index i) -> const Real* { return teacher.data() + i * 4; };
  check<Real>(CrossEntropy{}, label, "cross_entropy", tolerance);
  check<Real>(Distillation{.temperature = 1}, row, "kl_t1", tolerance);
  check<Real>(Distillation{.temperature = 2}, row, "kl_t2", tolerance);
  check<Real>(Distillation{.temperature = 4}, row, "kl_t4", tolerance);
  check<Real>(SquaredError{}, row, "squared_error", tolerance);
}

}  // namespace

TEST_CASE("losses and their gradients are PyTorch's") {
  check_all<double>(1e-12);
  check_all<float>(1e-5);
}
