#include "cli/fit_store.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "expunge/attribution/shared_starts.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/evaluation/lds.hpp"

namespace expunge::cli {

namespace {

constexpr Index extra_rows = static_cast<Index>(BlockRow::count);

struct Block {
  Index first, count;
  std::string name(const char* what) const { return sentence(what, "_", first); }
};

std::vector<Block> blocks_of(const FitPlan& plan) {
  std::vector<Block> blocks;
  for (Index first = 0; first < plan.targets; first += plan.block)
    blocks.push_back({first, std::min(plan.block, plan.targets - first)});
  return blocks;
}

/// Progress over all targets from that of one block.
Progress within(const Progress& all, const Block& block, Index targets) {
  if (!all) return {};
  return [&all, &block, targets](Index done, Index total) {
    all(block.first + block.count * done / std::max<Index>(total, 1), targets);
  };
}

/// The block's outputs [models][count], finite, centred by start if asked.
Array<float, 2> read_outputs(const FitPlan& plan, const ModelOutputs& outputs, const Block& block) {
  Array<float, 2> y = outputs.read_columns<float>(block.first, block.count, plan.threads);
  for (Index m = 0; m < outputs.models(); ++m)
    for (Index t = 0; t < block.count; ++t)
      if (const float value = y(static_cast<std::size_t>(m), static_cast<std::size_t>(t));
          !std::isfinite(value))
        throw io_error(outputs.name(), 0,
                       sentence("the output of model ", m, " at target ", block.first + t, " is ",
                                value, "; leave such models or targets out"));
  centre_by_start(view(y), plan.starts, plan.threads);
  return y;
}

class Fitting {
 public:
  Fitting(const FitPlan& plan, const SubsetMasks& masks, const ModelOutputs& outputs,
          const StageStore& store)
      : plan_(plan),
        masks_(model_range(masks, 0, plan.fitted + plan.validated)),
        held_out_(model_range(masks, plan.fitted + plan.validated, plan.held_out)),
        outputs_(outputs),
        store_(store),
        backend_(plan.threads) {}

  void fit(const Lasso& lasso, const std::function<Progress(const std::string&)>& progress) {
    std::optional<LassoPenaltyChoice<float>> choice;
    const Progress choosing = missing("penalties") ? progress("choose penalties") : Progress();
    for (const Block& block : blocks_of(plan_)) {
      penalties(block, [&] {
        if (!choice) choice.emplace(backend_, masks_, lasso.config);
        const Array<float, 2> y = read_outputs(plan_, outputs_, block);
        return choice->choose(backend_, fitted(y), within(choosing, block, plan_.targets));
      });
    }
    if (!missing("effects")) return;
    const Progress fitting = progress("fit");
    const LassoRegression<float> regression =
        choice ? std::move(*choice).regression(backend_, masks_)
               : LassoRegression<float>(backend_, masks_, masks_.models(), lasso.config.solver);
    choice.reset();
    fit_each([&](const auto& y, const Block& block) {
      const Array<float, 2> chosen = penalties(block, [] { return LassoPenalties<float>(); });
      Array<float, 1> lambda = make_array<float>(block.count);
      std::copy_n(chosen.data(), block.count, lambda.data());
      return regression.fit(backend_, y, lambda, within(fitting, block, plan_.targets));
    });
  }

  template <class Estimator>
  void fit(const Estimator& estimator,
           const std::function<Progress(const std::string&)>& progress) {
    if (!missing("effects")) return;
    const Progress fitting = progress("fit");
    const auto prepared = estimator.prepare(backend_, masks_);
    fit_each([&](const auto& y, const Block& block) {
      return prepared.fit(backend_, y, within(fitting, block, plan_.targets));
    });
  }

 private:
  bool missing(const char* what) const {
    for (const Block& block : blocks_of(plan_))
      if (!store_.holds(block.name(what), plan_.key)) return true;
    return false;
  }

  MatrixView<const float> fitted(const Array<float, 2>& y) const {
    return view(y).row_range(0, masks_.models());
  }

  /// Lambda and validation error of a block [2][count], stored or from `choose()`.
  template <class Choose>
  Array<float, 2> penalties(const Block& block, Choose choose) const {
    return store_.get_or_make<float, 2>(block.name("penalties"), plan_.key, [&] {
      const LassoPenalties<float> chosen = choose();
      Array<float, 2> rows = make_array<float>(Index{2}, block.count);
      std::copy(chosen.lambda.begin(), chosen.lambda.end(), rows.data());
      std::copy(chosen.validation_error.begin(), chosen.validation_error.end(),
                rows.data() + block.count);
      return rows;
    });
  }

  /// Fits the missing blocks by fit(outputs, block) and stores them.
  template <class Fit>
  void fit_each(Fit fit) const {
    for (const Block& block : blocks_of(plan_)) {
      if (store_.holds(block.name("effects"), plan_.key)) continue;
      store_.get_or_make<float, 2>(block.name("effects"), plan_.key, [&] {
        const Array<float, 2> y = read_outputs(plan_, outputs_, block);
        return with_rows(fit(fitted(y), block), y);
      });
    }
  }

