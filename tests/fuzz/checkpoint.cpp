// Any bytes as a checkpoint: an ensemble of the model, or one member of it, or an io_error; a
// member that is refused is as it was.
#include "expunge/train/checkpoint.hpp"

#include "expunge/nn/conv_net.hpp"
#include "expunge/nn/mlp.hpp"
#include "fuzz/target.hpp"

namespace {

using namespace expunge;

template <class Model>
void attempt_both(const std::string& file) {
  fuzz::attempt([&] {
    const Checkpoint<Model, float> loaded = load_ensemble<Model, float>(file);
    if (loaded.ensemble.theta.size() !=
        static_cast<std::size_t>(loaded.ensemble.members() * Model::parameters))
      std::abort();
  });
  static const Ensemble<Model, float> before = initialise<Model, float>(1, 2);
  Ensemble<Model, float> ensemble = before;
  try {
    load_member(file, ensemble, 1);
    ++fuzz::inputs_read;
  } catch (const io_error&) {
    if (ensemble.theta != before.theta || ensemble.stats != before.stats) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Folder folder;
  const std::string file = folder.write("model.safetensors", {data, size});
  attempt_both<Mlp<3, 4, 2>>(file);
  attempt_both<ConvNet<2, 1, Shape<1, 4, 4>>>(file);
  return 0;
}
