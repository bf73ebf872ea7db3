// The toys of docs/concepts.md, compiled and run once: the page quotes them from here.
#include <doctest/doctest.h>

#include <cmath>
#include <utility>

#include "expunge/expunge.hpp"

using namespace expunge;

// [backend]
/// theta <- factor * theta, for every weight of every member, on any backend.
template <class Real>
struct Shrink {
  MatrixView<Real> theta;
  Real factor;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const { theta(m, j) *= factor; }
};

template <class B>
void shrink(B& backend, MatrixView<typename B::Real> theta, typename B::Real factor) {
  using Real = typename B::Real;
  for_each_element(backend, theta.rows, 1, theta.cols, Shrink<Real>{theta, factor});
}
// [end]

// [layer]
/// y = a x with one weight a.
template <Index Width>
struct Gain {
  using Input = Shape<Width>;
  using Output = Shape<Width>;
  static constexpr Index parameters = 1, statistics = 0, cache = 0;

  template <class Real>
  static void initialise(std::uint64_t, Index, Index, Real* theta, Real*) {
    theta[0] = 1;
  }
  template <class B>
  static void forward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, Tensor<B> y, Tensor<B>,
                      Mode) {
    for_each_element(backend, y.members, y.rows, Width, [=](Index m, Index i, Index j) {
      y(m, i, j) = weights.theta(m, 0) * x(m, i, j);
    });
  }
  template <class B>
  static void backward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B>,
                       ConstTensor<B>, ConstTensor<B> dy, Tensor<B> dx, Matrix<B> dtheta) {
    for_each_element(backend, dy.members, 1, 1, [=](Index m, Index, Index) {
      dtheta(m, 0) = 0;
      for (Index i = 0; i < dy.rows; ++i)
        for (Index j = 0; j < Width; ++j) dtheta(m, 0) += dy(m, i, j) * x(m, i, j);
    });
    if (dx.empty()) return;
    for_each_element(backend, dy.members, dy.rows, Width, [=](Index m, Index i, Index j) {
      dx(m, i, j) = weights.theta(m, 0) * dy(m, i, j);
    });
  }
  /// Optional: dy = a dx + (d a) x.
  template <class B>
  static void tangent(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B>,
                      ConstTensor<B>, ConstTensor<B> dx,
                      MatrixView<const typename B::Real> direction, Tensor<B> dy) {
    for_each_element(backend, dy.members, dy.rows, Width, [=](Index m, Index i, Index j) {
      dy(m, i, j) = direction(m, 0) * x(m, i, j);
      if (!dx.empty()) dy(m, i, j) += weights.theta(m, 0) * dx(m, i, j);
    });
  }
};

static_assert(Layer<Gain<4>, Cpu<float>> && TangentLayer<Gain<4>, Cpu<float>>);
// [end]

// [tangent]
/// y = x^2. Without weights, backward and tangent multiply by the same slope.
template <Index Width>
struct Square {
  using Input = Shape<Width>;
  using Output = Shape<Width>;
  static constexpr Index parameters = 0, statistics = 0, cache = 0;

  template <class Real>
  static void initialise(std::uint64_t, Index, Index, Real*, Real*) {}
  template <class B>
  static void forward(B& backend, WeightsOn<B>, ConstTensor<B> x, Tensor<B> y, Tensor<B>, Mode) {
    for_each_element(backend, y.members, y.rows, Width,
                     [=](Index m, Index i, Index j) { y(m, i, j) = x(m, i, j) * x(m, i, j); });
  }
  template <class B>
  static void backward(B& backend, WeightsOn<B>, ConstTensor<B> x, ConstTensor<B>, ConstTensor<B>,
                       ConstTensor<B> dy, Tensor<B> dx, Matrix<B>) {
    if (!dx.empty()) multiply_by_slope(backend, x, dy, dx);
  }
  template <class B>
  static void tangent(B& backend, WeightsOn<B>, ConstTensor<B> x, ConstTensor<B>, ConstTensor<B>,
                      ConstTensor<B> dx, MatrixView<const typename B::Real>, Tensor<B> dy) {
    if (dx.empty())
      fill_zero(backend, dy.flat());
    else
      multiply_by_slope(backend, x, dx, dy);
  }

 private:
  template <class B>
  static void multiply_by_slope(B& backend, ConstTensor<B> x, ConstTensor<B> from, Tensor<B> to) {
    for_each_element(backend, to.members, to.rows, Width, [=](Index m, Index i, Index j) {
      to(m, i, j) = 2 * x(m, i, j) * from(m, i, j);
    });
  }
};

