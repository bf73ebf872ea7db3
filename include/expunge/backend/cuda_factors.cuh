// Cholesky factors and eigenvectors of small matrices: the host computes them, by cholesky.hpp and
// eigenvectors.hpp, and the device gets the result. They are a few per step of Gauss-Newton matching,
// of some hundred rows.
#pragma once

#include <vector>

#include "expunge/backend/cholesky.hpp"
#include "expunge/backend/cuda_elements.cuh"
#include "expunge/backend/eigenvectors.hpp"

namespace expunge {

namespace detail {

/// A tensor of the device on the host: read at birth, written back by `store`.
template <class B>
class OnHost {
  using Real = typename B::Real;

 public:
  OnHost(const B& backend, TensorView<const Real> device)
      : numbers_(static_cast<std::size_t>(device.members * device.rows * device.features)),
        view_(numbers_.data(), device.members, device.rows, device.features) {
    copy_rows(backend, device.flat(), view_.flat());
  }
  TensorView<Real> view() const { return view_; }
  void store(const B& backend, TensorView<Real> device) const {
    copy_rows(backend, MatrixView<const Real>(view_.flat()), device.flat());
  }

 private:
  std::vector<Real> numbers_;
  TensorView<Real> view_;
};

}  // namespace detail

template <class Real, class Math>
std::vector<char> cholesky(const Cuda<Real, Math>& backend, TensorView<Real> a) {
  const detail::OnHost<Cuda<Real, Math>> host(backend, a);
  const std::vector<char> definite = cholesky(Cpu<Real>(1), host.view());
  host.store(backend, a);
  return definite;
}

template <class Real, class Math>
void solve_cholesky(const Cuda<Real, Math>& backend, std::type_identity_t<TensorView<const Real>> l,
                    TensorView<Real> x, Solve which = Solve::whole) {
  const detail::OnHost<Cuda<Real, Math>> factors(backend, l), columns(backend, x);
  solve_cholesky(Cpu<Real>(1), factors.view(), columns.view(), which);
  columns.store(backend, x);
}

template <class Real, class Math>
void eigenvectors(const Cuda<Real, Math>& backend, TensorView<Real> a) {
  const detail::OnHost<Cuda<Real, Math>> host(backend, a);
  eigenvectors(Cpu<Real>(1), host.view());
  host.store(backend, a);
}

}  // namespace expunge
