// An output function of your own: what is attributed, matched and scored. Here the centred logit of
// the label, one number instead of all k logits:
//
//   f(z) = z_y - 1/k sum_j z_j,      df/dz_j = 1[j = y] - 1/k
//
// Datamodels of one number per point are k times cheaper than those of all logits, and say nothing
// about the other classes. Prefer numbers without a ceiling: effects add up, so the log-probability
// of the label, which ends at 0, makes a poor choice.
#include <cstdio>

#include "expunge/expunge.hpp"

using namespace expunge;

struct CentredLogit {
  EXPUNGE_HD static constexpr Index outputs(Index) { return 1; }

  template <class Real>
  EXPUNGE_HD void value(const Real* z, Index k, Label y, Real* out) const {
    Real sum = 0;
    for (Index j = 0; j < k; ++j) sum += z[j];
    out[0] = z[y] - sum / static_cast<Real>(k);
  }
  /// Adds (d out / d z)' dout to dz.
  template <class Real>
  EXPUNGE_HD void pullback(const Real*, Index k, Label y, const Real* dout, Real* dz) const {
    for (Index j = 0; j < k; ++j) dz[j] -= dout[0] / static_cast<Real>(k);
    dz[y] += dout[0];
  }
};

static_assert(OutputFunction<CentredLogit, float>);

int main() {
  using Net = Mlp<32, 32, 4>;
  Cpu<float> cpu;
  const Dataset data = gaussian_classes(1, 200, 32, 4);
  const Label* labels = data.labels.data();
  const Recipe<> recipe{.descent = {.epochs = 15}, .optimizer = {.weight_decay = 0.03}};
  const auto models = train<Net>(cpu, recipe, data, all_but(100, 200, {}));
  const auto logits = evaluate_logits(cpu, models, view(data.inputs));
  const auto problem = make_problem(data, all_indices(40), models, view(logits));

  // Attribute it: [models][points][1] instead of [models][points][k].
  const SubsetMasks masks = fixed_size_subsets(2, 600, 200, 0.8);
  const auto said = evaluate_logits(cpu, train<Net>(cpu, recipe, data, masks), view(data.inputs));
  const auto datamodels = fit_datamodels(cpu, DifferenceOfMeans{}, masks,
                                         evaluate_output(CentredLogit{}, said, labels));

  // Match it.
  const DatamodelMatching<Datamodels<float>, CentredLogit> method{
      .target = {datamodels}, .learning_rate = 5e-3, .epochs = 10, .batch = 64};
  const auto unlearned = unlearn(cpu, method, problem);

  // Score it: KLoM takes any number per point.
  const auto of = [&](const auto& ensemble) {
    return evaluate_margins(cpu, ensemble, data, CentredLogit{});
  };
  const auto oracles = of(retrain<Net>(cpu, recipe, data, problem.forget, 100, /*seed=*/3));
  const auto p95 = [&](const Array<float, 2>& outputs, const std::vector<Index>& split) {
    return summarise(klom(oracles, outputs), split).p95;
  };
  std::printf("KLoM p95 of centred logits       forget   retain\n");
  std::printf("do nothing                    %8.2f %8.2f\n", p95(of(models), problem.forget),
              p95(of(models), problem.retain));
  std::printf("DMM on centred logits         %8.2f %8.2f\n",
              p95(of(unlearned.models), problem.forget), p95(of(unlearned.models), problem.retain));
  return p95(of(unlearned.models), problem.forget) < p95(of(models), problem.forget) ? 0 : 1;
}
