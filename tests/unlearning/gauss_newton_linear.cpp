// Gauss-Newton matching of linear models, where one step is the solution: against dense algebra.
#include <doctest/doctest.h>

#include "expunge/nn/mlp.hpp"
#include "expunge/train/evaluate_logits.hpp"
#include "expunge/unlearning/gauss_newton_matching.hpp"
#include "small_data.hpp"
#include "solvers/dense.hpp"

using namespace expunge;

namespace {

constexpr Index members = 3;
const std::vector<Index> forgotten = {1, 4, 9};

template <Index D, Index K>
struct LinearProblem {
  using Model = Sequential<Linear<D, K>>;
  using Models = Ensemble<Model, double>;

  Cpu<double> backend{1};
  Dataset data;
  Models models;  // theta0
  Array<double, 3> logits;
  Problem<Model, double> problem;

  LinearProblem(Index points, const std::vector<DenseMatrix>& theta0)
      : data(clouds(points, D, K)),
        models(with(theta0)),
        logits(evaluate_logits<double>(backend, models, view(data.inputs))),
        problem(make_problem(data, forgotten, models, view(logits))) {}
  LinearProblem(const LinearProblem&) = delete;

  /// The models with these coefficients [D + 1][K] of the features (x, 1), one matrix per member.
  static Models with(const std::vector<DenseMatrix>& coefficients) {
    Models result = Models::uninitialised(static_cast<Index>(coefficients.size()));
    for (std::size_t m = 0; m < coefficients.size(); ++m)
      for (Index o = 0; o < K; ++o) {
        for (Index j = 0; j < D; ++j)
          result.theta(m, static_cast<std::size_t>(o * D + j)) = coefficients[m](j, o);
        result.theta(m, static_cast<std::size_t>(D * K + o)) = coefficients[m](D, o);
      }
    return result;
  }

  Array<double, 3> outputs(const Models& of) {
    return evaluate_logits<double>(backend, of, view(data.inputs));
  }
};

/// The rows (x, 1) of the listed points.
DenseMatrix augmented(const Dataset& data, const std::vector<Index>& points) {
  DenseMatrix rows(static_cast<Index>(points.size()), data.features() + 1);
  for (Index i = 0; i < rows.rows(); ++i) {
    for (Index j = 0; j < data.features(); ++j)
      rows(i, j) = static_cast<double>(data.inputs(points[static_cast<std::size_t>(i)], j));
    rows(i, data.features()) = 1;
  }
  return rows;
}

DenseMatrix rows_of(const DenseMatrix& y, const std::vector<Index>& points) {
  DenseMatrix rows(static_cast<Index>(points.size()), y.cols());
  for (Index i = 0; i < rows.rows(); ++i) rows.row(i) = y.row(points[static_cast<std::size_t>(i)]);
  return rows;
}

constexpr double ridge = 0.5;

DenseMatrix damped_gram(const DenseMatrix& x) {
  return x.transpose() * x + ridge * DenseMatrix::Identity(x.cols(), x.cols());
}

/// The minimum of |X beta - Y|^2 + ridge |beta|^2.
DenseMatrix ridge_solution(const DenseMatrix& x, const DenseMatrix& y) {
  return damped_gram(x).ldlt().solve(x.transpose() * y);
}

/// A training set and, for every member, targets, the ridge solution on all of it and that without F.
template <Index D, Index K>
struct RidgeSolutions {
  Dataset data = clouds(12, D, K);
  std::vector<Index> all = all_indices(12), retained = retain_set(forgotten, 12);
  DenseMatrix x = augmented(data, all), x_forget = augmented(data, forgotten);
  std::vector<DenseMatrix> y, full, star;

