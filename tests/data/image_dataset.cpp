#include "expunge/data/image_dataset.hpp"

#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/attribution/trak.hpp"
#include "expunge/linearisation/head_features.hpp"
#include "expunge/linearisation/jacobian.hpp"
#include "expunge/nn/conv_net.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/train/evaluate_margins.hpp"
#include "expunge/train/statistics.hpp"
#include "expunge/unlearning/gradient_ascent.hpp"
#include "expunge/unlearning/held_out_sets.hpp"
#include "expunge/unlearning/scrub_rewind.hpp"
#include "small_data.hpp"

using namespace expunge;

namespace {

using Pictures = ConvNet<3, 4, Shape<2, 8, 8>>;
constexpr Index n = 40, validation = 12;

ImageDataset images(std::uint32_t stream = 0, Index count = n) {
  return image_clouds(count, 2, 64, 3, stream);
}

struct Bytes {
  ImageDataset train = images(), points = concatenate(train, images(1, validation));
};
struct Floats {
  Dataset train = as_floats(images()),
          points = concatenate(train, as_floats(images(1, validation)));
};

template <class Data>
Ensemble<Pictures, float> models_of(const Data& data, const Augmentation& augmentation = {}) {
  Cpu<float> backend(1);
  const Recipe<> recipe{.descent = {.epochs = 2, .augmentation = augmentation}, .batch = 8};
  const SubsetMasks masks = fixed_size_subsets(3, 3, n, 0.75);
  auto models = train<Pictures>(backend, recipe, data.train, masks);
  reestimate_statistics(backend, models, DatasetView(data.train).inputs, masks, 8);
  return models;
}

}  // namespace

TEST_CASE("a byte is what its channel's table says") {
  ImageDataset two{make_array<std::uint8_t>(2, 6), make_array<float>(3, 256), {0, 1}};
  for (Index j = 0; j < 6; ++j) {
    two.pixels(0, j) = static_cast<std::uint8_t>(j);
    two.pixels(1, j) = static_cast<std::uint8_t>(255 - j);
  }
  for (Index c = 0; c < 3; ++c)
    for (Index b = 0; b < 256; ++b) two.values(c, b) = static_cast<float>(1000 * c + b);
  const DatasetView data = two;
  CHECK(data.size() == 2);
  CHECK(data.inputs(0, 1) == 1);
  CHECK(data.inputs(0, 2) == 1002);
  CHECK(data.inputs(1, 5) == 2250);
  CHECK(as_floats(two).inputs(1, 3) == 1252);
  CHECK(data.inputs.row_range(1, 1)(0, 0) == 255);
  CHECK(same_row(data.inputs, 1, DatasetView(as_floats(two)).inputs, 1));
  CHECK(same_row(data.inputs, 1, data.inputs, 1));
  CHECK(!same_row(data.inputs, 0, data.inputs, 1));
  CHECK(!same_row(data.inputs, 0, images().inputs(), 0));
}

TEST_CASE("images are selected and joined as rows of floats are") {
  const ImageDataset all = images();
  const std::vector<Index> rows = {7, 0, 7, 39};
  CHECK(same_bytes(as_floats(select_rows(all, rows)).inputs,
                   select_rows(as_floats(all), rows).inputs));
  CHECK(select_rows(all, rows).labels == select_rows(as_floats(all), rows).labels);
  CHECK_THROWS_WITH(select_rows(all, {40}), "select_rows: row 40 of 40");
  CHECK_THROWS_WITH(select_rows(all, {-1}), "select_rows: row -1 of 40");
  const ImageDataset both = concatenate(all, images(1));
  CHECK(
      same_bytes(as_floats(both).inputs, concatenate(as_floats(all), as_floats(images(1))).inputs));
  CHECK(both.labels.size() == 2 * n);
}

TEST_CASE_TEMPLATE("gathered and copied bytes are the floats", Real, float, double) {
  const ImageDataset all = images();
  const Dataset floats = as_floats(all);
  const std::vector<Index> ids = {3, 39, 3, 0};
  const auto gathered = [&](DatasetView data) {
    Array<Real, 3> out = make_array<Real>(2, 2, 128);
    gather_inputs(Cpu<Real>(1), data.inputs, MatrixView<const Index>(ids.data(), 2, 2), view(out));
    return out;
  };
  CHECK(same_bytes(gathered(all), gathered(floats)));
  const auto copied = [&](DatasetView data) {
    Array<Real, 2> out = make_array<Real>(5, 128);
    Cpu<Real> backend(1);
    copy_inputs(backend, data.inputs.row_range(3, 5), view(out));
    return out;
  };
  CHECK(same_bytes(copied(all), copied(floats)));
}