static_assert(TangentLayer<Square<4>, Cpu<float>>);
// [end]

// [kronecker]
/// Gain with the factors of its curvature, two single numbers: the mean of g_i^2, and 1.
template <Index Width>
struct KroneckerGain : Gain<Width> {
  static constexpr KroneckerSizes kronecker{.inputs = 1, .outputs = 1};
  static constexpr Index kronecker_scratch(Index) { return 0; }

  template <class B>
  static void add_moments(B& backend, ConstTensor<B> x, ConstTensor<B> dy, Matrix<B>,
                          Tensor<B> inputs, Tensor<B> outputs) {
    for_each_element(backend, dy.members, 1, 1, [=](Index m, Index, Index) {
      for (Index i = 0; i < dy.rows; ++i) {
        typename B::Real g = 0;
        for (Index j = 0; j < Width; ++j) g += dy(m, i, j) * x(m, i, j);
        inputs(m, 0, 0) += g * g;
        outputs(m, 0, 0) += 1;
      }
    });
  }
  template <class B>
  static void kronecker_product(B& backend, ConstTensor<B> outputs, ConstTensor<B> inputs,
                                MatrixView<const typename B::Real> v, Matrix<B>, Matrix<B> out) {
    for_each_element(backend, v.rows, 1, 1, [=](Index m, Index, Index) {
      out(m, 0) = outputs(m, 0, 0) * inputs(m, 0, 0) * v(m, 0);
    });
  }
  template <class B>
  static void kronecker_solve(B& backend, Solve which, ConstTensor<B> outputs,
                              ConstTensor<B> inputs, MatrixView<const typename B::Real> v,
                              Matrix<B>, Matrix<B> out) {
    for_each_element(backend, v.rows, 1, 1, [=](Index m, Index, Index) {
      const auto root = outputs(m, 0, 0) * inputs(m, 0, 0);  // Cholesky factors are square roots
      out(m, 0) = v(m, 0) / (which == Solve::whole ? root * root : root);
    });
  }
};

static_assert(KroneckerLayer<KroneckerGain<4>, Cpu<float>>);
// [end]

// [model]
using SmallNet = Sequential<Linear<8, 16>, Relu<16>, Gain<16>, Linear<16, 3>>;

static_assert(Model<SmallNet, Cpu<float>>);
static_assert(SmallNet::parameters == (8 * 16 + 16) + 0 + 1 + (16 * 3 + 3));
// [end]

// [loss]
/// max(0, 1 - z_y)^2: the label's logit should reach 1.
struct SquaredHinge {
  template <class Real>
  EXPUNGE_HD Real operator()(const Real* z, Index, Label y, Real weight, Real* dz) const {
    const Real gap = z[y] < 1 ? 1 - z[y] : 0;
    dz[y] -= weight * 2 * gap;
    return gap * gap;
  }
  /// Optional: hv += weight * (d2L / dz2) v.
  template <class Real>
  EXPUNGE_HD void curvature(const Real* z, Index, Label y, Real weight, const Real* v,
                            Real* hv) const {
    if (z[y] < 1) hv[y] += weight * 2 * v[y];
  }
};

static_assert(Loss<SquaredHinge, float> && CurvatureLoss<SquaredHinge, Label, float>);
// [end]

// [output]
/// The label's logit alone.
struct LabelLogit {
  EXPUNGE_HD static constexpr Index outputs(Index) { return 1; }

  template <class Real>
  EXPUNGE_HD void value(const Real* z, Index, Label y, Real* out) const {
    out[0] = z[y];
  }
  template <class Real>
  EXPUNGE_HD void pullback(const Real*, Index, Label y, const Real* dout, Real* dz) const {
    dz[y] += dout[0];
  }
  /// Optional: dout = (d out / d z) dz.
  template <class Real>
  EXPUNGE_HD void pushforward(const Real*, Index, Label y, const Real* dz, Real* dout) const {
    dout[0] = dz[y];
  }
};

static_assert(OutputFunction<LabelLogit, float> && TangentOutput<LabelLogit, float>);
// [end]

// [optimizer]
/// theta <- theta - rate sign(gradient)
struct SignDescent {
  static constexpr Index slots = 0;  // rows of state that the loop keeps for us

