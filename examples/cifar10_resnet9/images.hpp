// The images: CIFAR-10's binary files, a seeded part of them, standardised.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "expunge/data/image_dataset.hpp"
#include "options.hpp"

namespace cifar10 {

struct Images {
  expunge::ImageDataset train;    // [n][3 * 32 * 32]
  expunge::ImageDataset points;   // those, then the validation images: what every model is asked
  std::vector<Index> forget;      // positions in `train`, ascending
  std::vector<Index> retain;      // the others
  std::vector<Index> validation;  // positions in `points`
  std::uint64_t hash = 0;         // of all points and labels
};

/// Reads data_batch_*.bin and test_batch.bin, or else train*.bin and test*.bin, and takes the first
/// images of seeded permutations.
Images load_images(const Options& options);

}  // namespace cifar10
