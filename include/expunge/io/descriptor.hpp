// Open descriptors: by their names in /dev, and all that comes out of a pipe. POSIX calls.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "expunge/core/check.hpp"

namespace expunge::detail {

/// N of /dev/fd/N and of this process's /proc/.../fd/N, 0 to 2 of /dev/stdin and its like, else -1.
/// A file behind such a name is already open, at a position that others share.
inline int descriptor_of(const std::string& path) {
  constexpr const char* standard[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
  for (int i = 0; i < 3; ++i)
    if (path == standard[i]) return i;
  for (const std::string& folder :
       {std::string("/dev/fd/"), std::string("/proc/self/fd/"),
        std::string("/proc/thread-self/fd/"), sentence("/proc/", ::getpid(), "/fd/")}) {
    if (!path.starts_with(folder)) continue;
    int number = -1;
    const char* const end = path.data() + path.size();
    const auto [at, error] = std::from_chars(path.data() + folder.size(), end, number);
    if (error == std::errc() && at == end && number >= 0) return number;
  }
  return -1;
}

/// Of a file that the system does not open or read: what it says, and what to do about it.
inline system_refusal refusal_to_read(const std::string& name, const char* what, int error) {
  const auto next_step = [error] {
    switch (error) {
      case EMFILE:
      case ENFILE:
        return "; too many files are open: close some, or raise the limit (ulimit -n)";
      case ENOMEM:
        return "; free some memory, or raise the limits (ulimit -v, vm.max_map_count)";
      case EACCES:
      case EPERM:
        return "; change the permissions of the file and of the folders above it";
      case EIO:
      case ESTALE:
        return "; check the disk or the network behind it, and try again";
      default:
        return "";
    }
  };
  return system_refusal(
      name, sentence(what, ": ", std::generic_category().message(error), next_step()), error);
}

/// Opened for reading, or -1 and errno. A named pipe is waited for until somebody writes to it.
inline int open_input(const std::filesystem::path& path) {
  while (true) {
    int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (opened < 0 && errno == ENXIO) {  // a socket, which can be opened by nobody again
      const int named = descriptor_of(path.string());
      if (named >= 0) opened = ::fcntl(named, F_DUPFD_CLOEXEC, 0);
    }
    if (opened >= 0 || errno != EINTR) return opened;
  }
}

/// Whether all that comes out can be read to an end, though it is no file: a pipe, a socket, or a
/// terminal. Other devices may never end.
inline bool is_stream(int descriptor, const struct stat& status) {
  return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ||
         (S_ISCHR(status.st_mode) && ::isatty(descriptor) == 1);
}

/// What is open and neither file nor stream.
inline std::string what_instead_of_file(const struct stat& status) {
  return sentence("cannot be read: a file or a pipe was expected, this is a ",
                  S_ISDIR(status.st_mode) ? "folder" : "device");
}

/// All that comes out of a descriptor, at most `most_bytes`. `name` is for error messages.
inline std::vector<std::uint8_t> read_stream(int descriptor, const std::string& name,
                                             std::uint64_t most_bytes) {
  std::vector<std::uint8_t> bytes;
  std::size_t size = 0;
  while (true) {
    if (size == bytes.size()) bytes.resize(std::max<std::size_t>(1 << 16, 2 * size));
    const ::ssize_t got = ::read(descriptor, bytes.data() + size, bytes.size() - size);
    if (got == 0) break;
    if (got < 0 && errno == EAGAIN) {
      pollfd wait{descriptor, POLLIN, 0};
      ::poll(&wait, 1, -1);
    } else if (got < 0 && errno != EINTR) {
      throw refusal_to_read(name, "cannot be read", errno);
    }
    if (got > 0) size += static_cast<std::size_t>(got);
    if (size > most_bytes)
      throw io_error(name, sentence("more bytes came than the limit of ", most_bytes));
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace expunge::detail
