#include "expunge/train/checkpoint.hpp"

#include <doctest/doctest.h>

#include <cstdio>

#include "comparators.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/nn/resnet9.hpp"
#include "expunge/nn/torchvision_names.hpp"
#include "expunge/train/evaluate_logits.hpp"
#include "golden_arrays.hpp"
#include "io/scratch.hpp"

using namespace expunge;

namespace {

const std::string folder = std::string(EXPUNGE_GOLDEN_DIR) + "/safetensors/";
using M = Mlp<6, 5, 3>;

/// Layers of a user, which behave otherwise than Relu and have its shapes.
template <Index Width>
struct Silu : Relu<Width> {};
template <class S, class Slope>
struct LeakyRelu : Relu<S::size> {};
template <Index Width>
struct Power : Relu<Width> {
  static constexpr double exponent = 1.5;  // no argument of the template: it states its text
  static std::string text() { return sentence("power ", exponent); }
};
template <class Activation>
using With = Sequential<Linear<6, 5>, Activation, Linear<5, 3>>;

using R = ResNet9<10, 2, Shape<3, 12, 12>>;

std::string text_of(const std::vector<NamedTensor>& table) {
  std::string text;
  for (const NamedTensor& t : table)
    text += sentence(t.name, " ", shape_text(t.shape), t.in_stats() ? " stats " : " theta ",
                     t.offset, "\n");
  return text;
}

/// Logits of member 0 on the inputs of a golden file, against its logits.
template <class Model, class Real>
double difference_from_golden(const std::string& name, Ensemble<Model, Real>& ensemble) {
  const Array<double, 2> x = golden<2>("safetensors/" + name + "_inputs");
  const Array<double, 2> expected = golden<2>("safetensors/" + name + "_logits");
  const Array<Real, 2> inputs = converted<Real>(x);
  Cpu<Real> backend(1);
  const Index n = static_cast<Index>(x.shape()[0]);
  auto space = Model::workspace(backend, 1, n);
  const Weights<Real> weights{view(ensemble.theta).row_range(0, 1),
                              view(ensemble.stats).row_range(0, 1)};
  const TensorView<const Real> logits = Model::forward(
      backend, weights, TensorView<const Real>(inputs.data(), 1, n, Model::Input::size), space,
      Mode::eval);
  return relative_difference(logits.data, expected.data(), n * Model::classes);
}

/// An ensemble whose weights are all different, and its statistics all different integers.
template <class Model, class Real>
Ensemble<Model, Real> counted(Index members) {
  auto ensemble = Ensemble<Model, Real>::uninitialised(members);
  Real next = Real(0.5);
  for (Real& w : ensemble.theta) w = next++;
  for (Real& s : ensemble.stats) s = std::floor(next++);
  return ensemble;
}

/// A file of these tensors, all ones: what loading it into a model says. On error nothing changes.
std::string load_error(const std::vector<NamedTensor>& written) {
  const Scratch scratch;
  const std::vector<float> ones(100, 1.0f);
  std::vector<TensorToWrite> tensors;
  for (const NamedTensor& t : written)
    tensors.push_back(tensor_to_write(t.name, t.shape, ones.data()));
  write_safetensors(scratch / "a.safetensors", tensors);
  auto ensemble = counted<M, float>(1);
  const auto before = ensemble.theta;
  const std::string error = error_of([&] { load_member(scratch / "a.safetensors", ensemble, 0); });
  CHECK(same_bytes(ensemble.theta, before) == !error.empty());
  return error;
}

}  // namespace

TEST_CASE("a multilayer perceptron has the names of nn.Sequential") {
  CHECK(text_of(tensors_of<M>()) ==
        "0.weight [5, 6] theta 0\n"
        "0.bias [5] theta 30\n"
        "2.weight [3, 5] theta 35\n"
        "2.bias [3] theta 50\n");
}

