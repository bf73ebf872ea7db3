// Models that ran away (core/runaway.hpp) as a command reports them: by number and by file.
#pragma once

#include <string>

#include "cli/document.hpp"
#include "cli/model_outputs.hpp"
#include "expunge/core/find_runaways.hpp"

namespace expunge::cli {

/// What ran away in files. `second` is null where one array was looked at; both must outlive this.
struct RunawayReport {
  const Runaways& found;
  RunawayWords words;
  const ModelOutputs& first;
  const ModelOutputs* second = nullptr;

  /// One sentence or two: how many models, which, where, the farthest, what became of the scores,
  /// and what to do. Empty where nothing ran away.
  std::string text(const std::string& consequence) const;

  /// {"points": with a runaway, "models": [{"side", "model", "name", "points"}], "farthest":
  /// {"side", "model", "name", "point", "value", "centre", "spread"}}; null where nothing ran away.
  Json json() const;

  /// The text as a warning, after `where` and a colon if it is not empty.
  void warn(Document& document, const std::string& where, const std::string& consequence) const;
};

}  // namespace expunge::cli
