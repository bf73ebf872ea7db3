// Case 6, the whole training step of ResNet-9 (training_step.hpp), by the library as it is:
// Winograd's algorithm where it pays.
#include "training_step.hpp"

#include "expunge/nn/resnet9.hpp"

int main(int argc, char** argv) {
  return bench::run_training_step<expunge::ResNet9<10>>("expunge", argc, argv);
}
