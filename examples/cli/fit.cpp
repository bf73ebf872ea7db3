// expunge fit: linear models of outputs in training masks (datamodels), at any size, resumable.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iomanip>
#include <optional>

#include "cli/commands.hpp"
#include "cli/fit_checks.hpp"
#include "cli/fit_plan.hpp"
#include "cli/fit_store.hpp"
#include "cli/masks.hpp"
#include "expunge/core/check.hpp"
#include "expunge/evaluation/lds.hpp"
#include "expunge/evaluation/percentile.hpp"
#include "expunge/report/number.hpp"
#include "expunge/report/text_file.hpp"
#include "support/device_option.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

double half_of_memory() {
  return 0.5 * static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<double>(sysconf(_SC_PAGE_SIZE));
}

/// A figure of all targets: one row of the table and one entry of the JSON.
void add_figure(Document& document, const std::string& name, const std::string& key,
                const std::vector<double>& values) {
  const Summary s = summarise(values);
  const auto cell = [](double x) { return report::Cell{sentence(std::setprecision(3), x)}; };
  document.tables[0].rows.push_back(
      {{name}, cell(s.mean), cell(s.p5), cell(s.p50), cell(s.p95), cell(s.worst)});
  document.results[key] = {{"mean", report::number_json(s.mean)},
                           {"p5", report::number_json(s.p5)},
                           {"p50", report::number_json(s.p50)},
                           {"p95", report::number_json(s.p95)},
                           {"largest", report::number_json(s.worst)}};
}

void add_lds(Document& document, const FitPlan& plan, const std::vector<double>& values,
             const Session& session) {
  if (plan.held_out == 0) {
    document.warnings.push_back(
        "No models were held out, so there is no LDS: nothing here says how well the effects "
        "predict.");
    return;
  }
  Array<double, 1> scores = make_array<double>(values.size());
  std::copy(values.begin(), values.end(), scores.begin());
  const LdsResult lds = summarise_lds({std::move(scores), {}}, {1000, 0.95, session.seed});
  document.results["lds"] = {{"mean", report::number_json(lds.mean)},
                             {"interval", Json::array({report::number_json(lds.interval.low),
                                                       report::number_json(lds.interval.high)})},
                             {"models", plan.held_out},
                             {"targets_without_score", lds.without_score}};
  document.facts.emplace_back(
      "LDS",
      sentence(report::fixed(lds.mean, 3), " [", report::fixed(lds.interval.low, 3), ", ",
               report::fixed(lds.interval.high, 3), "], mean rank correlation over targets on ",
               plan.held_out, " held-out models"));
  if (lds.without_score > 0)
    document.warnings.push_back(sentence(
        lds.without_score, " of ", values.size(),
        " targets have no rank correlation (no effect was found, or the output is constant) "
        "and count 0 in the LDS."));
  if (plan.held_out < 30)
    document.warnings.push_back(sentence("Only ", plan.held_out,
                                         " models are held out: the LDS of "
                                         "one target says little."));
}

/// What looks wrong in the inputs, and how examples act on themselves where targets may be theirs.
void add_checks(Document& document, const FitPlan& plan, const SubsetMasks& masks,
                const ModelOutputs& outputs, Session& session, const fs::path& out) {
  const OutputFacts facts =
      output_facts(outputs, plan.width, plan.threads, session.progress("check outputs"));
  std::optional<OwnEffects> own;
  if (outputs.classes() == 0 && outputs.points() >= masks.examples())
    own = own_effects(NpyView::map(out / "effects.npy"));
  const OwnEffects* found = own ? &*own : nullptr;
  add_fit_checks(facts, found, document.results);
  for (std::string& warning : fit_warnings(masks, outputs, facts, found))
    document.warnings.push_back(std::move(warning));
}

/// Blocks of an earlier run that were made again.
void add_damaged(Document& document, const FitStore& store) {
  constexpr std::size_t most = 3;
  const std::vector<std::string>& damaged = store.damaged();
  document.results["damaged_blocks"] = damaged;
  if (damaged.empty()) return;
  std::string text =
      sentence(damaged.size(), damaged.size() == 1 ? " stored block was" : " stored blocks were",
               " damaged and made again:");
  for (std::size_t i = 0; i < std::min(most, damaged.size()); ++i)
    text += (i == 0 ? " " : "; ") + damaged[i];
  document.warnings.push_back(text + (damaged.size() > most ? "; ..." : ""));
}

