#include "cli/npz.hpp"

#include <unistd.h>
#include <zip.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace expunge::cli {

namespace {

/// The first bytes of a member of known size: enough for its header.
class Beginning {
 public:
  Beginning(std::span<const std::uint8_t> bytes, std::uint64_t size, const std::string& name)
      : bytes_(bytes), size_(size), name_(name) {}
  const std::string& name() const { return name_; }
  std::uint64_t size() const { return size_; }
  std::uint64_t offset() const { return offset_; }
  void read(void* to, std::uint64_t count) {
    if (count > bytes_.size() - offset_)
      throw io_error(name_, offset_, sentence("the file ends, ", count, " bytes were expected"));
    std::memcpy(to, bytes_.data() + offset_, count);
    offset_ += count;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::uint64_t size_;
  const std::string& name_;
  std::uint64_t offset_ = 0;
};

struct CloseMember {
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};
struct Discard {
  void operator()(struct zip* archive) const { zip_discard(archive); }
};

std::string zip_reason(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  return reason;
}

void check_space(const std::string& name, std::uint64_t size) {
  std::error_code failure;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(failure);
  const std::filesystem::space_info space = std::filesystem::space(folder, failure);
  if (!failure && size > space.available)
    throw io_error(name, 0,
                   sentence("unpacked it has ", size, " bytes, and ", folder.string(), " has ",
                            space.available, " left (TMPDIR names another folder)"));
}

/// Reads from a member until `to` is full or the member ends.
std::size_t read_some(zip_file_t* member, const std::string& name, std::span<std::uint8_t> to) {
  std::size_t done = 0;
  while (done < to.size()) {
    const zip_int64_t count = zip_fread(member, to.data() + done, to.size() - done);
    if (count < 0)
      throw io_error(
          name, done,
          sentence("cannot be unpacked: ", zip_error_strerror(zip_file_get_error(member))));
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

/// A file without a name, gone when it is closed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name) : name_(name) {
    std::error_code failure;
    const std::filesystem::path folder = std::filesystem::temp_directory_path(failure);
    path_ = (folder / "expunge_XXXXXX").string();
    descriptor_ = failure ? -1 : ::mkstemp(path_.data());
    if (descriptor_ < 0)
      throw io_error(name_, 0,
                     sentence("cannot be unpacked: no temporary file can be made in ",
                              failure ? "TMPDIR" : folder.string()));
    ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  void write(std::span<const std::uint8_t> bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0)
        throw io_error(name_, 0, sentence("cannot be unpacked to ", path_, ": is the disk full?"));
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }
  /// The descriptor, which the caller closes.
  int release() { return std::exchange(descriptor_, -1); }

 private:
  const std::string& name_;
  std::string path_;
  int descriptor_ = -1;
};

/// Reads all of the member and maps it. `piece`: a buffer, whose first `in_piece` bytes are read.
std::shared_ptr<const MappedFile> unpack(zip_file_t* member, const std::string& name,
                                         std::uint64_t size, std::vector<std::uint8_t> piece,
                                         std::size_t in_piece) {
  TemporaryFile file(name);
  std::uint64_t done = 0;
  while (in_piece > 0 && done + in_piece <= size) {
    file.write({piece.data(), in_piece});
    done += in_piece;
    in_piece = read_some(member, name, piece);
  }
  if (done != size || in_piece > 0)
    throw io_error(name, done, sentence(size, " bytes were expected when unpacked"));
  std::string copy = name;
  return std::make_shared<const MappedFile>(file.release(), std::move(copy));
}

/// Adds a member without compression and of a fixed date; `bytes` must outlive the archive.
bool add_stored(struct zip* archive, const std::string& name, const std::string& bytes) {
  zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
  const zip_int64_t at =
      zip_file_add(archive, name.c_str(), source, ZIP_FL_OVERWRITE | ZIP_FL_ENC_UTF_8);
  if (at < 0) {
    zip_source_free(source);
    return false;
  }
  const zip_uint64_t index = static_cast<zip_uint64_t>(at);
  return zip_set_file_compression(archive, index, ZIP_CM_STORE, 0) == 0 &&
         zip_file_set_dostime(archive, index, 0, 33, 0) == 0;
}

}  // namespace

void NpzFile::Close::operator()(struct zip* archive) const {
  zip_discard(archive);
}

NpzFile::NpzFile(const std::filesystem::path& path) : name_(path.string()) {
  std::error_code failure;
  if (!std::filesystem::is_regular_file(path, failure))
    throw io_error(name_, 0,
                   std::filesystem::exists(path, failure)
                       ? "cannot be opened: it is no regular file"
                       : "cannot be opened: there is no such file");
  int code = 0;
  archive_.reset(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
  if (!archive_) throw io_error(name_, 0, sentence("not a .npz archive: ", zip_reason(code)));
}

NpzFile::NpzFile(std::span<const std::uint8_t> bytes, std::string name) : name_(std::move(name)) {
  if (bytes.empty()) throw io_error(name_, 0, "not a .npz archive: it is empty");
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source != nullptr) {
    archive_.reset(zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error));
    if (!archive_) zip_source_free(source);
  }
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  if (!archive_) throw io_error(name_, 0, sentence("not a .npz archive: ", reason));
}

