// The models of an array that a score is taken of, some of them perhaps listed more than once, as a
// bootstrap does.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "expunge/core/platform.hpp"

namespace expunge::detail {

struct ListedModels {
  std::vector<Index> drawn;              // from 0 on
  std::vector<Index> distinct;           // each once, ascending
  std::vector<std::uint8_t> first_time;  // [drawn], 0 where the model stands further left already

  explicit ListedModels(const std::vector<Index>& models) : drawn(models), distinct(models) {
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    std::vector<bool> seen(distinct.empty() ? 0 : static_cast<std::size_t>(distinct.back()) + 1);
    for (const Index m : drawn) {
      first_time.push_back(!seen[static_cast<std::size_t>(m)]);
      seen[static_cast<std::size_t>(m)] = true;
    }
  }

  Index count() const { return std::ssize(drawn); }
};

}  // namespace expunge::detail
