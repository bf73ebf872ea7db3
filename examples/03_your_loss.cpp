// A loss of your own, in training and in unlearning: the focal loss (Lin et al. 2017),
//
//   L = -(1 - p_y)^gamma log p_y,      dL/dz_j = (gamma (1 - p_y)^(gamma - 1) p_y log p_y
//                                                 - (1 - p_y)^gamma) (1[j = y] - p_j)
//
// A loss returns its value, and *adds* weight times its gradient to dz. That is all.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "expunge/expunge.hpp"

using namespace expunge;

struct FocalLoss {
  double gamma = 2;  // 0 is cross entropy

  template <class Real>
  EXPUNGE_HD Real operator()(const Real* z, Index k, Label y, Real weight, Real* dz) const {
    const Real g = static_cast<Real>(gamma), normaliser = log_sum_exp(z, k);
    const Real log_p = z[y] - normaliser, p = std::exp(log_p), q = 1 - p;
    const Real slope = g * std::pow(q, g - 1) * p * log_p - std::pow(q, g);
    for (Index j = 0; j < k; ++j)
      dz[j] += weight * slope * ((j == y ? Real(1) : Real(0)) - std::exp(z[j] - normaliser));
    return -std::pow(q, g) * log_p;
  }
};

static_assert(Loss<FocalLoss, float>);

/// The largest difference between the gradient and a central difference.
double gradient_error(const FocalLoss& loss) {
  double z[4] = {0.3, -1.2, 0.8, 0.1}, dz[4] = {}, unused[4] = {}, worst = 0;
  loss(z, 4, 2, 1.0, dz);
  for (int j = 0; j < 4; ++j) {
    const double kept = z[j], step = 1e-5;
    z[j] = kept + step;
    const double above = loss(z, 4, 2, 1.0, unused);
    z[j] = kept - step;
    worst = std::max(worst, std::abs((above - loss(z, 4, 2, 1.0, unused)) / (2 * step) - dz[j]));
    z[j] = kept;
  }
  return worst;
}

int main() {
  std::printf("gradient error %.1e\n", gradient_error({}));

  using Net = Mlp<16, 32, 4>;
  Cpu<float> cpu;
  const Dataset data = gaussian_classes(1, 300, 16, 4);
  const Recipe<Sgd, TriangularRate, FocalLoss> focal{.descent = {.epochs = 15}};
  const Recipe<> cross_entropy{.descent = {.epochs = 15}};
  const SubsetMasks all = all_but(20, 300, {});
  const auto with_focal = train<Net>(cpu, focal, data, all);
  const auto with_cross_entropy = train<Net>(cpu, cross_entropy, data, all);

  const auto mean_margin = [&](const auto& models) {  // of the first 30 points
    const Array<float, 2> margins = evaluate_margins(cpu, models, data);
    double sum = 0;
    for (Index m = 0; m < 20; ++m)
      for (Index x = 0; x < 30; ++x) sum += static_cast<double>(margins(m, x));
    return sum / (20 * 30);
  };
  std::printf("mean margin: cross entropy %.2f, focal %.2f (it stops at what is easy)\n",
              mean_margin(with_cross_entropy), mean_margin(with_focal));

  // The same type goes where an unlearning method takes a loss.
  const auto logits = evaluate_logits(cpu, with_focal, view(data.inputs));
  const auto problem = make_problem(data, all_indices(30), with_focal, view(logits));
  const GradientAscent<FocalLoss> ascent{.learning_rate = 0.05, .epochs = 10};
  const auto unlearned = unlearn(cpu, ascent, problem);
  std::printf("after ascent on these points: %.2f, %td of 20 models diverged\n",
              mean_margin(unlearned.models), unlearned.report.diverged());
  return gradient_error({}) < 1e-8 && mean_margin(with_focal) < mean_margin(with_cross_entropy) &&
                 mean_margin(unlearned.models) < mean_margin(with_focal)
             ? 0
             : 1;
}
