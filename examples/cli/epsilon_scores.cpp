#include "cli/epsilon_scores.hpp"

#include <algorithm>

#include "cli/klom_scores.hpp"

namespace expunge::cli {

namespace {

EpsilonResult no_epsilons(Index points, Index retrained, Index unlearned,
                          const EpsilonConfig& config) {
  return {make_array<double>(points),
          make_array<double>(points),
          std::vector<EpsilonAttack>(static_cast<std::size_t>(points)),
          0,
          0,
          retrained,
          unlearned,
          config};
}

void copy_block(const EpsilonResult& block, Index first, EpsilonResult& all) {
  std::copy(block.epsilon.begin(), block.epsilon.end(), all.epsilon.begin() + first);
  std::copy(block.h.begin(), block.h.end(), all.h.begin() + first);
  std::copy(block.attack.begin(), block.attack.end(), all.attack.begin() + first);
  all.bad_points += block.bad_points;
}

/// These rows of margins [models][count].
template <class T>
Array<T, 2> rows_of(const Array<T, 2>& margins, const std::vector<Index>& rows) {
  const Index count = static_cast<Index>(margins.shape()[1]);
  Array<T, 2> picked = make_array<T>(static_cast<Index>(rows.size()), count);
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::copy_n(margins.data() + rows[i] * count, count,
                picked.data() + static_cast<Index>(i) * count);
  return picked;
}

/// At positions of the result.
SplitFigures figures_of(const EpsilonResult& result, const std::vector<Index>& positions,
                        const BootstrapConfig& bootstrap) {
  SplitFigures figures{summarise(result.epsilon, positions), 0, {}, 0};
  std::vector<double> h;
  for (const Index x : positions) {
    h.push_back(result.h(static_cast<std::size_t>(x)));
    figures.quality += h.back();
    figures.h_zero += h.back() == 0;
  }
  figures.quality /= static_cast<double>(h.size());
  figures.interval = mean_interval(h, bootstrap);
  return figures;
}

}  // namespace

void check_models(const ModelOutputs& retrained, const ModelOutputs& unlearned) {
  if (unlearned.points() != retrained.points())
    throw io_error(unlearned.name(), 0,
                   sentence(unlearned.points(), " points, the retrained models of ",
                            retrained.name(), " have ", retrained.points()));
  for (const ModelOutputs* models : {&retrained, &unlearned})
    if (models->models() < 3)
      throw io_error(models->name(), 0,
                     sentence("models: ", models->models(),
                              ", at least 3 are needed for an attack that can fail"));
}

std::vector<Index> points_of(const std::vector<Split>& splits) {
  std::vector<Index> points;
  for (const Split& split : splits)
    points.insert(points.end(), split.points.begin(), split.points.end());
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

Epsilons epsilon_points(ModelOutputs& retrained, ModelOutputs& unlearned, std::vector<Index> points,
                        const EpsilonConfig& config, std::uint64_t seed, const Progress& progress) {
  retrained.keep_points(points);
  unlearned.keep_points(points);
  const Index n = static_cast<Index>(points.size());
  const Index models = retrained.models(), half = models / 2;
  Epsilons all{std::move(points), no_epsilons(n, models, unlearned.models(), config), {}};
  if (half >= 3) all.floor = no_epsilons(n, half, half, config);
  const std::vector<Index> order =
      random_sample(seed, {Purpose::split}, all_indices(models), 2 * half);
  const std::vector<Index> one(order.begin(), order.begin() + half);
  const std::vector<Index> other(order.begin() + half, order.end());
  for_each_block(retrained, unlearned, config.threads, progress,
                 [&](Index first, const auto& r, const auto& u) {
                   copy_block(unlearning_epsilon(r, u, config), first, all.result);
                   if (all.floor)
                     copy_block(unlearning_epsilon(rows_of(r, one), rows_of(r, other), config),
                                first, *all.floor);
                 });
  return all;
}

EpsilonOfSplit score_split(const Epsilons& all, const Split& split,
                           const BootstrapConfig& bootstrap) {
  std::vector<Index> positions;
  for (const Index x : split.points)
    positions.push_back(std::lower_bound(all.points.begin(), all.points.end(), x) -
                        all.points.begin());
  EpsilonOfSplit scored{split.name, static_cast<Index>(positions.size()),
                        0,          figures_of(all.result, positions, bootstrap),
                        {},         {}};
  if (all.floor) scored.floor = figures_of(*all.floor, positions, bootstrap);
  for (const Index x : positions)
    ++scored.attacks[static_cast<std::size_t>(all.result.attack[static_cast<std::size_t>(x)])];
  scored.bad_points = scored.attacks[static_cast<std::size_t>(EpsilonAttack::not_finite)];
  return scored;
}

}  // namespace expunge::cli