TEST_CASE("ResNet-9 has the names of the paper's code") {
  const std::string text = text_of(tensors_of<ResNet9<>>());
  CHECK(contains(text,
                 "0.0.weight [64, 3, 3, 3] theta 0\n"
                 "0.1.weight [64] theta 1728\n"
                 "0.1.bias [64] theta 1792\n"
                 "0.1.running_mean [64] stats 0\n"
                 "0.1.running_var [64] stats 64\n"
                 "1.0.weight [128, 64, 5, 5] theta 1856\n"));
  CHECK(contains(text, "\n2.module.1.0.weight [128, 128, 3, 3] theta "));
  CHECK(contains(text, "\n6.1.running_var [128] stats 2560\n9.weight [10, 128] theta 2273600\n"));
}

TEST_CASE("ResNet-18 has torchvision's names on demand") {
  const std::string text = text_of(torchvision_names<ResNet18<10, 4>>());
  CHECK(contains(text,
                 "conv1.weight [4, 3, 3, 3] theta 0\n"
                 "bn1.weight [4] theta 108\n"
                 "bn1.bias [4] theta 112\n"
                 "bn1.running_mean [4] stats 0\n"
                 "bn1.running_var [4] stats 4\n"
                 "layer1.0.conv1.weight [4, 4, 3, 3] theta 116\n"));
  for (const char* name :
       {"layer1.1.bn2.running_var [4]", "layer2.0.conv1.weight [8, 4, 3, 3]",
        "layer2.0.downsample.0.weight [8, 4, 1, 1]", "layer2.0.downsample.1.running_mean [8]",
        "layer4.1.conv2.weight [32, 32, 3, 3]", "fc.weight [10, 32]", "fc.bias [10]"})
    CHECK(contains(text, std::string("\n") + name));
  CHECK((!contains(text, "module") && !contains(text, "shortcut")));
  CHECK(torchvision_names<ResNet18<10, 4>>().size() == 20 + 20 * 4 + 2);
}

TEST_CASE("shortcuts and biases have names too") {
  using S = Shape<2, 4, 4>;
  using Side = Block<Conv2d<S, 3, 1, 1, 0, Bias::per_filter>>;
  using Layer = ShortcutResidual<Side, Conv2d<S, 3, 3, 1, 1>, BatchNorm2d<Shape<3, 4, 4>>>;
  CHECK(text_of(tensors_of<Sequential<Relu<2, 4, 4>, Layer>>()) ==
        "1.module.0.weight [3, 2, 3, 3] theta 0\n"
        "1.module.1.weight [3] theta 54\n"
        "1.module.1.bias [3] theta 57\n"
        "1.module.1.running_mean [3] stats 0\n"
        "1.module.1.running_var [3] stats 3\n"
        "1.shortcut.0.weight [3, 2, 1, 1] theta 60\n"
        "1.shortcut.0.bias [3] theta 66\n");
}

TEST_CASE_TEMPLATE("PyTorch's multilayer perceptron gives PyTorch's logits", Real, float, double) {
  auto ensemble = counted<M, Real>(1);
  const LoadReport report = load_member(folder + "mlp_6_5_3.safetensors", ensemble, 0);
  CHECK(report.ignored.empty());
  CHECK(report.metadata.at("format") == "pt");
  CHECK(difference_from_golden("mlp_6_5_3", ensemble) < (sizeof(Real) == 4 ? 1e-6 : 1e-14));
}

TEST_CASE_TEMPLATE("PyTorch's ResNet-9 gives PyTorch's logits", Real, float, double) {
  auto ensemble = counted<R, Real>(1);
  const LoadReport report = load_member(folder + "resnet9_2.safetensors", ensemble, 0);
  REQUIRE(report.ignored.size() == 8);
  CHECK(report.ignored[0] == "0.1.num_batches_tracked");
  CHECK(report.ignored[7] == "6.1.num_batches_tracked");
  CHECK(difference_from_golden("resnet9_2", ensemble) < (sizeof(Real) == 4 ? 1e-5 : 1e-12));
}

