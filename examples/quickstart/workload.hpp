// The demonstration's data, network and training recipe: Fashion-MNIST, made small enough that
// thousands of models train in a minute, and regularised so that they do not interpolate it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "expunge/data/dataset.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/train/train.hpp"
#ifdef EXPUNGE_WITH_CUDA
#include "expunge/expunge_cuda.cuh"
#endif

namespace quickstart {

using expunge::Index;

#ifdef EXPUNGE_WITH_CUDA
using Device = expunge::Cuda<float>;
inline constexpr const char* device_name = "CUDA";
inline Device make_device(int threads) {
  return Device(0, 0, threads);
}
#else
using Device = expunge::Cpu<float>;
inline constexpr const char* device_name = "CPU";
inline Device make_device(int threads) {
  return Device(threads);
}
#endif
using Net = expunge::Mlp<14 * 14, 64, 10>;
using Models = expunge::Ensemble<Net, float>;

inline constexpr const char* class_names[] = {"T-shirt", "Trouser", "Pullover", "Dress", "Coat",
                                              "Sandal",  "Shirt",   "Sneaker",  "Bag",   "Boot"};

struct Workload {
  expunge::Dataset train;                // [2000][196], standardised
  expunge::Dataset validation;           // [1000][196], by the training set's mean and sd
  expunge::Dataset points;               // the two, one after the other: what every model is asked
  std::vector<std::uint8_t> images;      // [2000][28][28], the training images as they are
  std::vector<Index> validation_points;  // 2000 .. 2999
};

/// Reads the four IDX files (plain or gzip) from `folder` and takes the first rows of seeded
/// permutations of the training and test file.
Workload load_workload(const std::filesystem::path& folder, std::uint64_t seed);

/// SGD, momentum .9, batch 32, 15 epochs, rate .02 falling linearly to 0, weight decay .01. With
/// less regularisation the network memorises, the margins of memorised points spread less than an
/// oracle's, and no shift of logits can make up for that.
expunge::Recipe<> recipe(std::uint64_t seed);

/// Everything that a stored ensemble depends on, as text.
std::string describe(const Workload& workload, const expunge::Recipe<>& recipe);

}  // namespace quickstart
