// Threads that take the next piece of work until none is left. Which thread does which piece never
// changes a result: a piece depends on its index alone.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "expunge/core/platform.hpp"

namespace expunge {

/// The number of threads that a setting means: itself, or all of the machine's where it is 0.
inline int thread_count(int threads) {
  return threads > 0 ? threads
                     : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

/// Calls f(thread, i) for every i in 0 .. n - 1, each once, on up to `threads` threads (0: all).
/// The first exception stops the hand-out of further work and is thrown again here.
template <class F>
void parallel_for(int threads, Index n, F&& f) {
  const int workers = static_cast<int>(std::min<Index>(thread_count(threads), n));
  if (workers <= 1) {
    for (Index i = 0; i < n; ++i) f(0, i);
    return;
  }
  std::atomic<Index> next{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto work = [&](int thread) {
    try {
      for (Index i = next++; i < n; i = next++) f(thread, i);
    } catch (...) {
      next = n;
      const std::lock_guard lock(failure_mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> pool;
    for (int t = 1; t < workers; ++t) pool.emplace_back(work, t);
    work(0);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace expunge
