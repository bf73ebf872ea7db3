// write_seeds FOLDER: every seed as FOLDER/READER/NAME, for the fuzzers (./test --fuzz).
#include <filesystem>
#include <iostream>

#include "fuzz/seeds.hpp"
#include "io/scratch.hpp"

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: write_seeds FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder = arguments[1];
  for (const expunge::fuzz::Seed& seed : expunge::fuzz::all_seeds()) {
    std::filesystem::create_directories(folder / seed.reader);
    expunge::write_bytes(folder / seed.reader / seed.name, seed.bytes);
  }
}
