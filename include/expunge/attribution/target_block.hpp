// A block of 64 targets on its way through an estimator: outputs in, centred panels, sums X'Y out.
//
//   panels  [64 / lanes][64 words][lanes]   outputs minus their mean over the models, in units of
//                                           the target's scale, zero-padded
//   sums    [64 / lanes][examples][lanes]   sum over the models that saw the example
//
// Outputs may be half, float or double and are read once. They are centred in double, and only then
// rounded to Real: first the output of model 0 is taken off, which rounds nothing where all outputs
// of a target lie far from 0, then the mean of what is left. So y and y + c have the same panels,
// as far as the numbers of y + c themselves are those of y. The scale is a power of two, so that
// outputs near the ends of a type's range lose nothing.
//
// Memory is bounded by the block, not by the number of targets. Since the panels are centred, sums
// equal those of centred columns.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>

#include "expunge/attribution/masked_sums.hpp"
#include "expunge/attribution/outputs.hpp"
#include "expunge/core/check.hpp"
#include "expunge/core/view.hpp"
#include "expunge/data/subset_masks.hpp"

namespace expunge {

inline constexpr Index target_block_width = 64;

template <class Real>
class TargetBlock {
 public:
  static constexpr Index lanes = panel_lanes<Real>;

  /// Reads targets [first, first + count) of outputs [models][targets], count <= 64. Throws where
  /// an output is not finite, naming `who`, the model and the target.
  template <class T>
  void load(const char* who, MatrixView<const T> outputs, Index first, Index count) {
    first_ = first;
    count_ = count;
    models_ = outputs.rows;
    padded_ = (models_ + 63) / 64 * 64;
    panels_.setZero(padded_ * target_block_width);
    measure(who, outputs);
    spread_.fill(0);
    for (Index m = 0; m < models_; ++m) {
      const T* row = outputs.row(m) + first;
      for (Index t = 0; t < count; ++t) {
        const std::size_t s = static_cast<std::size_t>(t);
        const double difference = static_cast<double>(row[t]) - reference_[s];
        const double centred = (difference - mean_difference_[s]) / scale_[s];
        spread_[s] += centred * centred;
        panels_[panel_of(t) * padded_ * lanes + m * lanes + t % lanes] = static_cast<Real>(centred);
      }
    }
  }

  /// Computes the sums of the loaded targets for every row of `bits`.
  void accumulate(const BitPanels& bits) {
    rows_ = bits.rows();
    sums_.resize(rows_ * target_block_width);
    for (Index p = 0; p < (count_ + lanes - 1) / lanes; ++p)
      masked_sums(bits, panels_.data() + p * padded_ * lanes, sums_.data() + p * rows_ * lanes,
                  tables_);
  }

  Index first() const { return first_; }
  Index count() const { return count_; }
  double mean(Index t) const {
    const std::size_t s = static_cast<std::size_t>(t);
    return reference_[s] + mean_difference_[s];
  }
  /// Population standard deviation over the models.
  double sd(Index t) const {
    const std::size_t s = static_cast<std::size_t>(t);
    return scale_[s] * std::sqrt(spread_[s] / static_cast<double>(models_));
  }
  /// The unit of the target's sums, a power of two.
  double scale(Index t) const { return scale_[static_cast<std::size_t>(t)]; }
  /// sum over the models that saw `example` of the centred outputs of the block's target t, in
  /// units of its scale.
  Real sum(Index example, Index t) const {
    return sums_[panel_of(t) * rows_ * lanes + example * lanes + t % lanes];
  }

 private:
  static constexpr Index panel_of(Index t) { return t / lanes; }

  /// Reference, mean and scale of every target.
  template <class T>
  void measure(const char* who, MatrixView<const T> outputs) {
    mean_difference_.fill(0);
    scale_.fill(0);  // the largest distance from the reference, first
    for (Index t = 0; t < count_; ++t)
      reference_[static_cast<std::size_t>(t)] = static_cast<double>(outputs(0, first_ + t));
    for (Index m = 0; m < models_; ++m) {
      const T* row = outputs.row(m) + first_;
      bool usable = true;
      for (Index t = 0; t < count_; ++t) {
        const std::size_t s = static_cast<std::size_t>(t);
        const double y = static_cast<double>(row[t]), difference = y - reference_[s];
        usable &= detail::usable_output(y);
        mean_difference_[s] += difference;
        scale_[s] = std::max(scale_[s], std::abs(difference));
      }
      for (Index t = 0; t < count_ && !usable; ++t)
        detail::require_finite_output(who, static_cast<double>(row[t]), m, first_ + t);
    }
    for (double& mean : mean_difference_) mean /= static_cast<double>(models_);
    for (double& scale : scale_) scale = detail::output_scale(scale);
  }

  Index first_ = 0;
  Index count_ = 0;
  Index models_ = 0;
  Index padded_ = 0;
  Index rows_ = 0;
  Eigen::Matrix<Real, Eigen::Dynamic, 1> panels_;
  Eigen::Matrix<Real, Eigen::Dynamic, 1> sums_;
  Eigen::Matrix<Real, Eigen::Dynamic, 1> tables_;
  std::array<double, target_block_width> reference_{};        // the outputs of model 0
  std::array<double, target_block_width> mean_difference_{};  // from them
  std::array<double, target_block_width> scale_{};
  std::array<double, target_block_width> spread_{};  // sums of squares, in units of scale^2
};

/// Calls f(thread's block) for every block of 64 targets, loaded and summed. `name` starts the
/// sentence of an error.
template <class Real, class T, class F>
void for_each_target_block(const char* who, int threads, MatrixView<const T> outputs,
                           const BitPanels& bits, F f) {
  const Index targets = outputs.cols;
  const Index pieces = (targets + target_block_width - 1) / target_block_width;
  std::vector<TargetBlock<Real>> blocks(static_cast<std::size_t>(thread_count(threads)));
  parallel_for(threads, pieces, [&](int thread, Index piece) {
    TargetBlock<Real>& block = blocks[static_cast<std::size_t>(thread)];
    const Index first = piece * target_block_width;
    block.load(who, outputs, first, std::min(target_block_width, targets - first));
    block.accumulate(bits);
    f(thread, block);
  });
}

}  // namespace expunge
