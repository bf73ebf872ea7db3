// Results of the stages of a program on disk, so that a run that was stopped goes on where it was.
//
// A stage is one array, <name>.npy, beside <name>.key, the whole configuration that it came from.
// It is used again only if that text is the same to the letter: a cache whose name omits a setting
// answers with another run's numbers. The key is written last, and both by rename, so a killed run
// leaves a whole stage or none.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "expunge/io/atomic_file.hpp"
#include "expunge/io/npy.hpp"

namespace expunge {

class StageStore {
 public:
  /// Makes the folder if need be. An empty path stores nothing.
  explicit StageStore(std::filesystem::path folder) : folder_(std::move(folder)) {
    if (!folder_.empty()) std::filesystem::create_directories(folder_);
  }

  /// The stored array, or the one that `make()` returns, which is then stored. `key` is everything
  /// that the array depends on.
  template <class T, std::size_t Rank, class Make>
  Array<T, Rank> get_or_make(const std::string& name, const std::string& key, Make&& make) const {
    if (holds(name, key)) return read_npy<T, Rank>(array_path(name));
    Array<T, Rank> made = make();
    if (!folder_.empty()) {
      std::filesystem::remove(key_path(name));
      write_npy(array_path(name), made);
      AtomicFile file(key_path(name));
      file.write(key.data(), key.size());
      file.commit();
    }
    return made;
  }

  /// Whether the stage is there with this key.
  bool holds(const std::string& name, const std::string& key) const {
    if (folder_.empty() || !std::filesystem::exists(array_path(name))) return false;
    std::ifstream file(key_path(name), std::ios::binary);
    if (!file) return false;
    std::ostringstream stored;
    stored << file.rdbuf();
    return stored.str() == key;
  }

 private:
  std::filesystem::path array_path(const std::string& name) const {
    return folder_ / (name + ".npy");
  }
  std::filesystem::path key_path(const std::string& name) const {
    return folder_ / (name + ".key");
  }

  std::filesystem::path folder_;
};

}  // namespace expunge
