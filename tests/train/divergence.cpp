// Members that break, by weights that are no numbers or by logits that run away, are told from
// others, and no function takes or gives them without a word.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/evaluation/accuracy.hpp"
#include "expunge/loss/distillation.hpp"
#include "expunge/loss/squared_error.hpp"
#include "expunge/nn/batch_norm2d.hpp"
#include "expunge/nn/flatten.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/output/evaluate.hpp"
#include "expunge/output/logits.hpp"
#include "expunge/train/evaluate_margins.hpp"
#include "expunge/train/train.hpp"
#include "expunge/unlearning/retrain.hpp"
#include "small_data.hpp"

using namespace expunge;

namespace {

using M = Mlp<6, 8, 3>;
using B = Cpu<double>;

struct ScaleGradient {
  TensorView<double> dlogits;
  Index member;
  double factor;
  EXPUNGE_HD void operator()(Index, Index i, Index j) const { dlogits(member, i, j) *= factor; }
};

/// Cross entropy, but one member's gradients are multiplied.
struct OneHot {
  SubsetObjective<CrossEntropy> inner;
  Index member;
  double factor;

  Index passes(Index epoch) const { return inner.passes(epoch); }
  Index batch_size(Index epoch, Index pass) const { return inner.batch_size(epoch, pass); }
  std::vector<Index> examples(Index m, Index epoch, Index pass) const {
    return inner.examples(m, epoch, pass);
  }
  void operator()(B& backend, const Minibatch<double>& batch) const {
    inner(backend, batch);
    const Index at = member - batch.first_member;
    if (at >= 0 && at < batch.dlogits.members)
      for_each_element(backend, 1, batch.dlogits.rows, 3, ScaleGradient{batch.dlogits, at, factor});
  }
};

/// Five members of which number 3 learns `factor` times as fast.
DescentReport run(double factor, Index epochs, Index batch, Index cohort = 1, Index members = 5) {
  const Dataset data = clouds(30, 6, 3);
  const SubsetMasks masks = all_but(members, 30, {});
  B backend(1, cohort);
  auto models = initialise<M, double>(0, members);
  return descend(backend, DescentConfig{.epochs = epochs}, data,
                 OneHot{{masks, data, {}, batch}, 3, factor}, Sgd{}, ConstantRate{}, models);
}

template <class F>
std::string sentence_of(const F& f) {
  try {
    f();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

Recipe<> recipe(double rate) {
  return {.descent = {.learning_rate = rate, .epochs = 2, .seed = 1}, .batch = 8};
}

}  // namespace

TEST_CASE("a member whose logits run away has diverged, though its weights are numbers") {
  for (const Index cohort : {1, 5}) {
    const DescentReport report = run(1e5, 3, 8, cohort);
    CHECK(report.finite == std::vector<char>(5, 1));
    CHECK(report.runaway == std::vector<char>{0, 0, 0, 1, 0});
    CHECK(report.diverged_members() == std::vector<Index>{3});
    CHECK(report.diverged() == 1);
    CHECK(report.largest_logit[3] > 100 * report.largest_logit[0]);
    CHECK((report.largest_logit[0] > 0.1 && report.largest_logit[0] < 100));
  }
  CHECK(run(1, 3, 8).diverged() == 0);
}

TEST_CASE("the last step is looked at too, also where it is the only one") {
  const DescentReport report = run(1e6, 1, 30);
  CHECK(report.finite == std::vector<char>(5, 1));
  CHECK(report.diverged_members() == std::vector<Index>{3});
}

TEST_CASE("the largest logits are those of the last epoch and of the weights after it") {
  const Dataset data = clouds(32, 6, 3);  // whole batches: any is the last
  B backend(1);
  auto models = initialise<M, double>(0, 2);
  const auto before = evaluate_logits<double>(backend, models, view(data.inputs));
  const DescentReport report =
      descend(backend, DescentConfig{.learning_rate = 1e-300}, data,
              SubsetObjective<CrossEntropy>{all_but(2, 32, {}), data, {}, 8}, Sgd{}, ConstantRate{},
              models);
  CHECK(report.largest_logit == largest_logits(TensorView<const double>(view(before))));
}

TEST_CASE("what is usual is the lower median of the finite, and 0 judges nobody") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(usual_logit({5, 1, 9}) == 5);
  CHECK(usual_logit({1e6, 8}) == 8);
  CHECK(usual_logit({std::nan(""), 3, infinity}) == 3);
  CHECK(usual_logit({}) == 0);
  CHECK((ran_away(301, 3) && !ran_away(300, 3) && !ran_away(1e30, 0)));
  CHECK((ran_away(std::nan(""), 0) && ran_away(infinity, 1)));
  Array<float, 3> logits = make_array<float>(2, 2, 2);
  logits.fill(-4);
  logits(0, 1, 0) = 7;
  logits(1, 0, 1) = std::nanf("");
  const std::vector<double> largest = largest_logits(TensorView<const float>(view(logits)));
  CHECK((largest[0] == 7 && std::isnan(largest[1])));
}

TEST_CASE("members are listed, and not all of many") {
  CHECK(members_text({4}) == "member 4");
  CHECK(members_text({4, 7}) == "members 4 and 7");
  CHECK(members_text({1, 2, 3, 4, 5, 6}) == "members 1, 2, 3, 4, 5 and 6");
  CHECK(members_text({1, 2, 3, 4, 5, 6, 9}) == "members 1, 2, 3, 4, 5 and 2 others");
}

TEST_CASE("training that diverges throws, and loses no model") {
  const Dataset data = clouds(20, 6, 3);
  B backend(1);
  const SubsetMasks masks = all_but(3, 20, {});
  try {
    train<M>(backend, recipe(1e200), data, masks);
    CHECK(false);
  } catch (const TrainingDiverged<M, double>& error) {
    CHECK(std::string(error.what()).find("train: members 0, 1 and 2 of 3 diverged") == 0);
    CHECK(error.models().members() == 3);
    CHECK(!is_finite(error.models(), 1));
    CHECK(error.report().diverged() == 3);
  }
  Recipe<> kept = recipe(1e200);
  kept.when_diverged = WhenDiverged::keep;
  CHECK(!is_finite(train<M>(backend, kept, data, masks), 0));
  CHECK(train<M>(backend, recipe(0.05), data, masks).members() == 3);
}

TEST_CASE("statistics that are no numbers make a member that is not finite") {
  using Net = Sequential<BatchNorm2d<Shape<2, 2, 2>>, Flatten<Shape<2, 2, 2>>>;
  auto models = initialise<Net, double>(0, 2);
  CHECK((is_finite(models, 0) && is_finite(models, 1)));
  models.stats(1, 2) = std::numeric_limits<double>::infinity();
  CHECK((is_finite(models, 0) && !is_finite(models, 1)));
}

TEST_CASE("inputs that are no numbers are refused, with row and column, where a model sees them") {
  Dataset data = clouds(20, 6, 3);
  data.inputs(12, 4) = std::nanf("");
  B backend(1);
  CHECK(sentence_of([&] { train<M>(backend, recipe(0.05), data, all_but(2, 20, {})); }) ==
        "train: input 4 of example 12 is nan; inputs must be finite numbers: leave the example "
        "out, or "
        "fill the number in");
  CHECK(train<M>(backend, recipe(0.05), data, all_but(2, 20, {12})).members() == 2);
  const auto models = initialise<M, double>(0, 2);
  CHECK(sentence_of([&] {
          evaluate_logits(backend, models, view(data.inputs));
        }).find("evaluate_logits: input 4 of point 12 is nan") == 0);
  CHECK(sentence_of([&] {
          evaluate_margins(backend, models, data);
        }).find("evaluate_margins: input 4 of point 12 is nan") == 0);
  data.inputs(12, 4) = -std::numeric_limits<float>::infinity();
  CHECK(sentence_of([&] {
          evaluate_margins(backend, models, data);
        }).find("evaluate_margins: input 4 of point 12 is -inf") == 0);
  ImageDataset images = image_clouds(20, 2, 3, 3);
  images.values(1, 7) = std::nanf("");
  CHECK(sentence_of([&] {
          evaluate_margins(backend, models, images);
        }).find("evaluate_margins: byte 7 of channel 1 stands for nan") == 0);
}

TEST_CASE("bytes have a table for each channel of the model's images, or one for all") {
  using Net = Sequential<Flatten<Shape<2, 3, 1>>, Linear<6, 3>>;
  B backend(1);
  const auto models = initialise<Net, double>(0, 1);
  const ImageDataset right = image_clouds(5, 2, 3, 3), wrong = image_clouds(5, 3, 2, 3);
  CHECK(evaluate_margins(backend, models, right).size() == 5);
  CHECK(evaluate_margins(backend, models, image_clouds(5, 1, 6, 3)).size() == 5);
  CHECK(sentence_of([&] { evaluate_margins(backend, models, wrong); }) ==
        "evaluate_margins: bytes stand for the values of 3 channels, the model's images have 2");
}

TEST_CASE("logits that half precision cannot hold are refused, with model and point") {
  B backend(1);
  const Dataset data = clouds(300, 6, 3);
  auto models = initialise<M, double>(0, 3);
  CHECK(evaluate_logits<Half>(backend, models, view(data.inputs)).size() == 2700);
  for (Index j = 0; j < M::parameters; ++j) models.theta(2, static_cast<std::size_t>(j)) *= 1e4;
  CHECK(evaluate_logits<float>(backend, models, view(data.inputs)).size() == 2700);
  const std::string said =
      sentence_of([&] { evaluate_logits<Half>(backend, models, view(data.inputs)); });
  CHECK(said.find("Evaluator: output ") == 0);
  CHECK(said.find(" of model 2 on point 0 is too large for half precision, which ends at 65504") !=
        std::string::npos);
  models.theta(2, 0) = std::nan("");  // what is no number anyway stays what it is
  CHECK(std::isnan(
      static_cast<float>(evaluate_logits<Half>(backend, models, view(data.inputs))(2, 0, 0))));
}

TEST_CASE("shared starts are refused where all members see the same: they would be equal") {
  const Dataset data = clouds(20, 6, 3);
  B backend(1);
  Recipe<> shared = recipe(0.05);
  shared.descent.starts = 2;
  CHECK(train<M>(backend, shared, data, all_but(2, 20, {})).members() == 2);
  CHECK(sentence_of([&] {
          train<M>(backend, shared, data, all_but(4, 20, {}));
        }).find("train: 4 models of the same examples have 2 starts, so only 2 of them differ") ==
        0);
  CHECK(train<M>(backend, shared, data, fixed_size_subsets(3, 6, 20, 0.5)).members() == 6);
  const auto oracles = retrain<M>(backend, shared, data, {1, 2}, 3, 9);
  CHECK(oracles.theta(0, 0) != oracles.theta(2, 0));
}

TEST_CASE("oracles with the seed of the models are refused, a partial retraining is not") {
  const Dataset data = clouds(20, 6, 3);
  B backend(1);
  const std::string said = sentence_of([&] {
    retrain<M>(backend, recipe(0.05), data, {1, 2}, 3, 1);
  });
  CHECK(said.find("retrain: the oracles' seed is 1, which is the recipe's own") == 0);
  CHECK(retrain<M>(backend, recipe(0.05), data, {1, 2}, 3, 2).members() == 3);
  CHECK(retrain<M>(backend, recipe(0.05), data, {1, 2}, 3, 1, 1).members() == 3);
  CHECK(!sentence_of([&] { retrain<M>(backend, recipe(0.05), data, {1, 2}, 3, 1, 2); }).empty());
}

namespace {

struct EmptyTarget {
  TensorView<const double> values;
  const double* operator()(Index m, Index i) const { return values.row(m, i); }
};

}  // namespace

TEST_CASE("losses and figures of one answer, which say nothing, are refused while running too") {
  B backend(1);
  std::vector<double> numbers(8);
  std::vector<Index> ids(2);
  const std::vector<Label> labels(2, 0);
  const Minibatch<double> batch{TensorView<const double>(numbers.data(), 1, 2, 1),
                                MatrixView<const Index>(ids.data(), 1, 2),
                                TensorView<double>(numbers.data() + 2, 1, 2, 1),
                                MatrixView<double>(numbers.data() + 4, 1, 2)};
  const std::string expected = "add_loss: the model has 1 answer, this loss needs 2";
  const LabelTarget label{labels.data()};
  const EmptyTarget vector{TensorView<const double>(numbers.data() + 6, 1, 2, 1)};
  CHECK(sentence_of([&] { add_loss(backend, CrossEntropy{}, label, batch, 1); }).find(expected) ==
        0);
  CHECK(sentence_of([&] { add_loss(backend, SquaredError{}, label, batch, 1); }).find(expected) ==
        0);
  CHECK(sentence_of([&] { add_loss(backend, Distillation{}, vector, batch, 1); }).find(expected) ==
        0);
  add_loss(backend, SquaredError{}, vector, batch, 1);
  const Array<double, 3> logits = Array<double, 3>::from_shape({1, 2, 1});
  CHECK(sentence_of([&] {
          accuracy(logits, labels, {0, 1});
        }) ==
        "accuracy: logits of 1 class; with one every label is right, so 2 or more are needed");
  CHECK(sentence_of([&] {
          evaluate_output(Margin{}, logits, labels.data());
        }).find("evaluate_output: logits of 1 class, this output function needs 2") == 0);
  CHECK(evaluate_output(Logits{}, logits, labels.data()).size() == 2);
}
