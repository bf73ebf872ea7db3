// Kronecker factors of layers and models against the matrices that they stand for, written out.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/nn/mlp.hpp"
#include "linearisation/dense_kronecker.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;

DenseMatrix matrix_of(TensorView<const double> x, Index m) {
  DenseMatrix result(x.rows, x.features);
  for (Index i = 0; i < x.rows; ++i)
    for (Index j = 0; j < x.features; ++j) result(i, j) = x(m, i, j);
  return result;
}
void set(TensorView<double> x, Index m, const DenseMatrix& values) {
  for (Index i = 0; i < x.rows; ++i)
    for (Index j = 0; j < x.features; ++j) x(m, i, j) = values(i, j);
}

/// L of A = L L'.
DenseMatrix root_of(const DenseMatrix& a) {
  return a.llt().matrixL();
}
/// Sets x to that, stored column by column as `cholesky` does, and to numbers above the diagonal
/// that no solve may look at.
void set_root(TensorView<double> x, Index m, const DenseMatrix& a) {
  DenseMatrix l = root_of(a);
  l.triangularView<Eigen::StrictlyUpper>().setConstant(1e3);
  set(x, m, l.transpose());
}

/// The two factors of one layer for every member, with gaps between the members.
struct Factors {
  Index members, inputs, outputs;
  std::vector<double> a, s;

  Factors(Index members_, KroneckerSizes size, double value = 0)
      : members(members_),
        inputs(size.inputs),
        outputs(size.outputs),
        a(static_cast<std::size_t>(members * (inputs * inputs + 3)), value),
        s(static_cast<std::size_t>(members * (outputs * outputs + 5)), value) {}
  TensorView<double> input() { return {a.data(), members, inputs, inputs, inputs * inputs + 3}; }
  TensorView<double> output() {
    return {s.data(), members, outputs, outputs, outputs * outputs + 5};
  }
};

struct Scratch {
  std::vector<double> data;
  MatrixView<double> view;
  Scratch(Index members, Index n)
      : data(static_cast<std::size_t>(members * n), std::nan("")), view(data.data(), members, n) {}
};

/// x and dy [members][rows]; `shared`: all members see the same x.
template <class L>
void check_moments(Index members, Index rows, bool shared) {
  B backend(1);
  const Index in = L::Input::size, out = L::Output::size;
  const std::vector<double> x = normals<double>(members * rows * in, 1);
  const std::vector<double> dy = normals<double>(members * rows * out, 2);
  const TensorView<const double> inputs(x.data(), members, rows, in, shared ? 0 : rows * in);
  const TensorView<const double> slopes(dy.data(), members, rows, out);
  Factors moments(members, L::kronecker, 0.5);
  const Scratch scratch(members, L::kronecker_scratch(rows));
  for (int time = 0; time < 2; ++time)
    L::add_moments(backend, inputs, slopes, scratch.view, moments.input(), moments.output());
  for (Index m = 0; m < members; ++m) {
    const DenseMatrix extended = with_ones(matrix_of(inputs, m)), d = matrix_of(slopes, m);
    const DenseMatrix a = (2 * extended.transpose() * extended).array() + 0.5;
    const DenseMatrix s = (2 * d.transpose() * d).array() + 0.5;
    CHECK(relative_difference(matrix_of(moments.input(), m), a) <= 1e-13);
    CHECK(relative_difference(matrix_of(moments.output(), m), s) <= 1e-13);
  }
  CHECK(moments.a[static_cast<std::size_t>((in + 1) * (in + 1))] == 0.5);  // the gap
  CHECK(moments.s[static_cast<std::size_t>(out * out)] == 0.5);
}

/// A call of the layer on v, in place and not, must give matrix(m) v[m].
template <class L, class Call, class Dense>
void check_calls(Index members, const Call& call, const Dense& matrix) {
  const Scratch scratch(members, L::kronecker_scratch(1));
  const Vectors v = Vectors::random(members, L::parameters, 3);
  Vectors out(members, L::parameters, 77), in_place = v;
  call(MatrixView<const double>(v), scratch.view, out.view());
  call(in_place.view(), scratch.view, in_place.view());
  CHECK(same_bytes(out.data, in_place.data));
  for (Index m = 0; m < members; ++m)
    CHECK(relative_difference(out[m], DenseVector(matrix(m) * v[m])) <= 1e-10);
}

}  // namespace