  void validate() const {}
  template <class B, class Real = typename B::Real>
  void step(B& backend, MatrixView<Real> theta, MatrixView<const Real> gradient,
            const MatrixView<Real>*, double rate, Index) const {
    const Real r = static_cast<Real>(rate);
    for_each_element(backend, theta.rows, 1, theta.cols, [=](Index m, Index, Index j) {
      theta(m, j) -= gradient(m, j) > 0 ? r : gradient(m, j) < 0 ? -r : 0;
    });
  }
};

static_assert(Optimizer<SignDescent, Cpu<float>>);
// [end]

// [schedule]
/// 0 -> 1 over the first part of the run, then 1.
struct WarmUp {
  double part = 0.1;
  double operator()(Moment moment) const { return std::min(1.0, moment.fraction / part); }
};

static_assert(Schedule<WarmUp>);
// [end]

// [solving]
/// All weights a little smaller: a method that is no descent.
struct Decay {
  struct Report {
    std::vector<Index> samples;  // [members]
    std::vector<char> finite;    // [members]
  };
  double factor = 0.99;  // in (0, 1]

  void validate() const {
    require(factor > 0 && factor <= 1, "Decay: factor is ", factor, ", not in (0, 1]");
  }
  template <class B, class Model, class Real, class Observer>
  Report solve(B& backend, const Problem<Model, Real>&, Ensemble<Model, Real>& models,
               const Observer&, const Progress&) const {
    shrink(backend, view(models.theta), static_cast<Real>(factor));
    const auto members = static_cast<std::size_t>(models.members());
    return {std::vector<Index>(members, 0), std::vector<char>(members, 1)};
  }
};

static_assert(SolvingUnlearner<Decay, SmallNet, Cpu<float>>);
// [end]

// [target]
/// Answers that know nothing: every output 0 on F, theta0's own elsewhere.
struct KnowNothing {
  void validate() const {}
  Array<float, 3> targets(TensorView<const float> base, const std::vector<Index>& forget) const {
    Array<float, 3> values = make_array<float>(base.members, base.rows, base.features);
    copy_rows(Cpu<float>(1), base.flat(), view(values).flat());
    for (Index m = 0; m < base.members; ++m)
      for (const Index x : forget)
        for (Index j = 0; j < base.features; ++j) values(m, x, j) = 0;
    return values;
  }
};

static_assert(Target<KnowNothing, float>);
// [end]

// [retain]
/// The first points of the retain set.
struct FirstRetain {
  void validate() const {}
  double passes(Index) const { return 0; }  // looks at no model

  template <class B, class Model, class Real>
  RetainLists select(B&, const RetainQuery<Model, Real>& query) const {
    const std::vector<Index>& retain = query.problem.retain;
    return {{retain.begin(), retain.begin() + query.count}};  // one list, for all members
  }
};

static_assert(RetainStrategy<FirstRetain, SmallNet, Cpu<float>>);
// [end]

// [operator]
/// A = diag(d) + u u', the same for every member.
template <class Real>
struct DiagonalPlusRankOne {
  std::vector<Real> d, u;

  Index rows() const { return static_cast<Index>(d.size()); }
  Index cols() const { return rows(); }
  template <class B>
  void apply(B& backend, MatrixView<const Real> x, MatrixView<Real> y) const {
    const MatrixView<const Real> us(u.data(), x.rows, cols(), 0);  // stride 0: shared by members
    PerMember along;
    dot_rows(backend, us, x, along);
    for_each_element(backend, y.rows, 1, y.cols, [=, diagonal = d.data()](Index m, Index, Index j) {
      y(m, j) = diagonal[j] * x(m, j);
    });
    add_scaled(backend, along, us, y);
  }
};

static_assert(LinearOperator<DiagonalPlusRankOne<float>, Cpu<float>>);

/// x[m] = A^-1 b[m], starting at the x that is given.
template <class A, class B, class Real = typename B::Real>
std::vector<SolveStatus> solve(B& backend, A& a, MatrixView<const Real> b, MatrixView<Real> x) {
  ConjugateGradients<B> conjugate_gradients(backend, b.rows, b.cols);
  IdentityPreconditioner none;
  return conjugate_gradients(backend, {.iterations = 50, .tolerance = 1e-6}, a, none, b, x);
}
// [end]

// [prior]
/// The weights from `first` on may move `slack` times as far: P = diag(1, ..., slack^2, ...).
struct LooseTail {
  Index first = 0;
  double slack = 10;

