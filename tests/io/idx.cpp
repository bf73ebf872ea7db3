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
  CHECK(contains(changed(0, 1),
                 "not an IDX file: two zero bytes, a type and a rank were expected, "
                 "it begins with the bytes 01 00 08 03"));
  CHECK(contains(error_of_idx({}), "it is empty"));
  CHECK(contains(error_of_idx(bytes_of("<!DOCTYPE html>")), "a page of the web"));
  CHECK(contains(changed(2, 0x0a), "type of 8, 9, 11, 12, 13 or 14 was expected, not 10"));
  CHECK(contains(changed(2, 0x0d), "6 elements of 4 bytes were expected, 6 bytes follow; is the "));
  CHECK(contains(changed(3, 0), "1 to 8 axes were expected, not 0"));
  CHECK(contains(changed(3, 200), "1 to 8 axes were expected, not 200"));
  CHECK(contains(changed(7, 0), "at least 1 was expected"));
  CHECK(contains(changed(4, 255), "makes more bytes than the limit of 1000; IDX extents are big"));
  CHECK(contains(changed(7, 3), "9 elements of 1 byte were expected, 6 bytes follow; is the file"));
  CHECK(contains(changed(7, 1), "3 elements of 1 byte were expected, 6 bytes follow"));
}

TEST_CASE("extents whose product overflows are refused") {
  std::vector<std::uint8_t> bytes = {0, 0, 8, 8};
  for (int i = 0; i < 32; ++i) bytes.push_back(255);
  CHECK(contains(error_of_idx(bytes, std::uint64_t{1} << 40), "makes more bytes than the limit"));
  bytes[2] = 0x0e;
  CHECK(contains(error_of_idx(bytes, ~std::uint64_t{0}), "makes more bytes than the limit"));
}

TEST_CASE("every element type of IDX is read, big-endian, as any type that holds the numbers") {
  const auto file = [](std::uint8_t type, const std::vector<std::uint8_t>& data) {
    std::vector<std::uint8_t> bytes = {0, 0, type, 2, 0, 0, 0, 1, 0, 0, 0, 2};  // [1][2]
    bytes.insert(bytes.end(), data.begin(), data.end());
    return bytes;
  };
  const auto check = [&](std::uint8_t type, const std::vector<std::uint8_t>& data, double first,
                         double second) {
    INFO(static_cast<int>(type));
    const BasicIdxArray<double> array = read_idx<double>(file(type, data), "a.idx");
    CHECK(array.shape == std::vector<Index>{1, 2});
    CHECK(array.values == std::vector<double>{first, second});
    CHECK(read_idx<float>(file(type, data), "a.idx").values[1] == static_cast<float>(second));
  };
  check(0x08, {0, 255}, 0, 255);
  check(0x09, {0x80, 127}, -128, 127);
  check(0x0b, {0x80, 0, 1, 2}, -32768, 258);
  check(0x0c, {0, 0, 1, 2, 0xff, 0xff, 0xff, 0xfe}, 258, -2);
  check(0x0d, {0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0}, 1.5, -2);
  check(0x0e, {0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0x40, 0x59, 0, 0, 0, 0, 0, 0}, 1.5, 100);
  // QMNIST: labels as int, of which those of 0 .. 9 fit a byte
  const std::vector<std::uint8_t> labels = file(0x0c, {0, 0, 0, 9, 0, 0, 0, 0});
  CHECK(read_idx(labels, "a.idx").values == std::vector<std::uint8_t>{9, 0});
  CHECK(contains(error_of_idx(file(0x0c, {0, 0, 0, 9, 0, 0, 1, 0})),
                 "at byte 16: element [0, 1] of type i4 is 256, a whole number of 0 to 255 was "
                 "expected; read_idx<T> reads it as another type"));
  CHECK(contains(error_of_idx(file(0x0d, {0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0})),
                 "at byte 12: element [0, 0] of type f4 is 1.5"));
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

TEST_CASE("zeros after a gzip member are padding, and anything else there is damage") {
  const std::vector<std::uint8_t> whole = images();
  std::vector<std::uint8_t> padded = compressed({whole.begin(), whole.begin() + 10});
  const std::vector<std::uint8_t> rest = compressed({whole.begin() + 10, whole.end()});
  padded.resize(padded.size() + 3);
  padded.insert(padded.end(), rest.begin(), rest.end());
  for (const std::size_t zeros : {0u, 1u, 512u}) {
    padded.resize(padded.size() + zeros);
    CHECK(read_idx(padded, "a.gz").values == read_idx(whole, "a").values);
  }
  padded.push_back('j');
  CHECK(contains(error_of_idx(padded), "and 1 bytes follow that are no part of them: damaged"));
  padded.back() = 0x1f;
  CHECK(contains(error_of_idx(padded), "damaged"));
  padded.push_back(0x8b);
  CHECK(contains(error_of_idx(padded), "end too early; the file is cut off"));
  CHECK(contains(error_of_idx(compressed(compressed(whole))), "a gzip file; unpack it first"));
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
