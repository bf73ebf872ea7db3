// Gauss-Newton matching of linear models, where one step is the solution: against dense algebra.
#include <doctest/doctest.h>

#include "expunge/nn/mlp.hpp"
#include "expunge/train/evaluate_logits.hpp"
#include "expunge/unlearning/gauss_newton_matching.hpp"
#include "linearisation/dense_kronecker.hpp"
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

/// A training set and, for every member, targets, the ridge solution on all of it and that without
/// F.
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

template <class Prior>
using Matching = GaussNewtonMatching<OracleOutputs<double>, UniformRetain, Prior>;

/// What a solve in full precision takes.
template <class Prior>
Matching<Prior> exact(const Array<double, 3>& outputs, double damping, Index retain_count) {
  return {.target = {view(outputs)},
          .damping = damping,
          .iterations = 400,
          .tolerance = 0,
          .retain_count = retain_count,
          .retain_multiple = 0};
}

template <Index D, Index K>
void check_landing() {
  const RidgeSolutions<D, K> solutions;
  LinearProblem<D, K> linear(12, solutions.full);
  static_assert((D + 1) * K > 12 * K);
  const auto star = LinearProblem<D, K>::with(solutions.star);
  const Array<double, 3> outputs = linear.outputs(star);
  const auto result =
      unlearn(linear.backend, exact<IsotropicPrior>(outputs, 1e-10, 9), linear.problem);
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

/// The sign vector that the library draws.
DenseVector drawn_signs(Index rows) {
  DenseVector signs(rows);
  for (Index i = 0; i < rows; ++i)
    signs[i] =
        random_word(0, Stream{Purpose::projection}, static_cast<std::uint64_t>(i)) & 1 ? 1 : -1;
  return signs;
}

/// mu P^-1 for the listed points, forget points first: the moments are those of the retain points,
/// or of all where there are none. The slopes of logits in the layer's outputs are the signs.
template <Index K>
DenseMatrix dense_penalty(const IsotropicPrior&, const DenseMatrix& x, double mu) {
  return mu * DenseMatrix::Identity(x.cols() * K, x.cols() * K);
}
template <Index K>
DenseMatrix dense_penalty(const KroneckerPrior& prior, const DenseMatrix& x, double mu) {
  const auto forget = static_cast<Index>(forgotten.size());
  const Index first = x.rows() > forget ? forget : 0, count = x.rows() - first;
  const DenseVector signs = drawn_signs(x.rows() * K);
  DenseMatrix slopes(count, K);
  for (Index i = 0; i < count; ++i) slopes.row(i) = signs.segment((first + i) * K, K).transpose();
  const DenseMatrix inputs = x.bottomRows(count);
  const auto n = static_cast<double>(count);
  return dense_prior(inputs.transpose() * inputs / n, slopes.transpose() * slopes / n, prior.points,
                     mu);
}

std::vector<DenseMatrix> random_coefficients(Index rows, Index cols) {
  std::vector<DenseMatrix> result;
  for (std::uint32_t m = 0; m < members; ++m) result.push_back(random_matrix(rows, cols, 70 + m));
  return result;
}

/// The points of member m: F, then its retain points.
std::vector<Index> points_of(const RetainLists& lists, std::size_t m) {
  std::vector<Index> points = forgotten;
  const std::vector<Index>& chosen = lists[lists.size() == 1 ? 0 : m];
  points.insert(points.end(), chosen.begin(), chosen.end());
  return points;
}

struct StepConfig {
  bool dual;
  Index batch = 1024;
  Index retain_count = 7;  // of 9: what members draw differs
  bool shared = false;
};

/// One step against theta0 + (J'W J + mu P^-1)^-1 J'W (t - f), for a model whose rows are fewer
/// than its weights or not. Every member has its own retain points, and so its own J, mu and P.
template <Index D, Index K, class Prior>
void check_step(const StepConfig& config) {
  LinearProblem<D, K> linear(12, random_coefficients(D + 1, K));
  const Index used = 3 + config.retain_count;
  REQUIRE((used * K < (D + 1) * K) == config.dual);
  Array<double, 3> outputs = make_array<double>(members, 12, K);
  const std::vector<double> numbers = normals<double>(members * 12 * K, 90);
  std::copy(numbers.begin(), numbers.end(), outputs.data());
  const UniformRetain retain{.shared = config.shared};
  const auto query = RetainQuery<typename LinearProblem<D, K>::Model, double>{
      linear.problem, view(linear.logits), view(outputs), config.retain_count, 0};
  const RetainLists lists = retain.select(linear.backend, query);
  REQUIRE(lists.size() == (config.shared ? 1 : members));
  for (const double damping : {1e-3, 0.1, 10.0})
    for (const double weight : {1.0, 7.0}) {
      CAPTURE(damping);
      CAPTURE(weight);
      Matching<Prior> method = exact<Prior>(outputs, damping, config.retain_count);
      method.forget_weight = weight;
      method.batch = config.batch;
      method.retain = retain;
      const auto result = unlearn(linear.backend, method, linear.problem);
      for (std::size_t m = 0; m < members; ++m) {
        const std::vector<Index> points = points_of(lists, m);
        const DenseMatrix j = dense_jacobian<D, K>(linear.data, points);
        const auto rows = static_cast<double>(j.rows());
        const double mu = damping * (j.transpose() * drawn_signs(j.rows())).squaredNorm() / rows;
        DenseVector w = DenseVector::Ones(j.rows()), r(j.rows());
        w.head(3 * K).setConstant(weight);
        for (Index row = 0; row < j.rows(); ++row) {
          const auto point = static_cast<std::size_t>(points[static_cast<std::size_t>(row / K)]);
          const auto o = static_cast<std::size_t>(row % K);
          r[row] = outputs(m, point, o) - linear.logits(m, point, o);
        }
        const DenseMatrix normal =
            DenseMatrix(j.transpose() * w.asDiagonal() * j) +
            dense_penalty<K>(method.prior, augmented(linear.data, points), mu);
        const DenseVector step = normal.ldlt().solve(j.transpose() * w.cwiseProduct(r));
        DenseVector moved(step.size());
        for (Index i = 0; i < step.size(); ++i)
          moved[i] = result.models.theta(m, static_cast<std::size_t>(i)) -
                     linear.models.theta(m, static_cast<std::size_t>(i));
        CHECK(relative_difference(moved, step) <= 1e-8);
        const double left = (w.array() * (j * step - r).array().square()).sum();
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
  check_landing<20, 1>();
  check_landing<20, 3>();
}

TEST_CASE("with fewer outputs than weights one step is the damped weighted least squares") {
  check_step<20, 1, IsotropicPrior>({.dual = true});
  check_step<20, 3, IsotropicPrior>({.dual = true});
  check_step<20, 3, IsotropicPrior>({.dual = true, .batch = 5});
  check_step<20, 3, IsotropicPrior>({.dual = true, .shared = true});
}

TEST_CASE(
    "with at least as many outputs as weights one step is the damped weighted least squares") {
  check_step<5, 1, IsotropicPrior>({.dual = false});
  check_step<5, 3, IsotropicPrior>({.dual = false});
  check_step<9, 3, IsotropicPrior>({.dual = false});  // just as many
  check_step<5, 3, IsotropicPrior>({.dual = false, .batch = 5});
  check_step<5, 3, IsotropicPrior>({.dual = false, .shared = true});
}

TEST_CASE("under the Kronecker prior one step is the least squares with its penalty, dual or not") {
  for (const Index batch : {1024, 5}) {
    check_step<20, 1, KroneckerPrior>({.dual = true, .batch = batch});
    check_step<20, 3, KroneckerPrior>({.dual = true, .batch = batch});
    check_step<5, 1, KroneckerPrior>({.dual = false, .batch = batch});
    check_step<5, 3, KroneckerPrior>({.dual = false, .batch = batch});
    check_step<9, 3, KroneckerPrior>({.dual = false, .batch = batch});
  }
  check_step<20, 3, KroneckerPrior>({.dual = true, .shared = true});
  check_step<5, 3, KroneckerPrior>({.dual = false, .shared = true});
}

TEST_CASE("without retain points the Kronecker prior is that of the forget points") {
  check_step<20, 3, KroneckerPrior>({.dual = true, .retain_count = 0});
  check_step<2, 3, KroneckerPrior>({.dual = false, .retain_count = 0});
}

TEST_CASE("a Kronecker prior of next to no points is the isotropic one") {
  LinearProblem<20, 3> linear(12, random_coefficients(21, 3));
  Array<double, 3> outputs = linear.logits;
  for (double& x : outputs) x += 1;
  const auto isotropic =
      unlearn(linear.backend, exact<IsotropicPrior>(outputs, 0.1, 7), linear.problem);
  auto method = exact<KroneckerPrior>(outputs, 0.1, 7);
  const auto far = unlearn(linear.backend, method, linear.problem);
  method.prior.points = 1e-20;
  const auto near = unlearn(linear.backend, method, linear.problem);
  Array<double, 2> moved = isotropic.models.theta, by_far = far.models.theta,
                   by_near = near.models.theta;
  for (Array<double, 2>* theta : {&moved, &by_far, &by_near}) *theta -= linear.models.theta;
  CHECK(relative_difference(by_near, moved) <= 1e-8);
  CHECK(relative_difference(by_far, moved) >= 0.1);
}

TEST_CASE_TEMPLATE("further steps go on with the dual solve where the first broke off", Prior,
                   IsotropicPrior, KroneckerPrior) {
  LinearProblem<20, 3> linear(12, random_coefficients(21, 3));
  Array<double, 3> outputs = linear.logits;
  const std::vector<double> numbers = normals<double>(members * 12 * 3, 90);
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs.data()[i] += numbers[i];
  auto method = exact<Prior>(outputs, 0.1, 9);
  if constexpr (requires { method.prior.points; }) method.prior.points = 100;
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
  CHECK(error(1) >= 5e-3);
  CHECK(error(30) <= 0.2 * error(1));
}

/// Steps of one iteration each, from dense matrices: a steepest descent of the dual variables, then
/// the part of the step that is best for Phi.
TEST_CASE_TEMPLATE("a dual solve that breaks off is stepped along as far as Phi falls", Prior,
                   IsotropicPrior, KroneckerPrior) {
  LinearProblem<20, 3> linear(12, random_coefficients(21, 3));
  Array<double, 3> outputs = linear.logits;
  const std::vector<double> numbers = normals<double>(members * 12 * 3, 90);
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs.data()[i] += numbers[i];
  auto method = exact<Prior>(outputs, 1e-3, 7);
  method.iterations = 1;
  method.forget_weight = 5;
  const auto query = RetainQuery<Sequential<Linear<20, 3>>, double>{
      linear.problem, view(linear.logits), view(outputs), 7, 0};
  const RetainLists lists = method.retain.select(linear.backend, query);
  for (const Index steps : {1, 2, 3}) {
    CAPTURE(steps);
    method.steps = steps;
    const auto result = unlearn(linear.backend, method, linear.problem);
    for (std::size_t m = 0; m < members; ++m) {
      const std::vector<Index> points = points_of(lists, m);
      const DenseMatrix j = dense_jacobian<20, 3>(linear.data, points);
      const double mu = 1e-3 * (j.transpose() * drawn_signs(j.rows())).squaredNorm() /
                        static_cast<double>(j.rows());
      DenseVector w = DenseVector::Ones(j.rows()), r(j.rows());
      w.head(9).setConstant(5);
      for (Index row = 0; row < j.rows(); ++row) {
        const auto point = static_cast<std::size_t>(points[static_cast<std::size_t>(row / 3)]);
        const auto o = static_cast<std::size_t>(row % 3);
        r[row] = outputs(m, point, o) - linear.logits(m, point, o);
      }
      const DenseMatrix penalty =
          dense_penalty<3>(method.prior, augmented(linear.data, points), mu);
      const DenseMatrix p = mu * penalty.inverse();
      const DenseMatrix kernel =
          j * p * j.transpose() + DenseMatrix((mu * w.cwiseInverse()).asDiagonal());
      const DenseMatrix normal = DenseMatrix(j.transpose() * w.asDiagonal() * j) + penalty;
      DenseVector a = DenseVector::Zero(j.rows()), move = DenseVector::Zero(j.cols());
      double smallest = 1;
      for (Index step = 0; step < steps; ++step) {
        const DenseVector left = r - kernel * a;
        a += left.squaredNorm() / left.dot(kernel * left) * left;
        const DenseVector direction = p * (j.transpose() * a) - move;
        const DenseVector slope = j.transpose() * w.cwiseProduct(r) - normal * move;
        const double scale =
            std::min(1.0, slope.dot(direction) / direction.dot(normal * direction));
        REQUIRE(scale > 0);
        smallest = std::min(smallest, scale);
        move += scale * direction;
      }
      DenseVector moved(move.size());
      for (Index i = 0; i < move.size(); ++i)
        moved[i] = result.models.theta(m, static_cast<std::size_t>(i)) -
                   linear.models.theta(m, static_cast<std::size_t>(i));
      CHECK(result.report.steps[m] == steps);
      CHECK(result.report.iterations[m] == steps);
      CHECK(relative_difference(moved, move) <= 1e-9);
      if (steps == 3) CHECK(smallest < 0.95);  // the scale matters
    }
  }
}
