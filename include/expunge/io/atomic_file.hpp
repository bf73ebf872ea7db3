// Writing a file so that a stopped run, a full disk or a power cut leaves the old one or the new
// one, never a half.
//
//   AtomicFile file("scores.json");
//   file.write(text);
//   file.commit();
//
// Bytes go to a temporary file in the same folder. `commit` brings them to the disk (fsync), gives
// the file its name (rename) and brings the folder to the disk. A file that is not committed, for
// whatever reason, is removed. What a killed process left is removed by the next process that
// writes into the folder: a temporary file is locked (flock) as long as somebody writes it.
//
// What the path leads to (output_target.hpp) decides. A link stays and its target is replaced.
// Devices, pipes and open descriptors (/dev/stdout) are written through, as the bytes come. The
// permissions of a file that is replaced are kept, and its owner and group where the system lets
// us; a file that must not be written is refused, though its folder would allow a rename.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "expunge/io/crc32.hpp"
#include "expunge/io/output_target.hpp"

namespace expunge {

namespace detail {

/// Begins the names of this machine's temporary files; a folder may be shared with others.
inline std::string partial_prefix() {
  char host[256] = {};
  ::gethostname(host, sizeof(host) - 1);
  return sentence(".expunge-", std::hex, crc32_of(host, std::string_view(host).size()), "-");
}

/// A name that no other process, thread or call of this machine has now.
inline std::string partial_name() {
  static std::atomic<std::uint64_t> calls{0};
  return sentence(partial_prefix(), ::getpid(), "-", calls++, ".partial");
}

/// What to do about an error of the system, as the end of a sentence.
inline const char* next_step(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "make room there or write elsewhere";
    case EFBIG:
      return "raise the limit on the size of files (ulimit -f) or write elsewhere";
    case EACCES:
    case EPERM:
    case EROFS:
      return "change the permissions or write elsewhere";
    case ENOENT:
    case ENOTDIR:
      return "make the folder first";
    case ENAMETOOLONG:
      return "choose a shorter name";
    default:
      return "try again or write elsewhere";
  }
}

/// Brings an open file or folder to the disk; the error, or 0. Some file systems cannot.
inline int sync_descriptor(int descriptor) {
  while (::fsync(descriptor) != 0) {
    if (errno == EINVAL || errno == ENOSYS || errno == ENOTSUP || errno == EBADF) return 0;
    if (errno != EINTR) return errno;
  }
  return 0;
}

/// Locks a temporary file that was just made, so that nobody takes it for a killed process's. False
/// if somebody did before it was locked, and has removed it. A file system without locks has nobody
/// who could lock it, and so nobody who removes it.
inline bool lock_partial(int descriptor) {
  while (::flock(descriptor, LOCK_EX) != 0 && errno == EINTR) {
  }
  struct stat status {};
  return ::fstat(descriptor, &status) != 0 || status.st_nlink > 0;
}

/// Removes a temporary file that no process writes.
inline void remove_if_stale(const std::filesystem::path& partial) {
  const int descriptor = ::open(partial.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) return;
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) ::unlink(partial.c_str());
  ::close(descriptor);
}

}  // namespace detail

/// Removes the temporary files that processes of this machine left in the folder when they were
/// killed; those of running ones and all else stay.
inline void remove_stale_partials(const std::filesystem::path& folder) {
  const std::string prefix = detail::partial_prefix();
  std::error_code error;
  const std::filesystem::directory_iterator end;
  for (std::filesystem::directory_iterator entry(folder, error); !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(".partial"))
      detail::remove_if_stale(entry->path());
  }
}

namespace detail {

/// remove_stale_partials, the first time that this process writes into the folder.
inline void tidy_once(const std::filesystem::path& folder) {
  static std::mutex mutex;
  static std::set<std::string> tidied;
  const std::lock_guard lock(mutex);
  if (tidied.insert(folder.string()).second) remove_stale_partials(folder);
}

}  // namespace detail

class AtomicFile {
 public:
  /// Throws io_error if no file can be made there. A pipe is waited for until somebody reads it.
  explicit AtomicFile(const std::filesystem::path& path)
      : name_(path.string()), target_(output_target(path)) {
    buffer_.reserve(buffer_bytes);
    try {
      if (target_.through)
        open_through();
      else
        open_partial();
    } catch (...) {
      discard();
      throw;
    }
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() { discard(); }

  /// Throws io_error if the system does not take the bytes.
  void write(const void* bytes, std::uint64_t count) {
    const auto* from = static_cast<const std::uint8_t*>(bytes);
    if (buffer_.size() + count > buffer_bytes) flush();
    if (count >= buffer_bytes)
      put(from, count);
    else
      buffer_.insert(buffer_.end(), from, from + count);
  }
  void write(std::string_view text) { write(text.data(), text.size()); }

  /// Makes the file appear under its name. Throws io_error if that fails; the old file is then as
  /// it was.
  void commit() {
    flush();
    if (!target_.through)
      if (const int error = detail::sync_descriptor(descriptor_)) fail(error);
    // A close may fail, and must come before the rename; a copy of the descriptor keeps the lock.
    if (!target_.through) lock_ = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
    if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) fail(errno);
    if (target_.through) return;
    if (::rename(partial_.c_str(), target_.path.c_str()) != 0) fail_to_rename(errno);
    partial_.clear();
    discard();
    sync_folder();
  }

