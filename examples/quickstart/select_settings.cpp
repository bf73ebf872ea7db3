// Chooses the settings of every method on forget sets that the demonstration does not report.
//
//   select_settings [--data DIR] [--seed S] [--threads T] [--store DIR] [--methods A,B,...]
//
// Every method is run over a grid of its settings, baselines as well as ours, on six held-out
// forget sets: other random examples (50 and 100), other classes (50 of Pullover, 50 of Coat), and
// other components (the top 50 of PC3 and the top 20 of PC4). A set's score is the mean over the
// three splits and the two directions of KL of p95 KLoM: one direction alone rewards models that
// are too spread out. A setting's score is the geometric mean over the sets, so that no single set,
// however hard, rules the choice. Settings that cost more than a fifth of a full training on any
// set are left out.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "attribution.hpp"
#include "expunge/attribution/difference_of_means.hpp"
#include "forget_sets.hpp"
#include "methods.hpp"
#include "score.hpp"
#include "settings.hpp"

namespace {

using namespace expunge;
using namespace quickstart;

struct HeldOut {
  NamedForgetSet set;
  Oracles oracles;
  Splits splits;
  ForgetProblem problem;
};

struct Candidate {
  std::string settings;
  double score = 0, forward = 0, reverse = 0, compute = 0;
};

double mean_of_splits(const QuickScore& q, Summary KlomTriple::*direction) {
  return ((q.forget.*direction).p95 + (q.retain.*direction).p95 + (q.validation.*direction).p95) /
         3;
}

/// Geometric means over the sets.
class ScoreOverSets {
 public:
  void add(const QuickScore& q) {
    const double forward = mean_of_splits(q, &KlomTriple::forward);
    const double reverse = mean_of_splits(q, &KlomTriple::reverse);
    logs_[0] += std::log((forward + reverse) / 2);
    logs_[1] += std::log(forward);
    logs_[2] += std::log(reverse);
    sets_ += 1;
  }
  void write(Candidate& candidate) const {
    candidate.score = std::exp(logs_[0] / sets_);
    candidate.forward = std::exp(logs_[1] / sets_);
    candidate.reverse = std::exp(logs_[2] / sets_);
  }

 private:
  double logs_[3] = {}, sets_ = 0;
};

/// Runs one setting on all held-out sets.
template <class MakeMethod>
Candidate judge(Lab& lab, std::vector<HeldOut>& sets, std::string settings, MakeMethod&& make) {
  Candidate candidate{std::move(settings)};
  ScoreOverSets score;
  for (HeldOut& held_out : sets) {
    const MethodRun result = run(lab, held_out.problem, make(held_out));
    score.add(quick_score(held_out.oracles.margins, margins_of(lab, result.logits), held_out.splits,
                          lab.threads()));
    candidate.compute = std::max(candidate.compute, result.compute);
  }
  score.write(candidate);
  return candidate;
}

void print_best(const std::string& method, std::vector<Candidate> candidates) {
  constexpr double most_compute = 0.2 + 1e-9;
  std::erase_if(candidates, [](const Candidate& c) { return c.compute > most_compute; });
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.score < b.score; });
  std::printf("\n%s (%zu settings)\n  score  forward reverse compute\n", method.c_str(),
              candidates.size());
  for (std::size_t i = 0; i < std::min<std::size_t>(candidates.size(), 6); ++i)
    std::printf("  %5.2f  %5.2f   %5.2f   %5.3f   %s\n", candidates[i].score, candidates[i].forward,
                candidates[i].reverse, candidates[i].compute, candidates[i].settings.c_str());
  std::fflush(stdout);
}

void select_ascent(Lab& lab, std::vector<HeldOut>& sets) {
  std::vector<Candidate> tried;
  for (const double rate : {3e-4, 1e-3, 3e-3, 1e-2, 2e-2})
    for (const Index epochs : {1, 3, 5})
      tried.push_back(judge(lab, sets, sentence("rate ", rate, ", epochs ", epochs), [&](auto&) {
        return GradientAscent<>{.learning_rate = rate, .epochs = epochs};
      }));
  print_best("GA", tried);
}

void select_descent(Lab& lab, std::vector<HeldOut>& sets) {
  std::vector<Candidate> tried;
  for (const double rate : {1e-3, 3e-3, 5e-3, 1e-2, 2e-2})
    for (const Index epochs : {1, 2, 3})
      for (const double decay : {5e-4, 1e-2})
        tried.push_back(
            judge(lab, sets, sentence("rate ", rate, ", epochs ", epochs, ", weight decay ", decay),
                  [&](auto&) {
                    return GradientDescent<>{
                        .learning_rate = rate, .epochs = epochs, .sgd = {.weight_decay = decay}};
                  }));
  print_best("GD", tried);
}

