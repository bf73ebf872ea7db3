// The ridge regression of the paper's theory, where every method can be compared with the exact
// answer.
//
//   A(S) = argmin_theta |X theta - y|^2 + lambda |theta|^2,   d > n,   S = F u R
//
// Start at theta_full = A(S); the goal is theta* = A(R). Full-batch gradients, step eta:
//
//   GD    2 X_R'(X_R theta - y_R) + 2 lambda theta
//   GDA   GD - alpha 2 X_F'(X_F theta - y_F)
//   OM    2 X'X (theta - theta*)            matches the outputs of theta* on all of S
//   OMRS  2 X_R'X_R (theta - theta*)        the same on R only
//
// Source: Georgiev et al., "Attribute-to-Delete", arXiv 2410.23232, section 6 and appendix D,
// theorems 1 and 2. Beyond the paper: the Newton downdate, which is exact here in one step.
//
// Shapes: X [n][d], the |F| forget rows first; theta [d]. Everything is double. A full-batch step
// costs 4 n d multiplications, the downdate n^2 d + n^3 / 3.
#pragma once

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/core/random.hpp"
#include "expunge/core/sample.hpp"

namespace ridge {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using expunge::Index;
using Rows = Eigen::Ref<const MatrixXd>;    // some rows of X, not copied
using Values = Eigen::Ref<const VectorXd>;  // the same rows of y

/// The covariance of the inputs: the identity, or diag(1, 1/2, .., 1/d).
enum class Spectrum { isotropic, harmonic };

struct Setting {
  Index examples = 100;       // n
  Index features = 400;       // d
  Index forget = 5;           // |F|
  double lambda = 4;          // ridge penalty, not divided by n
  double noise_variance = 4;  // of y about theta.x
  Spectrum spectrum = Spectrum::isotropic;
  double step = 10.0 / 16384;  // eta

  /// Throws std::invalid_argument with the name of the field and its number.
  void validate() const {
    expunge::require(forget > 0 && forget < examples, "ridge: forget is ", forget, " of ", examples,
                     " examples");
    expunge::require(features > 0, "ridge: features is ", features);
    expunge::require(lambda > 0, "ridge: lambda is ", lambda, ", must be above 0");
    expunge::require(noise_variance >= 0, "ridge: noise_variance is ", noise_variance);
    expunge::require(step > 0, "ridge: step is ", step, ", must be above 0");
  }
};

/// One draw of the experiment. The forget examples are rows 0 .. forget - 1.
struct Problem {
  Setting setting;
  MatrixXd x;           // [n][d]
  VectorXd y;           // [n]
  VectorXd theta_full;  // [d] A(S)
  VectorXd theta_star;  // [d] A(R)