TEST_CASE("one member goes out and in, the others stay") {
  const Scratch scratch;
  const auto from = counted<R, double>(3);
  save_member(scratch / "a", from, 1);
  auto to = counted<R, double>(2);
  to.theta *= -1;
  to.stats *= -1;
  const auto before = to;
  load_member(scratch / "a", to, 1);
  const auto same_row = [](const auto& a, Index i, const auto& b, Index j) {
    const auto x = view(a), y = view(b);
    return std::equal(x.row(i), x.row(i) + x.cols, y.row(j));
  };
  CHECK((same_row(to.theta, 1, from.theta, 1) && same_row(to.stats, 1, from.stats, 1)));
  CHECK((same_row(to.theta, 0, before.theta, 0) && same_row(to.stats, 0, before.stats, 0)));
  CHECK_THROWS_WITH(save_member(scratch / "a", from, 3), "save_member: member 3 of 3");
  CHECK_THROWS_WITH(load_member(scratch / "a", to, -1), "load_member: member -1 of 2");
}

TEST_CASE("the masks of dropout go out, and may be missing from a file of one model") {
  const Scratch scratch;
  using Plain = Sequential<Linear<2, 3>, Relu<3>, Linear<3, 2>>;
  using Model = Sequential<Linear<2, 3>, Dropout<Shape<3>, std::ratio<1, 2>>, Linear<3, 2>>;
  CHECK(contains(text_of(tensors_of<Model>()), "1.mask_state [6] stats 0"));
  save_member(scratch / "plain", counted<Plain, float>(1), 0);
  auto models = counted<Model, float>(2);
  const auto stats = models.stats;
  CHECK(load_member(scratch / "plain", models, 1, tensors_of<Model>(), CheckModel::shapes)
            .ignored.empty());
  CHECK(same_bytes(models.stats, stats));
  CHECK(models.theta(1, 16) == 16.5f);
  save_ensemble(scratch / "all", models);
  CHECK(same_bytes(load_ensemble<Model, float>(scratch / "all").ensemble.stats, stats));
  save_member(scratch / "one", models, 1);
  load_member(scratch / "one", models, 0);
  CHECK(models.stats(0, 0) == stats(1, 0));
  save_ensemble(scratch / "plain", counted<Plain, float>(2));
  CHECK(
      contains(error_of([&] { load_ensemble<Model, float>(scratch / "plain"); }),
               "plain: the file is of another network: where it has 'relu 3 > linear 2 (8)', this "
               "one has 'dropout 1/2 > linear 2 (8)'; if that is meant, load it with "
               "CheckModel::shapes"));
}

TEST_CASE("variances below 0 and masks of another kind are refused, and nothing is changed") {
  const Scratch scratch;
  using Norm = Sequential<BatchNorm2d<Shape<2, 1, 1>>>;
  using Drop = Sequential<Dropout<Shape<3>, std::ratio<1, 2>>>;
  const auto refusal = [&]<class Model>(std::type_identity<Model>, Index at, float value) {
    auto models = counted<Model, float>(1);
    models.stats(0, at) = value;
    save_member(scratch / "a", models, 0);
    auto to = counted<Model, float>(2);
    const auto before = to;
    const std::string error = error_of([&] { load_member(scratch / "a", to, 1); });
    const bool same = same_bytes(to.theta, before.theta) && same_bytes(to.stats, before.stats);
    CHECK(same == !error.empty());
    return error;
  };
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  const std::type_identity<Norm> norm;
  CHECK(
      contains(refusal(norm, 3, -1),
               "tensor '0.running_var' has the value -1 at position 1, a variance is at least 0"));
  CHECK(refusal(norm, 3, nan).empty());  // a diverged member
  CHECK(refusal(norm, 0, -1).empty());   // a mean
  for (const float value : {nan, -1.f, 0.5f, 65536.f})
    CHECK(contains(refusal(std::type_identity<Drop>(), 4, value),
                   sentence("tensor '0.mask_state' has the value ", value,
                            " at position 4, an integer of 0 to 65535 was expected")));
  CHECK(refusal(std::type_identity<Drop>(), 4, 65535).empty());
}

