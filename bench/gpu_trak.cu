// Case 13: TRAK features of images by ResNet-9 on a GPU, seconds.
//
//   bench_gpu_trak [--images N] [--dimensions K]
//
// First the GPU's features of some images against the CPU's; the program ends with 1 if they
// differ. Then for each rounding the seconds for all images, with everything that comes and goes
// between host and GPU. Images are random numbers: times depend on extents alone.
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "clock.hpp"
#include "gpu_ceilings.cuh"

namespace {

using namespace expunge;

/// Features [images][k] of fresh weights, on the host.
template <class Net, class B>
Array<float, 2> features(B&& backend, const SketchConfig& config, const Dataset& images) {
  const auto model = initialise<Net, float>(1, 1);
  CohortWeights<Net, std::remove_cvref_t<B>> weights(backend, 1);
  weights.load(backend, model, 0);
  const auto memory = backend.template allocate<float>(images.size() * config.dimensions);
  const MatrixView<float> there(memory.data(), images.size(), config.dimensions);
  gradient_features<Net>(backend, config, 0, weights.view(), images, Margin{}, there);
  Array<float, 2> here = make_array<float>(images.size(), config.dimensions);
  copy_rows(backend, MatrixView<const float>(there), view(here));
  return here;
}

bool agrees() {
  const Dataset images = bench::uniform_data(40, 3072);
  using Net = ResNet9<10, 8>;
  const auto expected = features<Net>(Cpu<float>(), {.dimensions = 512}, images);
  const auto found = features<Net>(Cuda<float>(), {.dimensions = 512}, images);
  const double difference = bench::largest_difference(found, expected);
  const bool fine = difference <= 1e-3;
  std::printf("features of a narrow ResNet-9 differ by %.1e of the largest, %s\n", difference,
              fine ? "fine" : "TOO MUCH");
  return fine;
}

template <class Math>
void time_features(const Dataset& images, Index dimensions) {
  const auto run = [&](const Dataset& some) {
    const bench::Time start = bench::now();
    features<ResNet9<10>>(Cuda<float, Math>(), {.dimensions = dimensions}, some);
    return bench::seconds_since(start);
  };
  run(bench::uniform_data(512, 3072));  // loads the kernels
  const double seconds = run(images);
  std::printf("TRAK features, ResNet-9, k %td, %td images, %-9s %9.3f s %12.0f images/s\n",
              dimensions, images.size(), bench::math_name<Math>, seconds,
              static_cast<double>(images.size()) / seconds);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) try {
  Index images = 50000, dimensions = 4096;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--images")) images = std::atol(argv[i + 1]);
    if (!std::strcmp(argv[i], "--dimensions")) dimensions = std::atol(argv[i + 1]);
  }
  require(images >= 1, "bench_gpu_trak: --images must be at least 1");
  if (!agrees()) return 1;
  const Dataset all = bench::uniform_data(images, 3072);
  time_features<Ieee>(all, dimensions);
  time_features<Tf32>(all, dimensions);
  time_features<Bf16>(all, dimensions);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_gpu_trak: " << error.what() << "\n";
  return 1;
}
