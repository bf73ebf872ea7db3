// Any bytes as each kind of array that the command reads: masks, positions, labels, outputs, which
// rows are completed; and as what `expunge inspect` looks at. Values in range, or an io_error.
#include <set>

#include "cli/completed.hpp"
#include "cli/inspect_file.hpp"
#include "cli/masks.hpp"
#include "cli/model_outputs.hpp"
#include "cli/splits.hpp"
#include "expunge/io/npy.hpp"
#include "fuzz/target.hpp"

namespace {

using namespace expunge;

/// Beside the fuzzed file: outputs of six models, logits at four points.
const fuzz::Folder& folder() {
  static const fuzz::Folder made;
  static const bool filled = [] {
    Array<float, 3> logits = make_array<float>(6, 4, 3);
    for (std::size_t i = 0; i < logits.size(); ++i) logits.data()[i] = static_cast<float>(i % 7);
    write_npy(made / "logits.npy", logits);
    return true;
  }();
  (void)filled;
  return made;
}

void read_positions_of(const std::string& file) {
  const std::vector<Index> positions = cli::read_positions(file, 1000);
  const std::set<Index> different(positions.begin(), positions.end());
  if (different.size() != positions.size() || *different.begin() < 0 || *different.rbegin() >= 1000)
    std::abort();
}

void read_outputs_of(const std::string& file) {
  const cli::ModelOutputs outputs(file);
  if (outputs.models() < 1 || outputs.points() < 1) std::abort();
  const Index columns = std::min<Index>(outputs.columns(), 100);
  const Array<double, 2> values = outputs.read_columns<double>(0, columns, 1);
  if (static_cast<Index>(values.size()) != outputs.models() * columns) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string file = folder().write("any.npy", {data, size});
  fuzz::attempt([&] {
    const SubsetMasks masks = cli::read_masks(file);
    if (masks.models() < 1 || masks.examples() < 1) std::abort();
  });
  fuzz::attempt([&] { read_positions_of(file); });
  fuzz::attempt([&] { read_outputs_of(file); });
  fuzz::attempt([&] {
    cli::ModelOutputs logits(folder() / "logits.npy");
    logits.set_labels(file);
    if (logits.read_margins<double>(0, 4, 1).size() != 24) std::abort();
  });
  fuzz::glance([&] { cli::inspect_arrays(file); });
  folder().write("_completed.npy", {data, size});
  fuzz::attempt([&] {
    const cli::ModelOutputs done(folder() / "logits.npy");
    if (done.models() < 1 || done.models() + done.left_out() != 6) std::abort();
  });
  std::filesystem::remove(folder() / "_completed.npy");
  return 0;
}
