#include "expunge/data/dataset.hpp"

#include <doctest/doctest.h>

using namespace expunge;

namespace {

/// Row i is (10 i, 10 i + 1), its label i.
Dataset rows(Index n) {
  Dataset data{make_array<float>(n, 2), {}};
  for (Index i = 0; i < n; ++i) {
    data.inputs(i, 0) = static_cast<float>(10 * i);
    data.inputs(i, 1) = static_cast<float>(10 * i + 1);
    data.labels.push_back(static_cast<Label>(i));
  }
  return data;
}

}  // namespace

TEST_CASE("a view shows the inputs and labels of its data set") {
  const Dataset data = rows(3);
  const DatasetView seen = data;
  CHECK(seen.size() == 3);
  CHECK(seen.inputs(2, 1) == 21);
  CHECK(seen.labels[2] == 2);
  Dataset broken = rows(3);
  broken.labels.pop_back();
  CHECK_THROWS_WITH(static_cast<void>(static_cast<DatasetView>(broken)),
                    "Dataset: 3 inputs and 2 labels");
}

TEST_CASE("selected rows come in the listed order, and may repeat") {
  const Dataset part = select_rows(rows(5), {4, 0, 4});
  CHECK(part.labels == std::vector<Label>{4, 0, 4});
  CHECK(part.inputs(0, 1) == 41);
  CHECK(part.inputs(1, 0) == 0);
  CHECK(part.inputs(2, 0) == 40);
  CHECK(select_rows(rows(5), {}).size() == 0);
  CHECK_THROWS_WITH(select_rows(rows(5), {5}), "select_rows: row 5 of 5");
  CHECK_THROWS_WITH(select_rows(rows(5), {-1}), "select_rows: row -1 of 5");
}

TEST_CASE("concatenated data sets stand one after the other") {
  const Dataset both = concatenate(rows(2), rows(3));
  CHECK(both.labels == std::vector<Label>{0, 1, 0, 1, 2});
  CHECK(both.inputs(1, 1) == 11);
  CHECK(both.inputs(4, 0) == 20);
  Dataset wide{make_array<float>(1, 3), {0}};
  CHECK_THROWS_WITH(concatenate(rows(2), wide), "concatenate: 2 and 3 features");
}

TEST_CASE("standardised inputs have mean 0 and standard deviation 1") {
  Dataset data = rows(7);
  const Standardisation by = standardisation_of(data);
  CHECK(by.mean == doctest::Approx(30.5));
  double squares = 0;
  for (const float x : data.inputs) squares += (x - 30.5) * (x - 30.5);
  CHECK(by.sd == doctest::Approx(std::sqrt(squares / 14)));
  standardise(data, by);
  const Standardisation after = standardisation_of(data);
  CHECK(std::abs(after.mean) <= 1e-6);
  CHECK(std::abs(after.sd - 1) <= 1e-6);
  Dataset flat = rows(3);
  flat.inputs.fill(4);
  CHECK_THROWS_WITH(standardisation_of(flat), "standardisation_of: all inputs are 4");
}

TEST_CASE("labels are checked in the name of the caller") {
  const Dataset data = rows(3);
  check_labels("here", data, 3);
  CHECK_THROWS_WITH(check_labels("here", data, 2),
                    "here: the label of example 2 is 2, the model has 2 classes");
}
