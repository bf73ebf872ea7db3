// Writing a file so that a stopped run, a full disk or a power cut leaves the old one or the new
// one, never a half.
//
//   AtomicFile file("scores.json");
//   file.write(text);
//   file.commit();
//
// Bytes go to a temporary file in the same folder. `commit` brings them to the disk (fsync), gives
// the file its name (rename) and brings the folder to the disk. A file that is not committed, for
// whatever reason, is removed; what a killed process left is, when the next one first writes there. What the path leads to (output_target.hpp) decides: a link stays and
// its target is replaced; devices, pipes and open descriptors (/dev/stdout) are written through, as
// they come. The permissions of a file that is replaced are kept, and its owner where the system
// lets us; a file that must not be written is refused, though its folder would allow a rename.
#pragma once

#include <fcntl.h>
#include <signal.h>

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

}  // namespace detail

/// Removes the temporary files that processes of this machine left in the folder when they were
/// killed; those of running ones and all else stay.
inline void remove_stale_partials(const std::filesystem::path& folder) {
  const std::string prefix = detail::partial_prefix();
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(".partial")) continue;
    pid_t process = 0;
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), process);
    if (process > 0 && ::kill(process, 0) != 0 && errno == ESRCH)
      std::filesystem::remove(entry.path(), ignored);
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
    if (target_.through)
      open_through();
    else
      open_partial();
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!partial_.empty()) ::unlink(partial_.c_str());
  }

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
    if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) fail(errno);
    if (target_.through) return;
    if (::rename(partial_.c_str(), target_.path.c_str()) != 0) fail(errno);
    partial_.clear();
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
    detail::tidy_once(folder());
    if (replaces && ::faccessat(AT_FDCWD, target_.path.c_str(), W_OK, AT_EACCESS) != 0) fail(errno);
    while (descriptor_ < 0) {
      partial_ = folder() / detail::partial_name();
      descriptor_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor_ >= 0) break;
      const int error = errno;
      partial_.clear();  // not ours to remove
      if (error == EEXIST || error == EINTR) continue;
      if (error == EACCES || error == EROFS || error == ENOENT || error == ENOTDIR)
        throw io_error(
            name_, sentence("cannot be written: no file can be made in the folder ",
                            folder().string(), " (", std::generic_category().message(error), "); ",
                            detail::next_step(error)));
      fail(error);
    }
    if (!replaces) return;
    // Of another owner: only some users and groups may be given, and no name is worth a failure.
    if (old.st_uid != ::geteuid() || old.st_gid != ::getegid())
      if (::fchown(descriptor_, old.st_uid, old.st_gid) != 0) errno = 0;
    if (::fchmod(descriptor_, old.st_mode & 0777) != 0) fail(errno);
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
};

}  // namespace expunge
