#include "expunge/attribution/gram.hpp"

#include <doctest/doctest.h>

#include "expunge/attribution/masked_sums.hpp"
#include "expunge/backend/cpu.hpp"
#include "problem.hpp"

using namespace expunge;

TEST_CASE("transposing 64 x 64 bits moves bit j of word i to bit i of word j") {
  std::array<std::uint64_t, 64> a{}, b{};
  for (std::size_t i = 0; i < 64; ++i) a[i] = b[i] = random_word(1, {Purpose::test}, i);
  transpose_bits(b);
  for (std::size_t i = 0; i < 64; ++i)
    for (std::size_t j = 0; j < 64; ++j) CHECK(((a[i] >> j) & 1u) == ((b[j] >> i) & 1u));
}

TEST_CASE("mask columns hold the bits, sizes and standard deviations of a range of models") {
  const SubsetMasks masks = bernoulli_subsets(4, 150, 77, 0.3);
  const MaskColumns columns(masks, 20, 130);
  for (Index j = 0; j < 77; ++j) {
    Index size = 0;
    for (Index m = 0; m < 130; ++m) {
      const bool bit = (columns.column(j)[m / 64] >> (m % 64)) & 1u;
      CHECK(bit == masks.contains(20 + m, j));
      size += bit;
    }
    const double p = static_cast<double>(size) / 130;
    CHECK(columns.size(j) == size);
    CHECK(std::abs(columns.sd(j) - std::sqrt(p * (1 - p))) <= 1e-15);
  }
  CHECK_THROWS_WITH(MaskColumns(masks, 100, 51), "MaskColumns: models 100 to 151 of 150");
}

TEST_CASE("the Gram matrix of packed masks is exact, for any number of models, examples, threads") {
  for (const Index models : {1, 63, 64, 200, 8300})
    for (const Index examples : {1, 15, 16, 37, 64, 97}) {
      if (models > 1000 && examples != 37) continue;
      const SubsetMasks masks = bernoulli_subsets(5, models, examples, 0.4);
      const Eigen::MatrixXd x = test::dense(masks);
      const Eigen::MatrixXd expected = x.transpose() * x;
      for (const int threads : {1, 2, 5}) {
        const Array<std::int32_t, 2> gram = mask_gram(Cpu<float>(threads), MaskColumns(masks));
        Index wrong = 0;
        for (Index i = 0; i < examples; ++i)
          for (Index j = 0; j < examples; ++j)
            wrong += static_cast<double>(gram(i, j)) != expected(i, j);
        CHECK(wrong == 0);
      }
    }
}

TEST_CASE("correlations have a unit diagonal, and zero rows for constant columns") {
  SubsetMasks masks = fixed_size_subsets(6, 90, 40, 0.6);
  for (Index m = 0; m < 90; ++m) {
    masks.insert(m, 3);
    masks.erase(m, 17);
  }
  const Eigen::MatrixXd x = test::standardised(test::dense(masks));
  const Eigen::MatrixXd expected = x.transpose() * x / 90;
  const Array<double, 2> gram = mask_correlations(Cpu<double>(2), MaskColumns(masks));
  CHECK((test::dense(gram) - expected).cwiseAbs().maxCoeff() <= 1e-13);
  CHECK(gram(3, 3) == 0);
  CHECK(gram(17, 20) == 0);
  CHECK(gram(5, 5) == 1);
}

TEST_CASE("masked sums add the rows of values that the bits name") {
  const SubsetMasks masks = bernoulli_subsets(7, 33, 130, 0.5);
  const Eigen::MatrixXd x = test::dense(masks);
  constexpr Index lanes = panel_lanes<double>;
  Eigen::MatrixXd values(130, lanes);
  Eigen::VectorXd packed = Eigen::VectorXd::Zero(192 * lanes), sums(33 * lanes), tables;
  for (Index i = 0; i < 130; ++i)
    for (Index t = 0; t < lanes; ++t)
      packed[i * lanes + t] = values(i, t) =
          random_normal(2, {Purpose::test}, static_cast<std::uint64_t>(i * lanes + t));
  masked_sums(BitPanels(masks), packed.data(), sums.data(), tables);
  const Eigen::MatrixXd expected = x * values;
  double worst = 0;
  for (Index m = 0; m < 33; ++m)
    for (Index t = 0; t < lanes; ++t)
      worst = std::max(worst, std::abs(sums[m * lanes + t] - expected(m, t)));
  CHECK(worst <= 1e-12);
}