TEST_CASE("saving what was loaded gives PyTorch's own bytes") {
  const Scratch scratch;
  auto ensemble = counted<M, float>(1);
  load_member(folder + "mlp_6_5_3.safetensors", ensemble, 0);
  save_member(scratch / "a", ensemble, 0, {{"format", "pt"}});
  CHECK(read_bytes(scratch / "a", 10000) == read_bytes(folder + "mlp_6_5_3.safetensors", 10000));
}

TEST_CASE("tensors that are missing or have another shape are refused, both shown") {
  const std::vector<NamedTensor> table = tensors_of<M>();
  CHECK(load_error(table).empty());
  std::vector<NamedTensor> other = table;
  other[2].shape = {5, 3};
  CHECK(contains(load_error(other), "tensor '2.weight' has shape [5, 3], [3, 5] was expected"));
  other[2].shape = {15};
  CHECK(contains(load_error(other), "tensor '2.weight' has shape [15], [3, 5] was expected"));
  other = table;
  other[1].name = "0.offset";
  CHECK(contains(load_error(other),
                 "a.safetensors: tensor '0.bias' of shape [5] was expected, the file has 4 "
                 "tensors without it"));
}

TEST_CASE("an ensemble goes out and in with its metadata") {
  const Scratch scratch;
  const auto from = counted<R, float>(3);
  save_ensemble(scratch / "a", from, {{"recipe", "24 epochs"}, {"seed", "7"}});
  const auto back = load_ensemble<R, float>(scratch / "a", {{"seed", "7"}});
  CHECK(
      (same_bytes(back.ensemble.theta, from.theta) && same_bytes(back.ensemble.stats, from.stats)));
  CHECK(back.report.metadata.at("recipe") == "24 epochs");
  CHECK(back.report.ignored.empty());
  const Safetensors file = Safetensors::map(scratch / "a");
  CHECK(file.find("0.0.weight")->shape == std::vector<Index>{3, 2, 3, 3, 3});
  CHECK(file.values<float>("0.0.weight")[54] == from.theta(1, 0));
  const auto error = [&](const Metadata& expected) {
    return error_of([&] { load_ensemble<R, float>(scratch / "a", expected); });
  };
  CHECK(contains(error({{"seed", "8"}}), "metadata 'seed' is '7', '8' was expected"));
  CHECK(contains(error({{"width", "2"}}), "metadata 'width' is missing, '2' was expected"));
  CHECK(contains(error_of([&] { load_ensemble<M, float>(scratch / "a"); }),
                 "this one has '6 > linear 5 (35) > relu 5 > linear 3 (18)'; if that is meant"));
  CHECK(contains(error_of([&] { load_ensemble<M, float>(folder + "mlp_6_5_3.safetensors"); }),
                 "metadata 'expunge_checkpoint' is missing, '2' was expected"));
  write_safetensors(scratch / "b", {}, {{"expunge_checkpoint", "3"}});
  CHECK(contains(error_of([&] { load_ensemble<M, float>(scratch / "b"); }),
                 "metadata 'expunge_checkpoint' is '3', '2' was expected"));
}

