// Inputs from which the fuzzers start: what our writers write, the golden files of other tools, and
// bytes by hand like those that readers met in the wild.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace expunge::fuzz {

struct Seed {
  std::string reader;  // the target: "npy", "idx", ...
  std::string name;    // a file name
  std::vector<std::uint8_t> bytes;
  bool is_read = false;  // this reader must read it; the others may be refused
};

/// All seeds, each file name of a reader once.
std::vector<Seed> all_seeds();

// The parts of it, one file each.
void add_npy_seeds(std::vector<Seed>& seeds);  // npy, npy_view, index_file, command_arrays, folder
void add_archive_seeds(std::vector<Seed>& seeds);  // npz
void add_tensor_seeds(std::vector<Seed>& seeds);   // safetensors, checkpoint, stage_store
void add_image_seeds(std::vector<Seed>& seeds);    // idx, gzip, cifar
void add_results_seeds(std::vector<Seed>& seeds);  // results

}  // namespace expunge::fuzz
