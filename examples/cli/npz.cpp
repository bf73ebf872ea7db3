#include "cli/npz.hpp"

#include <zip.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "cli/suggest.hpp"
#include "cli/temporary_file.hpp"
#include "expunge/io/atomic_file.hpp"
#include "expunge/io/crc32.hpp"

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

std::string not_an_archive(const std::string& reason) {
  return "not a .npz archive (" + reason + "): is the file whole?";
}

std::string zip_reason(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  return reason;
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
    throw io_error(name, sentence("damaged: ", size, " bytes were expected when unpacked"));
  return file.map();
}

/// Why a member cannot be opened, and what to do.
std::string why_not(struct zip* archive, const zip_stat_t& status) {
  if ((status.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && status.encryption_method != ZIP_EM_NONE)
    return "it is encrypted; write it without a password";
  const int code = zip_error_code_zip(zip_get_error(archive));
  if (code != ZIP_ER_COMPNOTSUPP || (status.valid & ZIP_STAT_COMP_METHOD) == 0)
    return zip_strerror(archive);
  constexpr std::pair<int, const char*> methods[] = {
      {9, "Deflate64"}, {12, "bzip2"}, {14, "LZMA"}, {93, "Zstandard"}, {95, "xz"}};
  std::string method = sentence("method ", status.comp_method);
  for (const auto& [number, known] : methods)
    if (status.comp_method == number) method = known;
  return "it is packed by " + method +
         "; in Python, numpy.savez_compressed(new_file, **numpy.load(file)) packs it as this "
         "program can read it";
}

/// Folders, and what a Mac adds to archives.
bool is_left_out(const std::string& member) {
  const std::size_t slash = member.find_last_of('/');
  return member.empty() || member.ends_with('/') || member.starts_with("__MACOSX/") ||
         member.find("/__MACOSX/") != std::string::npos || member.compare(slash + 1, 2, "._") == 0;
}

/// A number of `bytes` bytes, the lowest first, as everything in a zip archive.
void append(std::string& to, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>((value >> (8 * i)) & 0xff);
}

/// One member of an archive that is written: stored, of a fixed date.
struct Stored {
  std::string name, header;  // of the .npy file
  std::uint64_t size = 0, offset = 0;
  std::uint32_t crc = 0;

  Stored(const std::string& array, const Array<double, 1>& numbers)
      : name(array + ".npy"),
        header(npy_header_bytes<double>({static_cast<Index>(numbers.size())})) {
    const std::size_t bytes = numbers.size() * sizeof(double);
    size = header.size() + bytes;
    crc = crc32_of(numbers.data(), bytes, crc32_of(header.data(), header.size()));
  }

  /// What the entries before the data and in the directory share.
  void append_fields(std::string& to) const {
    append(to, 20, 2);      // version of zip that reads it
    append(to, 0x0800, 2);  // the name is UTF-8
    append(to, 0, 2);       // stored
    append(to, 0, 2);       // midnight of
    append(to, 33, 2);      // the first day that zip knows: the same arrays give the same bytes
    append(to, crc, 4);
    append(to, size, 4);
    append(to, size, 4);
    append(to, name.size(), 2);
    append(to, 0, 2);  // no more fields
  }
  std::string local_header() const {
    std::string bytes;
    append(bytes, 0x04034b50, 4);
    append_fields(bytes);
    return bytes + name;
  }
  std::string directory_entry() const {
    std::string bytes;
    append(bytes, 0x02014b50, 4);
    append(bytes, 20, 2);  // made by
    append_fields(bytes);
    append(bytes, 0, 2);  // no comment
    append(bytes, 0, 2);  // disk
    append(bytes, 0, 2);
    append(bytes, 0, 4);  // attributes
    append(bytes, offset, 4);
    return bytes + name;
  }
};

}  // namespace

void NpzFile::Close::operator()(struct zip* archive) const {
  zip_discard(archive);
}

NpzFile::NpzFile(const std::filesystem::path& path) : name_(path.string()) {
  std::error_code failure;
  if (!std::filesystem::is_regular_file(path, failure))
    throw io_error(name_, std::filesystem::exists(path, failure)
                              ? "cannot be opened: it is no regular file"
                              : "cannot be opened: there is no such file");
  int code = 0;
  archive_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (!archive_) throw io_error(name_, not_an_archive(zip_reason(code)));
}

NpzFile::NpzFile(std::span<const std::uint8_t> bytes, std::string name) : name_(std::move(name)) {
  if (bytes.empty()) throw io_error(name_, not_an_archive("it is empty"));
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source != nullptr) {
    archive_.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
    if (!archive_) zip_source_free(source);
  }
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  if (!archive_) throw io_error(name_, not_an_archive(reason));
}

