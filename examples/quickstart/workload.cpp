#include "workload.hpp"

#include "expunge/data/images.hpp"
#include "expunge/io/idx.hpp"
#include "support/fnv.hpp"
#include "support/version.hpp"

namespace quickstart {

namespace {

using namespace expunge;

constexpr Index train_size = 2000, validation_size = 1000, side = 28, pool = 2;

/// `folder/name.gz`, or `folder/name` where only that exists.
IdxArray read_either(const std::filesystem::path& folder, const std::string& name) {
  const std::filesystem::path plain = folder / name;
  return read_idx(std::filesystem::exists(plain) ? plain : folder / (name + ".gz"));
}

struct Images {
  std::vector<std::uint8_t> pixels;  // [n][28][28]
  std::vector<Label> labels;
};

/// `count` rows of a file pair, the first of a seeded permutation.
Images read_images(const std::filesystem::path& folder, const std::string& prefix, Index count,
                   std::uint64_t seed, std::uint32_t stream) {
  const IdxArray images = read_either(folder, prefix + "-images-idx3-ubyte");
  const IdxArray labels = read_either(folder, prefix + "-labels-idx1-ubyte");
  require(images.shape.size() == 3 && images.shape[1] == side && images.shape[2] == side,
          folder.string(), ": the ", prefix, " images are not 28 x 28");
  require(
      labels.shape.size() == 1 && labels.shape[0] == images.shape[0] && images.shape[0] >= count,
      folder.string(), ": ", images.shape[0], " ", prefix, " images, ", labels.values.size(),
      " labels, ", count, " needed");
  std::vector<Index> order;
  random_permutation(seed, Stream{Purpose::data_order, stream}, 0, images.shape[0], order);
  Images chosen;
  for (Index i = 0; i < count; ++i) {
    const Index row = order[static_cast<std::size_t>(i)];
    const auto begin = images.values.begin() + row * side * side;
    chosen.pixels.insert(chosen.pixels.end(), begin, begin + side * side);
    chosen.labels.push_back(static_cast<Label>(labels.values[static_cast<std::size_t>(row)]));
  }
  return chosen;
}

Dataset pooled(const Images& images) {
  const auto n = static_cast<Index>(images.labels.size());
  return {mean_pool(images.pixels, n, side, side, pool), images.labels};
}

}  // namespace

Workload load_workload(const std::filesystem::path& folder, std::uint64_t seed) {
  Images train = read_images(folder, "train", train_size, seed, 0);
  const Images validation = read_images(folder, "t10k", validation_size, seed, 1);
  Workload workload{pooled(train), pooled(validation), {}, std::move(train.pixels), {}};
  const Standardisation by = standardisation_of(workload.train);
  standardise(workload.train, by);
  standardise(workload.validation, by);
  workload.points = concatenate(workload.train, workload.validation);
  for (Index i = train_size; i < train_size + validation_size; ++i)
    workload.validation_points.push_back(i);
  return workload;
}

Recipe<> recipe(std::uint64_t seed) {
  return {.descent = {.learning_rate = 0.02, .epochs = 15, .seed = seed},
          .batch = 32,
          .optimizer = {.momentum = 0.9, .weight_decay = 0.01},
          .schedule = TriangularRate{.peak = 0},
          .loss = {}};
}

namespace {

/// Raise it when the same settings begin to give other models: older stores are then not used.
constexpr int store_generation = 1;

}  // namespace

std::string describe(const Workload& workload, const Recipe<>& recipe) {
  const Dataset& points = workload.points;
  std::uint64_t data = support::fnv1a(points.inputs.data(), points.inputs.size());
  data = support::fnv1a(points.labels.data(), points.labels.size(), data);
  const DescentConfig& descent = recipe.descent;
  return sentence(
      "store ", store_generation, "; ", device_name, "; expunge ", support::version_text(),
      "; data ", std::hex, data, std::dec, ", ", workload.train.size(), " + ",
      workload.validation.size(), " points; Mlp of ", Net::Input::size, " inputs, ", Net::classes,
      " classes, ", Net::parameters, " weights; cross entropy; SGD rate ", descent.learning_rate,
      ", triangular with peak ", recipe.schedule.peak, ", momentum ", recipe.optimizer.momentum,
      ", nesterov ", recipe.optimizer.nesterov, ", weight decay ", recipe.optimizer.weight_decay,
      ", epochs ", descent.epochs, ", stop after ", descent.stop_after, ", batch ", recipe.batch,
      ", last batch ", static_cast<int>(descent.last_batch), ", mode ",
      static_cast<int>(descent.mode), ", seed ", descent.seed);
}

}  // namespace quickstart
