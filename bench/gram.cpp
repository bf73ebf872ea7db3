// X'X of packed masks in exact integers, seconds: best of five after a warm-up, packed bits in,
// int32 matrix out (the transpose of the bits included).
//
//   gram MASKS.npy GRAM.npy      bool [models][examples] -> int32 [examples][examples]
#include "expunge/attribution/gram.hpp"

#include <cstdio>
#include <filesystem>

#include "clock.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/io/npy.hpp"

using namespace expunge;

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "gram MASKS.npy GRAM.npy\n");
    return 2;
  }
  const SubsetMasks masks = from_bool(read_npy<bool, 2>(std::filesystem::path(arguments[1])));
  const Cpu<float> backend;
  Array<std::int32_t, 2> gram;
  const double best =
      bench::best_of(5, [&] { gram = mask_gram(backend, MaskColumns(masks, backend.threads())); });
  std::printf("%s, %d threads, int32, %td models, %td examples\ngram: %.4f s\n",
              bench::processor().c_str(), backend.threads(), masks.models(), masks.examples(),
              best);
  write_npy(arguments[2], gram);
  return 0;
}