std::vector<std::string> NpzFile::names() const {
  std::vector<std::string> names;
  const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* text = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_GUESS);
    const std::string member = text == nullptr ? "" : text;
    if (member.size() > 4 && member.ends_with(".npy"))
      names.push_back(member.substr(0, member.size() - 4));
  }
  return names;
}

NpyView NpzFile::array(const std::string& member) const {
  const std::string name = name_ + ":" + member;
  zip_stat_t status;
  zip_stat_init(&status);
  if (zip_stat(archive_.get(), (member + ".npy").c_str(), ZIP_FL_ENC_GUESS, &status) != 0 ||
      (status.valid & ZIP_STAT_SIZE) == 0 || (status.valid & ZIP_STAT_INDEX) == 0)
    throw io_error(name_, 0, sentence("there is no array '", member, "' in it"));
  const std::unique_ptr<zip_file_t, CloseMember> file(
      zip_fopen_index(archive_.get(), status.index, 0));
  if (!file)
    throw io_error(name, 0, sentence("cannot be unpacked: ", zip_strerror(archive_.get())));
  std::vector<std::uint8_t> piece(1u << 20);
  const std::size_t count = read_some(file.get(), name, piece);
  Beginning beginning({piece.data(), count}, status.size, name);
  read_npy_header(beginning);  // refuses what is no array of this size, before it is unpacked
  check_space(name, status.size);
  const auto mapped = unpack(file.get(), name, status.size, std::move(piece), count);
  return {mapped->bytes(), name, mapped};
}

void write_npz(const std::filesystem::path& path, const NamedArrays& arrays) {
  int code = 0;
  std::vector<std::string> members;  // must live until the archive is closed
  members.reserve(arrays.size());
  std::unique_ptr<struct zip, Discard> archive(
      zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
  if (!archive) throw io_error(path.string(), 0, sentence("cannot be written: ", zip_reason(code)));
  bool good = true;
  for (const auto& [name, array] : arrays) {
    std::string& bytes =
        members.emplace_back(npy_header_bytes<double>({static_cast<Index>(array.size())}));
    bytes.append(reinterpret_cast<const char*>(array.data()), array.size() * sizeof(double));
    good = good && add_stored(archive.get(), name + ".npy", bytes);
  }
  if (good && zip_close(archive.get()) == 0) {
    archive.release();
    return;
  }
  throw io_error(path.string(), 0, sentence("cannot be written: ", zip_strerror(archive.get())));
}

}  // namespace expunge::cli