 private:
  static constexpr std::size_t buffer_bytes = 1 << 16;

  [[noreturn]] void fail(int error) const {
    struct stat status {};
    const bool old = !target_.through && ::stat(target_.path.c_str(), &status) == 0;
    throw io_error(name_,
                   sentence("cannot be written: ", std::generic_category().message(error), "; ",
                            detail::next_step(error), old ? " (the old file is as it was)" : ""));
  }

  [[noreturn]] void fail_to_rename(int error) const {
    if (error != ENOENT) fail(error);
    throw io_error(name_, sentence("cannot be written: somebody removed the folder ",
                                   folder().string(), " or the temporary file ",
                                   partial_.filename().string(), " meanwhile; write again"));
  }

  /// Gives up what is open, and the temporary file if it still has that name.
  void discard() {
    if (!partial_.empty()) ::unlink(partial_.c_str());
    partial_.clear();
    for (int* const opened : {&descriptor_, &lock_})
      if (*opened >= 0) ::close(std::exchange(*opened, -1));
  }

  std::filesystem::path folder() const {
    const std::filesystem::path folder = target_.path.parent_path();
    return folder.empty() ? "." : folder;
  }

  void open_through() {
    const auto open = [&] {
      return target_.descriptor >= 0
                 ? ::fcntl(target_.descriptor, F_DUPFD_CLOEXEC, 0)
                 : ::open(target_.path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    };
    while ((descriptor_ = open()) < 0)
      if (errno != EINTR) fail(errno);
  }

  void open_partial() {
    struct stat old {};
    const bool replaces = ::stat(target_.path.c_str(), &old) == 0;
    if (!replaces && errno != ENOENT && errno != ENOTDIR && errno != EACCES) fail(errno);
    detail::tidy_once(folder());
    if (replaces && ::faccessat(AT_FDCWD, target_.path.c_str(), W_OK, AT_EACCESS) != 0) fail(errno);
    while (descriptor_ < 0) {
      partial_ = folder() / detail::partial_name();
      descriptor_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      const int error = descriptor_ >= 0 ? 0 : errno;
      if (descriptor_ >= 0) {
        if (detail::lock_partial(descriptor_)) break;
        ::close(std::exchange(descriptor_, -1));
      }
      partial_.clear();  // not ours to remove
      if (error == 0) continue;
      if (error == EEXIST || error == EINTR) continue;
      if (error == EACCES || error == EROFS || error == ENOENT || error == ENOTDIR)
        throw io_error(
            name_, sentence("cannot be written: no file can be made in the folder ",
                            folder().string(), " (", std::generic_category().message(error), "); ",
                            detail::next_step(error)));
      fail(error);
    }
    if (replaces) take_permissions(old);
  }

  /// Mode, owner and group of the file that is replaced. What its group might do is not given to
  /// another group, where the system does not let us keep it.
  void take_permissions(const struct stat& old) {
    struct stat made {};
    mode_t mode = old.st_mode & 0777;
    if (::fstat(descriptor_, &made) != 0) fail(errno);
    if (old.st_gid != made.st_gid && ::fchown(descriptor_, uid_t(-1), old.st_gid) != 0)
      mode &= ~mode_t{S_IRWXG};
    if (old.st_uid != made.st_uid && ::fchown(descriptor_, old.st_uid, gid_t(-1)) != 0)
      errno = 0;  // only the superuser gives files away
    if (::fchmod(descriptor_, mode) != 0) fail(errno);
  }

  void flush() {
    put(buffer_.data(), buffer_.size());
    buffer_.clear();
  }

  void put(const std::uint8_t* from, std::uint64_t count) {
    while (count > 0) {
      // Linux takes at most 2^31 - 4096 bytes at a time, others refuse more than 2^31 - 1
      const ::ssize_t done = ::write(descriptor_, from, std::min<std::uint64_t>(count, 1u << 30));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {  // a pipe that does not block
        pollfd room{descriptor_, POLLOUT, 0};
        ::poll(&room, 1, -1);
        continue;
      }
      if (done < 0) fail(errno);
      from += done;
      count -= static_cast<std::uint64_t>(done);
    }
  }

  /// The file has its name by now: an error says that a power cut could still take it back.
  void sync_folder() const {
    const int opened = ::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return;  // a folder that may be written and not read
    const int error = detail::sync_descriptor(opened);
    ::close(opened);
    if (error != 0)
      throw io_error(name_,
                     sentence("was written, but its folder could not be brought to the disk: ",
                              std::generic_category().message(error), "; check the disk"));
  }

  std::string name_;  // as the caller gave it
  OutputTarget target_;
  std::filesystem::path partial_;  // empty: none
  std::vector<std::uint8_t> buffer_;
  int descriptor_ = -1;
  int lock_ = -1;  // of the temporary file, from its closing until it has its name
};

}  // namespace expunge
