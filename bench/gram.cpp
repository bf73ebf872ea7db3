// X'X of packed masks in exact integers, seconds: best of five after a warm-up, packed bits in,
// int32 matrix out (the transpose of the bits included).
//
//   gram MASKS.npy GRAM.npy      bool [models][examples] -> int32 [examples][examples]
#include "expunge/attribution/gram.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "expunge/backend/cpu.hpp"
#include "expunge/io/npy.hpp"

using namespace expunge;

namespace {

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "gram MASKS.npy GRAM.npy\n");
    return 2;
  }
  const SubsetMasks masks = from_bool(read_npy<bool, 2>(std::filesystem::path(arguments[1])));
  const Cpu<float> backend;
  Array<std::int32_t, 2> gram;
  double best = 0;
  for (int run = 0; run < 6; ++run) {
    const auto start = std::chrono::steady_clock::now();
    gram = mask_gram(backend, MaskColumns(masks, backend.threads()));
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (run == 1 || (run > 1 && taken.count() < best)) best = taken.count();
  }
  std::printf("%s, %d threads, int32, %td models, %td examples\ngram: %.4f s\n",
              processor().c_str(), backend.threads(), masks.models(), masks.examples(), best);
  write_npy(arguments[2], gram);
  return 0;
}