TEST_CASE_TEMPLATE("moments are sums over the rows, added", L, Linear<4, 3>, Linear<1, 5>,
                   Linear<6, 1>) {
  static_assert(L::kronecker.inputs == L::Input::size + 1);
  static_assert(L::kronecker.outputs == L::Output::size);
  for (const Index members : {1, 3})
    for (const Index rows : {1, 2, 20})
      for (const bool shared : {false, true}) check_moments<L>(members, rows, shared);
}

TEST_CASE_TEMPLATE("a layer multiplies by the Kronecker product of its factors, and divides", L,
                   Linear<4, 3>, Linear<1, 5>, Linear<6, 1>) {
  B backend(1);
  const Index in = L::kronecker.inputs, out = L::kronecker.outputs;
  for (const Index members : {1, 3}) {
    Factors factors(members, L::kronecker), roots(members, L::kronecker);
    std::vector<DenseMatrix> whole, half;
    for (Index m = 0; m < members; ++m) {
      const auto stream = static_cast<std::uint32_t>(10 * m);
      const DenseMatrix a = definite_matrix(in, stream), s = definite_matrix(out, stream + 5);
      set(factors.input(), m, a);
      set(factors.output(), m, s);
      set_root(roots.input(), m, a);
      set_root(roots.output(), m, s);
      whole.push_back(dense_kronecker(s, a));
      half.push_back(dense_kronecker(root_of(s), root_of(a)));
    }
    const auto at = [](const std::vector<DenseMatrix>& list, Index m) {
      return list[static_cast<std::size_t>(m)];
    };
    check_calls<L>(
        members,
        [&](auto v, auto scratch, auto to) {
          L::kronecker_product(backend, TensorView<const double>(factors.output()),
                               TensorView<const double>(factors.input()), v, scratch, to);
        },
        [&](Index m) { return at(whole, m); });
    const auto solve = [&](Solve which) {
      return [&, which](auto v, auto scratch, auto to) {
        L::kronecker_solve(backend, which, TensorView<const double>(roots.output()),
                           TensorView<const double>(roots.input()), v, scratch, to);
      };
    };
    check_calls<L>(members, solve(Solve::whole),
                   [&](Index m) { return DenseMatrix(at(whole, m).inverse()); });
    check_calls<L>(members, solve(Solve::half),
                   [&](Index m) { return DenseMatrix(at(half, m).inverse()); });
    check_calls<L>(members, solve(Solve::half_transpose),
                   [&](Index m) { return DenseMatrix(at(half, m).transpose().inverse()); });
    check_calls<L>(
        members,
        [&](auto v, auto scratch, auto to) {
          solve(Solve::half)(v, scratch, to);
          solve(Solve::half_transpose)(to, scratch, to);
        },
        [&](Index m) { return DenseMatrix(at(whole, m).inverse()); });
  }
}

TEST_CASE("products that are not symmetric keep their sides apart") {
  using L = Linear<4, 3>;
  B backend(1);
  Factors factors(1, L::kronecker);
  const DenseMatrix a = random_matrix(5, 5, 1), s = random_matrix(3, 3, 2);
  set(factors.input(), 0, a);
  set(factors.output(), 0, s);
  const Scratch scratch(1, L::kronecker_scratch(1));
  const Vectors v = Vectors::random(1, L::parameters, 3);
  Vectors out(1, L::parameters);
  L::kronecker_product(backend, TensorView<const double>(factors.output()),
                       TensorView<const double>(factors.input()), v, scratch.view, out.view());
  // V -> S V A is S (x) A' in the layer's order
  CHECK(relative_difference(out[0], DenseVector(dense_kronecker(s, a.transpose()) * v[0])) <=
        1e-12);
}

TEST_CASE("a layer without weights has no factors") {
  static_assert(Relu<5>::kronecker.inputs == 0 && Relu<5>::kronecker.outputs == 0);
  CHECK(Relu<5>::kronecker_scratch(100) == 0);
}