void select_ascent_descent(Lab& lab, std::vector<HeldOut>& sets) {
  std::vector<Candidate> tried;
  for (const double rate : {1e-3, 3e-3, 5e-3, 1e-2})
    for (const Index epochs : {1, 2})
      for (const Index ascent : {1, 2})
        for (const double decay : {5e-4, 1e-2})
          if (ascent <= epochs)
            tried.push_back(judge(lab, sets,
                                  sentence("rate ", rate, ", epochs ", epochs, ", ascent epochs ",
                                           ascent, ", weight decay ", decay),
                                  [&](auto&) {
                                    return AscentDescent<>{.learning_rate = rate,
                                                           .epochs = epochs,
                                                           .ascent_epochs = ascent,
                                                           .sgd = {.weight_decay = decay}};
                                  }));
  print_best("GDA", tried);
}

void select_scrub(Lab& lab, std::vector<HeldOut>& sets) {
  std::vector<Candidate> tried;
  for (const double rate : {1e-3, 3e-3, 5e-3, 1e-2, 2e-2})
    for (const Index steps : {1, 2})
      for (const double temperature : {1.0, 4.0})
        for (const double alpha : {0.1, 0.5})
          tried.push_back(judge(lab, sets,
                                sentence("rate ", rate, ", epochs 2, forget epochs ", steps, ", T ",
                                         temperature, ", alpha ", alpha),
                                [&](auto&) {
                                  return Scrub<>{.learning_rate = rate,
                                                 .epochs = 2,
                                                 .max_steps = steps,
                                                 .alpha = alpha,
                                                 .distillation = {temperature}};
                                }));
  print_best("SCRUB", tried);
}

/// The settings of OM and DMM are one grid; `make_target(held_out, multiplier)` gives the target.
template <class Method, class MakeTarget>
void select_matching(Lab& lab, std::vector<HeldOut>& sets, const std::string& name,
                     const std::vector<double>& multipliers, MakeTarget&& make_target) {
  std::vector<Candidate> tried;
  for (const double multiplier : multipliers)
    for (const double rate : {1e-3, 3e-3})
      for (const Index epochs : {3, 5, 8})
        for (const Index batch : {16, 32})
          for (const double retain : {5.0, 10.0})
            for (const Index forget : {2, 5})
              for (const double decay : {0.7, 0.95}) {
                const double compute = (retain + static_cast<double>(forget)) *
                                       static_cast<double>(epochs * 100) / (2000.0 * 15);
                if (compute > 0.2 + 1e-9) continue;
                tried.push_back(judge(lab, sets,
                                      sentence("multiplier ", multiplier, ", rate ", rate,
                                               ", epochs ", epochs, ", batch ", batch, ", retain x",
                                               retain, ", forget x", forget, ", decay ", decay),
                                      [&](const HeldOut& held_out) {
                                        return Method{.target = make_target(held_out, multiplier),
                                                      .learning_rate = rate,
                                                      .epochs = epochs,
                                                      .batch = batch,
                                                      .retain_multiple = retain,
                                                      .forget_multiple = forget,
                                                      .decay = decay};
                                      }));
              }
  print_best(name, tried);
}

/// The settings of Gauss-Newton that were tried, as differences to its defaults.
std::vector<GaussNewtonDmm> gauss_newton_grid(const LogitDatamodels& datamodels) {
  std::vector<GaussNewtonDmm> grid;
  for (const double multiplier : {1.3, 1.4, 1.5, 1.6})
    for (const double damping : {1e-3, 3e-3})
      for (const double prior : {100, 200, 400})
        for (const Index iterations : {3, 4, 5})
          for (const Index steps : {1, 2})
            for (const double retain : {2.5, 5.0})
              grid.push_back({.target = {datamodels, multiplier},
                              .damping = damping,
                              .iterations = iterations,
                              .steps = steps,
                              .retain_count = static_cast<Index>(50 * retain),
                              .retain_multiple = retain,
                              .prior = {prior}});
  return grid;
}

void select_gauss_newton(Lab& lab, std::vector<HeldOut>& sets, const LogitDatamodels& datamodels) {
  std::vector<Candidate> tried;
  for (const GaussNewtonDmm& method : gauss_newton_grid(datamodels))
    tried.push_back(
        judge(lab, sets,
              sentence("multiplier ", method.target.multiplier, ", damping ", method.damping,
                       ", prior of ", method.prior.points, ", ", method.iterations, " iterations, ",
                       method.steps, " steps, retain x", method.retain_multiple, ", at least ",
                       method.retain_count),
              [&](const HeldOut&) { return method; }));
  print_best("DMM, Gauss-Newton", tried);
}