TEST_CASE("weights of the same shapes are not those of another network") {
  const Scratch scratch;
  using Image = Shape<2, 8, 8>;
  using Plain = Sequential<Conv2d<Image, 4, 3, 1, 1>, GlobalMaxPool<Shape<4, 8, 8>>>;
  using Mean = Sequential<Conv2d<Image, 4, 3, 1, 1>, GlobalAveragePool<Shape<4, 8, 8>>>;
  using Strided = Sequential<Conv2d<Image, 4, 3, 2, 1>, GlobalMaxPool<Shape<4, 4, 4>>>;
  using Scaled = Sequential<Conv2d<Image, 4, 3, 1, 1>, GlobalMaxPool<Shape<4, 8, 8>>,
                            Scale<Shape<4>, std::ratio<1, 5>>>;
  save_ensemble(scratch / "a", counted<Plain, float>(2));
  const std::string convolution = "2x8x8 > conv 4x8x8 kernel 3 stride 1 padding 1 (72) > ";
  CHECK(model_text<Plain>() == convolution + "global_max 4");
  CHECK(model_text<Scaled>() == convolution + "global_max 4 > scale 1/5");
  CHECK(model_text<Sequential<Residual<Relu<4>>>>() == "4 > [x + relu 4]");
  CHECK(contains(error_of([&] { load_ensemble<Mean, float>(scratch / "a"); }),
                 "where it has 'global_max 4', this one has 'global_mean 4'; if"));
  CHECK_FALSE(error_of([&] { load_ensemble<Strided, float>(scratch / "a"); }).empty());
  CHECK_FALSE(error_of([&] { load_ensemble<Scaled, float>(scratch / "a"); }).empty());
}

TEST_CASE("weights behind one activation are not those behind another, of the user's own too") {
  const Scratch scratch;
  const auto refused = [&]<class Saved, class Loaded>(std::type_identity<Saved>,
                                                      std::type_identity<Loaded>) {
    save_ensemble(scratch / "all", counted<Saved, float>(2));
    save_member(scratch / "one", counted<Saved, float>(2), 1);
    auto models = counted<Loaded, float>(1);
    const auto before = models.theta;
    const std::string one = error_of([&] { load_member(scratch / "one", models, 0); });
    CHECK((one.empty() || same_bytes(models.theta, before)));
    return !one.empty() &&
           !error_of([&] { load_ensemble<Loaded, float>(scratch / "all"); }).empty();
  };
  const std::type_identity<With<Relu<5>>> relu;
  const std::type_identity<With<Silu<5>>> silu;
  const std::type_identity<With<LeakyRelu<Shape<5>, std::ratio<1, 10>>>> leaky;
  const std::type_identity<With<LeakyRelu<Shape<5>, std::ratio<1, 5>>>> leakier;
  const std::type_identity<With<Power<5>>> power;
  CHECK((refused(silu, relu) && refused(relu, silu) && refused(relu, leaky)));
  CHECK((refused(leaky, leakier) && refused(power, relu) && refused(silu, power)));
  CHECK(!refused(relu, relu));
  CHECK((!refused(silu, silu) && !refused(leaky, leaky) && !refused(power, power)));
  CHECK(model_text<With<Silu<5>>>() == "6 > linear 5 (35) > (nameless)::Silu<5> 5 > linear 3 (18)");
  CHECK(model_text<With<LeakyRelu<Shape<5>, std::ratio<1, 10>>>>() ==
        "6 > linear 5 (35) > (nameless)::LeakyRelu<expunge::Shape<5>,std::ratio<1,10>> 5 > "
        "linear 3 (18)");
  CHECK(model_text<With<Power<5>>>() == "6 > linear 5 (35) > power 1.5 > linear 3 (18)");
}

