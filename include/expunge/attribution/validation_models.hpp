// Held-out models on which penalties are compared (lasso_penalties.hpp): their masks as bytes,
// example-major, so that a target's few non-zero effects add up to predictions by columns.
//
// Cost of an error: models x non-zero effects. Memory: models x examples bytes.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "expunge/attribution/coordinate_descent.hpp"
#include "expunge/attribution/mask_columns.hpp"
#include "expunge/attribution/outputs.hpp"
#include "expunge/core/check.hpp"
#include "expunge/core/view.hpp"
#include "expunge/data/subset_masks.hpp"

namespace expunge::detail {

class ValidationModels {
 public:
  ValidationModels(const SubsetMasks& masks, Index first, Index count)
      : first_(first), count_(count), included_(bytes(count, masks.examples())) {
    for (Index m = 0; m < count; ++m)
      for (const Index i : masks.members(first + m))
        included_[static_cast<std::size_t>(i * count + m)] = 1;
  }

  static std::size_t bytes(Index count, Index examples) {
    return static_cast<std::size_t>(count * examples);
  }

  Index count() const { return count_; }
  /// 1 where the model saw the example, [examples][count].
  MatrixView<const std::uint8_t> included() const {
    const Index examples = std::ssize(included_) / std::max<Index>(count_, 1);
    return {included_.data(), examples, count_};
  }

  /// The outputs of one target on these models, checked, minus `mean` and in units of `scale`.
  template <class Real, class T>
  void read(MatrixView<const T> outputs, Index target, double mean, double scale,
            std::vector<Real>& y) const {
    y.resize(static_cast<std::size_t>(count_));
    for (Index m = 0; m < count_; ++m) {
      const double value = static_cast<double>(outputs(first_ + m, target));
      require_finite_output("Lasso", value, first_ + m, target);
      y[static_cast<std::size_t>(m)] = static_cast<Real>((value - mean) / scale);
    }
  }

  /// Mean squared error of the solver's present weights on centred outputs y [count].
  template <class Real>
  double error(const MaskColumns& columns, const CoordinateDescent<Real>& solver,
               const std::vector<Real>& y, std::vector<Real>& residual) const {
    double base = 0;
    residual = y;
    std::array<const std::uint8_t*, 4> column;
    std::array<Real, 4> beta{};
    std::size_t held = 0;  // columns that wait for company: four are subtracted at a time
    for (std::size_t a = 0; a < solver.members().size(); ++a) {
      const Index j = solver.members()[a];
      const double w = static_cast<double>(solver.weight(static_cast<Index>(a)));
      if (w == 0) continue;
      column[held] = included_.data() + j * count_;
      beta[held++] = static_cast<Real>(w / columns.sd(j));
      base -= columns.mean(j) * w / columns.sd(j);
      if (held == 4) subtract(column, beta, residual), held = 0;
    }
    for (std::size_t rest = held; rest < 4; ++rest) column[rest] = included_.data(), beta[rest] = 0;
    if (held > 0) subtract(column, beta, residual);
    double sum = 0;
    for (const Real r : residual)
      sum += (static_cast<double>(r) - base) * (static_cast<double>(r) - base);
    return sum / static_cast<double>(count_);
  }

 private:
  template <class Real>
  static void subtract(const std::array<const std::uint8_t*, 4>& column,
                       const std::array<Real, 4>& beta, std::vector<Real>& residual) {
    const auto [x0, x1, x2, x3] = column;
    Real* r = residual.data();
    for (std::size_t m = 0; m < residual.size(); ++m)
      r[m] = r[m] - beta[0] * static_cast<Real>(x0[m]) - beta[1] * static_cast<Real>(x1[m]) -
             beta[2] * static_cast<Real>(x2[m]) - beta[3] * static_cast<Real>(x3[m]);
  }

  Index first_;
  Index count_;
  std::vector<std::uint8_t> included_;  // [examples][count]
};

}  // namespace expunge::detail
