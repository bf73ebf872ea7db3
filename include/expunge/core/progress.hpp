// Progress is a callback: the library never prints.
#pragma once

#include <functional>
#include <mutex>

#include "expunge/core/platform.hpp"

namespace expunge {

/// Called with (done, total) as pieces of work finish, from one thread at a time. May be empty.
using Progress = std::function<void(Index done, Index total)>;

/// Counts finished pieces from many threads and reports each to a Progress.
class ProgressCounter {
 public:
  ProgressCounter(const Progress& progress, Index total) : progress_(progress), total_(total) {}

  void add(Index finished) {
    if (!progress_) return;
    const std::lock_guard lock(mutex_);
    done_ += finished;
    progress_(done_, total_);
  }

 private:
  const Progress& progress_;
  Index total_;
  Index done_ = 0;
  std::mutex mutex_;
};

}  // namespace expunge
