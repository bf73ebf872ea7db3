// An unlearning method of your own: random labels. One epoch shows the forget examples with wrong
// labels and as many retain examples with their true ones.
#include <cstdio>

#include "expunge/expunge.hpp"

using namespace expunge;

// [objective]
struct RandomLabelsObjective {
  std::vector<Index> forget, retain;
  std::vector<Label> labels;  // of the whole training set, wrong on F
  std::uint64_t seed;

  Index passes(Index) const { return 1; }
  Index batch_size(Index, Index) const { return 32; }
  std::vector<Index> examples(Index member, Index epoch, Index) const {
    const Stream stream{Purpose::retain_sample, static_cast<std::uint32_t>(member)};
    std::vector<Index> mix = random_sample(seed, stream, retain, static_cast<Index>(forget.size()),
                                           static_cast<std::uint64_t>(epoch) << 32);
    mix.insert(mix.end(), forget.begin(), forget.end());
    return mix;
  }
  template <class B>
  void operator()(B& backend, const Minibatch<typename B::Real>& minibatch) const {
    add_loss(backend, CrossEntropy{}, LabelTarget{kept_labels(backend, labels)}, minibatch, 1);
  }
};
// [end]

// [method]
struct RandomLabels {
  double learning_rate = 1e-3;
  Index epochs = 3;
  std::uint64_t seed = 0;

  void validate() const { descent().validate(); }
  DescentConfig descent() const {
    return {.learning_rate = learning_rate, .epochs = epochs, .seed = seed};
  }
  Adam optimizer() const { return {}; }
  ConstantRate schedule() const { return {}; }

  template <class Model, class Real>
  RandomLabelsObjective objective(const Problem<Model, Real>& problem) const {
    std::vector<Label> labels(problem.data.labels, problem.data.labels + problem.data.size());
    for (const Index i : problem.forget) {
      const auto at = static_cast<std::uint64_t>(i);
      const Index step = 1 + random_below(seed, {Purpose::forget_set}, at, Model::classes - 1);
      labels[at] = static_cast<Label>((labels[at] + step) % Model::classes);
    }
    return {problem.forget, problem.retain, std::move(labels), seed};
  }
};
// [end]

int main() {
  using Net = Mlp<32, 32, 4>;
  static_assert(Unlearner<RandomLabels, Net, Cpu<float>>);
  Cpu<float> cpu;
  const Dataset data = gaussian_classes(1, 200, 32, 4);
  const Recipe<> recipe{.descent = {.epochs = 15}, .optimizer = {.weight_decay = 0.03}};
  const auto models = train<Net>(cpu, recipe, data, all_but(100, 200, {}));
  const auto logits = evaluate_logits(cpu, models, view(data.inputs));
  const auto problem = make_problem(data, all_indices(40), models, view(logits));
  const auto oracles =
      evaluate_margins(cpu, retrain<Net>(cpu, recipe, data, problem.forget, 100, /*seed=*/3), data);

  std::printf("epochs  forget  retain   (KLoM p95; 0 epochs is doing nothing)\n");
  Index bad = 0;
  for (const Index epochs : {0, 1, 2, 4, 8}) {
    const auto after =
        epochs == 0 ? models : unlearn(cpu, RandomLabels{.epochs = epochs}, problem).models;
    const KlomResult result = klom(oracles, evaluate_margins(cpu, after, data));
    std::printf("%6td %7.2f %7.2f\n", epochs, summarise(result, problem.forget).p95,
                summarise(result, problem.retain).p95);
    bad += result.bad_points;
  }
  return bad == 0 ? 0 : 1;
}
