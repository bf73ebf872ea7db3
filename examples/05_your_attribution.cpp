// An attribution of your own in place of datamodels: nearest neighbours, which need no subset
// models. A point loses some of the logit of each neighbour's label when that neighbour is
// forgotten:
//
//   change(x)_c = -strength / k  *  how many of the k nearest examples are in F and have label c
//
// A yardstick: an attribution that costs a thousand trainings should beat it.
#include <algorithm>
#include <cstdio>
#include <numeric>
#include <set>

#include "expunge/expunge.hpp"

using namespace expunge;

struct NearestNeighbours {
  const Dataset& points;  // training points, which are also the points asked about
  Index classes;
  Index k = 5;
  float strength = 4;  // logits lost when all k neighbours go

  /// [points][classes]: all that an Attribution must have.
  Array<float, 2> predicted_change(const std::vector<Index>& forget) const {
    const std::set<Index> gone(forget.begin(), forget.end());
    Array<float, 2> change =
        xt::zeros<float>({points.labels.size(), static_cast<std::size_t>(classes)});
    for (Index x = 0; x < points.size(); ++x)
      for (const Index i : neighbours(x))
        if (gone.contains(i))
          change(x, points.labels[static_cast<std::size_t>(i)]) -= strength / static_cast<float>(k);
    return change;
  }

 private:
  std::vector<Index> neighbours(Index x) const {
    const MatrixView<const float> rows = view(points.inputs);
    const auto square = [](float a, float b) { return (a - b) * (a - b); };
    std::vector<std::pair<float, Index>> all;  // squared distance, example
    for (Index i = 0; i < rows.rows; ++i)
      all.emplace_back(std::inner_product(rows.row(i), rows.row(i) + rows.cols, rows.row(x), 0.0f,
                                          std::plus<>(), square),
                       i);
    std::partial_sort(all.begin(), all.begin() + k, all.end());
    std::vector<Index> nearest;
    for (Index n = 0; n < k; ++n) nearest.push_back(all[static_cast<std::size_t>(n)].second);
    return nearest;
  }
};

static_assert(Attribution<NearestNeighbours, float>);

int main() {
  using Net = Mlp<32, 32, 4>;
  Cpu<float> cpu;
  const Dataset data = gaussian_classes(1, 200, 32, 4);
  const Recipe<> recipe{.descent = {.epochs = 15}, .optimizer = {.weight_decay = 0.03}};
  const auto models = train<Net>(cpu, recipe, data, all_but(100, 200, {}));
  const auto logits = evaluate_logits(cpu, models, view(data.inputs));
  const auto problem = make_problem(data, all_indices(40), models, view(logits));

  const NearestNeighbours neighbours{.points = data, .classes = 4};
  const DatamodelMatching<NearestNeighbours> method{
      .target = {neighbours}, .learning_rate = 5e-3, .epochs = 10, .batch = 64};
  const auto unlearned = unlearn(cpu, method, problem);

  const auto oracles =
      evaluate_margins(cpu, retrain<Net>(cpu, recipe, data, problem.forget, 100, /*seed=*/3), data);
  const KlomResult before = klom(oracles, evaluate_margins(cpu, models, data));
  const KlomResult after = klom(oracles, evaluate_margins(cpu, unlearned.models, data));
  std::printf("mean KLoM           forget   retain\n");
  const auto print = [&](const char* name, const KlomResult& klom) {
    std::printf("%-18s  %6.2f   %6.2f\n", name, summarise(klom, problem.forget).mean,
                summarise(klom, problem.retain).mean);
  };
  print("do nothing", before);
  print("nearest neighbours", after);
  return summarise(after, problem.forget).mean < summarise(before, problem.forget).mean ? 0 : 1;
}
