#include "expunge/data/augment.hpp"

#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/loss/cross_entropy.hpp"
#include "expunge/nn/linear.hpp"
#include "expunge/nn/sequential.hpp"
#include "expunge/train/train.hpp"
#include "small_data.hpp"

using namespace expunge;

namespace {

using Small = Shape<2, 4, 5>;

/// Pixel (c, y, x) of example i is 1000 i + 100 c + 10 y + x + 1.
Array<float, 2> images(Index n) {
  Array<float, 2> inputs = make_array<float>(n, Small::size);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < Small::size; ++j)
      inputs(i, j) = static_cast<float>(1000 * i + 100 * (j / 20) + 10 * (j / 5 % 4) + j % 5 + 1);
  return inputs;
}

/// Examples 0 .. n - 1 of `members` members in one epoch.
template <class Real = float>
std::vector<Real> augmented(const AugmentationDraws& draws, Index members, Index n) {
  const Array<float, 2> source = images(n);
  std::vector<Index> ids;
  for (Index m = 0; m < members; ++m)
    for (Index i = 0; i < n; ++i) ids.push_back(i);
  std::vector<Real> out(static_cast<std::size_t>(members * n * Small::size));
  Cpu<Real> backend(1);
  augment_rows<Small>(backend, draws, view(source), MatrixView<const Index>(ids.data(), members, n),
                      TensorView<Real>(out.data(), members, n, Small::size));
  return out;
}

/// One row of pixels 1 .. 5 after a move.
std::vector<int> moved(const ImageMove& move, Border border, Index y = 0) {
  const std::vector<float> plane = {1, 2, 3, 4, 5, 11, 12, 13, 14, 15, 21, 22, 23, 24, 25};
  std::vector<float> to(5);
  move_pixels(move, border, plane.data(), 3, 5, y, to.data());
  return {to.begin(), to.end()};
}

/// The share of `n` draws for which `f` holds.
template <class F>
double share(Index n, const Augmentation& settings, F&& f) {
  Index count = 0;
  for (Index i = 0; i < n; ++i) count += f(draw_move(settings, 5, 0, i, 3, 32, 32));
  return static_cast<double>(count) / static_cast<double>(n);
}

}  // namespace

TEST_CASE("moves crop, flip and cut out by hand") {
  using Row = std::vector<int>;
  CHECK(moved({}, Border::zero) == Row{1, 2, 3, 4, 5});
  CHECK(moved({.flip = true}, Border::zero) == Row{5, 4, 3, 2, 1});
  CHECK(moved({.down = 1, .right = 2}, Border::zero) == Row{13, 14, 15, 0, 0});
  CHECK(moved({.down = 1, .right = -2}, Border::zero) == Row{0, 0, 11, 12, 13});
  CHECK(moved({.down = 1, .right = 2, .flip = true}, Border::zero) == Row{0, 0, 15, 14, 13});
  CHECK(moved({.down = -1}, Border::zero) == Row{0, 0, 0, 0, 0});
  CHECK(moved({.down = -1}, Border::reflect) == Row{11, 12, 13, 14, 15});
  CHECK(moved({.down = 1, .right = -2}, Border::reflect, 2) == Row{13, 12, 11, 12, 13});
  CHECK(moved({.right = 2}, Border::reflect) == Row{3, 4, 5, 4, 3});
  CHECK(moved({.top = -1, .left = 1, .bottom = 1}, Border::zero) == Row{1, 0, 0, 4, 5});
  CHECK(moved({.top = -1, .left = 1, .bottom = 1}, Border::zero, 1) == Row{11, 12, 13, 14, 15});
  CHECK(moved({.flip = true, .top = 0, .left = 3, .bottom = 4}, Border::zero) ==
        Row{5, 4, 3, 0, 0});
}

TEST_CASE("draws are uniform, and nothing moves that is off") {
  const ImageMove off = draw_move({}, 1, 2, 3, 4, 32, 32);
  CHECK((off.down == 0 && off.right == 0 && !off.flip && off.top == off.bottom));
  const Index n = 20000;
  const Augmentation all{.flip = true, .crop = 4, .cutout = 8};
  CHECK(share(n, all, [](const ImageMove& m) { return m.flip; }) ==
        doctest::Approx(.5).epsilon(.03));
  for (Index shift = -4; shift <= 4; ++shift) {
    CHECK(share(n, all, [&](const ImageMove& m) { return m.down == shift; }) ==
          doctest::Approx(1. / 9).epsilon(.08));
    CHECK(share(n, all, [&](const ImageMove& m) { return m.right == shift && m.flip; }) ==
          doctest::Approx(1. / 18).epsilon(.12));
  }
  CHECK(share(n, all, [](const ImageMove& m) { return m.down == m.right; }) ==
        doctest::Approx(1. / 9).epsilon(.08));
  CHECK(share(n, all, [](const ImageMove& m) { return m.top == m.left; }) ==
        doctest::Approx(1. / 32).epsilon(.15));
  CHECK(share(n, all, [](const ImageMove& m) { return m.down < -4 || m.down > 4; }) == 0);
  CHECK(share(n, all, [](const ImageMove& m) { return m.bottom - m.top == 8; }) == 1);
  CHECK(share(n, all, [](const ImageMove& m) { return m.top >= -4 && m.top < 28; }) == 1);
  CHECK(share(n, all, [](const ImageMove& m) { return m.left == -4; }) ==
        doctest::Approx(1. / 32).epsilon(.15));
}

