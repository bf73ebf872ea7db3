// A bar per stage with the time that is left, where the output is a terminal; one line per stage
// where it is not. Keeps the seconds of each stage for the report.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "expunge/core/progress.hpp"
#include "expunge/report/number.hpp"
#include "expunge/report/results.hpp"

class StageBars {
 public:
  explicit StageBars(std::FILE* out = stderr) : StageBars(out, isatty(fileno(out)) == 1) {}
  StageBars(std::FILE* out, bool terminal) : out_(out), terminal_(terminal) {}
  ~StageBars() { finish(); }
  StageBars(const StageBars&) = delete;
  StageBars& operator=(const StageBars&) = delete;

  /// Ends the stage before and begins this one. The bar moves as the returned function is called,
  /// which must not outlive the bars.
  expunge::Progress start(std::string name) {
    finish();
    name_ = std::move(name);
    running_ = true;
    begin_ = drawn_ = Clock::now();
    if (terminal_) draw(0, 0);
    return [this](expunge::Index done, expunge::Index total) { moved(done, total); };
  }

  /// Ends the stage and writes its time; nothing happens if none runs.
  void finish() {
    if (!running_) return;
    running_ = false;
    const double seconds = since(begin_);
    stages_.push_back({name_, seconds});
    std::fprintf(out_, "%s%-34s %12s%s\n", terminal_ ? "\r" : "", name_.c_str(),
                 expunge::report::seconds_text(seconds).c_str(), terminal_ ? "\033[K" : "");
    std::fflush(out_);
  }

  /// A line between stages; ends the one that runs.
  void say(const std::string& text) {
    finish();
    std::fprintf(out_, "note: %s\n", text.c_str());
    std::fflush(out_);
  }

  /// The stages that are over, in order.
  const std::vector<expunge::report::Stage>& stages() const { return stages_; }

 private:
  using Clock = std::chrono::steady_clock;

  static double since(Clock::time_point then) {
    return std::chrono::duration<double>(Clock::now() - then).count();
  }

  void moved(expunge::Index done, expunge::Index total) {
    if (!terminal_ || !running_ || since(drawn_) < 0.1) return;
    drawn_ = Clock::now();
    draw(done, total);
  }

  void draw(expunge::Index done, expunge::Index total) {
    constexpr int width = 28;
    const double share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
    const int filled = static_cast<int>(share * width);
    std::string left;
    if (share > 0.02 && share < 1)
      left = expunge::report::seconds_text(since(begin_) * (1 - share) / share) + " left";
    const std::string bar = std::string(static_cast<std::size_t>(filled), '#') +
                            std::string(static_cast<std::size_t>(width - filled), '.');
    std::fprintf(out_, "\r%-34s [%s] %3d %% %s\033[K", name_.c_str(), bar.c_str(),
                 static_cast<int>(100 * share), left.c_str());
    std::fflush(out_);
  }

  std::FILE* out_;
  bool terminal_;
  bool running_ = false;
  std::string name_;
  Clock::time_point begin_{};
  Clock::time_point drawn_{};
  std::vector<expunge::report::Stage> stages_;
};
