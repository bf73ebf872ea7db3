// All parts for one seed.
#pragma once

#include <filesystem>

#include "lab.hpp"
#include "observations.hpp"

namespace frontier {

struct Options {
  std::filesystem::path data = "/usr/share/datasets/fashion-mnist";
  std::filesystem::path store;  // empty: none
  std::filesystem::path out;    // empty: no figures
  std::uint64_t seeds = 3;
  int threads = 0;
  quickstart::Index models = 100;
  quickstart::Index subset_models = 2000;
  bool methods = true;       // part 1
  bool attribution = false;  // part 2
  bool variants = false;     // part 3
  bool trak = false;         // part 4
  std::uint64_t attribution_seeds = 1;

  void validate() const;
};

struct Findings {
  Observations methods, attribution, variants, trak;
};

/// `note` gets what the store has to say (io/stage_store.hpp).
void study_seed(const Options& options, std::uint64_t seed, const quickstart::StartStage& stage,
                const expunge::StageStore::Note& note, Findings& findings);

}  // namespace frontier
