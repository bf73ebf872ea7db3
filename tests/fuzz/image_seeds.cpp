// IDX and CIFAR files, gzip around them.
#include "fuzz/seed_bytes.hpp"
#include "fuzz/seeds.hpp"

namespace expunge::fuzz {

namespace {

ByteVector idx(std::uint8_t type, std::vector<std::uint8_t> extents, const std::string& data) {
  ByteVector bytes{0, 0, type, static_cast<std::uint8_t>(extents.size())};
  for (const std::uint8_t extent : extents) bytes = joined(std::move(bytes), {0, 0, 0, extent});
  return joined(std::move(bytes), bytes_of(data));
}

}  // namespace

void add_image_seeds(std::vector<Seed>& seeds) {
  const auto add = [&](const char* reader, const std::string& name, const ByteVector& bytes,
                       bool is_read = false) {
    seeds.push_back({reader, name, bytes, is_read});
  };
  const ByteVector images = idx(8, {2, 2, 3}, counted<std::uint8_t>(12));
  add("idx", "images", images, true);
  add("idx", "labels", idx(8, {5}, counted<std::uint8_t>(5)), true);
  for (const auto& [type, bytes] : {std::pair(9, 1), {0xb, 2}, {0xc, 4}, {0xd, 4}, {0xe, 8}})
    add("idx", sentence("type_", type),
        idx(static_cast<std::uint8_t>(type), {2, 3},
            std::string(static_cast<std::size_t>(6 * bytes), '\1')),
        true);
  add("idx", "no_images", idx(8, {0, 28, 28}, ""));
  add("idx", "huge", {0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255});
  add("idx", "little_endian", {0, 0, 8, 1, 5, 0, 0, 0, 1, 2, 3, 4, 5});
  add("idx", "no_axes", {0, 0, 8, 0});
  add("idx", "page", bytes_of("<!DOCTYPE html><html>403</html>"));
  const ByteVector packed = gzip_member(images);
  const ByteVector head(images.begin(), images.begin() + 9), tail(images.begin() + 9, images.end());
  const std::vector<std::tuple<std::string, ByteVector, bool>> compressed{
      {"whole", packed, true},
      {"two_members", joined(gzip_member(head), gzip_member(tail)), true},
      {"padded", joined(packed, ByteVector(512, 0)), true},
      {"junk_after", joined(packed, bytes_of("junk")), false},
      {"twice", gzip_member(packed), false},
      {"cut", ByteVector(packed.begin(), packed.end() - 6), false},
      {"empty", {}, false}};
  for (const auto& [name, bytes, is_read] : compressed) {
    add("gzip", name, bytes, is_read);
    add("idx", "gzip_" + name, bytes, is_read);
  }
  ByteVector ten(3073, 7), hundred(3074, 9), coarse(3074, 9);
  ten[0] = 3;
  coarse[0] = 20;
  add("cifar", "cifar_10", ten, true);
  add("cifar", "cifar_100", hundred, true);
  add("cifar", "coarse_label_20", coarse);
  add("cifar", "short", {1, 2, 3});
}

}  // namespace expunge::fuzz
