#include "expunge/io/safetensors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "expunge/io/byte_source.hpp"
#include "expunge/io/npy.hpp"
#include "io/scratch.hpp"

using namespace expunge;

namespace {

const std::string golden = std::string(EXPUNGE_GOLDEN_DIR) + "/safetensors/";

/// A file by hand: length, header, data.
std::vector<std::uint8_t> file_of(const std::string& header, const std::string& data = "",
                                  std::uint64_t length = 0) {
  std::vector<std::uint8_t> bytes;
  if (length == 0) length = header.size();
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<std::uint8_t>(length >> (8 * i)));
  for (const char c : header + data) bytes.push_back(static_cast<std::uint8_t>(c));
  return bytes;
}

Safetensors opened(std::vector<std::uint8_t> bytes) {
  const auto kept = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
  return {*kept, "a.safetensors", kept};
}

std::string error_of_file(const std::string& header, const std::string& data = "",
                          std::uint64_t length = 0) {
  return error_of([&] { opened(file_of(header, data, length)); });
}

/// The same for a header of one tensor "w".
std::string error_of_tensor(const std::string& tensor, const std::string& data = "") {
  return error_of_file("{\"w\":" + tensor + "}", data);
}

const std::string two_floats = R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
const std::string eight(8, '\0');

}  // namespace

TEST_CASE("files of the reference implementation are read, every type of numbers") {
  const Safetensors file = Safetensors::map(golden + "types.safetensors");
  const std::vector<double> values = {-2.5, 0.375, 96, 0, -0.0078125, 1};
  for (const char* name : {"half", "brain", "single", "double"}) {
    CAPTURE(name);
    REQUIRE(file.find(name) != nullptr);
    CHECK(file.find(name)->shape == std::vector<Index>{2, 3});
    CHECK(file.values<double>(name) == values);
    CHECK(file.values<float>(name) == std::vector<float>(values.begin(), values.end()));
  }
  CHECK(file.values<std::int64_t>("integers") == std::vector<std::int64_t>{-3, 1ll << 40, 7});
  CHECK(file.find("scalar")->shape.empty());
  CHECK(file.values<float>("scalar") == std::vector<float>{2.5f});
  CHECK(file.find("empty")->shape == std::vector<Index>{0, 4});
  CHECK(file.values<float>("empty").empty());
  CHECK(file.values<float>("na\"me/\u00e9") == std::vector<float>{0, 1, 2});
  CHECK(
      file.metadata() ==
      std::map<std::string, std::string>{
          {"format", "pt"}, {"odd \"key\"\n", "tab\t, \u00e9, \u6f22, \x01, back\\slash / slash"}});
}

TEST_CASE("parts of a tensor are read, and nothing outside it") {
  const Safetensors file = Safetensors::map(golden + "types.safetensors");
  const SafetensorsEntry& tensor = *file.find("single");
  std::vector<double> part(2);
  file.read(tensor, 1, 2, part.data());
  CHECK(part == std::vector<double>{0.375, 96});
  CHECK_THROWS_AS(file.read(tensor, 5, 2, part.data()), std::invalid_argument);
  CHECK_THROWS_AS(file.read(tensor, -1, 2, part.data()), std::invalid_argument);
  CHECK_THROWS_AS(file.read(tensor, 7, 0, part.data()), std::invalid_argument);
}

