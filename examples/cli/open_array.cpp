#include "cli/open_array.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "cli/listing.hpp"
#include "cli/suggest.hpp"
#include "expunge/io/file_kind.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

/// The first bytes of a file, at most 64.
std::string beginning_of(const std::string& file) {
  std::string bytes(64, '\0');
  std::ifstream in(file, std::ios::binary);
  if (!in) throw io_error(file, "cannot be opened: " + std::generic_category().message(errno));
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

bool starts_as_npy(const std::string& file) {
  return beginning_of(file).starts_with("\x93NUMPY");
}

bool is_text(const std::string& bytes) {
  if (static_cast<unsigned char>(bytes[0]) >= 128) return false;
  for (const char c : bytes)
    if (static_cast<unsigned char>(c) < 32 && c != '\n' && c != '\r' && c != '\t') return false;
  return true;
}

/// What a file that begins like this is, and what to do with it.
std::string what_it_seems(const std::string& bytes) {
  const auto begins = [&](std::string_view magic) { return bytes.starts_with(magic); };
  if (bytes.empty()) return "it is empty: was the program that wrote it stopped?";
  if (begins({"\x00\x05\x16\x07", 4}))
    return "it is what a Mac keeps beside a file; name the file itself";
  if (begins("\x93NUM")) return "it ends within its first bytes";
  if (bytes.size() > 8 && bytes[8] == '{' && bytes[7] == 0)
    return "it is safetensors, it seems; load it, and save the array by numpy.save";
  if (is_text(bytes) && !begins("version https://git-lfs") && !begins("<"))
    return "it is text; if these are numbers, numpy.save(name, numpy.loadtxt(file)) makes one";
  return detail::file_kind({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

void require_npy_bytes(const std::string& file, const std::string& beginning) {
  if (!beginning.starts_with("\x93NUMPY"))
    throw io_error(file, "not a .npy file: " + what_it_seems(beginning));
}

NpyView only_array(const NpzFile& archive, const std::string& name) {
  std::vector<std::string> names = archive.names();
  std::erase_if(names, [](const std::string& n) { return n.starts_with('_'); });
  if (names.size() == 1) return archive.array(names[0]);
  if (names.empty()) throw io_error(name, "the archive holds no array" + archive.what_it_holds());
  const bool named = name.ends_with(".npz");
  throw io_error(name, sentence("the archive holds ", names.size(), " arrays (", listed(names),
                                named ? "): name one as " + name + ":" + names[0]
                                      : "): one was expected; in a file that ends in .npz, one "
                                        "can be named as FILE.npz:" +
                                            names[0]));
}

/// Names in the folder where the file was sought.
std::vector<std::string> neighbours(const fs::path& file) {
  std::error_code failure;
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, failure)) return {};
  return names_in(folder);
}

[[noreturn]] void refuse_missing(const std::string& name) {
  if (name.empty()) throw io_error("''", "the name of a file was expected");
  const fs::path path = name;
  std::error_code failure;
  if (path.has_parent_path() && !fs::exists(path.parent_path(), failure))
    throw io_error(name, "cannot be opened: there is no folder " + path.parent_path().string());
  throw io_error(name, "cannot be opened: there is no such file or folder" +
                           did_you_mean(path.filename().string(), neighbours(path)));
}

}  // namespace

bool is_archive_member(const std::string& name) {
  std::error_code ignored;
  return name.find(".npz:") != std::string::npos && !fs::exists(name, ignored);
}

std::string file_of(const std::string& name) {
  return is_archive_member(name) ? name.substr(0, name.find(".npz:") + 4) : name;
}

bool is_archive(const std::string& file) {
  const std::string bytes = beginning_of(file);
  return bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06");
}

void require_npy(const std::string& file) {
  require_npy_bytes(file, beginning_of(file));
}

NpyView open_array(const std::string& name) {
  std::error_code failure;
  const std::string file = file_of(name);
  const fs::file_status status = fs::status(file, failure);
  if (!fs::exists(status)) refuse_missing(file);
  if (fs::is_directory(status))
    throw io_error(file, "a .npy or .npz file was expected, this is a folder");
  if (!fs::is_regular_file(status)) {
    const auto piped = std::make_shared<const MappedFile>(file);
    const std::span<const std::uint8_t> bytes = piped->bytes();
    if (bytes.empty())
      throw io_error(file,
                     "nothing came out of this pipe; what is in it can be read once, by one "
                     "option: save it to a file");
    const std::string beginning(bytes.begin(),
                                bytes.begin() + std::min<std::ptrdiff_t>(64, std::ssize(bytes)));
    if (beginning.starts_with("PK")) return only_array(NpzFile(bytes, file), file);
    require_npy_bytes(file, beginning);
    return {bytes, file, piped};
  }
  if (file != name) return NpzFile(file).array(name.substr(file.size() + 1));
  // an empty .npz or a damaged one is still to be called an archive
  const bool archive = is_archive(file) || (name.ends_with(".npz") && !starts_as_npy(file));
  if (archive) return only_array(NpzFile(name), name);
  require_npy(name);
  return NpyView::map(name);
}

std::string brackets(const std::vector<Index>& shape) {
  std::string text;
  for (const Index extent : shape) text += sentence("[", extent, "]");
  return text.empty() ? "one number" : text;
}

std::vector<std::int64_t> read_integers(const NpyView& array, const std::string& what) {
  Index long_axes = 0;
  for (const Index extent : array.header().shape) long_axes += extent != 1;
  if (array.axes() == 0 || long_axes > 1)
    throw io_error(array.name(),
                   sentence(what, " were expected, the array is ", brackets(array.header().shape),
                            "; save the one axis of them that is meant"));
  return array.read_all<std::int64_t>();
}

}  // namespace expunge::cli
