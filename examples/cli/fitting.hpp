// The regression of expunge fit on a backend, block by block (fit_store.hpp): compiled once for the
// CPU and once, by nvcc, for a GPU.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>

#include "cli/fit_store.hpp"
#include "expunge/attribution/shared_starts.hpp"
#include "expunge/evaluation/lds.hpp"

namespace expunge::cli {

inline constexpr Index block_targets = 64;

/// Targets [first, first + count).
struct Targets {
  Index first, count;
  std::string name(const char* what) const { return sentence(what, "_", first); }
};

inline std::vector<Targets> blocks_of(Targets range) {
  std::vector<Targets> blocks;
  for (Index first = range.first; first < range.first + range.count; first += block_targets)
    blocks.push_back({first, std::min(block_targets, range.first + range.count - first)});
  return blocks;
}

/// Progress over all targets from that of some.
inline Progress within(const Progress& all, const Targets& some, Index targets) {
  if (!all) return {};
  return [&all, &some, targets](Index done, Index total) {
    all(some.first + some.count * done / std::max<Index>(total, 1), targets);
  };
}

/// Outputs [models][count], finite, in double whatever the file's type is, so that they can be
/// centred before anything is rounded; those of the models that are fitted centred by start if
/// asked.
inline Array<double, 2> read_outputs(const FitPlan& plan, const ModelOutputs& outputs,
                                     Targets some) {
  Array<double, 2> y = outputs.read_columns<double>(some.first, some.count, plan.threads);
  for (Index m = 0; m < outputs.models(); ++m)
    for (Index t = 0; t < some.count; ++t)
      if (const double value = y(static_cast<std::size_t>(m), static_cast<std::size_t>(t));
          !std::isfinite(value))
        throw io_error(outputs.name(), 0,
                       sentence("the output of model ", m, " at target ", some.first + t, " is ",
                                value, ", and a fit needs finite outputs"));
  centre_by_start(view(y).row_range(0, plan.used()), plan.starts, plan.threads);
  return y;
}

/// What one run of the command fits on backend B, which computes in float.
template <class B>
class Fitting {
 public:
  Fitting(const B& backend, const FitPlan& plan, const SubsetMasks& masks,
          const ModelOutputs& outputs, FitStore& store)
      : plan_(plan),
        masks_(model_range(masks, 0, plan.used())),
        held_out_(model_range(masks, plan.used(), plan.held_out)),
        outputs_(outputs),
        store_(store),
        backend_(backend) {}

  /// Fits what the store lacks by the plan's estimator.
  void run(const std::function<Progress(const std::string&)>& progress) {
    std::visit([&](const auto& estimator) { fit(estimator, progress); }, plan_.estimator);
  }

 private:
  void fit(const Lasso& lasso, const std::function<Progress(const std::string&)>& progress) {
    std::optional<LassoPenaltyChoice<float>> choice = choose(lasso, progress);
    const std::vector<Targets> left = missing({"effects", "figures"});
    if (left.empty()) return;
    const Progress fitting = progress("fit");
    const LassoRegression<float> regression =
        choice ? std::move(*choice).regression(backend_, masks_)
               : LassoRegression<float>(backend_, masks_, masks_.models(), lasso.config.solver);
    choice.reset();
    fit_each(left, [&](const auto& y, const Targets& some) {
      return regression.fit(backend_, y, stored_lambda(some), within(fitting, some, plan_.targets));
    });
  }

  template <class Estimator>
  void fit(const Estimator& estimator,
           const std::function<Progress(const std::string&)>& progress) {
    const std::vector<Targets> left = missing({"effects", "figures"});
    if (left.empty()) return;
    const Progress fitting = progress("fit");
    const auto prepared = estimator.prepare(backend_, masks_);
    fit_each(left, [&](const auto& y, const Targets& some) {
      return prepared.fit(backend_, y, within(fitting, some, plan_.targets));
    });
  }

  /// Neighbouring blocks of which the store lacks a part, together at most the plan's width.
  std::vector<Targets> missing(std::initializer_list<const char*> parts) const {
    std::vector<Targets> found;
    for (const Targets& block : blocks_of({0, plan_.targets})) {
      const auto is_stored = [&](const char* part) {
        return store_.holds(block.name(part), plan_.key);
      };
      if (std::all_of(parts.begin(), parts.end(), is_stored)) continue;
      const bool joins = !found.empty() && found.back().first + found.back().count == block.first &&
                         found.back().count + block.count <= plan_.width;
      if (joins)
        found.back().count += block.count;
      else
        found.push_back(block);
    }
    return found;
  }

