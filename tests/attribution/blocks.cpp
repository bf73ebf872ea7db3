// Preparations that depend on the masks alone, and the blocks of targets that they fit.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "expunge/attribution/lasso.hpp"
#include "expunge/attribution/ridge.hpp"
#include "expunge/backend/cpu.hpp"
#include "problem.hpp"

using namespace expunge;

namespace {

constexpr Index models = 150, targets = 230;

template <class T>
bool same_bytes(const T* a, const T* b, Index count) {
  return std::memcmp(a, b, static_cast<std::size_t>(count) * sizeof(T)) == 0;
}

/// One number a target, or none.
template <class Real>
void check_part(const Array<Real, 1>& all, const Array<Real, 1>& part, Index first, Index count) {
  CHECK(all.size() == (part.size() > 0 ? static_cast<std::size_t>(targets) : 0));
  if (part.size() > 0) CHECK(same_bytes(all.data() + first, part.data(), count));
}

/// Calls check(first, block of outputs) for blocks of 64, of 100, and of one target.
template <class Real, class Check>
void in_blocks(const Array<Real, 2>& y, Check check) {
  for (const Index width : {Index{64}, Index{100}, Index{1}})
    for (Index first = 0; first < targets; first += width)
      check(first, view(y).columns(first, std::min(width, targets - first)));
}

/// fit(outputs) of blocks against fit(outputs) of all targets.
template <class Real, class Fit>
void check_blocks(const Array<Real, 2>& y, Fit fit) {
  const Effects<Real> all = fit(0, view(y));
  Index sweeps = 0, converged = 0;
  in_blocks(y, [&](Index first, MatrixView<const Real> block) {
    const Effects<Real> part = fit(first, block);
    for (Index i = 0; i < all.examples(); ++i)
      CHECK(same_bytes(&all.weights(static_cast<std::size_t>(i), static_cast<std::size_t>(first)),
                       &part.weights(static_cast<std::size_t>(i), 0), block.cols));
    check_part(all.intercept, part.intercept, first, block.cols);
    check_part(all.lambda, part.lambda, first, block.cols);
    check_part(all.kkt_residual, part.kkt_residual, first, block.cols);
    sweeps += part.sweeps;
    converged += part.targets_converged;
  });
  CHECK(sweeps == 3 * all.sweeps);
  CHECK(converged == 3 * all.targets_converged);
}

template <class Real>
void check_all_estimators() {
  const Cpu<Real> backend(2);
  const SubsetMasks masks = bernoulli_subsets(3, models, 90, 0.6);
  const Array<Real, 2> y = test::planted_outputs<Real>(masks, targets, 0.6);
  const MaskedMeans<Real> means(backend, masks);
  check_blocks(y, [&](Index, auto block) { return means.fit(backend, block); });
  const RidgeRegression<Real> ridge(backend, masks, {.lambda = 0.1});
  check_blocks(y, [&](Index, auto block) { return ridge.fit(backend, block); });
  const PlugInLassoRegression<Real> plug_in(backend, masks);
  check_blocks(y, [&](Index, auto block) { return plug_in.fit(backend, block); });
  const LassoPenaltyChoice<Real> choice(backend, masks);
  const LassoPenalties<Real> chosen = choice.choose(backend, y);
  in_blocks(y, [&](Index first, MatrixView<const Real> block) {
    const LassoPenalties<Real> part = choice.choose(backend, block);
    check_part(chosen.lambda, part.lambda, first, block.cols);
    check_part(chosen.validation_error, part.validation_error, first, block.cols);
  });
  const LassoRegression<Real> lasso(backend, masks, choice.models());
  check_blocks(y, [&](Index first, auto block) {
    Array<Real, 1> lambda = make_array<Real>(block.cols);
    std::copy_n(chosen.lambda.data() + first, block.cols, lambda.data());
    return lasso.fit(backend, block, lambda);
  });
}

}  // namespace

TEST_CASE("the effects and the penalty of a target do not depend on its block, to the bit") {
  check_all_estimators<float>();
  check_all_estimators<double>();
}

template <class E>
void check_prepared(const E& estimator) {
  const Cpu<float> backend(1);
  const SubsetMasks masks = fixed_size_subsets(3, models, 70, 0.5);
  const Array<float, 2> y = test::planted_outputs<float>(masks, 5, 0.6);
  const auto prepared = estimator.prepare(backend, masks);
  const Effects<float> once = estimator.fit(backend, masks, y), again = prepared.fit(backend, y);
  CHECK(once.weights == again.weights);
  CHECK(once.intercept == again.intercept);
  CHECK(once.lambda == again.lambda);
  CHECK(prepared.models() == models);
  CHECK(prepared.examples() == 70);
  CHECK(prepared.fit(backend, view(y).columns(0, 0)).targets() == 0);
  CHECK_THROWS_AS((void)prepared.fit(backend, view(y).row_range(0, models - 1)),
                  std::invalid_argument);
  CHECK_THROWS_AS((void)estimator.prepare(backend, SubsetMasks(1, 70)), std::invalid_argument);
  CHECK_THROWS_AS((void)estimator.prepare(backend, SubsetMasks(0, 0)), std::invalid_argument);
  Array<float, 2> bad = y;
  bad(17, 3) = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS((void)prepared.fit(backend, bad), std::invalid_argument);
  CHECK(prepared.fit(backend, y).weights == once.weights);
}

TEST_CASE("a preparation fits what its estimator fits, again and again, and refuses other shapes") {
  check_prepared(DifferenceOfMeans{});
  check_prepared(Ridge{{.lambda = 0.3}});
  check_prepared(PlugInLasso{});
}

