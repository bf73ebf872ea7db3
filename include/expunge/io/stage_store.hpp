// Results of the stages of a program on disk, so that a run that was stopped goes on where it was.
//
// A stage is one array in one file, <name>.safetensors, with the whole configuration that it came
// from and a checksum inside (block_file.hpp). It is used again only if that text is the same to
// the letter (a cache whose name omits a setting answers with another run's numbers) and no byte
// has changed. Runs with other settings in one folder overwrite each other's stages and never read
// them; a killed run leaves a whole stage or none. What is there and cannot be used is made again,
// and the caller is told why.
//
//   const StageStore store("out/store", [](const std::string& why) { std::cerr << why << "\n"; });
//   const Array<float, 2> margins = store.get_or_make<float, 2>("margins", key, [&] { ... });
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "expunge/core/array.hpp"
#include "expunge/io/block_file.hpp"

namespace expunge {

class StageStore {
 public:
  /// Gets one sentence each time that a stage is there and is made again all the same.
  using Note = std::function<void(const std::string&)>;

  /// Makes the folder if need be, and removes what killed runs left half-written. An empty path
  /// stores nothing. Throws io_error.
  explicit StageStore(std::filesystem::path folder, Note note = {})
      : folder_(std::move(folder)), note_(std::move(note)) {
    if (folder_.empty()) return;
    make_folder_of(folder_ / "");
    remove_stale_partials(folder_);
  }

  /// The stored array, or the one that `make()` returns, which is then stored. `key` is everything
  /// that the array depends on. Throws io_error if it cannot be stored, or is there and the system
  /// does not let it be read: it may be whole, and is not made again.
  template <class T, std::size_t Rank, class Make>
  Array<T, Rank> get_or_make(const std::string& name, const std::string& key, Make&& make) const {
    if (folder_.empty()) return make();
    std::string why;
    if (std::optional<Array<T, Rank>> stored = read<T, Rank>(name, key, why))
      return *std::move(stored);
    if (!why.empty() && note_) note_(sentence(why, "; ", name, " is made again"));
    Array<T, Rank> made = make();
    write_block(path(name), {name, key}, made);
    return made;
  }

  /// Whether the stage is there with this key, and whole: reads all of it.
  bool holds(const std::string& name, const std::string& key) const {
    return open(name, key).state == BlockState::whole;
  }

  /// The stage where it lies, for those who want parts of it, or what is wrong with it.
  BlockFile open(const std::string& name, const std::string& key) const {
    return folder_.empty() ? BlockFile{} : open_block(path(name), {name, key});
  }

  /// The file of a stage. Throws std::invalid_argument for a name that cannot be one of a file.
  std::filesystem::path path(const std::string& name) const {
    require(!name.empty() && name.find('/') == std::string::npos, "StageStore: '", name,
            "' cannot be the name of a stage: some letters without '/' were expected");
    return folder_ / (name + ".safetensors");
  }

 private:
  /// Nothing if it must be made; `why` unless it simply is not there.
  template <class T, std::size_t Rank>
  std::optional<Array<T, Rank>> read(const std::string& name, const std::string& key,
                                     std::string& why) const {
    const BlockFile block = open(name, key);
    why = block.problem;
    if (block.state != BlockState::whole) return {};
    const SafetensorsEntry& array = *block.array();
    if (array.shape.size() != Rank || array.type.name != tensor_type_of<T>().name) {
      why = sentence(path(name).string(), ": it holds ", array.type.name, " with ",
                     array.shape.size(), " axes, ", tensor_type_of<T>().name, " with ", Rank,
                     " were expected");
      return {};
    }
    std::array<std::size_t, Rank> shape;
    std::copy(array.shape.begin(), array.shape.end(), shape.begin());
    Array<T, Rank> result = Array<T, Rank>::from_shape(shape);
    block.file->read(array, 0, static_cast<Index>(array.elements()), result.data());
    return result;
  }

  std::filesystem::path folder_;
  Note note_;
};

}  // namespace expunge