TEST_CASE(
    "files that say nothing of their network load by shapes: PyTorch's, and old ones on demand") {
  const Scratch scratch;
  const auto from = counted<M, float>(2);
  save_ensemble(scratch / "new", from);
  const Safetensors file = Safetensors::map(scratch / "new");
  std::vector<std::vector<float>> numbers;
  std::vector<TensorToWrite> tensors;
  for (const SafetensorsEntry& entry : file.tensors())
    numbers.push_back(file.values<float>(entry.name));
  for (std::size_t t = 0; t < numbers.size(); ++t)
    tensors.push_back(
        tensor_to_write(file.tensors()[t].name, file.tensors()[t].shape, numbers[t].data()));
  write_safetensors(scratch / "old", tensors,
                    {{"expunge_checkpoint", "1"}, {"model", "6 > 5 (35) > 5 > 3 (18)"}});
  CHECK(
      contains(error_of([&] { load_ensemble<M, float>(scratch / "old"); }),
               "an older version of expunge wrote this ensemble and noted shapes, but no kinds of "
               "layers; if it is of this network, load it with CheckModel::shapes"));
  const auto by_shapes = [&]<class Model>(std::type_identity<Model>, const char* name) {
    return load_ensemble<Model, float>(scratch / name, {}, tensors_of<Model>(), CheckModel::shapes)
        .ensemble.theta;
  };
  CHECK(same_bytes(by_shapes(std::type_identity<M>(), "old"), from.theta));
  CHECK(same_bytes(by_shapes(std::type_identity<With<Silu<5>>>(), "new"), from.theta));
  CHECK(!error_of([&] { by_shapes(std::type_identity<Mlp<6, 4, 3>>(), "old"); }).empty());
  save_member(scratch / "one", from, 1);
  auto silu = counted<With<Silu<5>>, float>(1);
  CHECK(contains(error_of([&] { load_member(scratch / "one", silu, 0); }),
                 "where it has 'relu 5 > linear 3 (18)', this one has '(nameless)::Silu<5> 5 > "
                 "linear 3 (18)'; if"));
  load_member(scratch / "one", silu, 0, tensors_of<With<Silu<5>>>(), CheckModel::shapes);
  CHECK(silu.theta(0, 0) == from.theta(1, 0));
  save_member(scratch / "one", from, 1, {{"format", "pt"}});  // says nothing, as PyTorch's
  load_member(scratch / "one", silu, 0);
}

TEST_CASE("a file of an ensemble has no tensors beside the model's; names of a table differ") {
  const Scratch scratch;
  using One = Sequential<Linear<1, 1>>;
  const std::vector<float> numbers = {1, 2, 3};
  const auto write = [&](const char* third) {
    write_safetensors(
        scratch / "a",
        {tensor_to_write("0.weight", {1, 1, 1}, &numbers[0]),
         tensor_to_write(third, {1, 1}, &numbers[1]), tensor_to_write("more", {1}, &numbers[2])},
        {{"expunge_checkpoint", "2"}, {"model", model_text<One>()}});
  };
  write("0.bias");
  CHECK(contains(error_of([&] { load_ensemble<One, float>(scratch / "a"); }),
                 "tensor 'more' is none of the model's, which has 2 tensors"));
  write("module.bias");
  CHECK(contains(error_of([&] { load_ensemble<One, float>(scratch / "a"); }),
                 "tensor '0.bias' of shape [1, 1] was expected, the file has 3 tensors without it, "
                 "but 'module.bias'"));
  write("module.0.bias");
  CHECK(contains(error_of([&] { load_ensemble<One, float>(scratch / "a"); }),
                 "but 'module.0.bias'; its names begin with 'module.': save them without it"));
  auto models = counted<One, float>(1);
  CHECK_THROWS_WITH(load_member(scratch / "a", models, 0, {{"w", {1}, 0}, {"w", {1}, 1}}),
                    "checkpoint: the model's table names two tensors 'w'");
}

TEST_CASE("a number that the ensemble's type cannot hold is refused") {
  const Scratch scratch;
  auto from = counted<Sequential<Linear<1, 1>>, double>(1);
  from.theta(0, 1) = 1e300;
  save_member(scratch / "a", from, 0);
  auto to = counted<Sequential<Linear<1, 1>>, float>(1);
  CHECK(contains(
      error_of([&] { load_member(scratch / "a", to, 0); }),
      "tensor '0.bias' of type F64: number 0 is 1e+300, a number in the range of float32"));
  from.theta(0, 1) = std::numeric_limits<double>::infinity();
  save_member(scratch / "a", from, 0);
  load_member(scratch / "a", to, 0);
  CHECK(std::isinf(to.theta(0, 1)));
}