  /// [examples + 5][count]: the effects and what is said of each target.
  Array<float, 2> with_rows(const Effects<float>& effects, const Array<float, 2>& y) const {
    const Index n = effects.examples(), count = effects.targets();
    Array<float, 2> rows = make_array<float>(n + extra_rows, count);
    std::copy(effects.weights.begin(), effects.weights.end(), rows.data());
    const auto row = [&](BlockRow which) {
      return rows.data() + (n + static_cast<Index>(which)) * count;
    };
    std::copy(effects.intercept.begin(), effects.intercept.end(), row(BlockRow::intercept));
    const float tolerance = solver_tolerance();
    for (Index t = 0; t < count; ++t) {
      const float kkt = effects.kkt_residual.size() > 0 ? effects.kkt_residual.data()[t] : 0;
      Index non_zero = 0;
      for (Index i = 0; i < n; ++i) non_zero += effects.weights.data()[i * count + t] != 0;
      row(BlockRow::kkt_residual)[t] = kkt;
      row(BlockRow::converged)[t] = kkt <= tolerance ? 1 : 0;
      row(BlockRow::non_zero)[t] = static_cast<float>(non_zero);
      row(BlockRow::lds)[t] = std::nanf("");
    }
    if (plan_.held_out >= 2) {
      const Array<float, 2> predicted = predict(backend_, effects, held_out_);
      LdsConfig config;
      config.threads = plan_.threads;
      const LdsResult score =
          lds(predicted, view(y).row_range(masks_.models(), plan_.held_out), config);
      std::copy(score.score.begin(), score.score.end(), row(BlockRow::lds));
    }
    return rows;
  }

  float solver_tolerance() const {
    const Lasso* lasso = std::get_if<Lasso>(&plan_.estimator);
    return lasso != nullptr ? static_cast<float>(lasso->config.solver.tolerance) : 0.0f;
  }

  const FitPlan& plan_;
  SubsetMasks masks_, held_out_;
  const ModelOutputs& outputs_;
  const StageStore& store_;
  Cpu<float> backend_;
};

NpyView open_block(const std::filesystem::path& blocks, const Block& block, const char* what) {
  return NpyView::map(blocks / (block.name(what) + ".npy"));
}

Array<float, 1> joined(const std::filesystem::path& blocks, const FitPlan& plan, const char* what,
                       Index row) {
  Array<float, 1> all = make_array<float>(plan.targets);
  for (const Block& block : blocks_of(plan))
    open_block(blocks, block, what)
        .read(std::array<Index, 2>{row, 0}, block.count, all.data() + block.first);
  return all;
}

}  // namespace

FitMemory fit_memory(const FitPlan& plan, Index examples) {
  const Index models = plan.fitted + plan.validated;
  const double bits =
      static_cast<double>(models + plan.held_out) * static_cast<double>((examples + 63) / 64 * 8);
  std::size_t prepared = 0;
  if (std::holds_alternative<Lasso>(plan.estimator))
    prepared = LassoPenaltyChoice<float>::bytes(plan.fitted, plan.validated, examples) +
               LassoRegression<float>::bytes(models, examples) - correlation_bytes<float>(examples);
  else if (std::holds_alternative<Ridge>(plan.estimator))
    prepared = RidgeRegression<float>::bytes(models, examples);
  else
    prepared = MaskedMeans<float>::bytes(models, examples);
  // outputs, effects twice (with the rows, and on their way), predictions of the held-out models
  const double numbers = static_cast<double>(models + 2 * plan.held_out) +
                         2 * static_cast<double>(examples + extra_rows);
  return {static_cast<double>(prepared) + 2 * bits, 4 * numbers};
}

void fit_blocks(const FitPlan& plan, const SubsetMasks& masks, const ModelOutputs& outputs,
                const StageStore& store,
                const std::function<Progress(const std::string&)>& progress) {
  Fitting fitting(plan, masks, outputs, store);
  std::visit([&](const auto& estimator) { fitting.fit(estimator, progress); }, plan.estimator);
}

void join_effects(const std::filesystem::path& blocks, const FitPlan& plan, Index examples,
                  const std::filesystem::path& file) {
  std::vector<NpyView> views;
  for (const Block& block : blocks_of(plan)) views.push_back(open_block(blocks, block, "effects"));
  AtomicFile out(file);
  out.write(npy_header_bytes<float>({examples, plan.targets}));
  std::vector<float> row(static_cast<std::size_t>(plan.targets));
  for (Index i = 0; i < examples; ++i) {
    float* to = row.data();
    for (const NpyView& view : views) {
      view.read(std::array<Index, 2>{i, 0}, view.extent(1), to);
      to += view.extent(1);
    }
    out.write(row.data(), row.size() * sizeof(float));
  }
  out.commit();
}

Array<float, 1> join_row(const std::filesystem::path& blocks, const FitPlan& plan, Index examples,
                         BlockRow row) {
  return joined(blocks, plan, "effects", examples + static_cast<Index>(row));
}

Array<float, 1> join_penalties(const std::filesystem::path& blocks, const FitPlan& plan,
                               Index row) {
  return joined(blocks, plan, "penalties", row);
}

}  // namespace expunge::cli
