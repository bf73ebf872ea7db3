// The ridge experiment of the paper's theory: how far GD, GDA, OM and OMRS are from the retrained
// weights after each step, beside the published values, and the exact answer in one Newton step.
//
//   ridge_theory [seeds]      averages over this many draws of the data (default 20)
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "ridge_experiment.hpp"

namespace {

using namespace ridge;

const std::vector<int> shown = {1, 2, 5, 10, 50, 100, 200};

struct Published {
  const char* method;
  double lambda;
  const char* values;  // the paper's R at 1, 2, 5, 10, 50, 100, 200, read off its figure
};
const Published published[] = {
    {"OM", 4, ".46-.49  .26-.29  .07-.08   .011     0        0        0"},
    {"GD", 4, ".99      .98      .952      .906     .595     .387     .141"},
    {"OM", 400, ".33-.36  .16-.18  .03-.04   .005"},
    {"GD", 400, ".243     .062     .001      0"},
    {"OMRS", 400, ".946     .926     .907      .90      .90"},
};

std::vector<Problem> draw(const Setting& setting, int seeds) {
  std::vector<Problem> problems;
  for (int s = 0; s < seeds; ++s)
    problems.push_back(make_problem(setting, static_cast<std::uint64_t>(s)));
  return problems;
}

template <class Gradient>
std::vector<std::vector<double>> trajectories(const std::vector<Problem>& problems,
                                              const Gradient& gradient) {
  std::vector<std::vector<double>> all;
  for (const Problem& p : problems) all.push_back(trajectory(p, gradient, shown.back()));
  return all;
}

double mean_at(const std::vector<std::vector<double>>& all, int t) {
  double sum = 0;
  for (const std::vector<double>& r : all) sum += r[static_cast<std::size_t>(t)];
  return sum / static_cast<double>(all.size());
}

// One line of means over the seeds, one of the range, and the published line where there is one.
void print_rows(const char* method, double lambda, const std::vector<std::vector<double>>& all) {
  std::printf("%-6s mean    ", method);
  for (int t : shown) std::printf("  %-9.3f", mean_at(all, t));
  std::printf("\n       range   ");
  for (int t : shown) {
    double low = 1e300, high = 0;
    for (const std::vector<double>& r : all) {
      low = std::min(low, r[static_cast<std::size_t>(t)]);
      high = std::max(high, r[static_cast<std::size_t>(t)]);
    }
    std::printf("  %.3f-%.3f", low, high);
  }
  std::printf("\n");
  for (const Published& row : published)
    if (method == std::string(row.method) && lambda == row.lambda)
      std::printf("       paper     %s\n", row.values);
}

// The least R of GDA and when it is reached; then it diverges.
void print_descent_ascent(const std::vector<Problem>& problems) {
  for (const double alpha : {0.01, 0.1, 1.0, 10.0}) {
    const auto all = trajectories(problems, DescentAscent{alpha});
    int best = 0;
    for (int t = 1; t <= shown.back(); ++t)
      if (mean_at(all, t) < mean_at(all, best)) best = t;
    std::printf("GDA    alpha %-5g least R %.3g at t = %d, R200 %.2g\n", alpha, mean_at(all, best),
                best, mean_at(all, shown.back()));
  }
}

void print_setting(const char* title, Setting setting, std::initializer_list<double> lambdas,
                   int seeds) {
  for (const double lambda : lambdas) {
    setting.lambda = lambda;
    const std::vector<Problem> problems = draw(setting, seeds);
    std::printf("\n%s, lambda = %g, %d draws: R_t = |theta_t - theta*|^2 / |theta_0 - theta*|^2\n",
                title, lambda, seeds);
    std::printf("        t      ");
    for (int t : shown) std::printf("  %-9d", t);
    std::printf("\n");
    print_rows("OM", lambda, trajectories(problems, OracleMatching{}));
    print_rows("GD", lambda, trajectories(problems, Descent{}));
    print_rows("OMRS", lambda, trajectories(problems, RetainMatching{}));
    print_descent_ascent(problems);
    double worst = 0;
    for (const Problem& p : problems)
      worst = std::max(worst, relative_distance(p, newton_downdate(p)));
    std::printf("Newton one step, R at most %.1e\n", worst);
  }
}

// Theorem 2: minibatches of five, R after so many epochs.
void print_stochastic(const Setting& setting, std::uint64_t seed) {
  const Problem p = make_problem(setting, seed);
  const Index forget = setting.forget;
  const auto om = stochastic_trajectory(p, matching_on_batch, 0, shown.back());
  const auto sgd = stochastic_trajectory(p, descent_on_batch, forget, shown.back());
  const auto falling =
      stochastic_trajectory(p, descent_on_batch, forget, shown.back(), StepDecay{100});
  std::printf("\nminibatches of 5, lambda = %g, one draw: R after so many epochs\n",
              setting.lambda);
  std::printf("%-28s%-28s%s\n", "epochs   stochastic OM", "SGD, constant step",
              "SGD, step / (1 + t / 100)");
  for (int t : shown) {
    const auto i = static_cast<std::size_t>(t);
    std::printf("%-9d%-19.3g%-28.3g%.3g\n", t, om[i], sgd[i], falling[i]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int seeds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 20;
  Setting isotropic;
  print_setting("isotropic inputs", isotropic, {4.0, 400.0}, seeds);
  for (const double lambda : {4.0, 400.0}) {
    isotropic.lambda = lambda;
    print_stochastic(isotropic, 0);
  }
  Setting harmonic;
  harmonic.spectrum = Spectrum::harmonic;
  harmonic.noise_variance = 0.25;
  print_setting("Sigma = diag(1, 1/2, .., 1/400)", harmonic, {0.25, 5.0}, seeds);
}
