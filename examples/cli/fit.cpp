// expunge fit: linear models of outputs in training masks (datamodels), at any size, resumable.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iomanip>

#include "cli/commands.hpp"
#include "cli/fit_store.hpp"
#include "cli/masks.hpp"
#include "expunge/core/check.hpp"
#include "expunge/evaluation/lds.hpp"
#include "expunge/evaluation/percentile.hpp"
#include "expunge/report/number.hpp"
#include "expunge/report/text_file.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

struct FitOptions {
  std::string store, masks, outputs, out, estimator = "lasso";
  double validate = 0.1, hold_out = 0.1;
  Index starts = 0;
  double memory = 0;  // bytes
  LassoConfig lasso{};
  RidgeConfig ridge{};
  DifferenceOfMeansConfig means{};
};

double half_of_memory() {
  return 0.5 * static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<double>(sysconf(_SC_PAGE_SIZE));
}

/// Path, size and time of change of every file that a name on the command line stands for.
std::string identity(const std::string& name) {
  std::error_code failure;
  std::vector<std::string> files{name.substr(
      0, name.find(".npz:") == std::string::npos ? std::string::npos : name.find(".npz:") + 4)};
  if (!fs::is_regular_file(files[0], failure)) files = list_files(name);
  std::string text;
  for (const std::string& file : files)
    text += sentence(fs::absolute(file).string(), " ", fs::file_size(file), " bytes of ",
                     fs::last_write_time(file).time_since_epoch().count(), "\n");
  return text;
}

std::string settings_text(const FitOptions& options) {
  const LassoConfig& lasso = options.lasso;
  if (options.estimator == "lasso")
    return sentence("LASSO, ", lasso.lambdas, " penalties down to ", lasso.lambda_ratio,
                    " of the largest, patience ", lasso.patience, ", tolerance ",
                    lasso.solver.tolerance, ", l1 ratio ", lasso.solver.l1_ratio);
  if (options.estimator == "ridge") return sentence("ridge, lambda ", options.ridge.lambda);
  return sentence("difference of means, ", options.means.standard_errors,
                  " standard errors taken off");
}

Index share_of(double share, Index models) {
  return static_cast<Index>(std::llround(share * static_cast<double>(models)));
}

FitPlan make_plan(const FitOptions& options, const Session& session, const ModelOutputs& outputs) {
  FitPlan plan;
  const Index models = outputs.models();
  plan.held_out = share_of(options.hold_out, models);
  plan.starts = options.starts;
  plan.targets = outputs.columns();
  plan.threads = session.threads;
  if (options.estimator == "lasso") {
    LassoConfig config = options.lasso;
    plan.validated = std::max<Index>(1, share_of(options.validate, models));
    plan.fitted = models - plan.validated - plan.held_out;
    config.fit_models = plan.fitted;
    config.validation_models = plan.validated;
    plan.estimator = Lasso{config};
  } else {
    plan.fitted = models - plan.held_out;
    if (options.estimator == "ridge")
      plan.estimator = Ridge{options.ridge};
    else
      plan.estimator = DifferenceOfMeans{options.means};
  }
  if (plan.fitted < 2)
    throw io_error(
        outputs.name(), 0,
        sentence(models, " models leave ", plan.fitted, " to fit beside ", plan.validated,
                 " to validate and ", plan.held_out, " held out; at least 2 are needed"));
  if (plan.starts > 0 && outputs.left_out() > 0)
    throw io_error(outputs.name(), 0,
                   "some models are unfinished, so that --starts cannot tell "
                   "which start a model has");
  return plan;
}

/// How many targets at a time the memory allows.
Index block_width(const FitOptions& options, const FitPlan& plan, const SubsetMasks& masks) {
  const FitMemory memory = fit_memory(plan, masks.examples());
  const double left = options.memory - memory.prepared;
  const double fits = std::floor(left / memory.per_target / 64) * 64;
  if (!(fits >= 64)) {
    const double needed = memory.prepared + 64 * memory.per_target;
    throw usage_error(sentence("--memory ", report::bytes_text(options.memory), ": ",
                               masks.examples(), " examples and ", masks.models(),
                               " models need at least ", static_cast<std::int64_t>(needed) + 1,
                               " bytes (", report::bytes_text(needed), ")"));
  }
  const double most = std::max(1024, 128 * thread_count(plan.threads));
  const double all = static_cast<double>((plan.targets + 63) / 64 * 64);
  return static_cast<Index>(std::min({fits, most, all}));
}

/// A figure of all targets: one row of the table and one entry of the JSON.
void add_figure(Document& document, const std::string& name, const std::string& key,
                const Array<float, 1>& values) {
  std::vector<double> numbers(values.begin(), values.end());
  const Summary s = summarise(std::move(numbers));
  const auto cell = [](double x) { return report::Cell{sentence(std::setprecision(3), x)}; };
  document.tables[0].rows.push_back(
      {{name}, cell(s.mean), cell(s.p5), cell(s.p50), cell(s.p95), cell(s.worst)});
  document.results[key] = {{"mean", report::number_json(s.mean)},
                           {"p5", report::number_json(s.p5)},
                           {"p50", report::number_json(s.p50)},
                           {"p95", report::number_json(s.p95)},
                           {"largest", report::number_json(s.worst)}};
}

