// Case 6, the whole training step of ResNet-9 (training_step.hpp), by the library as it is: Winograd's
// algorithm where it pays.
#include "training_step.hpp"

#include <iostream>

#include "expunge/nn/resnet9.hpp"

int main(int argc, char** argv) try {
  const auto arguments = bench::parse_training(argc, argv);
  bench::print_step(
      "expunge", arguments.threads,
      bench::training_step<expunge::ResNet9<10>>(arguments, expunge::Sgd{.weight_decay = 5e-4}));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_training_step: " << error.what() << "\n";
  return 1;
}