  RidgeSolutions() {
    for (std::uint32_t m = 0; m < members; ++m) {
      y.push_back(random_matrix(12, K, 50 + m));
      full.push_back(ridge_solution(x, y.back()));
      star.push_back(ridge_solution(augmented(data, retained), rows_of(y.back(), retained)));
    }
  }
};

template <class P>
using Matching = GaussNewtonMatching<OracleOutputs<double>, UniformRetain, P>;

/// What a solve in full precision takes.
template <class P>
Matching<P> exact(const Array<double, 3>& outputs, double damping, Index retain_count) {
  return {.target = {view(outputs)},
          .damping = damping,
          .iterations = 400,
          .tolerance = 0,
          .retain_count = retain_count};
}

template <Index D, Index K, class P>
void check_landing() {
  const RidgeSolutions<D, K> solutions;
  LinearProblem<D, K> linear(12, solutions.full);
  static_assert((D + 1) * K > 12 * K);
  const auto star = LinearProblem<D, K>::with(solutions.star);
  const Array<double, 3> outputs = linear.outputs(star);
  const auto result = unlearn(linear.backend, exact<P>(outputs, 1e-10, 9), linear.problem);
  CHECK(relative_difference(linear.models.theta, star.theta) >= 0.01);
  CHECK(relative_difference(result.models.theta, star.theta) <= 1e-6);
  CHECK(result.report.steps == std::vector<Index>(members, 1));
  CHECK(result.report.refused() == 0);
}

/// J of a linear model at the listed points, [points * K][(D + 1) K].
template <Index D, Index K>
DenseMatrix dense_jacobian(const Dataset& data, const std::vector<Index>& points) {
  const DenseMatrix x = augmented(data, points);
  DenseMatrix j = DenseMatrix::Zero(x.rows() * K, (D + 1) * K);
  for (Index i = 0; i < x.rows(); ++i)
    for (Index o = 0; o < K; ++o) {
      j.block(i * K + o, o * D, 1, D) = x.row(i).head(D);
      j(i * K + o, D * K + o) = 1;
    }
  return j;
}

/// |J'z|^2 / rows for the sign vector z that the library draws: its estimate of the mean diagonal.
double estimated_diagonal(const DenseMatrix& j) {
  DenseVector signs(j.rows());
  for (Index i = 0; i < j.rows(); ++i)
    signs[i] =
        random_word(0, Stream{Purpose::projection}, static_cast<std::uint64_t>(i)) & 1 ? 1 : -1;
  return (j.transpose() * signs).squaredNorm() / static_cast<double>(j.rows());
}

std::vector<DenseMatrix> random_coefficients(Index rows, Index cols) {
  std::vector<DenseMatrix> result;
  for (std::uint32_t m = 0; m < members; ++m) result.push_back(random_matrix(rows, cols, 70 + m));
  return result;
}

/// One step against theta0 + (J'W J + mu)^-1 J'W (t - f), for a model whose rows are fewer than its
/// weights or not.
template <Index D, Index K, class P>
void check_step(bool dual, Index batch = 1024) {
  LinearProblem<D, K> linear(12, random_coefficients(D + 1, K));
  REQUIRE((12 * K < (D + 1) * K) == dual);
  Array<double, 3> outputs = make_array<double>(members, 12, K);
  const std::vector<double> numbers = normals<double>(members * 12 * K, 90);
  std::copy(numbers.begin(), numbers.end(), outputs.data());
  const auto query = RetainQuery<typename LinearProblem<D, K>::Model, double>{
      linear.problem, view(linear.logits), view(outputs), 9, 0};
  std::vector<Index> points = forgotten;
  for (const Index i : UniformRetain{}.select(linear.backend, query)) points.push_back(i);
  const DenseMatrix j = dense_jacobian<D, K>(linear.data, points);
  for (const double damping : {1e-3, 0.1, 10.0})
    for (const double weight : {1.0, 7.0}) {
      CAPTURE(damping);
      CAPTURE(weight);
      Matching<P> method = exact<P>(outputs, damping, 9);
      method.forget_weight = weight;
      method.batch = batch;
      const auto result = unlearn(linear.backend, method, linear.problem);
      const double mu = damping * estimated_diagonal(j);
      DenseVector w = DenseVector::Ones(j.rows()), r(j.rows());
      w.head(3 * K).setConstant(weight);
      for (std::size_t m = 0; m < members; ++m) {
        for (Index row = 0; row < j.rows(); ++row) {
          const auto point = static_cast<std::size_t>(points[static_cast<std::size_t>(row / K)]);
          const auto o = static_cast<std::size_t>(row % K);
          r[row] = outputs(m, point, o) - linear.logits(m, point, o);
        }
        DenseMatrix normal = j.transpose() * w.asDiagonal() * j;
        normal.diagonal().array() += mu;
        const DenseVector step = normal.ldlt().solve(j.transpose() * w.cwiseProduct(r));
        DenseVector moved(step.size());
        for (Index i = 0; i < step.size(); ++i)
          moved[i] = result.models.theta(m, static_cast<std::size_t>(i)) -
                     linear.models.theta(m, static_cast<std::size_t>(i));
        CHECK(relative_difference(moved, step) <= 1e-8);
        const double left = (w.array() * (j * step - r).array().square()).sum();
        const double rows = static_cast<double>(j.rows());
        CHECK(result.report.last_loss[m] == doctest::Approx(left / rows).epsilon(1e-6));
        CHECK(result.report.first_loss[m] ==
              doctest::Approx((w.array() * r.array().square()).sum() / rows).epsilon(1e-10));
      }
    }
}

}  // namespace

