#include "cli/fit_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "expunge/attribution/shared_starts.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/evaluation/lds.hpp"
#include "expunge/io/npy_view.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

constexpr Index extra_rows = static_cast<Index>(BlockRow::count);
constexpr Index block_targets = 64;

/// Targets [first, first + count).
struct Targets {
  Index first, count;
  std::string name(const char* what) const { return sentence(what, "_", first); }
};

std::vector<Targets> blocks_of(Targets range) {
  std::vector<Targets> blocks;
  for (Index first = range.first; first < range.first + range.count; first += block_targets)
    blocks.push_back({first, std::min(block_targets, range.first + range.count - first)});
  return blocks;
}

/// Progress over all targets from that of some.
Progress within(const Progress& all, const Targets& some, Index targets) {
  if (!all) return {};
  return [&all, &some, targets](Index done, Index total) {
    all(some.first + some.count * done / std::max<Index>(total, 1), targets);
  };
}

/// Outputs [models][count], finite; those of the models that are fitted centred by start if asked.
Array<float, 2> read_outputs(const FitPlan& plan, const ModelOutputs& outputs, Targets some) {
  Array<float, 2> y = outputs.read_columns<float>(some.first, some.count, plan.threads);
  for (Index m = 0; m < outputs.models(); ++m)
    for (Index t = 0; t < some.count; ++t)
      if (const float value = y(static_cast<std::size_t>(m), static_cast<std::size_t>(t));
          !std::isfinite(value))
        throw io_error(outputs.name(), 0,
                       sentence("the output of model ", m, " at target ", some.first + t, " is ",
                                value, ", and a fit needs finite outputs"));
  centre_by_start(view(y).row_range(0, plan.used()), plan.starts, plan.threads);
  return y;
}

class Fitting {
 public:
  Fitting(const FitPlan& plan, const SubsetMasks& masks, const ModelOutputs& outputs,
          const StageStore& store)
      : plan_(plan),
        masks_(model_range(masks, 0, plan.used())),
        held_out_(model_range(masks, plan.used(), plan.held_out)),
        outputs_(outputs),
        store_(store),
        backend_(plan.threads) {}

  void fit(const Lasso& lasso, const std::function<Progress(const std::string&)>& progress) {
    std::optional<LassoPenaltyChoice<float>> choice = choose(lasso, progress);
    const std::vector<Targets> left = missing("effects");
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
    const std::vector<Targets> left = missing("effects");
    if (left.empty()) return;
    const Progress fitting = progress("fit");
    const auto prepared = estimator.prepare(backend_, masks_);
    fit_each(left, [&](const auto& y, const Targets& some) {
      return prepared.fit(backend_, y, within(fitting, some, plan_.targets));
    });
  }

