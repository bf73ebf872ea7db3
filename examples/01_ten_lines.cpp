// The whole programme on made-up data, in a second or two: train, forget, predict what models
// without the forget set would say, fine-tune towards that, and measure the distance to models that
// truly never saw it.
#include <cstdio>

#include "expunge/expunge.hpp"

using namespace expunge;

namespace {

/// p95 of KLoM over the points, in both directions and of fitted normals. Returns the first.
double print(const char* name, const Array<float, 2>& oracles, const Array<float, 2>& margins,
             const std::vector<Index>& points) {
  const KlomTriple klom = summarise(klom_scores(oracles, margins), points);
  std::printf("%-22s %8.2f %8.2f %9.2f\n", name, klom.forward.p95, klom.reverse.p95,
              klom.gaussian.p95);
  return klom.forward.p95;
}

}  // namespace

int main() {
  // [ten lines]
  using Net = Mlp<32, 32, 4>;                            // inputs, hidden, classes: any model type
  Cpu<float> cpu;                                        // all cores
  const Dataset data = gaussian_classes(1, 300, 32, 4);  // 300 examples; forget the first 50
  Recipe<> recipe{.descent = {.epochs = 15}, .optimizer = {.weight_decay = 0.03}};
  const auto models = train<Net>(cpu, recipe, data, all_but(100, 300, {}));
  const auto logits = evaluate_logits(cpu, models, view(data.inputs));
  const auto problem = make_problem(data, all_indices(50), models, view(logits));

  const SubsetMasks masks = fixed_size_subsets(2, 1000, 300, 0.8);  // 1000 models on 80 % each
  recipe.descent.seed = 4;                                          // they start elsewhere
  const auto said = evaluate_logits(cpu, train<Net>(cpu, recipe, data, masks), view(data.inputs));
  const auto datamodels = fit_datamodels(cpu, DifferenceOfMeans{}, masks, said);
  const DatamodelMatching<Datamodels<float>> method{
      .target = {datamodels}, .learning_rate = 5e-3, .epochs = 10, .batch = 64};
  const auto unlearned = unlearn(cpu, method, problem);
  // [end]

  const auto oracles = retrain<Net>(cpu, recipe, data, problem.forget, 100, /*seed=*/3);
  const auto of_oracles = evaluate_margins(cpu, oracles, data);
  const auto before = evaluate_margins(cpu, models, data);
  const auto after = evaluate_margins(cpu, unlearned.models, data);
  std::printf("KLoM p95 against oracles forward  reverse  Gaussian\n");
  const double nothing = print("forget: do nothing", of_oracles, before, problem.forget);
  const double dmm = print("forget: DMM", of_oracles, after, problem.forget);
  print("retain: do nothing", of_oracles, before, problem.retain);
  print("retain: DMM", of_oracles, after, problem.retain);
  const auto floor_of = [&](const std::vector<Index>& points) {
    return klom_floor(select_points(of_oracles, points), {}).p95;
  };
  std::printf("forget: noise floor    %8.2f\n", floor_of(problem.forget));
  std::printf("retain: noise floor    %8.2f\n", floor_of(problem.retain));
  return dmm < nothing ? 0 : 1;
}
