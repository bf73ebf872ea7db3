// Writes CIFAR-10 files of made-up images, so that the program can be tried without the data set:
// a class has a colour, an image its noise. Removes what an earlier test left in the folder.
#include <filesystem>
#include <iostream>
#include <string>

#include "expunge/core/random.hpp"
#include "expunge/io/atomic_file.hpp"

namespace {

using namespace expunge;

void write_images(const std::filesystem::path& path, Index count, std::uint32_t stream) {
  std::string records;
  for (Index i = 0; i < count; ++i) {
    const Index label = i % 10;
    records += static_cast<char>(label);
    for (Index k = 0; k < 3 * 32 * 32; ++k) {
      const double colour = static_cast<double>((label * 53 + k / 1024 * 97) % 200);
      const double noise =
          random_uniform(1, {Purpose::test, stream}, static_cast<std::uint64_t>(i * 3072 + k));
      records += static_cast<char>(static_cast<unsigned char>(colour + 55 * noise));
    }
  }
  AtomicFile file(path);
  file.write(records);
  file.commit();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::invalid_argument("usage: made_up_images FOLDER");
  const std::filesystem::path folder = argv[1];
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  write_images(folder / "data_batch_1.bin", 40, 0);
  write_images(folder / "data_batch_2.bin", 20, 1);
  write_images(folder / "test_batch.bin", 20, 2);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "made_up_images: " << error.what() << "\n";
  return 1;
}
