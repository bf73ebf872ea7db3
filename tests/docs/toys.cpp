// The toys of docs/concepts.md, compiled and run once: the page quotes them from here.
#include <doctest/doctest.h>

#include <cmath>

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
struct Scale {
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
};

static_assert(Layer<Scale<4>, Cpu<float>>);
// [end]

// [model]
using SmallNet = Sequential<Linear<8, 16>, Relu<16>, Scale<16>, Linear<16, 3>>;

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
};

static_assert(Loss<SquaredHinge, float>);
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
};

static_assert(OutputFunction<LabelLogit, float>);
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
  Scale<4>::forward(cpu, weights, view(x), view(y), {}, Mode::train);
  Scale<4>::backward(cpu, weights, view(x), view(y), view(y), view(dy), view(dx), view(dtheta));
  double slope = 0;  // of sum(dy * y) with theta
  for (std::size_t i = 0; i < x.size(); ++i) slope += dy.data()[i] * x.data()[i];
  CHECK(std::abs(dtheta(0, 0) - slope) <= 1e-12);
  CHECK(std::abs(dx(0, 1, 2) - 1.7 * dy(0, 1, 2)) <= 1e-12);
}
