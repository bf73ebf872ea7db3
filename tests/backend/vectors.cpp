#include "expunge/backend/vectors.hpp"

#include <doctest/doctest.h>

#include "comparators.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;
const double quiet_nan = std::nan("");

/// [members][n] with gaps between the rows, which nothing may touch.
struct Rows {
  Index members, n;
  std::vector<double> data;

  Rows(Index members_, Index n_, std::uint32_t stream)
      : members(members_), n(n_), data(normals<double>(members_ * (n_ + 2), stream)) {}
  MatrixView<double> view() { return {data.data(), members, n, n + 2}; }
  MatrixView<const double> view() const { return {data.data(), members, n, n + 2}; }
  double operator()(Index m, Index j) const { return view()(m, j); }
};

/// Whether y is what it was, but for f(m, j) in its rows.
template <class F>
void check_rows(const Rows& y, Rows before, F&& f) {
  for (Index m = 0; m < y.members; ++m)
    for (Index j = 0; j < y.n; ++j) before.view()(m, j) = f(m, j);
  CHECK(relative_difference(y.data, before.data) <= 1e-15);
}

}  // namespace

TEST_CASE("dot_rows is the inner product of every member, in double also for floats") {
  B backend(1);
  const Rows x(3, 7, 1), y(3, 7, 2);
  PerMember dots;
  dot_rows(backend, x.view(), y.view(), dots);
  REQUIRE(dots.size() == 3);
  for (Index m = 0; m < 3; ++m) {
    double sum = 0;
    for (Index j = 0; j < 7; ++j) sum += x(m, j) * y(m, j);
    CHECK(dots[static_cast<std::size_t>(m)] == doctest::Approx(sum).epsilon(1e-14));
  }
  const std::vector<float> large = {4097, 1, -4097};
  const std::vector<float> other = {4097, 1, 4097};
  dot_rows(Cpu<float>(1), MatrixView<const float>(large.data(), 1, 3),
           MatrixView<const float>(other.data(), 1, 3), dots);
  CHECK(dots == PerMember{1});
  CHECK_THROWS_WITH(dot_rows(backend, x.view(), Rows(3, 6, 1).view(), dots),
                    "dot_rows: [3][7] and [3][6]");
}

TEST_CASE("add_scaled, scale_add and scale_rows have a coefficient for every member") {
  B backend(1);
  const PerMember a = {2, -0.5, 0};
  const Rows x(3, 5, 1), y(3, 5, 2);
  Rows sum = y, other = y, scaled = y;
  add_scaled(backend, a, x.view(), sum.view());
  scale_add(backend, x.view(), a, other.view());
  scale_rows(backend, a, scaled.view());
  const auto at = [&](Index m) { return a[static_cast<std::size_t>(m)]; };
  check_rows(sum, y, [&](Index m, Index j) { return y(m, j) + at(m) * x(m, j); });
  check_rows(other, y, [&](Index m, Index j) { return x(m, j) + at(m) * y(m, j); });
  check_rows(scaled, y, [&](Index m, Index j) { return at(m) * y(m, j); });
}

TEST_CASE("a coefficient of 0 drops numbers that are none") {
  B backend(1);
  for (const double bad : {quiet_nan, std::numeric_limits<double>::infinity()}) {
    const PerMember a = {0, 1, -0.0};
    const std::vector<double> broken(6, bad), fine = {1, 2, 3, 4, 5, 6};
    const MatrixView<const double> bad_view(broken.data(), 3, 2), fine_view(fine.data(), 3, 2);
    std::vector<double> sum = fine, other = broken, scaled = broken;
    add_scaled(backend, a, bad_view, MatrixView<double>(sum.data(), 3, 2));
    scale_add(backend, fine_view, a, MatrixView<double>(other.data(), 3, 2));
    scale_rows(backend, a, MatrixView<double>(scaled.data(), 3, 2));
    for (const std::size_t j : {0u, 1u, 4u, 5u}) {
      CHECK(sum[j] == fine[j]);
      CHECK(other[j] == fine[j]);
      CHECK(scaled[j] == 0);
    }
    for (const std::size_t j : {2u, 3u}) {  // the member that takes part gets them
      CHECK(!std::isfinite(sum[j]));
      CHECK(!std::isfinite(other[j]));
      CHECK(!std::isfinite(scaled[j]));
    }
  }
}

TEST_CASE("the wrong number of coefficients is refused") {
  B backend(1);
  Rows x(3, 5, 1), y(3, 5, 2);
  CHECK_THROWS_WITH(add_scaled(backend, {1, 2}, x.view(), y.view()),
                    "vectors: 2 coefficients for 3 members");
  CHECK_THROWS_WITH(scale_add(backend, x.view(), {1, 2, 3, 4}, y.view()),
                    "vectors: 4 coefficients for 3 members");
  CHECK_THROWS_WITH(scale_rows(backend, {}, y.view()), "vectors: 0 coefficients for 3 members");
}

TEST_CASE("mean_diagonal is that of every member's matrix, in double also for floats") {
  B backend(1);
  std::vector<double> a = normals<double>(3 * 20, 1);  // 4 x 4, and gaps of 4
  const PerMember means = mean_diagonal(backend, TensorView<const double>(a.data(), 3, 4, 4, 20));
  REQUIRE(means.size() == 3);
  for (std::size_t m = 0; m < 3; ++m)
    CHECK(means[m] ==
          doctest::Approx((a[20 * m] + a[20 * m + 5] + a[20 * m + 10] + a[20 * m + 15]) / 4));
  const std::vector<float> large = {1 << 24, 7, 7, 1};
  CHECK(mean_diagonal(Cpu<float>(1), TensorView<const float>(large.data(), 1, 2, 2)) ==
        PerMember{(1 << 23) + 0.5});
}

TEST_CASE("vectors of members are zero at birth, and every row is aligned") {
  B backend(1);
  const MemberVectors<B> vectors(backend, 3, 5);
  const MatrixView<double> rows = vectors;
  CHECK(rows.rows == 3);
  CHECK(rows.cols == 5);
  for (Index m = 0; m < 3; ++m) {
    CHECK(reinterpret_cast<std::uintptr_t>(rows.row(m)) % 64 == 0);
    for (Index j = 0; j < 5; ++j) CHECK(rows(m, j) == 0);
  }
}
