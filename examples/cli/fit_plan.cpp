#include "cli/fit_plan.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <sstream>

#include "cli/completed.hpp"
#include "expunge/report/number.hpp"
#include "support/fnv.hpp"
#include "support/version.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

/// To the last bit: two settings that differ have two keys.
std::string exact(double value) {
  std::ostringstream out;
  out.precision(std::numeric_limits<double>::max_digits10);
  out << value;
  return out.str();
}

/// Path, size and time of change of every file that a name on the command line stands for, and
/// which array of an archive it means; of many files their number and a hash (FNV-1a) of that.
std::string identity(const std::string& name) {
  std::error_code failure;
  const std::string file = file_of(name);
  std::vector<std::string> files{file};
  if (stands_for_files(name)) files = list_files(name);
  const std::string beside = completed_file(name).string();
  if (fs::is_regular_file(beside, failure)) files.push_back(beside);
  std::string text;
  if (file != name) text = "array " + name.substr(file.size() + 1) + " of\n";
  for (const std::string& path : files)
    text += sentence(fs::absolute(path).string(), " ", fs::file_size(path), " bytes of ",
                     fs::last_write_time(path).time_since_epoch().count(), "\n");
  if (files.size() <= 2) return text;
  const std::uint64_t hash = support::fnv1a(text.data(), text.size());
  return sentence(fs::absolute(name).string(), " ", files.size(), " files, ", std::hex, hash, "\n");
}

std::string exact_settings(const FitOptions& options) {
  const LassoConfig& lasso = options.lasso;
  if (options.estimator == "lasso")
    return sentence("lasso ", lasso.lambdas, " ", exact(lasso.lambda_ratio), " ", lasso.patience,
                    " ", exact(lasso.solver.tolerance), " ", lasso.solver.max_sweeps, " ",
                    exact(lasso.solver.l1_ratio));
  if (options.estimator == "ridge") return "ridge " + exact(options.ridge.lambda);
  return "means " + exact(options.means.standard_errors);
}

Index share_of(double share, Index models) {
  return static_cast<Index>(std::llround(share * static_cast<double>(models)));
}

/// Which models do what, and the estimator.
void assign_models(const FitOptions& options, Index models, FitPlan& plan) {
  if (options.hold_out > 0)  // one model has no rank correlation
    plan.held_out = std::max<Index>(2, share_of(options.hold_out, models));
  if (options.estimator == "lasso")
    plan.validated = std::max<Index>(1, share_of(options.validate, models));
  plan.fitted = models - plan.validated - plan.held_out;
  if (plan.fitted < 2)
    throw usage_error(sentence(models, " models leave ", std::max<Index>(plan.fitted, 0),
                               " to fit beside ", plan.validated, " to validate and ",
                               plan.held_out, " held out; at least 2 are needed"));
  if (options.estimator == "lasso") {
    LassoConfig config = options.lasso;
    config.fit_models = plan.fitted;
    config.validation_models = plan.validated;
    plan.estimator = Lasso{config};
  } else if (options.estimator == "ridge") {
    plan.estimator = Ridge{options.ridge};
  } else {
    plan.estimator = DifferenceOfMeans{options.means};
  }
}

/// Bytes that do not grow with the targets in memory: the preparation and what each thread holds
/// (but for the working set of a LASSO, k^2 / 2 numbers of its k members).
double fixed_bytes(const FitPlan& plan, Index examples) {
  const Index models = plan.used(), all = models + plan.held_out;
  const double bits = static_cast<double>(all) * static_cast<double>((examples + 63) / 64 * 8);
  std::size_t prepared = 0;
  if (std::holds_alternative<Lasso>(plan.estimator))
    prepared = LassoPenaltyChoice<float>::bytes(plan.fitted, plan.validated, examples) +
               LassoRegression<float>::bytes(models, examples) - correlation_bytes<float>(examples);
  else if (std::holds_alternative<Ridge>(plan.estimator))
    prepared = RidgeRegression<float>::bytes(models, examples);
  else
    prepared = MaskedMeans<float>::bytes(models, examples);
  // 64 targets: panels [models] and sums [examples]; a solver's gradients or a factor's right sides
  const double thread = 256.0 * static_cast<double>(models + 2 * examples) + 52.0 * 1024;
  return static_cast<double>(prepared) + 2 * bits +
         static_cast<double>(thread_count(plan.threads)) * thread;
}

