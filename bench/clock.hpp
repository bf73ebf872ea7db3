// What the benchmarks share: the processor's name, and the best time of several runs.
#pragma once

#include <chrono>
#include <fstream>
#include <string>

namespace bench {

using Time = std::chrono::steady_clock::time_point;

inline Time now() {
  return std::chrono::steady_clock::now();
}

inline double seconds_since(Time start) {
  return std::chrono::duration<double>(now() - start).count();
}

inline std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

/// Seconds, the best of `runs` after a warm-up. `prepare` runs before each and is not timed.
template <class Prepare, class Work>
double best_of(int runs, Prepare&& prepare, Work&& work) {
  double best = 0;
  for (int run = 0; run <= runs; ++run) {
    prepare();
    const Time start = now();
    work();
    const double seconds = seconds_since(start);
    if (run == 1 || (run > 1 && seconds < best)) best = seconds;
  }
  return best;
}

template <class Work>
double best_of(int runs, Work&& work) {
  return best_of(
      runs, [] {}, work);
}

}  // namespace bench
