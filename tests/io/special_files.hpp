// Devices and named pipes of tests. Nothing here waits for what may never come: a program that
// fails before it opens its pipe fails a test, and does not hang it.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace expunge {

/// A device such as /dev/null (minor 3) or /dev/full (7) in a folder of the test's, which may be
/// lost by a mistake. False where it cannot be made and opened: not root, or a mount without
/// devices.
inline bool make_device(const std::filesystem::path& path, unsigned minor) {
  if (::mknod(path.c_str(), S_IFCHR | 0666, makedev(1, minor)) != 0) return false;
  const int opened = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (opened >= 0) ::close(opened);
  return opened >= 0;
}

/// Reads what others write into a named pipe, which is open for them from the start.
class FifoReader {
 public:
  explicit FifoReader(const std::filesystem::path& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
    thread_ = std::thread([this] { run(); });
  }
  FifoReader(const FifoReader&) = delete;
  FifoReader& operator=(const FifoReader&) = delete;
  ~FifoReader() {
    finish();
    ::close(descriptor_);
  }

  /// All that was written until now; to be called once the writer has ended.
  const std::string& finish() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    return text_;
  }

 private:
  void run() {
    for (bool last = false; !last; std::this_thread::sleep_for(std::chrono::milliseconds(1))) {
      last = stop_;
      std::array<char, 4096> part;
      for (::ssize_t n; (n = ::read(descriptor_, part.data(), part.size())) > 0;)
        text_.append(part.data(), static_cast<std::size_t>(n));
    }
  }

  int descriptor_;
  std::atomic<bool> stop_{false};
  std::string text_;
  std::thread thread_;
};

/// Writes bytes into a named pipe, `piece` of them at a time, once somebody reads it; gives up
/// after a minute, when the reader goes, or when it is destroyed.
class FifoWriter {
 public:
  FifoWriter(std::filesystem::path path, std::vector<std::uint8_t> bytes, std::size_t piece = 65536)
      : path_(std::move(path)), bytes_(std::move(bytes)), piece_(piece) {
    thread_ = std::thread([this] { run(); });
  }
  FifoWriter(const FifoWriter&) = delete;
  FifoWriter& operator=(const FifoWriter&) = delete;
  ~FifoWriter() {
    stop_ = true;
    thread_.join();
  }

 private:
  void run() {
    sigset_t gone;  // of a reader that has enough: an error of write, no signal
    sigemptyset(&gone);
    sigaddset(&gone, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &gone, nullptr);
    int to = -1;
    while ((to = ::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0)
      if (!wait()) return;
    for (std::size_t at = 0; at < bytes_.size();) {
      const ::ssize_t n = ::write(to, bytes_.data() + at, std::min(piece_, bytes_.size() - at));
      if (n > 0)
        at += static_cast<std::size_t>(n);
      else if (errno != EAGAIN || !wait())
        break;
    }
    ::close(to);
  }

  bool wait() const {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return !stop_ && std::chrono::steady_clock::now() < deadline_;
  }

  std::filesystem::path path_;
  std::vector<std::uint8_t> bytes_;
  std::size_t piece_;
  std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + std::chrono::minutes(1);
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace expunge