TEST_CASE("numbers are read as any type that holds them, as those of .npy files are") {
  const Scratch scratch;
  const auto file_of_numbers = [&]<class T>(const std::vector<T>& numbers) {
    const auto n = static_cast<Index>(numbers.size());
    write_safetensors(scratch / "a", {tensor_to_write("a", {n}, numbers.data())});
    Array<T, 1> array = make_array<T>(n);
    std::copy(numbers.begin(), numbers.end(), array.begin());
    write_npy(scratch / "a.npy", array);
    return Safetensors::map(scratch / "a");
  };
  // read from both kinds of file as T; what either says of a number that does not fit
  const auto both = [&]<class T>(const Safetensors& file, T) {
    std::vector<T> numbers;
    const std::string error = error_of([&] { numbers = file.values<T>("a"); });
    Array<T, 1> others;
    const std::string npy = error_of([&] { others = read_npy<T, 1>(scratch / "a.npy"); });
    CHECK(error.empty() == npy.empty());
    if (error.empty()) CHECK(std::equal(numbers.begin(), numbers.end(), others.begin()));
    return std::pair(numbers, error);
  };
  const Safetensors reals = file_of_numbers(std::vector<float>{-3, 0, 16777216});
  CHECK(both(reals, std::int64_t()).first == std::vector<std::int64_t>{-3, 0, 16777216});
  CHECK(contains(both(reals, std::uint8_t()).second,
                 "tensor 'a' of type F32: number 0 is -3, a whole number of 0 to 255 was expected; "
                 "if this is the right array, numpy.rint(a)"));
  const Safetensors halves = file_of_numbers(std::vector<double>{2, 2.5});
  CHECK(contains(both(halves, int()).second, "number 1 is 2.5, a whole number of -2147483648 to "));
  const Safetensors whole = file_of_numbers(std::vector<std::int64_t>{-3, 1ll << 40, 16777217});
  CHECK(both(whole, double()).first == std::vector<double>{-3, 1099511627776, 16777217});
  CHECK(both(whole, float()).first == std::vector<float>{-3, 1099511627776, 16777216});  // rounded
  CHECK(contains(both(whole, Half()).second,
                 "number 1 is 1099511627776, a number in the range of "
                 "float16 was expected; read it as a wider type"));
  const Safetensors brain = Safetensors::map(golden + "types.safetensors");
  CHECK(contains(error_of([&] { brain.values<int>("brain"); }), "number 0 is -2.5, a whole"));
  CHECK(brain.values<float>("bytes").size() == 3);
}

TEST_CASE("types that are not read, and names that are not there, are said") {
  const Safetensors file = Safetensors::map(golden + "types.safetensors");
  CHECK(file.find("bytes")->elements() == 3);
  CHECK(file.find("sing") == nullptr);
  CHECK(contains(error_of([&] { file.values<float>("sing"); }),
                 "there is no tensor 'sing' among its "));
}

TEST_CASE("a tensor of a type that nobody knows yet refuses itself and not the file") {
  std::string header =
      R"({"new":{"dtype":"F4_E9M9","shape":[1099511627776,3],"data_offsets":[0,3]},)"
      R"("old":{"dtype":"F32","shape":[1],"data_offsets":[3,7]}})";
  std::vector<std::uint8_t> bytes = {static_cast<std::uint8_t>(header.size()), 0, 0, 0, 0, 0, 0, 0};
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), {9, 9, 9, 0, 0, 0x40, 0x40});
  const Safetensors file = opened(bytes);
  CHECK(file.values<float>("old") == std::vector<float>{3});
  CHECK(!file.find("new")->is_known());
  CHECK(file.find("new")->type_name() == "F4_E9M9");
  CHECK(file.bytes(*file.find("new")).size() == 3);
  const std::string error = error_of([&] { file.values<float>("new"); });
  CHECK(contains(error, "tensor 'new' has numbers of type F4_E9M9, which are not read; convert"));
  CHECK(contains(error, "convert it to F32"));
  float number = 0;
  CHECK(!error_of([&] { file.read(*file.find("new"), 0, 1, &number); }).empty());
}

TEST_CASE("every integer type and bool is written and read as integers") {
  const Scratch scratch;
  const auto check = [&]<class T>(const std::vector<T>& numbers, const std::string& type) {
    INFO(type);
    write_safetensors(scratch / "a", {tensor_to_write("a", {2}, numbers.data())});
    const Safetensors file = Safetensors::map(scratch / "a");
    CHECK(file.find("a")->type_name() == type);
    CHECK(file.values<T>("a") == numbers);
    if (type != "U64") CHECK(file.values<std::int64_t>("a")[1] == std::int64_t(numbers[1]));
  };
  check(std::vector<std::int8_t>{-128, 127}, "I8");
  check(std::vector<std::uint8_t>{0, 255}, "U8");
  check(std::vector<std::int16_t>{-32768, 32767}, "I16");
  check(std::vector<std::uint16_t>{0, 65535}, "U16");
  check(std::vector<std::int32_t>{-5, 2147483647}, "I32");
  check(std::vector<std::uint32_t>{0, 4294967295u}, "U32");
  check(std::vector<std::uint64_t>{0, ~std::uint64_t{0}}, "U64");
  check(std::vector<std::int64_t>{-1, 1ll << 60}, "I64");
  const bool flags[] = {true, false};
  write_safetensors(scratch / "a", {tensor_to_write("a", {2}, flags)});
  CHECK(Safetensors::map(scratch / "a").values<int>("a") == std::vector<int>{1, 0});
}