  void validate() const {
    require(first >= 0, "LooseTail: first is ", first, ", negative");
    require(slack > 0, "LooseTail: slack is ", slack, ", not positive");
  }

  template <class JacobianType, class B>
  class Metric {
    using Real = typename B::Real;

   public:
    Metric(B&, const LooseTail& policy, JacobianType& jacobian)
        : policy_(policy), jacobian_(jacobian) {}
    void measure(B& backend, MatrixView<const Real> signs, Index, MatrixView<Real> out) {
      jacobian_.apply_transpose(backend, signs, out);
    }
    void set(B&, const PerMember&) {}  // does not depend on mu
    void apply(B& backend, MatrixView<Real> v) { scale(backend, 2, v); }
    void apply_inverse(B& backend, MatrixView<Real> v) { scale(backend, -2, v); }
    void apply_root(B& backend, MatrixView<Real> v) { scale(backend, 1, v); }
    void apply_root_transpose(B& backend, MatrixView<Real> v) { scale(backend, 1, v); }
    double flops() const { return 0; }  // next to nothing

   private:
    void scale(B& backend, int power, MatrixView<Real> v) const {
      const PerMember factors(static_cast<std::size_t>(v.rows), std::pow(policy_.slack, power));
      scale_rows(backend, factors, v.columns(policy_.first, v.cols - policy_.first));
    }
    const LooseTail& policy_;
    JacobianType& jacobian_;
  };
};

static_assert(WeightPrior<LooseTail, Jacobian<SmallNet, Cpu<float>>, Cpu<float>>);
// [end]

// [estimator]
/// No effects at all: predicts every output's mean. A yardstick for others.
struct MeanOnly {
  template <class B, MatrixLike A>
  Effects<typename B::Real> fit(const B&, const SubsetMasks& masks, const A& outputs,
                                const Progress& = {}) const {
    using Real = typename B::Real;
    const auto y = view(outputs);  // [models][targets]
    Effects<Real> effects = zero_effects<Real>(masks.examples(), y.cols);
    for (Index t = 0; t < y.cols; ++t)
      for (Index m = 0; m < y.rows; ++m)
        effects.intercept(t) += static_cast<Real>(y(m, t)) / static_cast<Real>(y.rows);
    return effects;
  }
};

static_assert(Estimator<MeanOnly, Cpu<float>>);
// [end]

// [attribution]
/// Scores that another tool computed: [examples][points][outputs], positive = helps.
struct StoredScores {
  Array<float, 3> scores;  // read_npy<float, 3>("scores.npy")

  Array<float, 2> predicted_change(const std::vector<Index>& forget) const {
    const TensorView<const float> s = view(scores);
    Array<float, 2> change = xt::zeros<float>({scores.shape()[1], scores.shape()[2]});
    for (const Index i : forget)
      for (Index x = 0; x < s.rows; ++x)
        for (Index j = 0; j < s.features; ++j) change(x, j) -= s(i, x, j);
    return change;
  }
};

static_assert(Attribution<StoredScores, float>);
// [end]

TEST_CASE("the toys of docs/concepts.md train, attribute and unlearn") {
  Cpu<float> cpu(2);
  const Dataset data = gaussian_classes(1, 60, 8, 3);
  const Recipe<SignDescent, WarmUp, SquaredHinge> recipe{
      .descent = {.learning_rate = 1e-3, .epochs = 2}, .batch = 10};
  auto models = train<SmallNet>(cpu, recipe, data, all_but(4, 60, {}));
  CHECK(is_finite(models, 3));

  const float before = models.theta(0, 0);
  shrink(cpu, view(models.theta), 0.5f);
  CHECK(models.theta(0, 0) == 0.5f * before);

  const auto logits = evaluate_logits(cpu, models, view(data.inputs));
  const auto problem = make_problem(data, {3, 5}, models, view(logits));
  const auto unlearned =
      unlearn(cpu, OracleMatching<KnowNothing>{.target = {}, .batch = 8}, problem);
  CHECK(unlearned.report.diverged() == 0);

  const SubsetMasks masks = fixed_size_subsets(1, 4, 60, 0.5);
  const auto datamodels = fit_datamodels(cpu, MeanOnly{}, masks,
                                         evaluate_output(LabelLogit{}, logits, data.labels.data()));
  CHECK(datamodels.predicted_change({1})(0, 0) == 0);
  const float mean = (logits(0, 0, 0) + logits(1, 0, 0) + logits(2, 0, 0) + logits(3, 0, 0)) / 4;
  CHECK(std::abs(datamodels.effects().intercept(0) - mean) <= 1e-5f);

  StoredScores stored{xt::ones<float>({60, 60, 3})};
  CHECK(stored.predicted_change({1, 2})(7, 1) == -2);
}

