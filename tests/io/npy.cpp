#include "expunge/io/npy.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "io/scratch.hpp"

using namespace expunge;

namespace {

const std::string golden = std::string(EXPUNGE_GOLDEN_DIR) + "/npy/";

/// 0, 1, 2, ... in row-major order, as the golden files hold them.
template <class T, std::size_t Rank>
bool counts_up(const Array<T, Rank>& a) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (static_cast<double>(a.data()[i]) != static_cast<double>(i)) return false;
  return a.size() > 0;
}

template <class T>
Array<T, 2> two_by_two(T a, T b, T c, T d) {
  Array<T, 2> array = make_array<T>(2, 2);
  array(0, 0) = a, array(0, 1) = b, array(1, 0) = c, array(1, 1) = d;
  return array;
}

template <class T>
void check_round_trip(const Scratch& scratch, const Array<T, 2>& array) {
  write_npy(scratch / "a.npy", array);
  const Array<T, 2> back = read_npy<T, 2>(scratch / "a.npy");
  REQUIRE(back.shape() == array.shape());
  for (std::size_t i = 0; i < array.size(); ++i) CHECK(back.data()[i] == array.data()[i]);
}

}  // namespace

TEST_CASE("every element type in both byte orders reads as numpy wrote it") {
  for (const std::string type : {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"})
    for (const std::string order : {"_little", "_big"}) {
      INFO(type << order);
      const std::string path = golden + type + order + ".npy";
      const Array<float, 2> a = read_npy<float, 2>(path);
      CHECK(a.shape()[0] == 3);
      CHECK(a.shape()[1] == 4);
      CHECK(counts_up(a));
      CHECK(counts_up(read_npy<double, 2>(path)));
      CHECK(counts_up(read_npy<Half, 2>(path)));
      CHECK(counts_up(read_npy<std::int64_t, 2>(path)));
      CHECK(counts_up(read_npy<std::uint8_t, 2>(path)));
    }
}

TEST_CASE("Fortran order, versions 1 to 3, one axis and no elements are read") {
  CHECK(counts_up(read_npy<float, 3>(golden + "f4_fortran.npy")));
  CHECK(counts_up(read_npy<float, 2>(golden + "f8_fortran_big.npy")));
  CHECK(counts_up(read_npy<double, 1>(golden + "f4_one_axis.npy")));
  CHECK(counts_up(read_npy<float, 2>(golden + "f4_version_2.npy")));
  CHECK(counts_up(read_npy<float, 2>(golden + "f4_version_3.npy")));
  const Array<float, 2> empty = read_npy<float, 2>(golden + "f4_empty.npy");
  CHECK(empty.shape()[0] == 0);
  CHECK(empty.shape()[1] == 7);
}

TEST_CASE("bool reads as bool and as 0 and 1") {
  const Array<bool, 2> mask = read_npy<bool, 2>(golden + "b1.npy");
  const Array<int, 2> number = read_npy<int, 2>(golden + "b1.npy");
  for (std::size_t i = 0; i < 12; ++i) {
    CHECK(mask.data()[i] == (i % 2 == 1));
    CHECK(number.data()[i] == static_cast<int>(i % 2));
  }
  CHECK(contains(error_of([] { read_npy<bool, 2>(golden + "u1_little.npy"); }),
                 "element [0, 2] of type u1 is 2, 0 or 1 was expected"));
}

TEST_CASE("what is written is read back, of every type") {
  const Scratch scratch;
  check_round_trip<float>(scratch, two_by_two(1.5f, -0.0f, 1e-40f, 3e38f));
  check_round_trip<double>(scratch, two_by_two(1.1, -2.2, 5e-324, 1e308));
  check_round_trip<Half>(scratch, two_by_two(Half(1.5f), Half(-2.0f), Half(0.1f), Half(65504.0f)));
  check_round_trip<std::int64_t>(
      scratch, two_by_two<std::int64_t>(1, -2, std::numeric_limits<std::int64_t>::min(),
                                        std::numeric_limits<std::int64_t>::max()));
  check_round_trip<std::uint8_t>(scratch, two_by_two<std::uint8_t>(0, 1, 254, 255));
  check_round_trip<bool>(scratch, two_by_two(true, false, false, true));
}

TEST_CASE("what we write is what numpy writes, byte for byte") {
  const Scratch scratch;
  const auto same = [&](const std::string& name, const auto& array) {
    write_npy(scratch / "a.npy", array);
    return read_bytes(scratch / "a.npy", 10000) == read_bytes(golden + name + ".npy", 10000);
  };
  CHECK(same("f2_little", read_npy<Half, 2>(golden + "f2_little.npy")));
  CHECK(same("f4_little", read_npy<float, 2>(golden + "f4_little.npy")));
  CHECK(same("f8_little", read_npy<double, 2>(golden + "f8_little.npy")));
  CHECK(same("i8_little", read_npy<std::int64_t, 2>(golden + "i8_little.npy")));
  CHECK(same("u1_little", read_npy<std::uint8_t, 2>(golden + "u1_little.npy")));
  CHECK(same("b1", read_npy<bool, 2>(golden + "b1.npy")));
  CHECK(same("f4_one_axis", read_npy<float, 1>(golden + "f4_one_axis.npy")));
}

TEST_CASE("NaN and infinity survive, and numbers that do not fit are refused") {
  const Scratch scratch;
  const double inf = std::numeric_limits<double>::infinity();
  write_npy(scratch / "a.npy", two_by_two(std::nan(""), inf, -inf, 1e30));
  const Array<float, 2> a = read_npy<float, 2>(scratch / "a.npy");
  CHECK(std::isnan(a(0, 0)));
  CHECK(a(0, 1) == std::numeric_limits<float>::infinity());
  CHECK(a(1, 1) == 1e30f);
  write_npy(scratch / "b.npy", two_by_two(0.0, -1e300, 0.0, 0.0));
  CHECK(contains(error_of([&] { read_npy<float, 2>(scratch / "b.npy"); }),
                 "element [0, 1] of type f8 is -1e+300, a number in the range of float32"));
  write_npy(scratch / "b.npy", two_by_two<std::int64_t>(0, 1, 256, -1));
  const std::string error = error_of([&] { read_npy<std::uint8_t, 2>(scratch / "b.npy"); });
  CHECK(contains(error, "byte 144"));  // the third number
  CHECK(contains(error, "element [1, 0] of type i8 is 256, a whole number of 0 to 255 was"));
}

TEST_CASE("floating-point numbers that are whole read as integers and bool, others are named") {
  const Scratch scratch;
  const std::filesystem::path path = scratch / "a.npy";
  const auto error = [&]<class T>(T) { return error_of([&] { read_npy<T, 2>(path); }); };
  write_npy(path, two_by_two(-0.0, 127.0, -128.0, 1.0));
  CHECK(read_npy<std::int8_t, 2>(path) == two_by_two<std::int8_t>(0, 127, -128, 1));
  CHECK(contains(error(std::uint8_t()), "element [1, 0] of type f8 is -128, a whole number of 0"));
  write_npy(path, two_by_two(1.f, 0.f, 0.f, 1.f));
  CHECK(read_npy<bool, 2>(path) == two_by_two(true, false, false, true));
  write_npy(path, two_by_two(0.f, 1.5f, 0.f, 1.f));
  CHECK(contains(error(int()), "element [0, 1] of type f4 is 1.5, a whole number of -2147483648"));
  CHECK(contains(error(bool()), "element [0, 1] of type f4 is 1.5, 0 or 1 was expected"));
  const double inf = std::numeric_limits<double>::infinity();
  for (const double odd : {std::nan(""), inf, -inf, 9223372036854775808.0, -1e19, 5e-324}) {
    write_npy(path, two_by_two(0.0, 0.0, 0.0, odd));
    INFO(odd);
    CHECK(contains(error(std::int64_t()), "element [1, 1] of type f8 is "));
  }
  write_npy(path, two_by_two(0.0, 9007199254740993.0, -9223372036854775808.0, 4e18));
  CHECK(read_npy<std::int64_t, 2>(path)(0, 1) == 9007199254740992);
  CHECK(read_npy<std::int64_t, 2>(path)(1, 0) == std::numeric_limits<std::int64_t>::min());
}

TEST_CASE("what is too large for a half is refused, of every type, and infinity stays") {
  const Scratch scratch;
  const std::filesystem::path path = scratch / "a.npy";
  const auto error = [&] { return error_of([&] { read_npy<Half, 2>(path); }); };
  write_npy(path, two_by_two(65504, 65519, -65504, 0));
  CHECK(error().empty());
  CHECK(static_cast<float>(read_npy<Half, 2>(path)(0, 1)) == 65504);
  write_npy(path, two_by_two(65520, 0, 0, 0));
  CHECK(contains(error(), "element [0, 0] of type i4 is 65520, a number in the range of float16"));
  write_npy(path, two_by_two<std::uint64_t>(0, 0, 1u << 20, 0));
  CHECK(contains(error(), "element [1, 0] of type u8 is 1048576"));
  write_npy(path, two_by_two(0.f, 70000.f, 0.f, 0.f));
  CHECK(contains(error(), "element [0, 1] of type f4 is 70000"));
  write_npy(path, two_by_two(0.f, std::numeric_limits<float>::infinity(), 0.f, 0.f));
  CHECK(error().empty());
}

TEST_CASE("arrays larger than one piece are read whole in both orders") {
  const Scratch scratch;
  Array<double, 2> a = make_array<double>(300, 501);
  for (std::size_t i = 0; i < a.size(); ++i) a.data()[i] = static_cast<double>(i);
  write_npy(scratch / "a.npy", a);
  CHECK(read_npy<double, 2>(scratch / "a.npy") == a);
  std::vector<std::uint8_t> bytes = read_bytes(scratch / "a.npy", 10'000'000);
  const std::string header(bytes.begin(), bytes.begin() + 128);
  bytes[header.find("False")] = 'T', bytes[header.find("False") + 1] = 'r';
  bytes[header.find("False") + 2] = 'u', bytes[header.find("False") + 3] = 'e';
  bytes[header.find("False") + 4] = ' ';
  const Array<double, 2> turned = read_npy<double, 2>(bytes, "memory");
  CHECK(turned(0, 1) == 300);
  CHECK(turned(299, 0) == 299);
  CHECK(turned(299, 500) == 300 * 501 - 1);
}

TEST_CASE("integers that half precision cannot hold are refused as floats are, not made infinite") {
  const Scratch scratch;
  const auto error = [&](auto number) {
    Array<decltype(number), 1> one = make_array<decltype(number)>(1);
    one(0) = number;
    write_npy(scratch / "a.npy", one);
    return error_of([&] { read_npy<Half, 1>(scratch / "a.npy"); });
  };
  CHECK(error(std::int32_t{65504}).empty());
  CHECK(error(std::int32_t{65519}).empty());  // rounds to 65504
  CHECK(contains(error(std::int32_t{65520}), "element 0 of type i4 is "));
  CHECK(contains(error(std::int64_t{-100000}), "element 0 of type i8 is "));
  CHECK(contains(error(std::uint32_t{70000}), "element 0 of type u4 is "));
  CHECK(contains(error(70000.0f), "element 0 of type f4 is "));
  CHECK(error(std::numeric_limits<float>::infinity()).empty());
}