TEST_CASE("the ridge solution without F is the Woodbury downdate of that of all points") {
  const RidgeSolutions<20, 3> s;
  for (std::size_t m = 0; m < members; ++m) {
    const DenseMatrix pulled = damped_gram(s.x).ldlt().solve(s.x_forget.transpose());
    const DenseMatrix hat = s.x_forget * pulled;  // of F, [|F|][|F|]
    const DenseMatrix errors = rows_of(s.y[m], forgotten) - s.x_forget * s.full[m];
    const DenseMatrix downdated =
        s.full[m] - pulled * (DenseMatrix::Identity(3, 3) - hat).ldlt().solve(errors);
    CHECK(relative_difference(downdated, s.star[m]) <= 1e-10);
    CHECK(relative_difference(s.full[m], s.star[m]) >= 0.01);
  }
}

TEST_CASE("one step lands a linear model on the weights without F when it matches their outputs") {
  check_landing<20, 1, OutputBlocks>();
  check_landing<20, 3, OutputBlocks>();
  check_landing<20, 1, HeadKernel>();
  check_landing<20, 3, HeadKernel>();
  check_landing<20, 1, NoPreconditioner>();
  check_landing<20, 3, NoPreconditioner>();
}

TEST_CASE("with fewer outputs than weights one step is the damped weighted least squares") {
  check_step<20, 1, OutputBlocks>(true);
  check_step<20, 3, OutputBlocks>(true);
  check_step<20, 3, HeadKernel>(true);
  check_step<20, 3, NoPreconditioner>(true);
  check_step<20, 3, NoPreconditioner>(true, 5);
}

TEST_CASE(
    "with at least as many outputs as weights one step is the damped weighted least squares") {
  check_step<5, 1, OutputBlocks>(false);
  check_step<5, 3, OutputBlocks>(false);
  check_step<11, 3, OutputBlocks>(false);  // just as many
  check_step<5, 3, HeadKernel>(false);
  check_step<5, 3, NoPreconditioner>(false);
  check_step<5, 3, OutputBlocks>(false, 5);
}

TEST_CASE("output blocks solve the dual system of a linear model in one iteration") {
  LinearProblem<20, 3> linear(12, random_coefficients(21, 3));
  Array<double, 3> outputs = linear.logits;
  for (double& x : outputs) x += 1;
  auto method = exact<OutputBlocks>(outputs, 1e-2, 9);
  method.tolerance = 1e-8;
  method.forget_weight = 7;
  const auto result = unlearn(linear.backend, method, linear.problem);
  CHECK(result.report.iterations == std::vector<Index>(members, 1));
  for (const double residual : result.report.residual) CHECK(residual <= 1e-8);
  auto plain = exact<NoPreconditioner>(outputs, 1e-2, 9);
  plain.tolerance = 1e-8;
  for (const Index i : unlearn(linear.backend, plain, linear.problem).report.iterations)
    CHECK(i > 1);
}

TEST_CASE("further steps go on with the dual solve where the first broke off") {
  LinearProblem<20, 3> linear(12, random_coefficients(21, 3));
  Array<double, 3> outputs = linear.logits;
  const std::vector<double> numbers = normals<double>(members * 12 * 3, 90);
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs.data()[i] += numbers[i];
  auto method = exact<NoPreconditioner>(outputs, 0.1, 9);
  const auto solution = unlearn(linear.backend, method, linear.problem);
  method.iterations = 3;
  const auto error = [&](Index steps) {
    method.steps = steps;
    const auto result = unlearn(linear.backend, method, linear.problem);
    Array<double, 2> left = result.models.theta, moved = solution.models.theta;
    left -= solution.models.theta;
    moved -= linear.models.theta;
    double a = 0, b = 0;
    for (const double x : left) a += x * x;
    for (const double x : moved) b += x * x;
    return std::sqrt(a / b);
  };
  CHECK(error(1) >= 0.05);
  CHECK(error(30) <= 0.2 * error(1));
}