TEST_CASE("all channels of an image make the same move") {
  const std::vector<float> out = augmented({{.flip = true, .crop = 2}, 7, 0}, 1, 50);
  for (std::size_t i = 0; i < 50; ++i)
    for (std::size_t j = 0; j < 20; ++j) {
      const float first = out[i * 40 + j], second = out[i * 40 + 20 + j];
      CHECK((first == 0 ? second == 0 : second == first + 100));
    }
}

TEST_CASE("the identity, when all is off") {
  const Array<float, 2> source = images(3);
  const std::vector<double> out = augmented<double>({{}, 7, 0}, 1, 3);
  CHECK(std::equal(out.begin(), out.end(), source.begin()));
}

TEST_CASE("moves depend on seed, member, example and epoch, and on nothing else") {
  const Augmentation settings{.flip = true, .crop = 2, .cutout = 2};
  const AugmentationDraws draws{settings, 7, 3};
  const std::vector<float> two = augmented(draws, 2, 30);
  const std::vector<float> first(two.begin(), two.begin() + 30 * 40);
  const std::vector<float> second(two.begin() + 30 * 40, two.end());
  CHECK(first != second);
  CHECK(augmented(draws, 1, 30) == first);
  const std::vector<float> ten = augmented(draws, 1, 10);
  CHECK(std::equal(ten.begin(), ten.end(), first.begin()));
  CHECK(augmented({settings, 7, 3, 1}, 1, 30) == second);
  CHECK(augmented({settings, 7, 3, 5, 4}, 1, 30) == second);
  CHECK(augmented({settings, 8, 3}, 1, 30) != first);
  CHECK(augmented({settings, 7, 4}, 1, 30) != first);
}

TEST_CASE("settings that cannot be are refused") {
  CHECK_THROWS_WITH(Augmentation{.crop = -1}.validate(),
                    "Augmentation: crop is -1, not in 0 .. 1000");
  CHECK_THROWS_WITH(Augmentation{.cutout = 1001}.validate(),
                    "Augmentation: cutout is 1001, not in 0 .. 1000");
  CHECK_THROWS_WITH(augmented({{.crop = 4, .border = Border::reflect}, 1, 0}, 1, 1),
                    "augment_rows: 4 reflected pixels around images of 4 x 5");
}

namespace {

/// Images as a flat vector: the model of the tests below.
struct FlattenImage {
  using Input = Small;
  using Output = Shape<Small::size>;
  static constexpr Index parameters = 0, statistics = 0, cache = 0;
  static void initialise(std::uint64_t, Index, Index, auto*, auto*) {}
  template <class B>
  static void forward(B& backend, WeightsOn<B>, ConstTensor<B> x, Tensor<B> y, Tensor<B>, Mode) {
    copy_rows(backend, x.flat(), y.flat());
  }
  template <class B>
  static void backward(B&, WeightsOn<B>, ConstTensor<B>, ConstTensor<B>, ConstTensor<B>,
                       ConstTensor<B>, Tensor<B>, Matrix<B>) {}
};
using OnImages = Sequential<FlattenImage, Linear<Small::size, 3>>;
using OnNumbers = Sequential<Linear<Small::size, 3>>;

template <class Model>
Array<float, 2> trained(const Augmentation& augmentation, int threads = 1, Index cohort = 1,
                        Index starts = 0) {
  static const Dataset data = clouds(40, Small::size, 3);
  Cpu<float> backend(threads, cohort);
  const Recipe<> recipe{.descent = {.epochs = 3, .starts = starts, .augmentation = augmentation},
                        .batch = 8};
  return train<Model>(backend, recipe, data, fixed_size_subsets(3, 5, 40, 0.75)).theta;
}

}  // namespace

TEST_CASE("training augments images where it is asked to, the same on any number of threads") {
  const Augmentation settings{.flip = true, .crop = 1, .cutout = 1};
  const Array<float, 2> plain = trained<OnImages>({}), reference = trained<OnImages>(settings);
  CHECK(same_bytes(plain, trained<OnNumbers>({})));
  CHECK(!same_bytes(plain, reference));
  for (const Index starts : {Index{0}, Index{2}}) {
    const Array<float, 2> one = trained<OnImages>(settings, 1, 1, starts);
    CHECK(same_bytes(one, trained<OnImages>(settings, 2, 1, starts)));
    CHECK(same_bytes(one, trained<OnImages>(settings, 2, 3, starts)));
  }
}

TEST_CASE("augmentation of a model whose inputs are no images is refused") {
  CHECK_THROWS_WITH(
      trained<OnNumbers>({.flip = true}),
      "descend: augmentation is on, but the model takes no images of channels, height "
      "and width");
  CHECK_THROWS_WITH(trained<OnImages>({.crop = 2000}),
                    "Augmentation: crop is 2000, not in 0 .. 1000");
}
