#include "cli/temporary_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace expunge::cli {

TemporaryFile::TemporaryFile(std::string name) : name_(std::move(name)) {
  std::error_code failure;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(failure);
  path_ = (folder / "expunge_XXXXXX").string();
  descriptor_ = failure ? -1 : ::mkstemp(path_.data());
  if (descriptor_ < 0)
    throw io_error(name_, sentence("cannot be unpacked: no temporary file can be made in ",
                                   failure ? "TMPDIR" : folder.string()));
  ::unlink(path_.c_str());
}

TemporaryFile::~TemporaryFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void TemporaryFile::write(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      throw io_error(name_, sentence("cannot be unpacked to ", path_,
                                     ": is the disk full? (TMPDIR names another folder)"));
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

std::shared_ptr<const MappedFile> TemporaryFile::map() {
  return std::make_shared<const MappedFile>(std::exchange(descriptor_, -1), name_);
}

void check_temporary_space(const std::string& name, std::uint64_t size) {
  std::error_code failure;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(failure);
  const std::filesystem::space_info space = std::filesystem::space(folder, failure);
  if (!failure && size > space.available)
    throw io_error(name, sentence("unpacked it has ", size, " bytes, and ", folder.string(),
                                  " has ", space.available, " left (TMPDIR names another folder)"));
}

}  // namespace expunge::cli