TEST_CASE("the two phases one by one, with a Gram matrix each, give what Lasso gives") {
  const Cpu<float> backend(2);
  const SubsetMasks masks = fixed_size_subsets(3, models, 70, 0.5);
  Array<float, 2> y = test::planted_outputs<float>(masks, 30, 0.6);
  const LassoConfig config{.fit_models = 100, .validation_models = 30};
  const Effects<float> once = Lasso{config}.fit(backend, masks, y);
  const LassoPenaltyChoice<float> choice(backend, masks, config);
  CHECK(choice.models() == 130);
  for (Index m = 130; m < models; ++m) y(m, 4) = std::nanf("");  // never read
  const LassoPenalties<float> chosen = choice.choose(backend, y);
  const LassoRegression<float> regression(backend, masks, choice.models());
  const Effects<float> twice = regression.fit(backend, y, chosen.lambda);
  CHECK(once.lambda == chosen.lambda);
  CHECK(once.validation_error == chosen.validation_error);
  CHECK(once.weights == twice.weights);
  CHECK(once.intercept == twice.intercept);
  CHECK(once.kkt_residual == twice.kkt_residual);
  y(110, 4) = std::nanf("");
  CHECK_THROWS_WITH((void)choice.choose(backend, y),
                    "Lasso: the output of model 110 at target 4 is nan");
}

namespace {

/// Correlations of 120 models from those of the first 70, against those counted anew. Example 0 is
/// seen by none of the first, 1 by all of them, 2 by none at all, 3 by all.
template <class Real>
void check_extension(Index examples) {
  const Cpu<Real> backend(2);
  SubsetMasks masks = bernoulli_subsets(8, 120, examples, 0.4);
  for (Index m = 0; m < 120; ++m) {
    if (m < 70) masks.erase(m, 0), masks.insert(m, 1);
    masks.erase(m, 2);
    masks.insert(m, 3);
    if (masks.contains(m, 4))
      masks.insert(m, 5);
    else
      masks.erase(m, 5);  // a copy: correlation 1
  }
  const MaskColumns before(masks, 0, 70), added(masks, 70, 50), all(masks);
  Array<Real, 2> gram = mask_correlations(backend, before);
  extend_correlations(backend, before, added, all, gram);
  const Array<Real, 2> anew = mask_correlations(backend, all);
  CHECK(same_bytes(gram.data(), anew.data(), examples * examples));
  CHECK(std::abs(anew(4, 5) - 1) <= 1e-6);
  CHECK_THROWS_AS(extend_correlations(backend, before, before, all, gram), std::invalid_argument);
  CHECK_THROWS_AS(extend_correlations(backend, added, MaskColumns(masks, 0, 70), all,
                                      gram = make_array<Real>(2, 2)),
                  std::invalid_argument);
}

}  // namespace

TEST_CASE("a correlation matrix extended by models equals one counted anew, to the bit") {
  for (const Index examples : {6, 16, 81}) {
    check_extension<float>(examples);
    check_extension<double>(examples);
  }
}

TEST_CASE("penalties that do not belong to the outputs are refused") {
  const Cpu<float> backend(1);
  const SubsetMasks masks = fixed_size_subsets(3, 40, 20, 0.5);
  const Array<float, 2> y = test::planted_outputs<float>(masks, 3, 0.6);
  const LassoRegression<float> regression(backend, masks, 30);
  Array<float, 1> lambda = make_array<float>(3);
  lambda.fill(0.1F);
  CHECK(regression.fit(backend, y, lambda).targets_converged == 3);
  CHECK_THROWS_WITH((void)regression.fit(backend, y, make_array<float>(2)),
                    "LassoRegression: 2 lambdas for 3 targets");
  CHECK_THROWS_WITH((void)regression.fit(backend, view(y).row_range(0, 30), lambda),
                    "LassoRegression: masks of 40 models, outputs of 30");
  for (const float bad : {-1.0F, std::nanf(""), std::numeric_limits<float>::infinity()}) {
    lambda(1) = bad;
    CHECK_THROWS_AS((void)regression.fit(backend, y, lambda), std::invalid_argument);
  }
  CHECK_THROWS_AS(LassoRegression<float>(backend, masks, 41), std::invalid_argument);
  CHECK_THROWS_AS(LassoRegression<float>(backend, masks, 1), std::invalid_argument);
  CHECK_THROWS_AS(
      LassoPenaltyChoice<float>(backend, masks, {.fit_models = 39, .validation_models = 2}),
      std::invalid_argument);
  CHECK_THROWS_AS(LassoPenaltyChoice<float>(backend, SubsetMasks(4, 20)), std::invalid_argument);
}

TEST_CASE("what a preparation occupies is known before it is made") {
  const std::size_t gram = std::size_t{4} * 10000 * 10000, bits = std::size_t{313} * 8 * 10000;
  for (const std::size_t bytes :
       {LassoRegression<float>::bytes(20000, 10000), RidgeRegression<float>::bytes(20000, 10000),
        PlugInLassoRegression<float>::bytes(20000, 10000)}) {
    CHECK(bytes >= gram + 2 * bits);
    CHECK(bytes <= gram + 2 * bits + 1000000);
  }
  CHECK(MaskedMeans<float>::bytes(20000, 10000) + gram ==
        RidgeRegression<float>::bytes(20000, 10000));
  CHECK(RidgeRegression<double>::bytes(20000, 10000) ==
        RidgeRegression<float>::bytes(20000, 10000) + gram);
  CHECK(LassoPenaltyChoice<float>::bytes(18000, 2000, 10000) ==
        LassoRegression<float>::bytes(18000, 10000) + 2000 * 10000);
}
