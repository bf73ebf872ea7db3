// What a backend is: the type that everything else takes as its first argument. It says which
// scalar type computes, owns memory, and decides how members map to hardware.
#pragma once

#include <concepts>

#include "expunge/core/view.hpp"

namespace expunge {

/// A backend B has
///
///   B::Real                        the scalar type that it computes in
///   B::Buffer<T>                   memory of it: data(), size()
///   B::Resident<T>                 host numbers that its functors can read: a MatrixView<const T>
///   B::ResidentScope               how long numbers that were `kept` stay with it
///   B::Recording                   work that is asked for again and again: restart(calls)
///   b.allocate<T>(n)               n elements, zero
///   B::lockstep_members            above 0 where it is quick only if many do the same thing at once:
///                                  targets of a LASSO are then solved side by side, in blocks of
///                                  b.room() bytes, those with more members in their working set
///                                  one by one on the host
///   B::Exact                       the same backend, products of which round no operand
///   b.threads()                    host threads for work that is not an ensemble's
///
/// and, as functions that take it first: for_each_cohort, for_each_index, for_each_element, gemm,
/// sum_rows, gather_rows, copy_rows, fill_zero, repeat, resident, kept (see cpu.hpp).
/// docs/concepts.md#backend.
template <class B>
concept Backend = requires(const B& backend) {
  typename B::Real;
  typename B::template Buffer<typename B::Real>;
  typename B::template Resident<typename B::Real>;
  typename B::ResidentScope;
  requires std::default_initializable<typename B::Recording>;
  {
    backend.template allocate<typename B::Real>(Index{})
    } -> std::same_as<typename B::template Buffer<typename B::Real>>;
  { backend.threads() } -> std::convertible_to<int>;
  { B::lockstep_members } -> std::convertible_to<Index>;
  { backend.room() } -> std::convertible_to<std::size_t>;
  typename B::Exact;
};

}  // namespace expunge