TEST_CASE(
    "a model's factors are those of its layers, and its moments those of the rows asked for") {
  using First = Linear<5, 4>;
  using Second = Linear<4, 3>;
  using M = Sequential<First, Relu<4>, Second>;
  static_assert(KroneckerModel<M, B>);
  B backend(1);
  const Index members = 3, rows = 6;
  const Vectors theta = Vectors::random(members, M::parameters, 1);
  const std::vector<double> x = normals<double>(members * rows * 5, 2);
  const std::vector<double> dz = normals<double>(members * rows * 3, 3);
  const TensorView<const double> in(x.data(), members, rows, 5);
  const TensorView<const double> slopes(dz.data(), members, rows, 3);
  const Weights<double> weights{theta, {}};
  auto space = M::workspace(backend, members, rows);
  M::forward(backend, weights, in, space, Mode::eval);
  const Scratch scratch(members, M::kronecker_scratch(rows));
  for (const Index first : {Index{0}, Index{2}, rows}) {
    CAPTURE(first);
    M::KroneckerFactors<B> moments(backend, members);
    Vectors plain(members, M::parameters, 7), beside(members, M::parameters, 8);
    M::backward(backend, weights, in, space, slopes, plain.view());
    M::backward_with_moments(backend, weights, in, space, slopes, beside.view(), first,
                             scratch.view, moments);
    CHECK(same_bytes(plain.data, beside.data));
    CHECK(moments.input(1).empty());  // of the Relu
    for (Index m = 0; m < members; ++m) {
      const double* w = theta.data.data() + m * M::parameters;
      using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
      const DenseMatrix w1 = Eigen::Map<const RowMajor>(w, 4, 5);
      const DenseVector b1 = Eigen::Map<const DenseVector>(w + 20, 4);
      const DenseMatrix w2 = Eigen::Map<const RowMajor>(w + 24, 3, 4);
      const DenseMatrix inputs = matrix_of(in, m), d2 = matrix_of(slopes, m);
      const DenseMatrix before = (inputs * w1.transpose()).rowwise() + b1.transpose();
      const DenseMatrix hidden = before.cwiseMax(0);
      const DenseMatrix on = (before.array() > 0).cast<double>();
      const DenseMatrix d1 = (d2 * w2).cwiseProduct(on);
      const auto sum = [&](const DenseMatrix& all) {
        const DenseMatrix used = all.bottomRows(rows - first);
        return DenseMatrix(used.transpose() * used);
      };
      const auto moment = [&](TensorView<double> of) { return matrix_of(of, m); };
      CHECK(relative_difference(moment(moments.input(0)), sum(with_ones(inputs))) <= 1e-12);
      CHECK(relative_difference(moment(moments.output(0)), sum(d1)) <= 1e-12);
      CHECK(relative_difference(moment(moments.input(2)), sum(with_ones(hidden))) <= 1e-12);
      CHECK(relative_difference(moment(moments.output(2)), sum(d2)) <= 1e-12);
    }
  }
}

TEST_CASE("a model's products and solves are its layers' on their slices") {
  using First = Linear<5, 4>;
  using Second = Linear<4, 3>;
  using M = Sequential<First, Relu<4>, Second>;
  B backend(1);
  const Index members = 3;
  M::KroneckerFactors<B> factors(backend, members), roots(backend, members);
  std::vector<DenseMatrix> whole(members, DenseMatrix::Zero(M::parameters, M::parameters));
  std::vector<DenseMatrix> half = whole;
  for (Index m = 0; m < members; ++m)
    for (const auto& [layer, size, offset, stream] :
         {std::tuple{std::size_t{0}, First::kronecker, Index{0}, 1},
          std::tuple{std::size_t{2}, Second::kronecker, First::parameters, 2}}) {
      const auto s1 = static_cast<std::uint32_t>(40 * m + stream);
      const DenseMatrix a = definite_matrix(size.inputs, s1);
      const DenseMatrix s = definite_matrix(size.outputs, s1 + 20);
      set(factors.input(layer), m, a);
      set(factors.output(layer), m, s);
      set_root(roots.input(layer), m, a);
      set_root(roots.output(layer), m, s);
      const Index n = size.inputs * size.outputs;
      whole[static_cast<std::size_t>(m)].block(offset, offset, n, n) = dense_kronecker(s, a);
      half[static_cast<std::size_t>(m)].block(offset, offset, n, n) =
          dense_kronecker(root_of(s), root_of(a));
    }
  const auto at = [](const std::vector<DenseMatrix>& list, Index m) {
    return list[static_cast<std::size_t>(m)];
  };
  check_calls<M>(
      members,
      [&](auto v, auto scratch, auto to) {
        M::kronecker_product(backend, factors, v, scratch, to);
      },
      [&](Index m) { return at(whole, m); });
  const auto solve = [&](Solve which) {
    return [&, which](auto v, auto scratch, auto to) {
      M::kronecker_solve(backend, which, roots, v, scratch, to);
    };
  };
  check_calls<M>(members, solve(Solve::whole),
                 [&](Index m) { return DenseMatrix(at(whole, m).inverse()); });
  check_calls<M>(members, solve(Solve::half),
                 [&](Index m) { return DenseMatrix(at(half, m).inverse()); });
  check_calls<M>(members, solve(Solve::half_transpose),
                 [&](Index m) { return DenseMatrix(at(half, m).transpose().inverse()); });
}