  /// Chooses the penalties that the store lacks; what was prepared for it, if anything was.
  std::optional<LassoPenaltyChoice<float>> choose(
      const Lasso& lasso, const std::function<Progress(const std::string&)>& progress) const {
    std::optional<LassoPenaltyChoice<float>> choice;
    const std::vector<Targets> left = missing({"penalties"});
    if (left.empty()) return choice;
    const Progress choosing = progress("choose penalties");
    choice.emplace(backend_, masks_, lasso.config);
    for (const Targets& some : left) {
      const Array<double, 2> y = read_outputs(plan_, outputs_, some);
      const LassoPenalties<float> chosen =
          choice->choose(backend_, fitted(y), within(choosing, some, plan_.targets));
      Array<double, 2> rows = make_array<double>(Index{2}, some.count);
      std::copy(chosen.lambda.begin(), chosen.lambda.end(), rows.data());
      std::copy(chosen.validation_error.begin(), chosen.validation_error.end(),
                rows.data() + some.count);
      store("penalties", some, rows);
    }
    return choice;
  }

  MatrixView<const double> fitted(const Array<double, 2>& y) const {
    return view(y).row_range(0, masks_.models());
  }

  /// Stores rows [r][count] of these targets, block by block.
  template <class T>
  void store(const char* what, Targets some, const Array<T, 2>& rows) const {
    const MatrixView<const T> all = view(rows);
    for (const Targets& block : blocks_of(some)) {
      store_.stages().get_or_make<T, 2>(block.name(what), plan_.key, [&] {
        Array<T, 2> part = make_array<T>(all.rows, block.count);
        for (Index r = 0; r < all.rows; ++r)
          std::copy_n(all.row(r) + block.first - some.first, block.count,
                      part.data() + r * block.count);
        return part;
      });
    }
  }

  Array<float, 1> stored_lambda(Targets some) const {
    Array<float, 1> lambda = make_array<float>(some.count);
    for (const Targets& block : blocks_of(some)) {
      const Array<double, 2> rows = store_.stages().get_or_make<double, 2>(
          block.name("penalties"), plan_.key, [&]() -> Array<double, 2> {
            throw io_error(store_.stages().path(block.name("penalties")).string(),
                           "this block is gone: did another program change the folder? Start the "
                           "same command again, and it is made again");
          });
      for (Index t = 0; t < block.count; ++t)  // they were written as float
        lambda.data()[block.first - some.first + t] = static_cast<float>(rows.data()[t]);
    }
    return lambda;
  }

  /// Fits targets by fit(outputs, targets) and stores them, the figures last.
  template <class Fit>
  void fit_each(const std::vector<Targets>& left, Fit fit) const {
    for (const Targets& some : left) {
      const Array<double, 2> y = read_outputs(plan_, outputs_, some);
      const Effects<float> effects = fit(fitted(y), some);
      store("effects", some, effects.weights);
      store("figures", some, figures_of(effects, y));
    }
  }

  /// [figures][count]: what is said of each target.
  Array<double, 2> figures_of(const Effects<float>& effects, const Array<double, 2>& y) const {
    const Index n = effects.examples(), count = effects.targets();
    Array<double, 2> rows = make_array<double>(static_cast<Index>(Figure::count), count);
    const auto row = [&](Figure which) { return rows.data() + static_cast<Index>(which) * count; };
    std::copy(effects.intercept.begin(), effects.intercept.end(), row(Figure::intercept));
    std::fill_n(row(Figure::kkt_residual), count, 0.0);
    std::copy(effects.kkt_residual.begin(), effects.kkt_residual.end(), row(Figure::kkt_residual));
    for (Index t = 0; t < count; ++t) {
      Index non_zero = 0;
      for (Index i = 0; i < n; ++i) non_zero += effects.weights.data()[i * count + t] != 0;
      row(Figure::non_zero)[t] = static_cast<double>(non_zero);
      row(Figure::lds)[t] = std::nan("");
    }
    if (plan_.held_out >= 2) {
      const Array<double, 2> predicted = predict(backend_, effects, held_out_);
      const LdsScores scores =
          lds_scores(predicted, view(y).row_range(masks_.models(), plan_.held_out), plan_.threads);
      std::copy(scores.score.begin(), scores.score.end(), row(Figure::lds));
    }
    return rows;
  }

  const FitPlan& plan_;
  SubsetMasks masks_, held_out_;
  const ModelOutputs& outputs_;
  FitStore& store_;
  const B& backend_;
};

}  // namespace expunge::cli