TEST_CASE("models, their margins and TRAK's effects do not depend on how images are stored") {
  const Bytes bytes;
  const Floats floats;
  for (const Border border : {Border::zero, Border::reflect}) {
    const Augmentation moves{.flip = true, .crop = 1, .border = border, .cutout = 2};
    CHECK(same_bytes(models_of(bytes, moves).theta, models_of(floats, moves).theta));
  }
  const auto models = models_of(bytes), expected = models_of(floats);
  CHECK(same_bytes(models.theta, expected.theta));
  CHECK(same_bytes(models.stats, expected.stats));
  Cpu<float> cpu(1);
  CHECK(same_bytes(evaluate_margins(cpu, models, bytes.points),
                   evaluate_margins(cpu, models, floats.points)));
  const TrakConfig config{.sketch = {.dimensions = 16}};
  CHECK(same_bytes(trak(cpu, config, models, bytes.train, bytes.points).weights,
                   trak(cpu, config, models, floats.train, floats.points).weights));
}

TEST_CASE("forgetting takes images as bytes") {
  const Bytes bytes;
  const Floats floats;
  const auto models = models_of(floats);
  Cpu<float> cpu(1);
  const auto forgotten = [&](const auto& data) {
    const auto logits = evaluate_logits<float>(cpu, models, DatasetView(data.points).inputs);
    const auto problem = make_problem(data.train, {1, 5, 9}, models, view(logits));
    CHECK(same_bytes(forget_examples(problem).inputs, select_rows(floats.train, {1, 5, 9}).inputs));
    return std::pair(unlearn(cpu, GradientAscent<>{.epochs = 1, .batch = 3}, problem).models.theta,
                     scrub_rewind(cpu, Scrub<>{.epochs = 2, .max_steps = 1}, problem, data.points)
                         .unlearned.models.theta);
  };
  const auto [ascended, rewound] = forgotten(bytes);
  const auto [expected_ascended, expected_rewound] = forgotten(floats);
  CHECK(same_bytes(ascended, expected_ascended));
  CHECK(same_bytes(rewound, expected_rewound));
  detail::check_points("here", bytes.train, floats.points, 3);
  Bytes other;
  other.points.pixels(4, 7) ^= 1;
  CHECK_THROWS_WITH(detail::check_points("here", bytes.train, other.points, 3),
                    "here: point 4 is not training example 4");
}

TEST_CASE("the Jacobian and the head's features take bytes") {
  using Flat = Mlp<128, 5, 3>;
  const Bytes bytes;
  const Floats floats;
  Cpu<double> cpu(1);
  const auto models = initialise<Flat, double>(1, 2);
  CHECK(same_bytes(head_features(cpu, models, 1, bytes.train.inputs()),
                   head_features(cpu, models, 1, view(floats.train.inputs))));
  const auto values = [&](DatasetView data) {
    CohortWeights<Flat, Cpu<double>> weights(cpu, 2);
    weights.load(cpu, models, 0);
    Jacobian<Flat, Cpu<double>> jacobian(cpu, Logits{}, data, {3, 1, 3}, 2, 2);
    Array<double, 2> at = make_array<double>(2, jacobian.rows());
    jacobian.linearise(cpu, weights.view(), view(at));
    return at;
  };
  CHECK(same_bytes(values(bytes.train), values(floats.train)));
}

TEST_CASE("tables and images that do not belong together are refused") {
  const ImageDataset all = images();
  CHECK_THROWS_WITH(
      InputsView(view(all.pixels), MatrixView<const float>(all.values.data(), 2, 255)),
      "InputsView: bytes stand for values [2][255], not [channels][256]");
  const Array<float, 2> three = make_array<float>(3, 256);
  CHECK_THROWS_WITH(InputsView(view(all.pixels), view(three)),
                    "InputsView: images of 128 bytes and values of 3 channels");
  const Array<float, 2> four = make_array<float>(4, 256);
  Cpu<float> cpu(1);
  const std::vector<Index> ids = {0};
  Array<float, 3> out = make_array<float>(1, 1, 128);
  CHECK_THROWS_WITH(augment_rows<Pictures::Input>(
                        cpu, {{.flip = true}, 1, 0, 0, 0}, InputsView(view(all.pixels), view(four)),
                        MatrixView<const Index>(ids.data(), 1, 1), view(out)),
                    "augment_rows: values of 4 channels for images of 2");
  ImageDataset broken = images();
  broken.labels.pop_back();
  CHECK_THROWS_WITH(static_cast<void>(static_cast<DatasetView>(broken)),
                    "ImageDataset: 40 images and 39 labels");
  ImageDataset brighter = images();
  brighter.values(1, 3) += 1;
  CHECK_THROWS_WITH(concatenate(all, brighter),
                    "concatenate: bytes of the two sets of images stand for different numbers");
  CHECK_THROWS_WITH(concatenate(all, image_clouds(3, 2, 16, 3)),
                    "concatenate: 128 and 32 features");
}
