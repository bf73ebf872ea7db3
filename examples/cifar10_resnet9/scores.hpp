// From logits to the table and the file of numbers.
#pragma once

#include "expunge/evaluation/klom_triple.hpp"
#include "expunge/report/table.hpp"
#include "methods.hpp"

namespace cifar10 {

struct SplitScore {
  expunge::KlomTriple klom;
  double accuracy = 0;
};

struct ScoredRun {
  std::string method, batch_norm;
  SplitScore forget, retain, validation;
  double compute, seconds;
  Index diverged;
};

/// Against the oracles' margins [N][points].
ScoredRun score(const Lab& lab, const Array<float, 2>& oracle_margins, const MethodRun& run);

/// Logits as margins of the labels.
Array<float, 2> margins_of(const Lab& lab, const Array<float, 3>& logits);

expunge::report::Table table_of(const std::string& title, const std::vector<ScoredRun>& rows);

/// results.json: the command, the settings, and the rows.
void write_results(const std::filesystem::path& path, const Lab& lab,
                   const std::vector<ScoredRun>& rows);

}  // namespace cifar10
