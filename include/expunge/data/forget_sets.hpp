// Forget sets: which training examples a model shall forget, as positions 0 .. n-1 in its training
// set.
//
// Random sets, sets from one class or any condition, and coherent sets along a principal component
// of an effect matrix: the demonstration's hard cases. All are checked, without duplicates; order
// is kept, ascending unless said otherwise. Reading them from files is in io/.
#pragma once

#include <Eigen/Core>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/core/random.hpp"
#include "expunge/core/sample.hpp"
#include "expunge/core/view.hpp"

namespace expunge {

/// Throws unless every position is in 0 .. examples-1 and occurs once; `who` starts the sentence.
inline void check_forget_set(const char* who, const std::vector<Index>& forget, Index examples) {
  std::vector<bool> seen(static_cast<std::size_t>(std::max<Index>(examples, 0)));
  for (std::size_t p = 0; p < forget.size(); ++p) {
    const Index i = forget[p];
    require(i >= 0 && i < examples, who, ": entry ", p, " is example ", i, " of ", examples);
    require(!seen[static_cast<std::size_t>(i)], who, ": example ", i, " is listed twice");
    seen[static_cast<std::size_t>(i)] = true;
  }
}

/// All examples that are not forgotten, ascending.
inline std::vector<Index> retain_set(const std::vector<Index>& forget, Index examples) {
  check_forget_set("retain_set", forget, examples);
  std::vector<bool> gone(static_cast<std::size_t>(examples));
  for (const Index i : forget) gone[static_cast<std::size_t>(i)] = true;
  std::vector<Index> retain;
  for (Index i = 0; i < examples; ++i)
    if (!gone[static_cast<std::size_t>(i)]) retain.push_back(i);
  return retain;
}

/// All examples i for which condition(i) holds, ascending.
template <std::predicate<Index> Condition>
std::vector<Index> forget_where(Index examples, Condition condition) {
  std::vector<Index> forget;
  for (Index i = 0; i < examples; ++i)
    if (condition(i)) forget.push_back(i);
  return forget;
}

/// `count` examples at random, ascending.
inline std::vector<Index> random_forget_set(std::uint64_t seed, Index examples, Index count) {
  std::vector<Index> forget =
      random_sample(seed, {Purpose::forget_set}, all_indices(examples), count);
  std::sort(forget.begin(), forget.end());
  return forget;
}

/// `count` random examples of one class, ascending. Throws when the class has fewer.
inline std::vector<Index> class_forget_set(std::uint64_t seed, const std::vector<Label>& labels,
                                           Label label, Index count) {
  const std::vector<Index> pool = forget_where(static_cast<Index>(labels.size()), [&](Index i) {
    return labels[static_cast<std::size_t>(i)] == label;
  });
  require(count >= 0 && count <= static_cast<Index>(pool.size()), "class_forget_set: ", count,
          " examples asked of class ", label, ", which has ", pool.size());
  std::vector<Index> forget = random_sample(seed, {Purpose::forget_set}, pool, count);
  std::sort(forget.begin(), forget.end());
  return forget;
}

/// Where along a principal component the examples are taken from.
enum class ComponentEnd { top, bottom, both };

namespace detail {

/// The columns' means of a matrix [n][m], in double.
template <class T>
Eigen::RowVectorXd column_means(MatrixView<const T> x) {
  Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(x.cols);
  for (Index i = 0; i < x.rows; ++i)
    for (Index j = 0; j < x.cols; ++j) {
      const double value = static_cast<double>(x(i, j));
      if (!std::isfinite(value))
        require(false, "principal_component: entry ", i, ", ", j, " is ", value);
      mean[j] += value;
    }
  return mean / static_cast<double>(x.rows);
}

/// f(first row, rows in double minus the means) for all rows, some 8 MiB at a time.
template <class T, class F>
void for_each_centred_block(MatrixView<const T> x, const Eigen::RowVectorXd& mean, F f) {
  const Index height = std::clamp<Index>((Index{1} << 20) / x.cols, 1, x.rows);
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> block;
  for (Index first = 0; first < x.rows; first += height) {
    block.resize(std::min(height, x.rows - first), x.cols);
    for (Index i = 0; i < block.rows(); ++i)
      for (Index j = 0; j < x.cols; ++j)
        block(i, j) = static_cast<double>(x(first + i, j)) - mean[j];
    f(first, block);
  }
}

}  // namespace detail

/// Scores [n] of the training examples on the k-th principal component (k = 1 is the first) of an
/// effect matrix [n][m], row i = the effects on (or of) example i: columns are centred, and the
/// score is the left singular vector of the k-th largest singular value. Its sign is fixed so that
/// the entry of largest magnitude is positive. Cost: power iteration in double with 12 guard
/// vectors, 200 products with the matrix; it reads n x m numbers each time. Memory: (n + m) (k +
/// 12) doubles twice and a block of 8 MiB, or of one row; the matrix itself is not copied.
template <MatrixLike A>
std::vector<double> principal_component(const A& effects, Index k) {
  using Matrix = Eigen::MatrixXd;
  const MatrixView<const typename A::value_type> x = view(effects);
  require(k >= 1 && k <= std::min(x.rows, x.cols), "principal_component: component ", k,
          " of a matrix of ", x.rows, " x ", x.cols);
  const Eigen::RowVectorXd mean = detail::column_means(x);
  const Index width = std::min(k + 12, std::min(x.rows, x.cols));
  Matrix basis(x.cols, width);
  for (Index j = 0; j < width; ++j)
    for (Index i = 0; i < x.cols; ++i)
      basis(i, j) =
          random_normal(0, {Purpose::projection}, static_cast<std::uint64_t>(j * x.cols + i));
  Matrix image(x.rows, width);
  for (int round = 0; round < 100; ++round) {
    detail::for_each_centred_block(x, mean, [&](Index first, const auto& block) {
      image.middleRows(first, block.rows()).noalias() = block * basis;
    });
    image = Eigen::HouseholderQR<Matrix>(image).householderQ() * Matrix::Identity(x.rows, width);
    basis.setZero();
    detail::for_each_centred_block(x, mean, [&](Index first, const auto& block) {
      basis.noalias() += block.transpose() * image.middleRows(first, block.rows());
    });
  }
  const Eigen::JacobiSVD<Matrix> svd(basis, Eigen::ComputeThinU | Eigen::ComputeThinV);
  const Eigen::VectorXd left = image * svd.matrixV().col(k - 1);
  Index largest = 0;
  for (Index i = 1; i < x.rows; ++i)
    if (std::abs(left[i]) > std::abs(left[largest])) largest = i;
  const double sign = left[largest] < 0 ? -1 : 1;
  std::vector<double> scores;
  for (Index i = 0; i < x.rows; ++i) scores.push_back(sign * left[i]);
  return scores;
}

/// The `count` examples with the largest scores (top), the smallest (bottom), or half from each end
/// (both; the top gets the odd one). Most extreme first; equal scores keep their order.
inline std::vector<Index> extreme_forget_set(const std::vector<double>& scores, ComponentEnd end,
                                             Index count) {
  const Index n = static_cast<Index>(scores.size());
  require(count >= 0 && count <= n, "extreme_forget_set: ", count, " examples of ", n);
  std::vector<Index> order = all_indices(n);
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
  });
  const Index top = end == ComponentEnd::top      ? count
                    : end == ComponentEnd::bottom ? 0
                                                  : (count + 1) / 2;
  std::vector<Index> forget(order.begin(), order.begin() + top);
  for (Index i = 0; i < count - top; ++i)
    forget.push_back(order[static_cast<std::size_t>(n - 1 - i)]);
  return forget;
}

/// The examples at one end, or both, of the k-th principal component of an effect matrix [n][m].
/// Cost and memory: principal_component.
template <MatrixLike A>
std::vector<Index> component_forget_set(const A& effects, Index k, ComponentEnd end, Index count) {
  return extreme_forget_set(principal_component(effects, k), end, count);
}

}  // namespace expunge