TEST_CASE("the toy layer's gradient is right") {
  Cpu<double> cpu(1);
  Array<double, 3> x = make_array<double>(1, 2, 4), y = x, dx = x, dy = x;
  for (std::size_t i = 0; i < x.size(); ++i) {
    x.data()[i] = std::sin(static_cast<double>(i));
    dy.data()[i] = std::cos(static_cast<double>(i));
  }
  Array<double, 2> theta = make_array<double>(1, 1), dtheta = theta;
  theta(0, 0) = 1.7;
  const Weights<double> weights{view(theta), {}};
  Gain<4>::forward(cpu, weights, view(x), view(y), {}, Mode::train);
  Gain<4>::backward(cpu, weights, view(x), view(y), view(y), view(dy), view(dx), view(dtheta));
  double slope = 0;  // of sum(dy * y) with theta
  for (std::size_t i = 0; i < x.size(); ++i) slope += dy.data()[i] * x.data()[i];
  CHECK(std::abs(dtheta(0, 0) - slope) <= 1e-12);
  CHECK(std::abs(dx(0, 1, 2) - 1.7 * dy(0, 1, 2)) <= 1e-12);
}

namespace {

/// J v and J'a of a network by differences and by each other, in the weights of one member.
template <class Net>
void check_products() {
  Cpu<double> cpu(1);
  const Dataset data = gaussian_classes(1, 12, 8, 3);
  auto models = initialise<Net, double>(5, 1);
  Jacobian<Net, Cpu<double>, LabelLogit> jacobian(cpu, {}, data, {1, 4, 7}, 1, 3);
  Array<double, 2> value = make_array<double>(1, 3), below = value, jv = value, a = value;
  Array<double, 2> v = make_array<double>(1, Net::parameters), ja = v;
  for (Index i = 0; i < Net::parameters; ++i) v(0, i) = std::sin(static_cast<double>(i));
  for (Index i = 0; i < 3; ++i) a(0, i) = std::cos(static_cast<double>(i));
  const auto outputs_at = [&](double step, Array<double, 2>& out) {
    auto moved = models;
    for (Index i = 0; i < Net::parameters; ++i) moved.theta(0, i) += step * v(0, i);
    jacobian.linearise(cpu, {view(moved.theta), view(moved.stats)}, view(out));
  };
  outputs_at(1e-5, value);
  outputs_at(-1e-5, below);
  Array<double, 2> at = make_array<double>(1, 3);
  jacobian.linearise(cpu, {view(models.theta), view(models.stats)}, view(at));
  jacobian.apply(cpu, view(v), view(jv));
  jacobian.apply_transpose(cpu, view(a), view(ja));
  double left = 0, right = 0;  // a' J v twice
  for (Index i = 0; i < 3; ++i) {
    CHECK(std::abs(jv(0, i) - (value(0, i) - below(0, i)) / 2e-5) <= 1e-6);
    CHECK(std::abs(jv(0, i)) > 1e-3);
    left += a(0, i) * jv(0, i);
  }
  for (Index i = 0; i < Net::parameters; ++i) right += ja(0, i) * v(0, i);
  CHECK(std::abs(left - right) <= 1e-10);
}

}  // namespace

TEST_CASE("the toy layers give the right products with the Jacobian") {
  check_products<Sequential<Linear<8, 5>, Gain<5>, Linear<5, 3>>>();
  check_products<Sequential<Gain<8>, Linear<8, 5>, Square<5>, Linear<5, 3>>>();
  check_products<Sequential<Square<8>, Linear<8, 3>>>();
}

TEST_CASE("the toy loss has the curvature of its gradient") {
  const double v[3] = {0.3, -2, 0.7};
  for (const double z1 : {0.2, 1.6}) {
    const double z[3] = {5, z1, -1}, above[3] = {5 + 0.3e-5, z1 - 2e-5, -1 + 0.7e-5};
    double at[3] = {}, moved[3] = {}, hv[3] = {};
    SquaredHinge{}(z, 3, Label{1}, 0.5, at);
    SquaredHinge{}(above, 3, Label{1}, 0.5, moved);
    SquaredHinge{}.curvature(z, 3, Label{1}, 0.5, v, hv);
    for (int j = 0; j < 3; ++j) CHECK(std::abs(hv[j] - (moved[j] - at[j]) / 1e-5) <= 1e-6);
  }
}

