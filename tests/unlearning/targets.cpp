// What Oracle Matching matches: DM-Direct's predictions and the outputs of oracles.
#include <doctest/doctest.h>

#include <bit>

#include "comparators.hpp"
#include "expunge/unlearning/dm_direct.hpp"
#include "expunge/unlearning/oracle_matching.hpp"
#include "unlearning/small_problem.hpp"

using namespace expunge;

static_assert(
    std::is_same_v<DatamodelMatching<FixedChange>, OracleMatching<DmDirect<FixedChange>, Logits>>);
static_assert(std::is_same_v<DatamodelMatching<FixedChange, Margin>,
                             OracleMatching<DmDirect<FixedChange>, Margin>>);
static_assert(Target<DmDirect<FixedChange>, double> && Target<DmDirect<FixedChange>, float>);

namespace {

/// beta [examples][points][outputs]; the change when F leaves is minus the sum of its rows.
struct Datamodel {
  Array<double, 3> beta;
  Array<double, 2> predicted_change(const std::vector<Index>& forget) const {
    Array<double, 2> change = make_array<double>(beta.shape()[1], beta.shape()[2]);
    change.fill(0);
    for (const Index i : forget)
      for (std::size_t x = 0; x < change.size(); ++x)
        change.data()[x] -= beta.data()[static_cast<std::size_t>(i) * change.size() + x];
    return change;
  }
};

Array<double, 3> random_outputs(Index members, Index points, Index outputs, std::uint32_t number) {
  Array<double, 3> values = make_array<double>(members, points, outputs);
  const std::vector<double> numbers = normals<double>(members * points * outputs, number);
  std::copy(numbers.begin(), numbers.end(), values.data());
  return values;
}

}  // namespace

TEST_CASE("DM-Direct is f_x(theta0) minus the sum of the forget set's effects") {
  const Datamodel datamodel{random_outputs(5, 4, 2, 1)};
  const Array<double, 3> base = random_outputs(3, 4, 2, 2);
  for (const double multiplier : {1.0, 0.9, 0.0}) {
    const DmDirect<Datamodel> target{datamodel, multiplier};
    const Array<double, 3> h = target.targets(TensorView<const double>(view(base)), {1, 4});
    for (std::size_t m = 0; m < 3; ++m)
      for (std::size_t x = 0; x < 4; ++x)
        for (std::size_t j = 0; j < 2; ++j)
          CHECK(h(m, x, j) ==
                doctest::Approx(base(m, x, j) -
                                multiplier * (datamodel.beta(1, x, j) + datamodel.beta(4, x, j))));
  }
}

TEST_CASE("DM-Direct takes an attribution of more points, and refuses fewer or other outputs") {
  const Datamodel datamodel{random_outputs(5, 6, 2, 1)};
  const DmDirect<Datamodel> target{datamodel};
  const Array<double, 3> base = random_outputs(1, 4, 2, 2);
  const Array<double, 3> h = target.targets(TensorView<const double>(view(base)), {0});
  CHECK(h(0, 3, 1) == doctest::Approx(base(0, 3, 1) - datamodel.beta(0, 3, 1)));
  const Array<double, 3> many = random_outputs(1, 7, 2, 2), wide = random_outputs(1, 4, 3, 2);
  CHECK_THROWS_WITH(target.targets(TensorView<const double>(view(many)), {0}),
                    "DmDirect: the attribution predicts [6][2], the models' outputs are [7][2]");
  CHECK_THROWS_WITH(target.targets(TensorView<const double>(view(wide)), {0}),
                    "DmDirect: the attribution predicts [6][2], the models' outputs are [4][3]");
  CHECK_THROWS_WITH((DmDirect<Datamodel>{datamodel, std::nan("")}.validate()),
                    "DmDirect: multiplier is nan");
}

TEST_CASE("every member takes its own oracle, round and round") {
  const Array<double, 3> outputs = random_outputs(2, 6, 3, 1), base = random_outputs(5, 4, 3, 2);
  const OracleOutputs<double> target{view(outputs)};
  const Array<double, 3> t = target.targets(TensorView<const double>(view(base)), {0});
  REQUIRE(t.shape()[0] == 5);
  REQUIRE(t.shape()[1] == 4);
  for (std::size_t m = 0; m < 5; ++m)
    for (std::size_t x = 0; x < 4; ++x)
      for (std::size_t j = 0; j < 3; ++j) CHECK(t(m, x, j) == outputs(m % 2, x, j));
}

TEST_CASE("several oracles are averaged, drawn without replacement for each member") {
  // oracle o answers 2^o: the mean of a draw tells which oracles were in it
  Array<double, 3> outputs = make_array<double>(6, 2, 1), base = make_array<double>(40, 2, 1);
  for (std::size_t o = 0; o < 6; ++o)
    outputs(o, 0, 0) = outputs(o, 1, 0) = static_cast<double>(1 << o);
  const TensorView<const double> start(view(base));
  const Array<double, 3> all = OracleOutputs<double>{view(outputs), 6}.targets(start, {0});
  const Array<double, 3> two = OracleOutputs<double>{view(outputs), 2}.targets(start, {0});
  bool members_differ = false;
  for (std::size_t m = 0; m < 40; ++m) {
    CHECK(all(m, 0, 0) == doctest::Approx(63.0 / 6));
    const int drawn = static_cast<int>(std::lround(2 * two(m, 0, 0)));
    CHECK(std::popcount(static_cast<unsigned>(drawn)) == 2);
    CHECK(two(m, 1, 0) == two(m, 0, 0));  // one draw for all points
    members_differ = members_differ || two(m, 0, 0) != two(0, 0, 0);
  }
  CHECK(members_differ);
  CHECK(same_bytes(two, OracleOutputs<double>{view(outputs), 2, 0}.targets(start, {1})));
  CHECK(!same_bytes(two, OracleOutputs<double>{view(outputs), 2, 1}.targets(start, {0})));
}

TEST_CASE("oracles with too few points or other outputs are refused") {
  const Array<double, 3> outputs = random_outputs(2, 6, 3, 1), base = random_outputs(1, 7, 3, 2);
  CHECK_THROWS_WITH(
      OracleOutputs<double>{view(outputs)}.targets(TensorView<const double>(view(base)), {0}),
      "OracleOutputs: oracles have [6][3] outputs, the models [7][3]");
  CHECK_THROWS_WITH((OracleOutputs<double>{view(outputs), 0}.validate()),
                    "OracleOutputs: averaged is 0, not in 1 .. 2");
}
