#include "expunge/data/forget_sets.hpp"

#include <doctest/doctest.h>

#include "expunge/core/array.hpp"

using namespace expunge;

TEST_CASE("a random forget set is a sample without repetition that depends on its seed") {
  const std::vector<Index> forget = random_forget_set(3, 100, 20);
  CHECK(forget.size() == 20);
  CHECK(std::is_sorted(forget.begin(), forget.end()));
  CHECK_NOTHROW(check_forget_set("test", forget, 100));
  CHECK(random_forget_set(3, 100, 20) == forget);
  CHECK(random_forget_set(4, 100, 20) != forget);
  CHECK_THROWS_WITH(random_forget_set(3, 10, 11),
                    "random_sample: 11 elements asked of a pool of 10");
}

TEST_CASE("a class forget set holds examples of that class alone") {
  const std::vector<Label> labels{0, 1, 2, 1, 1, 0, 1};
  const std::vector<Index> forget = class_forget_set(1, labels, 1, 3);
  CHECK(forget.size() == 3);
  for (const Index i : forget) CHECK(labels[static_cast<std::size_t>(i)] == 1);
  CHECK(class_forget_set(1, labels, 1, 4) == std::vector<Index>{1, 3, 4, 6});
  CHECK_THROWS_WITH(class_forget_set(1, labels, 2, 2),
                    "class_forget_set: 2 examples asked of class 2, which has 1");
}

TEST_CASE("conditions and complements") {
  CHECK(forget_where(7, [](Index i) { return i % 3 == 0; }) == std::vector<Index>{0, 3, 6});
  CHECK(retain_set({4, 0}, 6) == std::vector<Index>{1, 2, 3, 5});
  CHECK_THROWS_WITH(retain_set({4, 4}, 6), "retain_set: example 4 is listed twice");
  CHECK_THROWS_WITH(retain_set({1, 6}, 6), "retain_set: entry 1 is example 6 of 6");
  CHECK_THROWS_WITH(retain_set({-1}, 6), "retain_set: entry 0 is example -1 of 6");
}

TEST_CASE("extremes come most extreme first, from the end that is asked for") {
  const std::vector<double> scores{0.5, -2, 3, 0, 1};
  CHECK(extreme_forget_set(scores, ComponentEnd::top, 2) == std::vector<Index>{2, 4});
  CHECK(extreme_forget_set(scores, ComponentEnd::bottom, 2) == std::vector<Index>{1, 3});
  CHECK(extreme_forget_set(scores, ComponentEnd::both, 3) == std::vector<Index>{2, 4, 1});
  CHECK_THROWS_WITH(extreme_forget_set(scores, ComponentEnd::top, 6),
                    "extreme_forget_set: 6 examples of 5");
}

TEST_CASE("principal components of an effect matrix are those of a full decomposition") {
  const Index n = 40;
  Array<float, 2> effects = make_array<float>(n, n);
  Eigen::MatrixXd x(n, n);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j) {
      const double planted = 4 * std::sin(0.3 * static_cast<double>(i)) * (j % 2 == 0 ? 1 : -1) +
                             2 * (i < 7 ? 1.0 : 0.0) * std::cos(0.2 * static_cast<double>(j));
      const double noise = random_normal(1, {Purpose::test}, static_cast<std::uint64_t>(i * n + j));
      effects(i, j) = static_cast<float>(planted + 0.3 * noise + 5);
      x(i, j) = static_cast<double>(effects(i, j));
    }
  const Eigen::RowVectorXd mean = x.colwise().mean();
  x.rowwise() -= mean;
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(x, Eigen::ComputeThinU);
  for (const Index k : {1, 2}) {
    const std::vector<double> scores = principal_component(effects, k);
    double dot = 0, largest = 0;
    for (Index i = 0; i < n; ++i) {
      dot += scores[static_cast<std::size_t>(i)] * svd.matrixU()(i, k - 1);
      if (std::abs(scores[static_cast<std::size_t>(i)]) > std::abs(largest))
        largest = scores[static_cast<std::size_t>(i)];
    }
    CHECK(std::abs(std::abs(dot) - 1) <= 1e-9);
    CHECK(largest > 0);
  }
  CHECK(component_forget_set(effects, 1, ComponentEnd::both, 6).size() == 6);
  CHECK_THROWS_WITH(principal_component(effects, 41),
                    "principal_component: component 41 of a matrix of 40 x 40");
  effects(3, 4) = std::nanf("");
  CHECK_THROWS_WITH(principal_component(effects, 1), "principal_component: entry 3, 4 is nan");
}