TEST_CASE("the writer gives the bytes of the reference implementation") {
  const Safetensors file = Safetensors::map(golden + "mlp_6_5_3.safetensors");
  const Scratch scratch;
  std::vector<std::vector<float>> values;
  std::vector<TensorToWrite> tensors;
  for (const char* name : {"2.bias", "0.weight", "2.weight", "0.bias"}) {
    values.push_back(file.values<float>(name));
    tensors.push_back(tensor_to_write(name, file.find(name)->shape, values.back().data()));
  }
  write_safetensors(scratch / "a.safetensors", tensors, {{"format", "pt"}});
  CHECK(read_bytes(scratch / "a.safetensors", 10000) ==
        read_bytes(golden + "mlp_6_5_3.safetensors", 10000));
}

TEST_CASE("what is written is read, in every type, to the bit") {
  const Scratch scratch;
  const std::vector<float> floats = {1.5f, -0.0f, 3e-45f, std::numeric_limits<float>::infinity()};
  const std::vector<double> doubles = {1e-310, -2};
  const std::vector<std::int64_t> integers = {std::numeric_limits<std::int64_t>::min(), 5};
  const std::vector<Half> halves = {Half(0.5f)};
  write_safetensors(
      scratch / "a",
      {tensor_to_write("f", {2, 2}, floats.data()),
       tensor_to_write("d\x01\"\\", {2, 1}, doubles.data()),
       tensor_to_write("i", {2}, integers.data()), tensor_to_write("h", {}, halves.data()),
       tensor_to_write("column", {2, 1}, floats.data() + 1, 2, 2),
       tensor_to_write("none", {3, 0}, floats.data(), 3, 2)},
      {{"a", "1"}, {"\u00e9\n", "{\"x\":[]}"}});
  const Safetensors file = Safetensors::map(scratch / "a");
  CHECK(file.values<float>("f") == floats);
  CHECK(std::signbit(file.values<float>("f")[1]));
  CHECK(file.values<double>("d\x01\"\\") == doubles);
  CHECK(file.values<std::int64_t>("i") == integers);
  CHECK(file.values<double>("h") == std::vector<double>{0.5});
  CHECK(file.values<float>("column") == std::vector<float>{floats[1], floats[3]});
  CHECK(file.find("none")->shape == std::vector<Index>{3, 0});
  CHECK(file.metadata().at("\u00e9\n") == "{\"x\":[]}");
  CHECK(file.header().data_offset % 8 == 0);
}

TEST_CASE("an empty file of tensors is one") {
  const Scratch scratch;
  write_safetensors(scratch / "a", {});
  CHECK(Safetensors::map(scratch / "a").tensors().empty());
  CHECK(Safetensors::map(scratch / "a").find("") == nullptr);
}

TEST_CASE("tensors that cannot be written are refused, and the old file stays") {
  const Scratch scratch;
  const float one = 1;
  write_bytes(scratch / "a", {1, 2, 3});
  const auto attempt = [&](const std::vector<TensorToWrite>& tensors) {
    CHECK_THROWS_AS(write_safetensors(scratch / "a", tensors), std::invalid_argument);
  };
  attempt({tensor_to_write("x", {1}, &one), tensor_to_write("x", {1}, &one)});
  attempt({tensor_to_write("__metadata__", {1}, &one)});
  attempt({tensor_to_write("\xff", {1}, &one)});
  attempt({tensor_to_write("x", {-1}, &one)});
  attempt({tensor_to_write("x", {3}, &one, 2)});
  CHECK(read_bytes(scratch / "a", 10) == std::vector<std::uint8_t>{1, 2, 3});
}

TEST_CASE("damaged files are refused at every length with one sentence") {
  const std::vector<std::uint8_t> whole = read_bytes(golden + "types.safetensors", 10000);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const std::vector<std::uint8_t> part(whole.begin(),
                                         whole.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK(contains(error_of([&] { opened(part); }), "a.safetensors: "));
  }
  const std::vector<std::uint8_t> cut(whole.begin(), whole.end() - 3);
  CHECK(contains(error_of([&] { opened(cut); }), "the file is cut off, copy it again"));
  std::vector<std::uint8_t> more = whole;
  more.push_back(0);
  CHECK(contains(error_of([&] { opened(more); }), "bytes of data follow"));
}

