#include "expunge/io/idx.hpp"

#include <doctest/doctest.h>

#include "io/scratch.hpp"

using namespace expunge;

namespace {

std::vector<std::uint8_t> images() {  // [2][1][3]
  return {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 10, 11, 12, 20, 21, 22};
}

std::string error_of_idx(const std::vector<std::uint8_t>& bytes, std::uint64_t most = 1000) {
  return error_of([&] { read_idx(bytes, "a.idx", most); });
}

}  // namespace

TEST_CASE("an IDX file has its shape and values") {
  const Scratch scratch;
  write_bytes(scratch / "a.idx", images());
  const IdxArray array = read_idx(scratch / "a.idx");
  CHECK(array.shape == std::vector<Index>{2, 1, 3});
  CHECK(array.values == std::vector<std::uint8_t>{10, 11, 12, 20, 21, 22});
}

TEST_CASE("damaged IDX files are refused with one sentence") {
  const std::vector<std::uint8_t> whole = images();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const std::vector<std::uint8_t> part(whole.begin(),
                                         whole.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK(contains(error_of_idx(part), "a.idx: "));
  }
  const auto changed = [&](std::size_t at, std::uint8_t value) {
    std::vector<std::uint8_t> bytes = whole;
    bytes[at] = value;
    return error_of_idx(bytes);
  };
  CHECK(contains(changed(0, 1), "not an IDX file"));
  CHECK(contains(changed(2, 0x0d), "type 8 (unsigned byte) was expected, not 13"));
  CHECK(contains(changed(3, 0), "1 to 8 axes were expected, not 0"));
  CHECK(contains(changed(3, 200), "1 to 8 axes were expected, not 200"));
  CHECK(contains(changed(7, 0), "at least 1 was expected"));
  CHECK(contains(changed(4, 255), "more elements than the limit of 1000"));
  CHECK(contains(changed(7, 3), "9 elements were expected, 6 bytes follow"));
  CHECK(contains(changed(7, 1), "3 elements were expected, 6 bytes follow"));
}

TEST_CASE("extents whose product overflows are refused") {
  std::vector<std::uint8_t> bytes = {0, 0, 8, 8};
  for (int i = 0; i < 32; ++i) bytes.push_back(255);
  CHECK(contains(error_of_idx(bytes, std::uint64_t{1} << 40), "more elements than the limit"));
}

#if defined(EXPUNGE_HAS_ZLIB)

namespace {

std::vector<std::uint8_t> compressed(const std::vector<std::uint8_t>& content) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::vector<std::uint8_t> out(deflateBound(&stream, static_cast<uLong>(content.size())) + 64);
  stream.next_in = const_cast<Bytef*>(content.data());
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("a gzip-compressed IDX file reads like the plain one") {
  const IdxArray array = read_idx(compressed(images()), "a.gz");
  CHECK(array.shape == std::vector<Index>{2, 1, 3});
  CHECK(array.values[5] == 22);
}

TEST_CASE("gzip members that follow each other are one content") {
  const std::vector<std::uint8_t> whole = images();
  std::vector<std::uint8_t> bytes = compressed({whole.begin(), whole.begin() + 10});
  const std::vector<std::uint8_t> rest = compressed({whole.begin() + 10, whole.end()});
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  CHECK(read_idx(bytes, "a.gz").values.size() == 6);
}

TEST_CASE("damaged gzip files are refused with one sentence") {
  const std::vector<std::uint8_t> whole = compressed(images());
  for (std::size_t n = 2; n < whole.size(); ++n) {
    const std::vector<std::uint8_t> part(whole.begin(),
                                         whole.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK(contains(error_of_idx(part), "the compressed data end too early"));
  }
  std::vector<std::uint8_t> damaged = whole;
  damaged[whole.size() - 6] ^= 1;  // in the checksum
  CHECK(contains(error_of_idx(damaged), "damaged"));
  std::vector<std::uint8_t> trailing = whole;
  trailing.insert(trailing.end(), {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(contains(error_of_idx(trailing), "damaged"));
}

TEST_CASE("a small gzip file with a huge content stops at the limit") {
  const std::vector<std::uint8_t> bomb = compressed(std::vector<std::uint8_t>(5'000'000));
  CHECK(bomb.size() < 6000);
  CHECK(contains(error_of_idx(bomb, 100'000), "larger than the limit of 100000 bytes"));
}

#endif
