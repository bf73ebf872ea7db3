// What one method did to one forget set with one seed, and means of that over seeds and sets.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "expunge/core/platform.hpp"
#include "student_t.hpp"

namespace frontier {

/// KLoM is its 95th percentile over the points of a split, in nats.
enum Measure : std::size_t {
  forget_forward,  // KL(oracle || unlearned)
  forget_reverse,
  forget_gaussian,
  retain_forward,
  retain_reverse,
  retain_gaussian,
  validation_forward,
  validation_reverse,
  validation_gaussian,
  both_directions,  // mean of forward and reverse over the three splits
  compute_percent,  // of a full training
  seconds,          // wall clock, all models together
  measure_count
};

inline constexpr const char* all_sets = "all sets";
inline constexpr const char* floor_name = "oracles (floor)";

struct Observation {
  std::uint64_t seed = 0;
  std::string set;
  std::string method;
  std::array<double, measure_count> values{};
  expunge::Index diverged = 0;  // models whose weights are no longer numbers
};

using Observations = std::vector<Observation>;

/// The different values of a field, in the order of their first appearance.
template <class Field>
std::vector<Field> distinct(const Observations& observations, Field Observation::*field) {
  std::vector<Field> found;
  for (const Observation& o : observations)
    if (std::find(found.begin(), found.end(), o.*field) == found.end()) found.push_back(o.*field);
  return found;
}

inline bool is_of(const Observation& o, const std::string& set, const std::string& method) {
  return o.method == method && (set == all_sets || o.set == set);
}

/// Mean over seeds. Seeds are what is drawn independently: with `all_sets` the values of one seed
/// are averaged over its forget sets first, and the interval is over seeds alike.
inline Estimate over_seeds(const Observations& observations, const std::string& set,
                           const std::string& method, Measure measure) {
  std::vector<double> by_seed;
  for (const std::uint64_t seed : distinct(observations, &Observation::seed)) {
    std::vector<double> values;
    for (const Observation& o : observations)
      if (o.seed == seed && is_of(o, set, method)) values.push_back(o.values[measure]);
    if (!values.empty()) by_seed.push_back(mean_of(values));
  }
  return estimate(by_seed);
}

/// Diverged models of all seeds, and sets, together.
inline expunge::Index diverged_models(const Observations& observations, const std::string& set,
                                      const std::string& method) {
  expunge::Index count = 0;
  for (const Observation& o : observations)
    if (is_of(o, set, method)) count += o.diverged;
  return count;
}

}  // namespace frontier