TEST_CASE("lengths that lie are refused before anything is allocated") {
  CHECK(contains(error_of_file("{}", "", std::uint64_t{1} << 63),
                 "a header of 9223372036854775808 bytes is claimed, 2 bytes follow"));
  CHECK(contains(error_of_file("{}", "", 3), "a header of 3 bytes is claimed, 2 bytes follow"));
  CHECK(contains(error_of_file("", "xx"), "'{' was expected"));
  CHECK(contains(error_of_file(" {}"), "'{' was expected"));
  CHECK(contains(error_of([&] { opened({1, 2, 3}); }), "8 bytes of length were expected"));
  const std::vector<std::uint8_t> large(100'000'010);
  CHECK(contains(error_of([&] {
                   std::vector<std::uint8_t> bytes = large;
                   for (std::size_t i = 0; i < 8; ++i)
                     bytes[i] = static_cast<std::uint8_t>(100'000'001ull >> (8 * i));
                   opened(bytes);
                 }),
                 "at most 100000000 are read"));
}

TEST_CASE("the header is exactly its grammar") {
  CHECK(error_of_tensor(two_floats, eight).empty());
  CHECK(error_of_file("{ \"w\" :\n" + two_floats + "\t}   ", eight).empty());
  CHECK(contains(error_of_file("{\"w\":" + two_floats + "}x", eight), "nothing but spaces"));
  CHECK(contains(error_of_file("{\"w\":" + two_floats + ",}", eight), "'\"' was expected"));
  CHECK(contains(error_of_file("{\"w\":" + two_floats, eight), "ends too early"));
  CHECK(contains(error_of_file("{'w':" + two_floats + "}", eight), "'\"' was expected"));
  CHECK(contains(error_of_file("{\"w\":" + two_floats + " \"v\":" + two_floats + "}", eight),
                 "',' was expected"));
  CHECK(contains(error_of_file("{\"w\":[]}"), "'{' was expected"));
  CHECK(contains(error_of_file("{\"w"), "a string is not closed"));
  CHECK(contains(error_of_file("{\"w\n\":1}"), "control character"));
  CHECK(contains(error_of_file("{\"\xff\":1}"), "UTF-8 was expected"));
  CHECK(contains(error_of_file("{\"\xed\xa0\x80\":1}"), "UTF-8 was expected"));
  CHECK(contains(error_of_file("{\"\\ud800\":1}"), "half a surrogate pair"));
  CHECK(contains(error_of_file("{\"\\udc00\":1}"), "half a surrogate pair"));
  CHECK(contains(error_of_file("{\"\\q\":1}"), "an escape is none of JSON's"));
  CHECK(contains(error_of_file("{\"\\u12g4\":1}"), "hexadecimal"));
  CHECK(contains(error_of_file("{\"w\":{\"w\":" + two_floats + "}}", eight),
                 "tensor 'w': key 'w' is unknown or given twice"));
  const std::string deep(50000, '{');
  CHECK(contains(error_of_file(deep), "'\"' was expected"));
  CHECK(contains(error_of_file("{\"w\":{\"shape\":[[" + std::string(50000, '[')), "integer"));
}

TEST_CASE("escapes of names are undone") {
  const std::string name = R"(\u0041\u00e9\u6f22\ud83d\ude00\/\b)";
  const Safetensors file = opened(file_of("{\"" + name + "\":" + two_floats + "}", eight));
  CHECK(file.tensors()[0].name == "A\u00e9\u6f22\U0001f600/\b");
}

TEST_CASE("names are given once") {
  const std::string empty = R"({"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  CHECK(contains(error_of_file("{\"w\":" + empty + ",\"v\":" + empty + ",\"w\":" + empty + "}"),
                 "tensor 'w' is given twice"));
  CHECK(contains(error_of_file(R"({"__metadata__":{"k":"1","k":"1"}})"),
                 "metadata 'k' is given twice"));
  CHECK(contains(error_of_file(R"({"__metadata__":{},"__metadata__":{}})"),
                 "__metadata__ is given twice"));
  CHECK(contains(error_of_file(R"({"__metadata__":{"k":1}})"), "'\"' was expected"));
  CHECK(contains(error_of_file(R"({"__metadata__":{"k":{"a":"b"}}})"), "'\"' was expected"));
}

