// Margins of PyTorch and their gradients.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/output/evaluate.hpp"
#include "golden_arrays.hpp"

using namespace expunge;

namespace {

template <class Real, class F>
void check(const F& f, const std::string& name, double tolerance) {
  const Array<Real, 2> z = converted<Real>(golden<2>("objectives/student_logits"));
  const Array<Label, 1> labels = golden_integers<Label, 1>("objectives/labels");
  std::vector<Real> values(16), dz(z.size());
  const Real one = 1;
  for (Index i = 0; i < 16; ++i) {
    f.value(z.data() + 4 * i, 4, labels.data()[i], &values[static_cast<std::size_t>(i)]);
    f.pullback(z.data() + 4 * i, 4, labels.data()[i], &one, dz.data() + 4 * i);
  }
  CHECK(relative_difference(values, golden<1>("objectives/" + name)) <= tolerance);
  CHECK(relative_difference(dz, golden<2>("objectives/" + name + "_gradient")) <= tolerance);
}

}  // namespace

TEST_CASE("margins and their gradients are PyTorch's") {
  check<double>(Margin{}, "soft_margin", 1e-12);
  check<double>(HardMargin{}, "hard_margin", 1e-12);
  check<float>(Margin{}, "soft_margin", 1e-5);
  check<float>(HardMargin{}, "hard_margin", 1e-5);
}

TEST_CASE("evaluate_output and margins give the same numbers for whole arrays") {
  const Array<double, 2> z = golden<2>("objectives/student_logits");
  const Array<Label, 1> labels = golden_integers<Label, 1>("objectives/labels");
  const TensorView<const double> one_model(z.data(), 1, 16, 4);
  const Array<double, 2> margin = margins(one_model, labels.data());
  const Array<double, 2> hard = margins(one_model, labels.data(), 1, HardMargin{});
  CHECK(relative_difference(margin, golden<1>("objectives/soft_margin")) <= 1e-12);
  CHECK(relative_difference(hard, golden<1>("objectives/hard_margin")) <= 1e-12);
}