/// DM-Direct's settings are its estimator's and the multiplier.
template <class E>
void try_estimator(Lab& lab, std::vector<HeldOut>& sets, const std::string& name,
                   const E& estimator, const SubsetMasks& masks, const Array<Half, 3>& logits,
                   const FullModels& full, std::vector<Candidate>& tried) {
  const LogitDatamodels datamodels = fit_datamodels(lab.backend, estimator, masks, logits);
  for (const double multiplier : {0.9, 1.0, 1.1, 1.2}) {
    Candidate candidate{sentence(name, ", multiplier ", multiplier)};
    ScoreOverSets score;
    for (HeldOut& held_out : sets) {
      const DmDirect<LogitDatamodels> direct{datamodels, multiplier};
      const Array<float, 3> h =
          direct.targets(TensorView<const float>(view(full.logits)), held_out.set.members);
      score.add(quick_score(held_out.oracles.margins, margins_of(lab, h), held_out.splits,
                            lab.threads()));
    }
    score.write(candidate);
    tried.push_back(candidate);
  }
}

void select_attribution(Lab& lab, std::vector<HeldOut>& sets, const SubsetMasks& masks,
                        const Array<Half, 3>& logits, const FullModels& full) {
  std::vector<Candidate> tried;
  for (const double errors : {1.0, 1.25, 1.5})
    try_estimator(lab, sets,
                  sentence("difference of means thresholded at ", errors, " standard errors"),
                  DifferenceOfMeans{{.standard_errors = errors}}, masks, logits, full, tried);
  for (const double errors : {0.6, 0.8, 1.0})
    try_estimator(lab, sets, sentence("LASSO at ", errors, " standard errors"),
                  attribution_estimator(errors), masks, logits, full, tried);
  print_best("DM-Direct", tried);
}

}  // namespace

int main(int argc, char** argv) try {
  std::string data = "/usr/share/datasets/fashion-mnist", folder;
  std::vector<std::string> methods = {"DM-Direct", "DMM-GN", "DMM", "OM",
                                      "GA",        "GD",     "GDA", "SCRUB"};
  std::uint64_t seed = 0;
  int threads = 0;
  CLI::App app("Chooses the settings of every method on forget sets that are not reported.");
  app.add_option("--data", data, "folder of the Fashion-MNIST files")->capture_default_str();
  app.add_option("--store", folder, "folder to keep trained models in (default: none)");
  app.add_option("--seed", seed, "of everything")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40));
  app.add_option("--methods", methods, "which of them")
      ->capture_default_str()
      ->delimiter(',')
      ->check(CLI::IsMember(methods));
  app.add_option("--threads", threads, "0 = all")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  Lab lab{make_device(threads),
          load_workload(data, seed),
          Sizes{},
          seed,
          StageStore(folder, [](const std::string& why) { std::cerr << "note: " << why << "\n"; }),
          [](const std::string& name) {
            std::cerr << name << "\n";
            return Progress{};
          }};
  const FullModels full = train_full_models(lab);
  const SubsetModels subset = train_subset_models(lab);
  const SubsetMasks masks = model_range(subset.masks, 0, lab.sizes.subset_models);
  std::vector<HeldOut> sets;
  std::uint64_t group = 100;
  for (const NamedForgetSet& set : held_out_forget_sets(lab, train_by_train_effects(lab, subset))) {
    std::cerr << set.name << "\n";
    sets.push_back({set, train_oracles(lab, "held-out " + set.name, set.members, group++),
                    splits_of(lab, set.members),
                    make_problem(lab.workload.train, set.members, full.models, view(full.logits))});
  }
  std::printf("Settings chosen on %zu held-out forget sets, N = %td, seed %llu\n", sets.size(),
              lab.sizes.models, static_cast<unsigned long long>(seed));
  const auto wanted = [&](const char* method) {
    return std::find(methods.begin(), methods.end(), method) != methods.end();
  };
  if (wanted("DM-Direct")) select_attribution(lab, sets, masks, centred_logits(lab, subset), full);
  const LogitDatamodels datamodels = fit_attribution(lab, subset, chosen_standard_errors);
  if (wanted("DMM-GN")) select_gauss_newton(lab, sets, datamodels);
  if (wanted("DMM"))
    select_matching<Dmm>(lab, sets, "DMM", {1.0, 1.1, 1.2, 1.3},
                         [&](const HeldOut&, double multiplier) {
                           return DmDirect<LogitDatamodels>{datamodels, multiplier};
                         });
  if (wanted("OM"))
    select_matching<Om>(lab, sets, "OM", {1.0}, [&](const HeldOut& held_out, double) {
      return OracleOutputs<float>{.outputs = view(held_out.oracles.other_logits)};
    });
  if (wanted("GA")) select_ascent(lab, sets);
  if (wanted("GD")) select_descent(lab, sets);
  if (wanted("GDA")) select_ascent_descent(lab, sets);
  if (wanted("SCRUB")) select_scrub(lab, sets);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "select_settings: " << error.what() << "\n";
  return 1;
}