TEST_CASE("a tensor says its type, shape and place, and they agree") {
  const auto tensor = [](const std::string& type, const std::string& shape,
                         const std::string& offsets) {
    return error_of_tensor(
        "{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}",
        eight);
  };
  CHECK(tensor("F32", "[2]", "[0,8]").empty());
  CHECK(tensor("U8", "[2,4]", "[0,8]").empty());
  CHECK(tensor("F64", "[]", "[0,8]").empty());
  CHECK(tensor("F31", "[2]", "[0,8]").empty());  // of a later version, say: listed, not read
  CHECK(contains(tensor("F31", "[4611686018427387904,9]", "[0,8]"), "more bytes than fit"));
  CHECK(contains(tensor("F32", "[3]", "[0,8]"),
                 "tensor 'w': its type and shape take 12 bytes, data_offsets 0 to 8 give 8"));
  CHECK(contains(tensor("F32", "[2]", "[8,0]"), "a begin and an end not below it"));
  CHECK(contains(tensor("F32", "[2]", "[0]"), "a begin and an end not below it"));
  CHECK(contains(tensor("F32", "[2]", "[0,8,8]"), "more than 2 numbers"));
  CHECK(contains(tensor("F32", "[-2]", "[0,8]"), "an integer of at least 0"));
  CHECK(contains(tensor("F32", "[2.0]", "[0,8]"), "',' was expected"));
  CHECK(contains(tensor("F32", "[2e0]", "[0,8]"), "',' was expected"));
  CHECK(contains(tensor("F32", "[02]", "[0,8]"), "must not begin with 0"));
  CHECK(contains(tensor("F32", "[99999999999999999999]", "[0,8]"), "larger than fits"));
  for (const char* wrapped : {"18446744073709551616", "18446744073709551618"})  // 2^64 and on
    CHECK(contains(tensor("F32", "[" + std::string(wrapped) + "]", "[0,8]"), "larger than fits"));
  CHECK(contains(tensor("F32", "[2]", "[0,18446744073709551624]"), "larger than fits"));
  CHECK(contains(tensor("F32", "[4294967296,4294967296]", "[0,0]"), "more bytes than fit"));
  CHECK(contains(tensor("F32", "[4611686018427387904,4]", "[0,0]"), "more bytes than fit"));
  CHECK(contains(tensor("F32", "[" + std::string("1,").append(70, '1') + "]", "[0,8]"),
                 "larger than fits"));
  std::string axes = "[1";
  for (int i = 0; i < 32; ++i) axes += ",1";
  CHECK(contains(tensor("F64", axes + "]", "[0,8]"), "more than 32 numbers"));
  CHECK(contains(error_of_tensor(R"({"dtype":"F32","shape":[2]})", eight),
                 "dtype, shape and data_offsets were expected"));
  CHECK(contains(error_of_tensor(R"({"dtype":"F32","dtype":"F32"})", eight),
                 "key 'dtype' is unknown or given twice"));
  CHECK(contains(error_of_tensor(R"({"dtype":["F32"]})", eight), "'\"' was expected"));
}

TEST_CASE("tensors tile the data: no overlap, no hole, nothing outside") {
  const auto two = [](const std::string& a, const std::string& b, const std::string& data) {
    return error_of_file(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + a +
                             R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + b + "}}",
                         data);
  };
  CHECK(two("[0,4]", "[4,8]", eight).empty());
  CHECK(two("[4,8]", "[0,4]", eight).empty());
  CHECK(contains(two("[0,4]", "[2,6]", eight),
                 "tensor 'b' takes bytes 2 to 6 of 8 of data, it was expected from 4 on"));
  CHECK(contains(two("[0,4]", "[0,4]", eight), "it was expected from 4 on"));
  CHECK(contains(two("[0,4]", "[5,9]", eight + "x"), "tensor 'b' takes bytes 5 to 9 of 9"));
  CHECK(contains(two("[0,4]", "[4,8]", std::string(7, 'x')),
                 "ends within tensor 'b', which takes 4 bytes, 3 are there"));
  CHECK(contains(two("[0,4]", "[4,8]", eight + "x"),
                 "the tensors take 8 bytes, 9 bytes of data follow"));
  CHECK(contains(two("[0,4]", "[4611686018427387900,4611686018427387904]", eight),
                 "it was expected from 4 on"));
}

TEST_CASE("messages show names of one line") {
  const std::string long_name(5000, 'n');
  const std::string error = error_of_file("{\"" + long_name + "\\n\\u001b[31m\":{\"x\":1}}");
  CHECK(error.size() < 250);
  CHECK(contains(error, "..."));
  CHECK(contains(error_of_file("{\"a\\n\\u001b[31m\":{\"x\":1}}"), "tensor 'a??[31m'"));
}
