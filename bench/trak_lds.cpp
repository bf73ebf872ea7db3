// Linear datamodelling scores of TRAK and of the LASSO on the demonstration's data: for each point
// of a sample of the validation set, the rank correlation of predicted and true margins of 200
// models that were trained on other subsets.
//
//   bench_trak_lds [--data DIR of Fashion-MNIST] [--store DIR] [--threads T] [--own alone]
//
// TRAK has some of the full models as checkpoints, the LASSO 2000 subset models. "slope" is that of
// the regression of true on predicted changes over all points and models: 1 where effects have the
// size of changes. Before that, how many times as far as the sums of their effects say the margins
// of forgotten examples move in the linearised problem; with --own alone nothing else is done.
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include "clock.hpp"
#include "expunge/attribution/plug_in_lasso.hpp"
#include "expunge/attribution/trak.hpp"
#include "expunge/data/forget_sets.hpp"
#include "expunge/evaluation/lds.hpp"
#include "lab.hpp"

namespace {

using namespace expunge;
using namespace quickstart;

struct Truth {
  SubsetMasks masks;        // [held-out models][examples]
  Array<float, 2> margins;  // [held-out models][points]
};

/// Columns of the listed points.
Array<float, 2> take_points(MatrixView<const float> all, const std::vector<Index>& points) {
  Array<float, 2> some = make_array<float>(all.rows, points.size());
  for (Index m = 0; m < all.rows; ++m)
    for (std::size_t i = 0; i < points.size(); ++i)
      some(m, static_cast<Index>(i)) = all(m, points[i]);
  return some;
}

double slope(const Array<double, 2>& predicted, const Array<float, 2>& truth) {
  double together = 0, squares = 0;
  const auto models = static_cast<double>(truth.shape()[0]);
  for (std::size_t t = 0; t < truth.shape()[1]; ++t) {
    double p_mean = 0, y_mean = 0;
    for (std::size_t m = 0; m < truth.shape()[0]; ++m) {
      p_mean += predicted(m, t) / models;
      y_mean += static_cast<double>(truth(m, t)) / models;
    }
    for (std::size_t m = 0; m < truth.shape()[0]; ++m) {
      const double p = predicted(m, t) - p_mean;
      together += p * (static_cast<double>(truth(m, t)) - y_mean);
      squares += p * p;
    }
  }
  return together / squares;
}

void print(const std::string& name, const Lab& lab, const Effects<float>& effects,
           const Truth& truth, double seconds) {
  const Array<double, 2> predicted = predict(lab.backend, effects, truth.masks);
  std::printf("%-62s LDS %.3f  slope %5.2f  %7.2f s\n", name.c_str(),
              lds(predicted, truth.margins).mean, slope(predicted, truth.margins), seconds);
  std::fflush(stdout);
}

void try_trak(Lab& lab, const FullModels& full, const Dataset& points, const Truth& truth,
              Index checkpoints, const TrakConfig& config) {
  const Models some = first_models(full, checkpoints);
  const bench::Time start = bench::now();
  const Effects<float> effects = trak(lab.backend, config, some, lab.workload.train, points);
  print(
      sentence("TRAK, ", checkpoints, " checkpoints, k ", config.sketch.dimensions, ", lambda ",
               config.lambda, config.curvature == Curvature::identity ? ", without curvature" : ""),
      lab, effects, truth, bench::seconds_since(start));
}

/// How many times as far the margins of forgotten examples move when the linearised problem is
/// solved without them, R as it was, as the sums of their effects say: with K = Phi_F A^-1 Phi_F'
/// of the forget set, whose effects are K diag(1 - p), the sum over examples of
/// K (I - R K)^-1 (1 - p) over that of K (1 - p). For one example this is 1 / (1 - h), h = R K.
double missing_factor(const Array<float, 2>& own, const Array<float, 2>& margins,
                      const std::vector<Index>& forget) {
  const Index n = std::ssize(forget);
  Eigen::MatrixXd k(n, n);
  Eigen::VectorXd unsure(n);
  for (Index i = 0; i < n; ++i)
    unsure[i] = 1 / (1 + std::exp(static_cast<double>(margins(0, forget[std::size_t(i)]))));
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j)
      k(j, i) =
          static_cast<double>(own(forget[std::size_t(i)], forget[std::size_t(j)])) / unsure[i];
  const Eigen::VectorXd curvature = unsure.array() * (1 - unsure.array());
  const Eigen::MatrixXd left = Eigen::MatrixXd::Identity(n, n) - curvature.asDiagonal() * k;
  return (k * left.partialPivLu().solve(unsure)).sum() / (k * unsure).sum();
}

