#include "images.hpp"

#include "expunge/data/forget_sets.hpp"
#include "expunge/io/cifar.hpp"
#include "support/fnv.hpp"

namespace cifar10 {

using namespace expunge;

namespace {

/// The folder's files <prefix>*.bin in alphabetical order.
std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder,
                                            const std::string& prefix) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(prefix) && entry.path().extension() == ".bin")
      found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

/// The first `count` images of a seeded permutation.
ImageDataset part_of(const CifarImages& all, Index count, std::uint64_t seed, std::uint32_t stream,
                     const char* what) {
  require(count >= 1 && count <= all.size(), count, " ", what, " images asked, the files have ",
          all.size());
  std::vector<Index> order;
  random_permutation(seed, Stream{Purpose::data_order, stream}, 0, all.size(), order);
  CifarImages part;
  for (Index i = 0; i < count; ++i) {
    const Index from = order[static_cast<std::size_t>(i)];
    const auto begin = all.pixels.begin() + from * CifarImages::image_bytes;
    part.pixels.insert(part.pixels.end(), begin, begin + CifarImages::image_bytes);
    part.labels.push_back(all.labels[static_cast<std::size_t>(from)]);
  }
  return standardised_images(part, cifar10_channels);
}

std::vector<Index> forget_set_of(const Options& options, const std::vector<Label>& labels) {
  const std::uint64_t seed = options.seed * 1000003 + 5000 + options.forget_seed;
  if (options.forget_class >= 0)
    return class_forget_set(seed, labels, static_cast<Label>(options.forget_class),
                            options.settings.forget);
  return random_forget_set(seed, static_cast<Index>(labels.size()), options.settings.forget);
}

}  // namespace

Images load_images(const Options& options) {
  const std::filesystem::path folder = options.data;
  require(std::filesystem::is_directory(folder), "--data ", folder.string(), " is no folder");
  std::vector<std::filesystem::path> train = files_of(folder, "data_batch_");
  if (train.empty()) train = files_of(folder, "train");
  std::vector<std::filesystem::path> test = files_of(folder, "test_batch");
  if (test.empty()) test = files_of(folder, "test");
  require(!train.empty() && !test.empty(), "--data ", folder.string(),
          " has no data_batch_*.bin and test_batch.bin, nor train*.bin and test*.bin");

  const Settings& settings = options.settings;
  Images images;
  images.train = part_of(read_cifar10(train), settings.images, options.seed, 0, "training");
  images.points = concatenate(images.train, part_of(read_cifar10(test), settings.validation,
                                                    options.seed, 1, "validation"));
  images.forget = forget_set_of(options, images.train.labels);
  images.retain = retain_set(images.forget, settings.images);
  for (Index i = settings.images; i < images.points.size(); ++i) images.validation.push_back(i);
  images.hash = support::fnv1a(images.points.pixels.data(), images.points.pixels.size());
  images.hash =
      support::fnv1a(images.points.values.data(), images.points.values.size(), images.hash);
  images.hash =
      support::fnv1a(images.points.labels.data(), images.points.labels.size(), images.hash);
  return images;
}

}  // namespace cifar10