void add_lds(Document& document, const FitPlan& plan, const Array<float, 1>& scores,
             const Session& session) {
  if (plan.held_out < 2) {
    document.warnings.push_back(
        "No models were held out, so there is no LDS: nothing here says how well the effects "
        "predict.");
    return;
  }
  std::vector<double> values(scores.begin(), scores.end());
  Index without = 0;
  double mean = 0;
  for (double& r : values) {
    without += std::isnan(r);
    if (std::isnan(r)) r = 0;
    mean += r / static_cast<double>(values.size());
  }
  const Interval interval = mean_interval(values, {1000, 0.95, session.seed});
  document.results["lds"] = {{"mean", report::number_json(mean)},
                             {"interval", Json::array({report::number_json(interval.low),
                                                       report::number_json(interval.high)})},
                             {"models", plan.held_out},
                             {"targets_without_score", without}};
  document.facts.emplace_back(
      "LDS", sentence(report::fixed(mean, 3), " [", report::fixed(interval.low, 3), ", ",
                      report::fixed(interval.high, 3), "], mean rank correlation over targets on ",
                      plan.held_out, " held-out models"));
  if (without > 0)
    document.warnings.push_back(sentence(
        without, " of ", values.size(),
        " targets have no rank correlation (no effect was found, or the output is constant) "
        "and count 0 in the LDS."));
  if (plan.held_out < 30)
    document.warnings.push_back(sentence("Only ", plan.held_out,
                                         " models are held out: the LDS of "
                                         "one target says little."));
}

Document describe(const FitOptions& options, const Session& session, const FitPlan& plan,
                  const SubsetMasks& masks, const ModelOutputs& outputs, const fs::path& out) {
  const auto array = [&](const char* name) {
    return read_npy<float, 1>(out / (std::string(name) + ".npy"));
  };
  Document document;
  document.kind = "fit";
  document.title =
      sentence("Effects of ", masks.examples(), " training examples on ", plan.targets, " outputs");
  document.facts = {{"outputs", outputs.name() + ": " + outputs.shape_text()},
                    {"masks", sentence(options.masks, ": ", masks.models(), " models x ",
                                       masks.examples(), " examples")},
                    {"estimator", settings_text(options)},
                    {"models", sentence(plan.fitted, " to fit, ", plan.validated,
                                        " to choose the penalty, ", plan.held_out, " held out")}};
  document.tables.push_back(
      {"Over targets",
       {{"", "figure", true}, {"", "mean"}, {"", "p5"}, {"", "p50"}, {"", "p95"}, {"", "largest"}},
       {},
       0});
  document.results = {
      {"points", outputs.points()},          {"outputs", std::max<Index>(outputs.classes(), 1)},
      {"examples", masks.examples()},        {"fitted_models", plan.fitted},
      {"validation_models", plan.validated}, {"held_out_models", plan.held_out}};
  add_figure(document, "effects that are not 0", "non_zero_effects", array("non_zero"));
  if (plan.validated > 0) {
    add_figure(document, "lambda", "lambda", array("lambda"));
    add_figure(document, "validation error", "validation_error", array("validation_error"));
    add_figure(document, "KKT residual / lambda_max", "kkt_residual", array("kkt_residual"));
    Index failed = 0;
    for (const float residual : array("kkt_residual"))
      failed += !(static_cast<double>(residual) <= options.lasso.solver.tolerance);
    document.results["targets_not_converged"] = failed;
    if (failed > 0)
      document.warnings.push_back(
          sentence(failed, " of ", plan.targets, " targets did not converge to the tolerance."));
  }
  add_lds(document, plan, array("lds"), session);
  document.remarks = {
      "Effects are in raw mask units: the change of an output when the example joins the training "
      "set. A model that never saw a set is predicted by minus the sum of its effects (expunge "
      "predict).",
      sentence("Written to ", out.string(),
               ": effects.npy [examples][targets], intercept.npy, lds.npy, fit.json",
               plan.validated > 0 ? ", lambda.npy, validation_error.npy, kkt_residual.npy." : ".")};
  return document;
}

void put_together(const FitPlan& plan, const SubsetMasks& masks, const fs::path& blocks,
                  const fs::path& out) {
  const auto row = [&](BlockRow which) { return join_row(blocks, plan, masks.examples(), which); };
  join_effects(blocks, plan, masks.examples(), out / "effects.npy");
  write_npy(out / "intercept.npy", row(BlockRow::intercept));
  write_npy(out / "non_zero.npy", row(BlockRow::non_zero));
  write_npy(out / "lds.npy", row(BlockRow::lds));
  if (plan.validated == 0) return;
  write_npy(out / "kkt_residual.npy", row(BlockRow::kkt_residual));
  write_npy(out / "lambda.npy", join_penalties(blocks, plan, 0));
  write_npy(out / "validation_error.npy", join_penalties(blocks, plan, 1));
}