TEST_CASE("conjugate gradients solve the toy operator, two members at once") {
  Cpu<double> cpu(1);
  DiagonalPlusRankOne<double> a{{1, 2, 3, 4, 5}, {1, -1, 0.5, 0, 2}};
  Array<double, 2> b = make_array<double>(2, 5), x = b, ax = b;
  for (std::size_t i = 0; i < b.size(); ++i) b.data()[i] = std::cos(static_cast<double>(i));
  x.fill(0);
  const std::vector<SolveStatus> statuses = solve(cpu, a, view(std::as_const(b)), view(x));
  REQUIRE(statuses.size() == 2);
  a.apply(cpu, view(std::as_const(x)), view(ax));
  for (std::size_t m = 0; m < 2; ++m) {
    CHECK(statuses[m].outcome == SolveOutcome::converged);
    CHECK(statuses[m].iterations <= 6);
  }
  for (std::size_t i = 0; i < b.size(); ++i) CHECK(std::abs(ax.data()[i] - b.data()[i]) <= 1e-5);
}

TEST_CASE("a method that solves moves the models and not theta0; matching takes the toy policies") {
  Cpu<float> cpu(2);
  const Dataset data = gaussian_classes(1, 60, 8, 3);
  const Recipe<> recipe{.descent = {.epochs = 2}, .batch = 10};
  const auto models = train<SmallNet>(cpu, recipe, data, all_but(2, 60, {}));
  const auto logits = evaluate_logits(cpu, models, view(data.inputs));
  const auto problem = make_problem(data, {3, 5}, models, view(logits));

  const auto decayed = unlearn(cpu, Decay{.factor = 0.5}, problem);
  CHECK(decayed.models.theta(1, 7) == 0.5f * models.theta(1, 7));
  CHECK(problem.models.theta(1, 7) == models.theta(1, 7));
  CHECK(decayed.report.samples == std::vector<Index>{0, 0});

  const GaussNewtonMatching<KnowNothing, FirstRetain, IsotropicPrior, LabelLogit> matching{
      .target = {}, .iterations = 20, .steps = 3, .retain_count = 10};
  const auto matched = unlearn(cpu, matching, problem);
  const auto after = evaluate_logits(cpu, matched.models, view(data.inputs));
  for (Index m = 0; m < 2; ++m)
    for (const Index i : problem.forget) {
      const auto label = data.labels[static_cast<std::size_t>(i)];
      CHECK(std::abs(after(m, i, label)) <= 0.3f * std::abs(logits(m, i, label)));
    }
}

TEST_CASE("matching takes the toy prior, and the toy layer under the Kronecker prior") {
  using Scaled = Sequential<KroneckerGain<8>, Linear<8, 3>>;
  Cpu<float> cpu(1);
  const Dataset data = gaussian_classes(1, 60, 8, 3);
  const Recipe<> recipe{.descent = {.epochs = 2}, .batch = 10};
  const auto models = train<Scaled>(cpu, recipe, data, all_but(2, 60, {}));
  const auto logits = evaluate_logits(cpu, models, view(data.inputs));
  const auto problem = make_problem(data, {3, 5}, models, view(logits));
  const auto check = [&](const auto& matching) {
    const auto matched = unlearn(cpu, matching, problem);
    CHECK(matched.report.refused() == 0);
    for (std::size_t m = 0; m < 2; ++m)
      CHECK(matched.report.last_loss[m] < 0.8 * matched.report.first_loss[m]);
    return matched.models.theta(0, 0) - problem.models.theta(0, 0);
  };
  check(GaussNewtonMatching<KnowNothing, FirstRetain>{.target = {}, .retain_count = 10});
  using Loose = GaussNewtonMatching<KnowNothing, FirstRetain, LooseTail>;
  const float held = check(Loose{.target = {}, .retain_count = 10, .prior = {1, 100}});
  const float loose = check(Loose{.target = {}, .retain_count = 10, .prior = {1, 0.01}});
  CHECK(std::abs(held) < std::abs(loose));  // weight 0 moves less where the others are free
}