Document describe(const FitOptions& options, Session& session, const FitPlan& plan,
                  const SubsetMasks& masks, const ModelOutputs& outputs, const FitStore& store,
                  const fs::path& out) {
  const auto array = [&](const char* name) {
    return NpyView::map(out / (std::string(name) + ".npy")).read_all<double>();
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
  if (plan.device == support::Device::cuda)
    document.facts.emplace_back("device", support::name_of(plan.device));
  if (plan.starts > 0)
    document.facts.emplace_back("starts",
                                sentence(plan.starts,
                                         ": outputs of the models used are centred by start; the "
                                         "held-out ones are as they are"));
  document.tables.push_back(
      {"Over targets",
       {{"", "figure", true}, {"", "mean"}, {"", "p5"}, {"", "p50"}, {"", "p95"}, {"", "largest"}},
       {},
       0});
  document.results = {{"points", outputs.points()},
                      {"outputs", std::max<Index>(outputs.classes(), 1)},
                      {"examples", masks.examples()},
                      {"fitted_models", plan.fitted},
                      {"validation_models", plan.validated},
                      {"held_out_models", plan.held_out},
                      {"device", support::name_of(plan.device)}};
  add_figure(document, "effects that are not 0", "non_zero_effects", array("non_zero"));
  if (plan.validated > 0) {
    add_figure(document, "lambda", "lambda", array("lambda"));
    add_figure(document, "validation error", "validation_error", array("validation_error"));
    const std::vector<double> kkt = array("kkt_residual");
    add_figure(document, "KKT residual / lambda_max", "kkt_residual", kkt);
    Index failed = 0;
    for (const double residual : kkt) failed += !(residual <= options.lasso.solver.tolerance);
    document.results["targets_not_converged"] = failed;
    if (failed > 0)
      document.warnings.push_back(
          sentence(failed, " of ", plan.targets, " targets did not converge to the tolerance."));
  }
  add_lds(document, plan, array("lds"), session);
  add_damaged(document, store);
  add_checks(document, plan, masks, outputs, session, out);
  for (const std::string& warning : outputs.warnings()) document.warnings.push_back(warning);
  document.remarks = {
      "Effects are in raw mask units: the change of an output when the example joins the training "
      "set. A model that never saw a set is predicted by minus the sum of its effects (expunge "
      "predict).",
      sentence("Written to ", out.string(),
               ": effects.npy [examples][targets], intercept.npy, non_zero.npy, lds.npy, fit.json",
               plan.validated > 0 ? ", lambda.npy, validation_error.npy, kkt_residual.npy." : ".")};
  return document;
}

const std::vector<std::string> result_files{"fit.key",       "fit.json",     "effects.npy",
                                            "intercept.npy", "non_zero.npy", "lds.npy"};
const std::vector<std::string> lasso_files{"kkt_residual.npy", "lambda.npy",
                                           "validation_error.npy"};

bool all_there(const fs::path& out, const std::vector<std::string>& files) {
  return std::all_of(files.begin(), files.end(),
                     [&](const std::string& file) { return fs::exists(out / file); });
}

/// Whether `out` holds a whole fit with this key. The key is written last.
bool is_finished(const fs::path& out, const FitPlan& plan) {
  return all_there(out, result_files) && (plan.validated == 0 || all_there(out, lasso_files)) &&
         report::read_text_file(out / "fit.key") == plan.key;
}

/// Removes the results of an earlier fit, its key first.
void remove_results(const fs::path& out) {
  for (const auto& files : {result_files, lasso_files})
    for (const std::string& file : files) fs::remove(out / file);
}

/// A fit is known by the size and time of its files, and goes on after a stop by reading them
/// again.
void refuse_pipe(const std::string& name) {
  std::error_code ignored;
  const fs::file_status status = fs::status(file_of(name), ignored);
  if (!fs::exists(status) || fs::is_regular_file(status) || fs::is_directory(status)) return;
  throw io_error(name,
                 "this is a pipe or a device: a fit that was stopped reads its files again, which "
                 "it does not allow; save it to a file");
}

Document run_fit(Session& session, FitOptions& options) {
  if (!options.store.empty()) {
    const fs::path store = options.store;
    if (options.masks.empty()) options.masks = (store / "masks.npy").string();
    if (options.outputs.empty()) options.outputs = (store / "margins.npy").string();
  }
  if (options.masks.empty() || options.outputs.empty())
    throw usage_error("--masks and --outputs are required, or --store");
  refuse_pipe(options.outputs);
  refuse_pipe(options.masks);
  const ModelOutputs outputs(options.outputs, session.completed);
  const SubsetMasks masks = read_masks(options.masks, outputs.completed());
  if (masks.models() != outputs.models())
    throw io_error(
        options.masks, 0,
        sentence("masks of ", masks.models(), " models, ", options.outputs, " has outputs of ",
                 outputs.models(), turned_round_hint(masks, outputs)));
  const FitPlan plan = make_plan(options, session, masks, outputs);
  const fs::path out = options.out;
  FitStore store(out);
  if (is_finished(out, plan)) {
    store.remove();
    return describe(options, session, plan, masks, outputs, store, out);
  }
  fit_blocks(plan, masks, outputs, store,
             [&session](const std::string& stage) { return session.progress(stage); });
  if (fit_key(options, plan) != plan.key)
    throw io_error(options.outputs, 0, "the input files changed while they were fitted");
  remove_results(out);
  join_blocks(plan, masks.examples(), store, out);
  const Document document = describe(options, session, plan, masks, outputs, store, out);
  report::write_text_file(out / "fit.json",
                          report::json_text(document_json(document, session.command())));
  report::write_text_file(out / "fit.key", plan.key);
  store.remove();
  return document;
}

void add_estimator_options(CLI::App& command, FitOptions& options) {
  command.add_option("--estimator", options.estimator, "lasso, ridge or difference-of-means")
      ->capture_default_str()
      ->check(one_of({"lasso", "ridge", "difference-of-means"}));
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
  session.reads(command->add_option(
      "--masks", options->masks, "bool or 0/1 [models][examples], 1 = the model saw the example"));
  session.reads(
      command->add_option("--outputs", options->outputs,
                          "[models][targets] or [models][points][classes]: what each model says"));
  session.reads(command->add_option("--store", options->store,
                                    "instead of the two: a folder with masks.npy and margins.npy"),
                {"masks.npy", "margins.npy", "_completed.npy"});
  std::vector<std::string> written = result_files;
  written.insert(written.end(), lasso_files.begin(), lasso_files.end());
  session.writes_in(command->add_option("--out", options->out, "folder of the results"), written)
      ->required();
  add_completed_option(*command, session);
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
  support::add_device_option(*command, options->device, "effects are computed");
  add_estimator_options(*command, *options);
}

}  // namespace expunge::cli
