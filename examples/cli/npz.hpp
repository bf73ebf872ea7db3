// .npz files, the zip archives of .npy members that numpy.savez and numpy.savez_compressed write,
// by the rules of numpy.load: of a name that is there twice the last counts, a member needs no
// ".npy" if it begins as such a file does, and what follows after the archive is nothing. Folders,
// and what a Mac adds (__MACOSX/, ._NAME), are passed over.
//
// A member is unpacked to a nameless temporary file (TMPDIR, or /tmp) and mapped from there, so
// that it may be larger than memory. Its header is read, and the space on that disk checked, before
// anything is unpacked. The container is libzip's work: stored and deflated members, zip64,
// checksums.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/io/npy_view.hpp"

struct zip;

namespace expunge::cli {

class NpzFile {
 public:
  /// Throws io_error if there is no such file or it is no zip archive.
  explicit NpzFile(const std::filesystem::path& path);
  /// An archive in memory, which must outlive this; `name` is for error messages.
  NpzFile(std::span<const std::uint8_t> bytes, std::string name);

  /// Names of the arrays, without ".npy", in the order of the file.
  std::vector<std::string> names() const;

  /// The array of this name, with or without ".npy". Throws io_error if there is none, it is
  /// damaged, or its header and its size do not agree.
  NpyView array(const std::string& member) const;

  /// For an archive without arrays: "; it holds a.txt, b.txt", and that PyTorch wrote it if so.
  std::string what_it_holds() const;

 private:
  struct Member {
    std::uint64_t index;
    std::string name;
  };
  std::vector<Member> members() const;
  bool is_array(const Member& member) const;
  const Member* find(const std::vector<Member>& members, const std::string& name) const;

  struct Close {
    void operator()(struct zip* archive) const;
  };
  std::string name_;
  std::unique_ptr<struct zip, Close> archive_;
};

/// Arrays of one axis and their names.
using NamedArrays = std::vector<std::pair<std::string, Array<double, 1>>>;

/// Writes named arrays [points] as one archive, stored, of at most 4 GiB; nothing is copied. The
/// same arrays give the same bytes. Makes the folder if need be. Throws io_error; the old
/// file stays (atomic_file.hpp).
void write_npz(const std::filesystem::path& path, const NamedArrays& arrays);

}  // namespace expunge::cli