/// In the order of the file; of a name that is there twice, the last one alone.
std::vector<NpzFile::Member> NpzFile::members() const {
  std::vector<Member> members;
  std::unordered_map<std::string, std::size_t> place;
  const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const std::uint64_t index = static_cast<std::uint64_t>(i);
    const char* text = zip_get_name(archive_.get(), index, ZIP_FL_ENC_GUESS);
    const std::string name = text == nullptr ? "" : text;
    if (is_left_out(name)) continue;
    const auto [found, is_new] = place.try_emplace(name, members.size());
    if (is_new)
      members.push_back({index, name});
    else
      members[found->second].index = index;
  }
  return members;
}

bool NpzFile::is_array(const Member& member) const {
  if (member.name.size() > 4 && member.name.ends_with(".npy")) return true;
  const std::unique_ptr<zip_file_t, CloseMember> file(
      zip_fopen_index(archive_.get(), member.index, 0));
  char start[6];
  return file && zip_fread(file.get(), start, 6) == 6 && std::memcmp(start, "\x93NUMPY", 6) == 0;
}

std::vector<std::string> NpzFile::names() const {
  std::vector<std::string> names;
  for (const Member& member : members()) {
    if (!is_array(member)) continue;
    const bool suffix = member.name.size() > 4 && member.name.ends_with(".npy");
    const std::string name = member.name.substr(0, member.name.size() - (suffix ? 4 : 0));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

std::string NpzFile::what_it_holds() const {
  std::vector<std::string> names;
  for (const Member& member : members()) {
    if (member.name.ends_with("/data.pkl"))
      return ": PyTorch wrote it; in Python, numpy.save(name, torch.load(file).numpy()) makes a "
             "file of one tensor that can be read here";
    names.push_back(member.name);
  }
  return names.empty() ? "" : "; it holds " + listed(names);
}

const NpzFile::Member* NpzFile::find(const std::vector<Member>& members,
                                     const std::string& name) const {
  const Member* found = nullptr;
  for (const Member& member : members) {  // as for NumPy, the whole name comes first
    if (member.name == name && is_array(member)) return &member;
    if (member.name == name + ".npy") found = &member;
  }
  return found;
}

NpyView NpzFile::array(const std::string& member) const {
  const std::string name = name_ + ":" + member;
  const std::vector<Member> all = members();
  const Member* found = find(all, member);
  if (found == nullptr) {
    const std::vector<std::string> arrays = names();
    throw io_error(name_, sentence("there is no array '", member, "' in it",
                                   did_you_mean(member, arrays), "; it has ", listed(arrays)));
  }
  zip_stat_t status;
  zip_stat_init(&status);
  if (zip_stat_index(archive_.get(), found->index, 0, &status) != 0 ||
      (status.valid & ZIP_STAT_SIZE) == 0)
    throw io_error(name, "cannot be unpacked: its size is not known");
  const std::unique_ptr<zip_file_t, CloseMember> file(
      zip_fopen_index(archive_.get(), found->index, 0));
  if (!file) throw io_error(name, "cannot be unpacked: " + why_not(archive_.get(), status));
  std::vector<std::uint8_t> piece(1u << 20);
  const std::size_t count = read_some(file.get(), name, piece);
  Beginning beginning({piece.data(), count}, status.size, name);
  read_npy_header(beginning);  // refuses what is no array of this size, before it is unpacked
  check_temporary_space(name, status.size);
  const auto mapped = unpack(file.get(), name, status.size, std::move(piece), count);
  return {mapped->bytes(), name, mapped};
}

void write_npz(const std::filesystem::path& path, const NamedArrays& arrays) {
  constexpr std::uint64_t most = 0xfffffffe;  // of what four bytes can count
  make_folder_of(path);
  AtomicFile file(path);
  std::string directory;
  std::uint64_t offset = 0;
  for (const auto& [name, array] : arrays) {
    Stored member(name, array);
    member.offset = offset;
    const std::string header = member.local_header();
    offset += header.size() + member.size;
    if (offset > most)
      throw io_error(path.string(),
                     "cannot be written: more than 4 GiB of scores; give fewer points at a time");
    file.write(header);
    file.write(member.header);
    file.write(array.data(), array.size() * sizeof(double));
    directory += member.directory_entry();
  }
  std::string end;
  append(end, 0x06054b50, 4);
  append(end, 0, 4);  // disks
  append(end, arrays.size(), 2);
  append(end, arrays.size(), 2);
  append(end, directory.size(), 4);
  append(end, offset, 4);
  append(end, 0, 2);  // no comment
  file.write(directory);
  file.write(end);
  file.commit();
}

}  // namespace expunge::cli