  Rows x_forget() const { return x.topRows(setting.forget); }
  Values y_forget() const { return y.head(setting.forget); }
  Rows x_retain() const { return x.bottomRows(x.rows() - setting.forget); }
  Values y_retain() const { return y.tail(y.size() - setting.forget); }
};

/// `count` standard normals of one stream.
inline VectorXd normals(std::uint64_t seed, std::uint32_t stream, Index count) {
  VectorXd z(count);
  for (Index i = 0; i < count; ++i)
    z[i] = expunge::random_normal(seed, {expunge::Purpose::test, stream},
                                  static_cast<std::uint64_t>(i));
  return z;
}

/// A(X, y) in its dual form X'(X X' + lambda I)^-1 y, which costs n^2 d.
inline VectorXd ridge_solution(const Rows& x, const Values& y, double lambda) {
  MatrixXd kernel = x * x.transpose();
  kernel.diagonal().array() += lambda;
  return x.transpose() * kernel.llt().solve(y);
}

/// Draws theta, x and y, and solves for A(S) and A(R).
inline Problem make_problem(const Setting& setting, std::uint64_t seed) {
  setting.validate();
  const Index n = setting.examples, d = setting.features;
  Problem p;
  p.setting = setting;
  const VectorXd theta = normals(seed, 0, d);
  p.x = normals(seed, 1, n * d).reshaped<Eigen::RowMajor>(n, d);
  if (setting.spectrum == Spectrum::harmonic)
    for (Index j = 0; j < d; ++j) p.x.col(j) /= std::sqrt(static_cast<double>(j + 1));
  p.y = p.x * theta + std::sqrt(setting.noise_variance) * normals(seed, 2, n);
  p.theta_full = ridge_solution(p.x, p.y, setting.lambda);
  p.theta_star = ridge_solution(p.x_retain(), p.y_retain(), setting.lambda);
  return p;
}

// ---- The gradients -----------------------------------------------------------------------------

/// 2 X'(X theta - y).
inline VectorXd squares_gradient(const Rows& x, const Values& y, const VectorXd& theta) {
  const VectorXd residual = x * theta - y;
  return 2.0 * (x.transpose() * residual);
}

/// Descent on the ridge loss of R.
struct Descent {
  VectorXd operator()(const Problem& p, const VectorXd& theta) const {
    return squares_gradient(p.x_retain(), p.y_retain(), theta) + 2.0 * p.setting.lambda * theta;
  }
};

/// Descent on R and, `alpha` times as strong, ascent on F.
struct DescentAscent {
  double alpha = 1;
  VectorXd operator()(const Problem& p, const VectorXd& theta) const {
    return Descent{}(p, theta) - alpha * squares_gradient(p.x_forget(), p.y_forget(), theta);
  }
};

/// Oracle matching on all of S.
struct OracleMatching {
  VectorXd operator()(const Problem& p, const VectorXd& theta) const {
    const VectorXd difference = p.x * (theta - p.theta_star);
    return 2.0 * (p.x.transpose() * difference);
  }
};

/// Oracle matching on the retain set only: it cannot see what lies across the rows of X_R.
struct RetainMatching {
  VectorXd operator()(const Problem& p, const VectorXd& theta) const {
    const VectorXd difference = p.x_retain() * (theta - p.theta_star);
    return 2.0 * (p.x_retain().transpose() * difference);
  }
};

// ---- Trajectories ------------------------------------------------------------------------------

/// R_t = |theta_t - theta*|^2 / |theta_full - theta*|^2, the number that the paper plots.
inline double relative_distance(const Problem& p, const VectorXd& theta) {
  return (theta - p.theta_star).squaredNorm() / (p.theta_full - p.theta_star).squaredNorm();
}

/// R_0 .. R_steps of full-batch descent along `gradient`, from theta_full.
template <class Gradient>
std::vector<double> trajectory(const Problem& p, const Gradient& gradient, int steps) {
  VectorXd theta = p.theta_full;
  std::vector<double> distances = {1.0};
  for (int t = 0; t < steps; ++t) {
    theta -= p.setting.step * gradient(p, theta);
    distances.push_back(relative_distance(p, theta));
  }
  return distances;
}

/// Theorem 1: (I - 2 eta H)^t (theta_full - theta*), H = X_R'X_R + lambda I for GD, X'X for OM.
inline VectorXd theorem_1(const Problem& p, const MatrixXd& hessian, int t) {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(hessian);
  const VectorXd factors = eigen.eigenvalues().unaryExpr(
      [&](double value) { return std::pow(1.0 - 2.0 * p.setting.step * value, t); });
  const VectorXd start = eigen.eigenvectors().transpose() * (p.theta_full - p.theta_star);
  return eigen.eigenvectors() * factors.cwiseProduct(start);
}

inline MatrixXd descent_hessian(const Problem& p) {
  MatrixXd h = p.x_retain().transpose() * p.x_retain();
  h.diagonal().array() += p.setting.lambda;
  return h;
}
inline MatrixXd matching_hessian(const Problem& p) {
  return p.x.transpose() * p.x;
}

/// A(R) from A(S) in one Newton step, without looking at R's labels:
///
///   theta* = theta_full + H^-1 X_F' (I - X_F H^-1 X_F')^-1 (X_F theta_full - y_F)
///
/// with H = X'X + lambda I. In the dual, with C = (X X' + lambda I)^-1, H^-1 X_F' is X' C_:F and
/// the bracket is lambda C_FF (Woodbury twice), so that nothing cancels.
inline VectorXd newton_downdate(const Problem& p) {
  const Index k = p.setting.forget;
  MatrixXd kernel = p.x * p.x.transpose();
  kernel.diagonal().array() += p.setting.lambda;
  const MatrixXd columns = kernel.llt().solve(MatrixXd::Identity(p.x.rows(), k));  // C_:F [n][|F|]
  const MatrixXd capacity = p.setting.lambda * columns.topRows(k);                 // [|F|][|F|]
  const VectorXd residual = p.x_forget() * p.theta_full - p.y_forget();
  const VectorXd weights = capacity.llt().solve(residual);
  return p.theta_full + p.x.transpose() * (columns * weights);
}

// ---- Minibatches (theorem 2) -------------------------------------------------------------------

/// How the step of a stochastic method falls: eta_t = eta / (1 + t / half_life); 0 keeps it.
struct StepDecay {
  double half_life = 0;
  double at(double eta, Index t) const {
    return half_life > 0 ? eta / (1.0 + static_cast<double>(t) / half_life) : eta;
  }
};

/// The rows of X in one batch: order[first .. first + batch) + offset.
inline std::vector<Index> batch_rows(const std::vector<Index>& order, Index first, Index batch,
                                     Index offset) {
  std::vector<Index> rows;
  for (Index i = first; i < std::min<Index>(first + batch, static_cast<Index>(order.size())); ++i)
    rows.push_back(order[static_cast<std::size_t>(i)] + offset);
  return rows;
}

/// R after every epoch of a minibatch method on rows [offset, n), whose step on the rows B of X is
/// theta -= eta_t gradient(p, B, theta). The order of each epoch is a fresh permutation.
template <class BatchGradient>
std::vector<double> stochastic_trajectory(const Problem& p, const BatchGradient& gradient,
                                          Index offset, int epochs, StepDecay decay = {},
                                          Index batch = 5, std::uint64_t seed = 0) {
  const Index n = p.x.rows() - offset;
  VectorXd theta = p.theta_full;
  std::vector<double> distances = {1.0};
  std::vector<Index> order;
  Index t = 0;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    expunge::random_permutation(
        seed, {expunge::Purpose::batch_order, static_cast<std::uint32_t>(epoch)}, 0, n, order);
    for (Index first = 0; first < n; first += batch, ++t) {
      const std::vector<Index> rows = batch_rows(order, first, batch, offset);
      theta -= decay.at(p.setting.step, t) * gradient(p, rows, theta);
    }
    distances.push_back(relative_distance(p, theta));
  }
  return distances;
}

/// Stochastic OM: 2 X_B'X_B (theta - theta*). Every batch's gradient vanishes at theta*.
inline VectorXd matching_on_batch(const Problem& p, const std::vector<Index>& rows,
                                  const VectorXd& theta) {
  const MatrixXd xb = p.x(rows, Eigen::all);
  const VectorXd difference = xb * (theta - p.theta_star);
  return 2.0 * (xb.transpose() * difference);
}

/// SGD on the ridge loss of R, the penalty shared out over the examples:
/// 2 X_B'(X_B theta - y_B) + 2 lambda |B| / |R| theta. No batch's gradient vanishes at theta*.
inline VectorXd descent_on_batch(const Problem& p, const std::vector<Index>& rows,
                                 const VectorXd& theta) {
  const double share =
      static_cast<double>(rows.size()) / static_cast<double>(p.x.rows() - p.setting.forget);
  const MatrixXd xb = p.x(rows, Eigen::all);
  const VectorXd yb = p.y(rows);
  return squares_gradient(xb, yb, theta) + 2.0 * p.setting.lambda * share * theta;
}

}  // namespace ridge