/// Mean factors over the first five full models, each alone the only checkpoint, for every example
/// alone, 100 random ones, 100 of one class and the top of the first principal component of
/// effects.
void print_own_effects(Lab& lab, const FullModels& full, double lambda) {
  const Dataset& train = lab.workload.train;
  constexpr double checkpoints = 5;
  double alone = 0, random = 0, of_class = 0, of_component = 0;
  for (Index m = 0; m < Index(checkpoints); ++m) {
    Models one = first_models(full, 1);
    std::copy_n(&full.models.theta(m, 0), one.theta.size(), one.theta.data());
    const Array<float, 2> own = trak(lab.backend, {.lambda = lambda}, one, train, train).weights;
    const Array<float, 2> margins = evaluate_margins(lab.backend, one, train);
    for (Index i = 0; i < train.size(); ++i)
      alone += missing_factor(own, margins, {i}) / (checkpoints * double(train.size()));
    const auto add = [&](double& sum, const std::vector<Index>& forget) {
      sum += missing_factor(own, margins, forget) / checkpoints;
    };
    add(random, random_forget_set(1, train.size(), 100));
    add(of_class, class_forget_set(1, train.labels, 3, 100));
    add(of_component, component_forget_set(own, 1, ComponentEnd::top, 100));
  }
  std::printf(
      "own effects, lambda %.2g: leaving out moves margins %.2f times as far, with 100 random ones "
      "%.2f, 100 of a class %.2f, the top of a component %.2f\n",
      lambda, alone, random, of_class, of_component);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) try {
  std::filesystem::path data = "/usr/share/datasets/fashion-mnist", store;
  int threads = 0;
  bool own_alone = false;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--data") data = argv[i + 1];
    if (name == "--store") store = argv[i + 1];
    if (name == "--threads") threads = std::atoi(argv[i + 1]);
    if (name == "--own") own_alone = true;
  }
  Lab lab{make_device(threads),
          load_workload(data, 0),
          {},
          0,
          StageStore(store),
          [](const std::string&) { return Progress{}; }};
  if (own_alone) lab.sizes.models = 5;
  const FullModels full = train_full_models(lab);
  for (const double lambda : {0.1, 0.3, 1.0, 3.0}) print_own_effects(lab, full, lambda);
  if (own_alone) return 0;
  const SubsetModels subset = train_subset_models(lab);
  const Index fitted = lab.sizes.subset_models, held_out = lab.sizes.held_out;
  std::vector<Index> sample;
  for (Index i = lab.train_size(); i < lab.workload.points.size(); i += 2) sample.push_back(i);
  const Dataset points = select_rows(lab.workload.points, sample);
  const Truth truth{model_range(subset.masks, fitted, held_out),
                    take_points(view(subset.margins).row_range(fitted, held_out), sample)};
  const bench::Time start = bench::now();
  const Effects<float> lasso =
      PlugInLasso{}.fit(lab.backend, model_range(subset.masks, 0, fitted),
                        take_points(view(subset.margins).row_range(0, fitted), sample));
  print(sentence("LASSO, ", fitted, " subset models"), lab, lasso, truth,
        bench::seconds_since(start));
  for (const Curvature curvature : {Curvature::logistic, Curvature::identity})
    for (const Index checkpoints : {1, 5, 20})
      for (const Index k : {512, 2048})
        for (const double lambda : {0.1, 0.3, 1.0, 3.0})
          try_trak(lab, full, points, truth, checkpoints, {{k, 0}, lambda, curvature});
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_trak_lds: " << error.what() << "\n";
  return 1;
}
