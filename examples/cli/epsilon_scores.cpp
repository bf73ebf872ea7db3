#include "cli/epsilon_scores.hpp"

#include <algorithm>

#include "cli/input_checks.hpp"
#include "cli/klom_scores.hpp"
#include "expunge/evaluation/klom_floor.hpp"
#include "expunge/evaluation/sound_points.hpp"

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
  add_runaways(all.runaways, block.runaways, first);
}

/// No floor where a retrained model [models][points] is not finite or ran away, though a draw may
/// miss that model.
template <class A>
void leave_out_broken(const A& retrained, Index first, EpsilonResult& floor) {
  const std::vector<Index> sound = sound_points(retrained, floor.config.threads);
  auto next = sound.begin();
  for (Index x = 0; x < static_cast<Index>(retrained.shape()[1]); ++x) {
    if (next != sound.end() && *next == x) {
      ++next;
      continue;
    }
    const std::size_t at = static_cast<std::size_t>(first + x);
    floor.attack[at] = EpsilonAttack::not_finite;
    floor.epsilon(at) = floor.config.cap;
    floor.h(at) = 0;
  }
}

/// Where the result has an epsilon.
std::vector<Index> finite_positions(const EpsilonResult& result,
                                    const std::vector<Index>& positions) {
  std::vector<Index> finite;
  for (const Index x : positions)
    if (result.attack[static_cast<std::size_t>(x)] != EpsilonAttack::not_finite)
      finite.push_back(x);
  return finite;
}

/// For draws of its own in every block of points, which begins at `first`.
std::uint64_t block_seed(std::uint64_t seed, Index first) {
  constexpr Stream stream{Purpose::noise_floor, ~std::uint32_t{0}};
  return first == 0 ? seed : random_word(seed, stream, static_cast<std::uint64_t>(first));
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
  require_same_points(retrained, unlearned, "the retrained models");
  for (const ModelOutputs* models : {&retrained, &unlearned})
    if (models->models() < 3)
      throw io_error(models->name(),
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
  const Index models = retrained.models();
  FloorConfig floor{models, unlearned.models(), 1, seed};
  Epsilons all{std::move(points), no_epsilons(n, models, unlearned.models(), config),
               no_epsilons(n, models, unlearned.models(), config),
               detail::floor_method(models, floor)};
  for_each_block(retrained, unlearned, config.threads, progress,
                 [&](Index first, const auto& r, const auto& u) {
                   copy_block(unlearning_epsilon(r, u, config), first, all.result);
                   floor.seed = block_seed(seed, first);
                   detail::for_each_floor_pair(
                       r, floor, config.threads, [&](const auto& one, const auto& other) {
                         copy_block(unlearning_epsilon(one, other, config), first, all.floor);
                       });
                   leave_out_broken(r, first, all.floor);
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
  const std::vector<Index> finite = finite_positions(all.floor, positions);
  scored.floor_left_out = static_cast<Index>(positions.size() - finite.size());
  if (!finite.empty()) scored.floor = figures_of(all.floor, finite, bootstrap);
  for (const Index x : positions)
    ++scored.attacks[static_cast<std::size_t>(all.result.attack[static_cast<std::size_t>(x)])];
  scored.bad_points = scored.attacks[static_cast<std::size_t>(EpsilonAttack::not_finite)];
  return scored;
}

}  // namespace expunge::cli
