// Errors: one plain sentence that names the function, the rule and the numbers.
//
// A caller's mistake throws std::invalid_argument, the world's mistake (files) io_error. A
// numerical outcome (not converged, diverged) is no error: functions return it in a status.
#pragma once

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "expunge/core/platform.hpp"

namespace expunge {

/// The parts, streamed one after the other, as one string.
template <class... Parts>
std::string sentence(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// Throws std::invalid_argument with the sentence unless the condition holds. The sentence is put
/// together only when it is needed: `require(a == b, "klom: oracle margins have ", a, " points")`.
template <class... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) throw std::invalid_argument(sentence(parts...));
}

/// What a file did wrong, in one sentence: its path, the byte where it was noticed (where a byte
/// says something), what was found and what was expected, and the next step.
class io_error : public std::runtime_error {
 public:
  /// "path: what". For what is wrong with the file as a whole.
  io_error(std::string_view path, std::string_view what)
      : std::runtime_error(sentence(path, ": ", what)), path_(path) {}

  /// "path: at byte `offset`: what". The first byte of a file is no place that helps, and not
  /// named.
  io_error(std::string_view path, std::uint64_t offset, std::string_view what)
      : std::runtime_error(offset == 0 ? sentence(path, ": ", what)
                                       : sentence(path, ": at byte ", offset, ": ", what)),
        path_(path),
        offset_(offset) {}

  const std::string& path() const { return path_; }
  /// 0 where no byte matters.
  std::uint64_t offset() const { return offset_; }

 private:
  std::string path_;
  std::uint64_t offset_ = 0;
};

/// The system refused to open or read a file: too many files are open, no memory or no permission,
/// a disk that fails. It says nothing of the file's content, which may be whole.
class system_refusal : public io_error {
 public:
  /// `error` is errno.
  system_refusal(std::string_view path, std::string_view what, int error)
      : io_error(path, what), error_(error) {}

  int error() const { return error_; }

 private:
  int error_;
};

}  // namespace expunge