 private:
  /// Neighbouring blocks that the store lacks, together at most the plan's width.
  std::vector<Targets> missing(const char* what) const {
    std::vector<Targets> found;
    for (const Targets& block : blocks_of({0, plan_.targets})) {
      if (store_.holds(block.name(what), plan_.key)) continue;
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
    const std::vector<Targets> left = missing("penalties");
    if (left.empty()) return choice;
    const Progress choosing = progress("choose penalties");
    choice.emplace(backend_, masks_, lasso.config);
    for (const Targets& some : left) {
      const Array<float, 2> y = read_outputs(plan_, outputs_, some);
      const LassoPenalties<float> chosen =
          choice->choose(backend_, fitted(y), within(choosing, some, plan_.targets));
      Array<float, 2> rows = make_array<float>(Index{2}, some.count);
      std::copy(chosen.lambda.begin(), chosen.lambda.end(), rows.data());
      std::copy(chosen.validation_error.begin(), chosen.validation_error.end(),
                rows.data() + some.count);
      store("penalties", some, rows);
    }
    return choice;
  }

  MatrixView<const float> fitted(const Array<float, 2>& y) const {
    return view(y).row_range(0, masks_.models());
  }

  /// Stores rows [r][count] of these targets, block by block.
  void store(const char* what, Targets some, const Array<float, 2>& rows) const {
    const MatrixView<const float> all = view(rows);
    for (const Targets& block : blocks_of(some)) {
      store_.get_or_make<float, 2>(block.name(what), plan_.key, [&] {
        Array<float, 2> part = make_array<float>(all.rows, block.count);
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
      const Array<float, 2> rows =
          store_.get_or_make<float, 2>(block.name("penalties"), plan_.key, []() -> Array<float, 2> {
            throw io_error("blocks", 0, "penalties are gone: another program changed the folder");
          });
      std::copy_n(rows.data(), block.count, lambda.data() + block.first - some.first);
    }
    return lambda;
  }

  /// Fits targets by fit(outputs, targets) and stores them.
  template <class Fit>
  void fit_each(const std::vector<Targets>& left, Fit fit) const {
    for (const Targets& some : left) {
      const Array<float, 2> y = read_outputs(plan_, outputs_, some);
      store("effects", some, with_rows(fit(fitted(y), some), y));
    }
  }

  /// [examples + 4][count]: the effects and what is said of each target.
  Array<float, 2> with_rows(const Effects<float>& effects, const Array<float, 2>& y) const {
    const Index n = effects.examples(), count = effects.targets();
    Array<float, 2> rows = make_array<float>(n + extra_rows, count);
    std::copy(effects.weights.begin(), effects.weights.end(), rows.data());
    const auto row = [&](BlockRow which) {
      return rows.data() + (n + static_cast<Index>(which)) * count;
    };
    std::copy(effects.intercept.begin(), effects.intercept.end(), row(BlockRow::intercept));
    for (Index t = 0; t < count; ++t) {
      Index non_zero = 0;
      for (Index i = 0; i < n; ++i) non_zero += effects.weights.data()[i * count + t] != 0;
      row(BlockRow::kkt_residual)[t] =
          effects.kkt_residual.size() > 0 ? effects.kkt_residual.data()[t] : 0;
      row(BlockRow::non_zero)[t] = static_cast<float>(non_zero);
      row(BlockRow::lds)[t] = std::nanf("");
    }
    if (plan_.held_out >= 2) {
      const Array<float, 2> predicted = predict(backend_, effects, held_out_);
      const LdsScores scores =
          lds_scores(predicted, view(y).row_range(masks_.models(), plan_.held_out), plan_.threads);
      std::copy(scores.score.begin(), scores.score.end(), row(BlockRow::lds));
    }
    return rows;
  }

  const FitPlan& plan_;
  SubsetMasks masks_, held_out_;
  const ModelOutputs& outputs_;
  const StageStore& store_;
  Cpu<float> backend_;
};

/// The stored blocks of one kind, checked to be of this fit.
std::vector<NpyView> open_blocks(const FitPlan& plan, const FitStore& store, const char* what) {
  std::vector<NpyView> views;
  for (const Targets& block : blocks_of({0, plan.targets})) {
    const fs::path file = store.folder() / (block.name(what) + ".npy");
    if (!store.stages().holds(block.name(what), plan.key))
      throw io_error(file.string(), 0, "this block is of another fit, or gone");
    views.push_back(NpyView::map(file));
  }
  return views;
}

/// Row `row` of all blocks, one after the other.
Array<float, 1> join_row(const std::vector<NpyView>& views, Index targets, Index row) {
  Array<float, 1> all = make_array<float>(targets);
  float* to = all.data();
  for (const NpyView& view : views) {
    view.read(std::array<Index, 2>{row, 0}, view.extent(1), to);
    to += view.extent(1);
  }
  return all;
}

/// Removes files that AtomicFile left when its program was killed.
void remove_partial_files(const fs::path& folder) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().extension() == ".partial") fs::remove(entry.path(), ignored);
}

}  // namespace

FitStore::FitStore(const fs::path& out) : folder_(out / "blocks"), stages_(folder_) {
  lock_ = ::open((folder_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (lock_ >= 0) ::close(lock_);
    throw io_error(folder_.string(), 0, "another fit writes into this folder");
  }
  remove_partial_files(folder_);
  remove_partial_files(out);
}

FitStore::~FitStore() {
  ::close(lock_);
}

void FitStore::remove() {
  fs::remove_all(folder_);
}

void fit_blocks(const FitPlan& plan, const SubsetMasks& masks, const ModelOutputs& outputs,
                const FitStore& store,
                const std::function<Progress(const std::string&)>& progress) {
  Fitting fitting(plan, masks, outputs, store.stages());
  std::visit([&](const auto& estimator) { fitting.fit(estimator, progress); }, plan.estimator);
}

void join_blocks(const FitPlan& plan, Index examples, const FitStore& store, const fs::path& out) {
  const std::vector<NpyView> effects = open_blocks(plan, store, "effects");
  AtomicFile file(out / "effects.npy");
  file.write(npy_header_bytes<float>({examples, plan.targets}));
  for (Index i = 0; i < examples; ++i) {
    const Array<float, 1> row = join_row(effects, plan.targets, i);
    file.write(row.data(), row.size() * sizeof(float));
  }
  file.commit();
  const auto write_row = [&](const char* name, BlockRow row) {
    write_npy(out / name, join_row(effects, plan.targets, examples + static_cast<Index>(row)));
  };
  write_row("intercept.npy", BlockRow::intercept);
  write_row("non_zero.npy", BlockRow::non_zero);
  write_row("lds.npy", BlockRow::lds);
  if (plan.validated == 0) return;
  write_row("kkt_residual.npy", BlockRow::kkt_residual);
  const std::vector<NpyView> penalties = open_blocks(plan, store, "penalties");
  write_npy(out / "lambda.npy", join_row(penalties, plan.targets, 0));
  write_npy(out / "validation_error.npy", join_row(penalties, plan.targets, 1));
}

}  // namespace expunge::cli
