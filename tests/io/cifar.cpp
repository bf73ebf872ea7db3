#include "expunge/io/cifar.hpp"

#include <doctest/doctest.h>

#include "io/scratch.hpp"

using namespace expunge;

namespace {

/// A record: its labels, and an image whose byte i is first + i mod 256.
std::vector<std::uint8_t> record(const std::vector<std::uint8_t>& labels, int first) {
  std::vector<std::uint8_t> bytes = labels;
  for (int i = 0; i < 3072; ++i) bytes.push_back(static_cast<std::uint8_t>(first + i));
  return bytes;
}

std::vector<std::uint8_t> joined(const std::vector<std::vector<std::uint8_t>>& parts) {
  std::vector<std::uint8_t> bytes;
  for (const auto& part : parts) bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

}  // namespace

TEST_CASE("CIFAR-10 records are one label and three planes") {
  const CifarImages images = read_cifar10(joined({record({7}, 3), record({0}, 200)}), "a.bin");
  CHECK(images.labels == std::vector<Label>{7, 0});
  CHECK(images.coarse_labels.empty());
  REQUIRE(images.pixels.size() == 2 * 3072);
  CHECK(images.pixels[0] == 3);
  CHECK(images.pixels[3071] == (3 + 3071) % 256);
  CHECK(images.pixels[3072] == 200);
}

TEST_CASE("CIFAR-100 records are a coarse and a fine label and three planes") {
  const CifarImages images =
      read_cifar100(joined({record({19, 99}, 0), record({4, 30}, 1)}), "a.bin");
  CHECK(images.coarse_labels == std::vector<Label>{19, 4});
  CHECK(images.labels == std::vector<Label>{99, 30});
  REQUIRE(images.pixels.size() == 2 * 3072);
  CHECK(images.pixels[0] == 0);
  CHECK(images.pixels[3072] == 1);
}

TEST_CASE("several files follow each other") {
  const Scratch scratch;
  write_bytes(scratch / "1.bin", joined({record({1}, 10), record({2}, 20)}));
  write_bytes(scratch / "2.bin", record({3}, 30));
  const CifarImages images = read_cifar10({scratch / "2.bin", scratch / "1.bin"});
  CHECK(images.labels == std::vector<Label>{3, 1, 2});
  CHECK(images.pixels[0] == 30);
  CHECK(images.pixels[2 * 3072] == 20);
  CHECK(read_cifar10({scratch / "1.bin"}).size() == 2);
  CHECK(contains(error_of([&] { read_cifar10({scratch / "3.bin"}); }), "3.bin: "));
}

TEST_CASE("channels are standardised by their own figures, in float") {
  std::vector<std::uint8_t> bytes = record({5}, 0);
  bytes[1] = 255;           // red
  bytes[1 + 1024] = 128;    // green
  bytes[1 + 2 * 1024] = 0;  // blue
  const Dataset data = standardised(read_cifar10(bytes, "a.bin"), cifar10_channels);
  CHECK(data.labels == std::vector<Label>{5});
  REQUIRE(data.features() == 3072);
  CHECK(data.inputs(0, 0) == (1.0f - 0.4914f) / 0.2023f);
  CHECK(data.inputs(0, 1024) == (128.0f / 255.0f - 0.4822f) / 0.1994f);
  CHECK(data.inputs(0, 2048) == (0.0f - 0.4465f) / 0.2010f);
  const Dataset hundred =
      standardised(read_cifar100(record({0, 5}, 0), "a.bin"), cifar100_channels);
  CHECK(hundred.inputs(0, 1) == (1.0f / 255.0f - 0.5071f) / 0.2673f);
}

TEST_CASE("wrong sizes and labels are refused with file, record and value") {
  const auto ten = [](std::vector<std::uint8_t> bytes) {
    return error_of([&] { read_cifar10(bytes, "a.bin"); });
  };
  CHECK(ten({}) ==
        "a.bin: not a CIFAR-10 file of the binary version: records of 3073 bytes were expected, "
        "the file has 0 bytes, it is empty");
  CHECK(contains(ten({0x80, 2, 0x7d}), "it begins like a Python pickle"));
  std::vector<std::uint8_t> cut = joined({record({1}, 0), record({2}, 0)});
  cut.pop_back();
  CHECK(contains(ten(cut), "records of 3073 bytes were expected, the file has 6145 bytes"));
  CHECK(ten(joined({record({9}, 0), record({10}, 0)})) ==
        "a.bin: at byte 3073: record 1 has label 10, a label of 0 .. 9 was expected; is it a file "
        "of the binary version, and whole? load it again");
  CHECK(contains(ten(record({1, 2}, 0)), "which read_cifar100 may read"));
  const auto hundred = [](std::vector<std::uint8_t> bytes) {
    return error_of([&] { read_cifar100(bytes, "b.bin"); });
  };
  CHECK(contains(hundred(record({1}, 0)),
                 "not a CIFAR-100 file of the binary version: records of 3074 bytes"));
  CHECK(contains(hundred(joined({record({19, 99}, 0), record({20, 0}, 0)})),
                 "b.bin: at byte 3074: record 1 has label 20, a label of 0 .. 19 was expected"));
  CHECK(contains(hundred(record({0, 100}, 0)),
                 "b.bin: at byte 1: record 0 has label 100, a label of 0 .. 99 was expected"));
}

TEST_CASE("standardised refuses pixels and labels that do not belong together") {
  CifarImages images;
  images.pixels.resize(2 * 3072);
  images.labels = {1};
  CHECK_THROWS_WITH(standardised(images, cifar10_channels),
                    "standardised_images: 6144 bytes of pixels for 1 labels");
}
