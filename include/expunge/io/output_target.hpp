// Where writing to a path leads: to a file, which is replaced as a whole (atomic_file.hpp), or to a
// device, a pipe or an open descriptor, which are written through. A link is followed, so that the
// link stays and what it names is written.
//
// POSIX calls (Linux, macOS, BSD).
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

#include "expunge/io/descriptor.hpp"

namespace expunge {

struct OutputTarget {
  std::filesystem::path path;  // the file's own, no link; of a device or pipe as it was given
  bool through = false;        // no file that can be replaced: opened and written
  int descriptor = -1;         // of /dev/stdout, /dev/fd/N and the like: it must be neither
                               // replaced nor opened anew, others share its position
};

/// Follows links, also those to files that are not there yet. Throws io_error if the path is empty,
/// a folder, or a link that leads nowhere.
inline OutputTarget output_target(const std::filesystem::path& path) {
  if (path.empty()) throw io_error("''", "cannot be written: the name of a file was expected");
  OutputTarget target{path};
  for (int links = 0; links <= 40; ++links) {
    target.descriptor = detail::descriptor_of(target.path.string());
    struct stat status {};
    if (target.descriptor >= 0 || ::lstat(target.path.c_str(), &status) != 0 ||
        !S_ISLNK(status.st_mode))
      break;
    std::error_code failure;
    const std::filesystem::path next = std::filesystem::read_symlink(target.path, failure);
    if (failure || links == 40)
      throw io_error(path.string(), sentence("cannot be written: the link leads nowhere (",
                                             failure ? failure.message() : "a circle of links",
                                             "); remove it or choose another name"));
    target.path = next.is_absolute() ? next : target.path.parent_path() / next;
  }
  struct stat status {};
  const bool there = ::stat(path.c_str(), &status) == 0;
  if ((there && S_ISDIR(status.st_mode)) || !target.path.has_filename())
    throw io_error(path.string(),
                   "cannot be written: this is a folder, the name of a file was expected");
  target.through = target.descriptor >= 0 || (there && !S_ISREG(status.st_mode));
  if (target.through) target.path = path;
  return target;
}

/// Whether writing to one of these paths changes what the other names: both are the same file by
/// device and number, through links too, or neither is there yet and both lead to one place,
/// however they are spelled ("r", "./r", its whole path).
/// Devices, pipes and folders are no files here. For a program that must not overwrite its inputs.
inline bool is_same_file(const std::filesystem::path& one, const std::filesystem::path& other) {
  struct stat a {
  }, b{};
  const bool has_one = ::stat(one.c_str(), &a) == 0, has_other = ::stat(other.c_str(), &b) == 0;
  if (has_one != has_other) return false;
  if (has_one) return S_ISREG(a.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
  std::error_code failure;
  const auto place = [&](const std::filesystem::path& path) {
    // of a relative path of which nothing is there, weakly_canonical alone gives it back
    const std::filesystem::path whole = std::filesystem::absolute(output_target(path).path);
    return std::filesystem::weakly_canonical(whole, failure);
  };
  const std::filesystem::path first = place(one), second = place(other);
  return !failure && first == second;
}

/// Makes the folder of a file that is to be written, and those above it, where they are not there.
/// Throws io_error, which names the file.
inline void make_folder_of(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.parent_path();
  std::error_code failure;
  if (!folder.empty()) std::filesystem::create_directories(folder, failure);
  if (failure)
    throw io_error(file.string(),
                   sentence("cannot be written: the folder ", folder.string(), " cannot be made (",
                            failure.message(), "); choose another place"));
}

}  // namespace expunge
