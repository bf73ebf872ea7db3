// Case 6: where the time of a training step of ResNet-9 goes, by kind of layer, one member.
//
//   bench_training_profile --data DIR [--steps S] [--warm-up U]
//
// DIR as in training_step.hpp. The network is ResNet9<10> with a stopwatch around every layer.
// Every time is that of the quickest step for this kind; "the rest" is what is then missing from
// the quickest step: the sums of the residual blocks, the loss, gathering the batch.
#include <array>
#include <iostream>

#include "expunge/nn/resnet9.hpp"
#include "training_step.hpp"

namespace {

using namespace expunge;

enum Kind { convolution, batch_norm, relu, pooling, head, optimiser, kinds };
constexpr std::array<const char*, kinds> names = {"convolution", "batch norm", "ReLU",
                                                  "pooling",     "linear",     "optimiser"};
using Seconds = std::array<std::array<double, 2>, kinds>;  // forward, backward
Seconds seconds{};                                         // of this step so far
Seconds quickest{};

class Stopwatch {
 public:
  Stopwatch(Kind kind, bool back) : total_(seconds[kind][back ? 1 : 0]) {}
  ~Stopwatch() { total_ += bench::seconds_since(start_); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& total_;
  bench::Time start_ = bench::now();
};

/// The layer L, timed.
template <Kind kind, class L>
struct Timed : L {
  template <class B>
  static void forward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, Tensor<B> y,
                      Tensor<B> saved, Mode mode) {
    const Stopwatch watch(kind, false);
    L::forward(backend, weights, x, y, saved, mode);
  }
  template <class B>
  static void backward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B> y,
                       Tensor<B> saved, ConstTensor<B> dy, Tensor<B> dx, Matrix<B> dtheta) {
    const Stopwatch watch(kind, true);
    L::backward(backend, weights, x, y, saved, dy, dx, dtheta);
  }
};

/// The end of a step.
void keep_quickest() {
  for (std::size_t k = 0; k < kinds; ++k)
    for (std::size_t back : {0, 1}) {
      double& best = quickest[k][back];
      if (best == 0 || seconds[k][back] < best) best = seconds[k][back];
    }
  seconds = {};
}

struct TimedSgd : Sgd {
  template <class B>
  void step(B& backend, Matrix<B> theta, MatrixView<const typename B::Real> gradient,
            const Matrix<B>* slot, double rate, Index index) const {
    {
      const Stopwatch watch(optimiser, true);
      Sgd::step(backend, theta, gradient, slot, rate, index);
    }
    keep_quickest();
  }
};

template <class S, Index Out, Index Kernel, Index Stride = 1, Index Padding = Kernel / 2,
          class Conv = Conv2d<S, Out, Kernel, Stride, Padding>>
using TimedBlock =
    Block<Timed<convolution, Conv>, Timed<batch_norm, BatchNorm2d<typename Conv::Output>>,
          Timed<relu, ReluOf<typename Conv::Output>>>;

using Stem = TimedBlock<Shape<3, 32, 32>, 64, 3>;
using Down = TimedBlock<Stem::Output, 128, 5, 2, 2>;
using Same = TimedBlock<Down::Output, 128, 3>;
using Wide = TimedBlock<Down::Output, 256, 3>;
using Pool = Timed<pooling, MaxPool2d<Wide::Output, 2>>;
using WideSame = TimedBlock<Pool::Output, 256, 3>;
using Last = TimedBlock<Pool::Output, 128, 3, 1, 0>;
using Net = Sequential<Stem, Down, Residual<Same, Same>, Wide, Pool, Residual<WideSame, WideSame>,
                       Last, Timed<pooling, GlobalMaxPool<Last::Output>>,
                       Timed<head, LinearWithoutBias<128, 10>>, Scale<Shape<10>, std::ratio<1, 5>>>;
static_assert(Net::parameters == ResNet9<10>::parameters);

}  // namespace

int main(int argc, char** argv) try {
  auto arguments = bench::parse_training(argc, argv);
  arguments.threads = 1;  // the stopwatches are shared
  TimedSgd sgd;
  sgd.weight_decay = 5e-4;
  const double best = bench::training_step<Net>(arguments, sgd);
  std::printf("%-12s %9s %9s %9s   ms per step\n", "kind", "forward", "backward", "both");
  double rest = best;
  for (std::size_t k = 0; k < kinds; ++k) {
    const auto [forward, backward] = quickest[k];
    std::printf("%-12s %9.2f %9.2f %9.2f\n", names[k], forward * 1e3, backward * 1e3,
                (forward + backward) * 1e3);
    rest -= forward + backward;
  }
  std::printf("%-12s %9s %9s %9.2f\n%-12s %9s %9s %9.2f\n", "the rest", "", "", rest * 1e3,
              "whole step", "", "", best * 1e3);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_training_profile: " << error.what() << "\n";
  return 1;
}