TEST_CASE("the numbers of a file may be of another type") {
  const Scratch scratch;
  const auto from = counted<M, double>(2);
  save_ensemble(scratch / "a", from);
  const auto single = load_ensemble<M, float>(scratch / "a");
  CHECK(relative_difference(single.ensemble.theta, from.theta) == 0);
}

/// A layer with weights of its own, which names them.
// [layer]
struct ScaleAndShift {
  using Input = Shape<3>;
  using Output = Shape<3>;
  static constexpr Index parameters = 6;  // scale [3], then shift [3]
  static constexpr Index statistics = 0;
  static constexpr Index cache = 0;
  static std::vector<NamedTensor> tensors() {  // name, shape, first number
    return {{"scale", {3}, 0}, {"shift", {3}, 3}};
  }
  // initialise, forward, backward
};
// [end]

TEST_CASE("weights that are stored as integers are refused, not taken for numbers") {
  const Scratch scratch;
  const std::string file = (scratch / "a.safetensors").string();
  Ensemble<Mlp<3, 2>, float> ensemble = Ensemble<Mlp<3, 2>, float>::uninitialised(1);
  const std::vector<std::int8_t> quantised(6, 127);
  const std::vector<float> bias(2, 0.5f);
  const std::vector<NamedTensor> table = tensors_of<Mlp<3, 2>>();
  REQUIRE(table.size() == 2);
  write_safetensors(file, {tensor_to_write(table[0].name, {2, 3}, quantised.data()),
                           tensor_to_write(table[1].name, {2}, bias.data())});
  const std::string error = error_of([&] { load_member(file, ensemble, 0); });
  CHECK(contains(error, "has numbers of type I8, F16, BF16, F32 or F64 were expected"));
  CHECK(contains(error, "save the network that computes in floating point"));
}

TEST_CASE("a layer of your own names its weights") {
  CHECK(text_of(tensors_of<Sequential<Linear<2, 3>, ScaleAndShift>>()) ==
        "0.weight [3, 2] theta 0\n"
        "0.bias [3] theta 6\n"
        "1.scale [3] theta 9\n"
        "1.shift [3] theta 12\n");
}

TEST_CASE("the page's lines, with the paper's ResNet-9") {
  const Scratch scratch;
  const std::filesystem::path& here = scratch.folder();
  save_member(here / "model.safetensors", initialise<ResNet9<10>, float>(1, 1), 0);
  // [load]
  auto models = Ensemble<ResNet9<10>, float>::uninitialised(1);
  const LoadReport report = load_member(here / "model.safetensors", models, 0);
  for (const std::string& name : report.ignored) std::printf("ignored: %s\n", name.c_str());
  // [end]
  CHECK(same_bytes(models.theta, initialise<ResNet9<10>, float>(1, 1).theta));
  // [save]
  save_member(here / "member_0.safetensors", models, 0);
  save_ensemble(here / "all.safetensors", models, {{"recipe", "24 epochs, rate .4"}});
  const auto back = load_ensemble<ResNet9<10>, float>(here / "all.safetensors");
  // [end]
  CHECK(report.ignored.empty());
  CHECK(same_bytes(back.ensemble.theta, models.theta));
}

TEST_CASE("a table that does not cover the rows is refused") {
  const Scratch scratch;
  auto ensemble = counted<M, float>(1);
  const auto error = [&](const std::vector<NamedTensor>& table) {
    try {
      save_member(scratch / "a", ensemble, 0, {}, table);
    } catch (const std::invalid_argument& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(error({{"all", {53}, 0}}).empty());
  CHECK(error({{"all", {52}, 0}}) ==
        "checkpoint: the model's table has 52 numbers of theta, the model has 53");
  CHECK(error({{"a", {50}, 0}, {"b", {3}, 49}}) ==
        "checkpoint: the model's table has a tensor at number 49 of its row of theta, one was "
        "expected at 50");
  CHECK(contains(error({{"all", {53}, 0}, {"s", {1}, 0, Holds::other_statistics}}),
                 "1 numbers of stats, the model has 0"));
}