/// Bytes of a target in memory: outputs in double, effects once and a 64-target part of them,
/// predictions of the held-out models.
double target_bytes(const FitPlan& plan, Index examples) {
  const double models = static_cast<double>(plan.used() + plan.held_out);
  const double all =
      8 * models + 8 * static_cast<double>(plan.held_out) + 4 * static_cast<double>(examples) + 128;
  if (plan.device == support::Device::cpu) return all;
  return all + 512 + 8 * static_cast<double>(std::min<Index>(1024, examples));  // working sets
}

Index work_width(const FitOptions& options, const FitPlan& plan, const SubsetMasks& masks) {
  const double fixed = fixed_bytes(plan, masks.examples());
  const double each = target_bytes(plan, masks.examples());
  const double fits = std::floor((options.memory - fixed) / each / 64) * 64;
  if (!(fits >= 64)) {
    const double needed = fixed + 64 * each;
    throw usage_error(sentence(
        "--memory ", report::bytes_text(options.memory), ": ", masks.examples(), " examples, ",
        masks.models(), " models and ", thread_count(plan.threads), " threads need at least ",
        static_cast<std::int64_t>(needed) + 1, " bytes (", report::bytes_text(needed), ")"));
  }
  const bool on_gpu = plan.device == support::Device::cuda;  // which takes as many as it holds
  const double most = on_gpu ? fits : std::max(1024, 128 * thread_count(plan.threads));
  return static_cast<Index>(
      std::min({fits, most, static_cast<double>((plan.targets + 63) / 64 * 64)}));
}

}  // namespace

std::string settings_text(const FitOptions& options) {
  const LassoConfig& lasso = options.lasso;
  if (options.estimator == "lasso")
    return sentence("LASSO, ", lasso.lambdas, " penalties down to ", lasso.lambda_ratio,
                    " of the largest, patience ", lasso.patience, ", tolerance ",
                    lasso.solver.tolerance);
  if (options.estimator == "ridge") return sentence("ridge, lambda ", options.ridge.lambda);
  return sentence("difference of means, ", options.means.standard_errors,
                  " standard errors taken off");
}

FitPlan make_plan(const FitOptions& options, const Session& session, const SubsetMasks& masks,
                  const ModelOutputs& outputs) {
  FitPlan plan;
  plan.starts = options.starts;
  plan.targets = outputs.columns();
  plan.threads = session.threads;
  plan.device = checked_usage([&] { return support::choose(options.device); });
  assign_models(options, outputs.models(), plan);
  if (plan.starts > 0 && outputs.left_out() > 0)
    throw io_error(outputs.name(), 0,
                   "some models are unfinished, so that --starts cannot tell which start a model "
                   "has");
  if (2 * plan.starts > plan.used())
    throw usage_error(sentence("--starts ", plan.starts, ": each start needs at least two of the ",
                               plan.used(), " models that are fitted"));
  plan.width = work_width(options, plan, masks);
  plan.key = fit_key(options, plan);
  return plan;
}

std::string fit_key(const FitOptions& options, const FitPlan& plan) {
  // form 3: intercepts and validation errors in double; which array of an archive
  return sentence("expunge ", support::version_text(), ", form 3; ", exact_settings(options),
                  "; starts ", plan.starts, "; models ", plan.fitted, " ", plan.validated, " ",
                  plan.held_out, plan.device == support::Device::cuda ? "; CUDA\n" : "\n",
                  identity(options.masks), identity(options.outputs));
}

}  // namespace expunge::cli
