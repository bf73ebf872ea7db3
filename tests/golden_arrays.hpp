// The arrays of tests/golden, by their path without ".npy".
#pragma once

#include <filesystem>
#include <string>

#include "expunge/io/npy.hpp"

namespace expunge {

inline std::filesystem::path golden_file(const std::string& name) {
  return std::filesystem::path(EXPUNGE_GOLDEN_DIR) / (name + ".npy");
}

template <std::size_t Rank>
Array<double, Rank> golden(const std::string& name) {
  return read_npy<double, Rank>(golden_file(name));
}

template <class Integer, std::size_t Rank>
Array<Integer, Rank> golden_integers(const std::string& name) {
  return read_npy<Integer, Rank>(golden_file(name));
}

/// The same numbers in another type.
template <class To, class From, std::size_t Rank>
Array<To, Rank> converted(const Array<From, Rank>& from) {
  Array<To, Rank> to = Array<To, Rank>::from_shape(from.shape());
  std::transform(from.data(), from.data() + from.size(), to.data(),
                 [](From value) { return static_cast<To>(value); });
  return to;
}

}  // namespace expunge