bool is_finished(const fs::path& out, const std::string& key) {
  std::error_code ignored;
  return fs::exists(out / "effects.npy", ignored) && fs::exists(out / "fit.key", ignored) &&
         report::read_text_file(out / "fit.key") == key;
}

Document run_fit(Session& session, FitOptions& options) {
  if (!options.store.empty()) {
    const fs::path store = options.store;
    if (options.masks.empty()) options.masks = (store / "masks.npy").string();
    if (options.outputs.empty()) options.outputs = (store / "margins.npy").string();
  }
  if (options.masks.empty() || options.outputs.empty())
    throw usage_error("--masks and --outputs are required, or --store");
  if (options.hold_out + options.validate >= 1)
    throw usage_error("--validate and --hold-out leave no model to fit");
  const ModelOutputs outputs(options.outputs);
  const SubsetMasks masks = read_masks(options.masks, completed_models(options.outputs));
  if (masks.models() != outputs.models())
    throw io_error(options.masks, 0,
                   sentence("masks of ", masks.models(), " models, ", options.outputs,
                            " has outputs of ", outputs.models()));
  FitPlan plan = make_plan(options, session, outputs);
  plan.block = block_width(options, plan, masks);
  plan.key =
      sentence("expunge ", version_text(), "; ", settings_text(options), "; starts ", plan.starts,
               "; models ", plan.fitted, " ", plan.validated, " ", plan.held_out, "; blocks of ",
               plan.block, "\n", identity(options.masks), identity(options.outputs));
  const fs::path out = options.out, blocks = out / "blocks";
  if (!is_finished(out, plan.key)) {
    fit_blocks(plan, masks, outputs, StageStore(blocks),
               [&session](const std::string& stage) { return session.progress(stage); });
    fs::remove(out / "fit.key");
    put_together(plan, masks, blocks, out);
    report::write_text_file(out / "fit.key", plan.key);
    fs::remove_all(blocks);
  }
  const Document document = describe(options, session, plan, masks, outputs, out);
  report::write_text_file(out / "fit.json",
                          report::json_text(document_json(document, session.command())));
  return document;
}

void add_estimator_options(CLI::App& command, FitOptions& options) {
  command.add_option("--estimator", options.estimator, "lasso, ridge or difference-of-means")
      ->capture_default_str()
      ->check(CLI::IsMember({"lasso", "ridge", "difference-of-means"}));
  command.add_option("--lambdas", options.lasso.lambdas, "LASSO: penalties on the path")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  command
      .add_option("--lambda-ratio", options.lasso.lambda_ratio,
                  "LASSO: the last penalty relative to the first")
      ->capture_default_str()
      ->check(CLI::Range(1e-6, 0.999));
  command
      .add_option("--patience", options.lasso.patience,
                  "LASSO: penalties without improvement after which a target stops")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  command
      .add_option("--tolerance", options.lasso.solver.tolerance,
                  "LASSO: optimality, relative to the largest penalty")
      ->capture_default_str()
      ->check(CLI::Range(1e-7, 0.1));
  command
      .add_option("--ridge-lambda", options.ridge.lambda,
                  "ridge: penalty, relative to standardised columns")
      ->capture_default_str()
      ->check(CLI::Range(1e-9, 1e9));
  command
      .add_option("--standard-errors", options.means.standard_errors,
                  "difference of means: how many are taken off")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
}

}  // namespace

void add_fit_command(CLI::App& app, Session& session) {
  const auto options = std::make_shared<FitOptions>();
  options->memory = half_of_memory();
  CLI::App* command = add_command(
      app, session, "fit",
      "Fits, for every output, a linear model in the training mask (datamodels): the effect of "
      "every training example on it. Stopped and started again, it goes on where it was.",
      "expunge fit --masks masks.npy --outputs subset_margins.npy --out fitted",
      [&session, options] { return run_fit(session, *options); });
  command->add_option("--masks", options->masks,
                      "bool or 0/1 [models][examples], 1 = the model saw the example");
  command->add_option("--outputs", options->outputs,
                      "[models][targets] or [models][points][classes]: what each model says");
  command->add_option("--store", options->store,
                      "instead of the two: a folder with masks.npy and margins.npy");
  command->add_option("--out", options->out, "folder of the results")->required();
  command
      ->add_option("--validate", options->validate,
                   "LASSO: share of models that choose the penalty")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 0.9));
  command->add_option("--hold-out", options->hold_out, "share of models kept for the LDS")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 0.9));
  command
      ->add_option("--starts", options->starts,
                   "models m, m + S, m + 2 S, ... share initial weights and batch orders: centre "
                   "them; 0 = not")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--memory", options->memory,
                   "at most this much: 500M, 8G (default half of the machine's)")
      ->transform(CLI::AsSizeValue(false));
  add_estimator_options(*command, *options);
}

}  // namespace expunge::cli
