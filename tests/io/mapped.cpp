#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cmath>

#include "expunge/io/index_file.hpp"
#include "expunge/io/npy_view.hpp"
#include "io/scratch.hpp"
#include "io/special_files.hpp"

using namespace expunge;

namespace {

const std::string golden = std::string(EXPUNGE_GOLDEN_DIR) + "/npy/";

/// A view of bytes that it keeps.
NpyView view_of(std::vector<std::uint8_t> bytes) {
  const auto kept = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
  return {*kept, "a.npy", kept};
}

std::string python_shape(const std::vector<Index>& shape) {
  std::string text = "(";
  for (const Index extent : shape) text += sentence(extent, ", ");
  return text + ")";
}

/// A .npy file by hand.
std::vector<std::uint8_t> npy_file(const std::string& type, bool fortran, char version,
                                   const std::vector<Index>& shape, const std::string& data) {
  const std::string header = "{'descr': '" + type +
                             "', 'fortran_order': " + (fortran ? "True" : "False") +
                             ", 'shape': " + python_shape(shape) + "}\n";
  std::string file("\x93NUMPY", 6);
  file += version;
  file += '\0';
  file += static_cast<char>(header.size());
  file += version == 1 ? std::string(1, '\0') : std::string(3, '\0');
  return bytes_of(file + header + data);
}

/// Where element k of a file in Fortran order is in C order.
std::size_t in_c_order(const std::vector<Index>& shape, std::size_t k) {
  std::vector<std::size_t> at;
  for (const Index extent : shape) {
    at.push_back(k % static_cast<std::size_t>(extent));
    k /= static_cast<std::size_t>(extent);
  }
  std::size_t position = 0;
  for (std::size_t a = 0; a < at.size(); ++a)
    position = position * static_cast<std::size_t>(shape[a]) + at[a];
  return position;
}

/// The numbers 0, 1, 2, ... in C order, as bytes of a file of this type and order.
template <class T>
std::vector<std::uint8_t> counting_file(const std::string& type, bool big, bool fortran,
                                        char version, const std::vector<Index>& shape) {
  std::size_t count = 1;
  for (const Index extent : shape) count *= static_cast<std::size_t>(extent);
  std::string data;
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t i = fortran ? in_c_order(shape, k) : k;
    const T value = static_cast<T>(static_cast<float>(i));
    char bytes[sizeof(T)];
    std::memcpy(bytes, static_cast<const void*>(&value), sizeof(T));
    if (big) std::reverse(bytes, bytes + sizeof(T));
    data.append(bytes, sizeof(T));
  }
  return npy_file((big ? ">" : "<") + type, fortran, version, shape, data);
}

std::vector<Index> position(const std::vector<Index>& shape, Index k) {
  std::vector<Index> at(shape.size());
  for (std::size_t a = shape.size(); a-- > 0; k /= shape[a]) at[a] = k % shape[a];
  return at;
}

/// Every run of elements that begins at a multiple of `step` and has an odd length.
template <class T>
void check_runs(const NpyView& array, Index step) {
  const Index n = array.elements();
  for (Index first = 0; first < n; first += step)
    for (Index count = 1; first + count <= n; count += 2 * step) {
      std::vector<T> values(static_cast<std::size_t>(count));
      array.read(position(array.header().shape, first), count, values.data());
      for (Index i = 0; i < count; ++i)
        REQUIRE(static_cast<double>(values[static_cast<std::size_t>(i)]) ==
                static_cast<double>(first + i));
    }
}

template <std::size_t Rank>
void check_read_npy(const std::vector<std::uint8_t>& bytes) {
  const Array<double, Rank> expected = read_npy<double, Rank>(bytes, "a.npy");
  const std::vector<double> values = view_of(bytes).read_all<double>();
  REQUIRE(values.size() == expected.size());
  CHECK(std::equal(values.begin(), values.end(), expected.data()));
}

template <class T>
void check_type(const std::string& type) {
  const std::vector<std::vector<Index>> shapes{{}, {7}, {3, 5}, {5, 3}, {2, 3, 4}, {1, 1, 9}};
  for (const std::vector<Index>& shape : shapes)
    for (const bool big : {false, true})
      for (const bool fortran : {false, true})
        for (const char version : {'\1', '\2', '\3'}) {
          INFO(type << " big " << big << " Fortran " << fortran << " " << python_shape(shape));
          const std::vector<std::uint8_t> bytes =
              counting_file<T>(type, big, fortran, version, shape);
          const NpyView array = view_of(bytes);
          REQUIRE(array.header().shape == shape);
          check_runs<double>(array, 1);
          check_runs<float>(array, 3);
          check_runs<Half>(array, 4);
          if (type[0] != 'f') check_runs<std::int64_t>(array, 5);
          if (shape.size() == 1) check_read_npy<1>(bytes);
          if (shape.size() == 2) check_read_npy<2>(bytes);
          if (shape.size() == 3) check_read_npy<3>(bytes);
        }
}

std::string error_of_view(const std::string& dictionary, const std::string& data = "") {
  return error_of([&] { view_of(npy_bytes(dictionary, data)); });
}

template <class F>
bool is_invalid(F&& f) {
  try {
    f();
  } catch (const std::invalid_argument&) {
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a view reads every type, byte order, order of axes and version at any position") {
  check_type<Half>("f2");
  check_type<float>("f4");
  check_type<double>("f8");
  check_type<std::int8_t>("i1");
  check_type<std::int16_t>("i2");
  check_type<std::int32_t>("i4");
  check_type<std::int64_t>("i8");
  check_type<std::uint8_t>("u1");
  check_type<std::uint16_t>("u2");
  check_type<std::uint32_t>("u4");
  check_type<std::uint64_t>("u8");
}

TEST_CASE("a view of numpy's own files holds what numpy wrote") {
  for (const std::string name : {"f2_little",
                                 "f2_big",
                                 "f4_little",
                                 "f4_big",
                                 "f8_little",
                                 "f8_big",
                                 "i1_little",
                                 "i2_big",
                                 "i4_big",
                                 "i8_little",
                                 "i8_big",
                                 "u1_little",
                                 "u2_big",
                                 "u4_little",
                                 "u8_big",
                                 "f4_fortran",
                                 "f8_fortran_big",
                                 "f4_one_axis",
                                 "f4_version_2",
                                 "f4_version_3",
                                 "f2_fortran",
                                 "i8_fortran_big",
                                 "f4_fortran_version_2",
                                 "f4_fortran_version_3"}) {
    INFO(name);
    const NpyView array = NpyView::map(golden + name + ".npy");
    CHECK(array.elements() >= 5);
    check_runs<double>(array, 1);
  }
  CHECK(NpyView::map(golden + "f8_no_axes.npy").read_all<float>() == std::vector<float>{7.5f});
  CHECK(NpyView::map(golden + "f4_empty.npy").read_all<float>().empty());
}

TEST_CASE("a view of bools gives 0 and 1, in both orders of axes") {
  for (const std::string name : {"b1", "b1_fortran"}) {
    const std::vector<double> values = NpyView::map(golden + name + ".npy").read_all<double>();
    for (std::size_t i = 0; i < values.size(); ++i) CHECK(values[i] == static_cast<double>(i % 2));
    const NpyView array = NpyView::map(golden + name + ".npy");
    CHECK(array.read_all<std::uint8_t>()[1] == 1);
  }
  const NpyView odd = view_of(npy_file("|b1", false, 1, {3}, std::string("\x00\x01\x7f", 3)));
  CHECK(odd.read_all<double>() == std::vector<double>{0, 1, 1});  // as numpy takes it
}

TEST_CASE("a Fortran-order run that is longer than one piece is read whole") {
  const NpyView array = view_of(counting_file<float>("f4", true, true, 1, {3, 700}));
  const std::vector<double> all = array.read_all<double>();
  for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(all[i] == static_cast<double>(i));
  std::vector<float> run(1500);
  array.read(std::vector<Index>{0, 600}, 1500, run.data());
  CHECK(run.front() == 600);
  CHECK(run.back() == 2099);
}

TEST_CASE("NaN and infinity survive; a number that does not fit is refused with its position") {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const double numbers[] = {nan, inf, -inf, 1e300}, fit[] = {nan, inf, -inf, 1e30};
  const std::string fits(reinterpret_cast<const char*>(fit), sizeof fit);
  const std::string data(reinterpret_cast<const char*>(numbers), sizeof numbers);
  const std::vector<float> a = view_of(npy_file("<f8", false, 1, {4}, fits)).read_all<float>();
  CHECK(std::isnan(a[0]));
  CHECK(a[1] == std::numeric_limits<float>::infinity());
  CHECK(a[3] == 1e30f);
  const NpyView wide = view_of(npy_file("<f8", false, 1, {4}, data));
  CHECK(contains(error_of([&] { wide.read_all<float>(); }),
                 "element 3 of type f8 is 1e+300, a number in the range of float32 was expected"));
  const NpyView signs = view_of(npy_file("|i1", true, 1, {2, 2}, "\x01\x02\xff\x03"));
  CHECK(contains(error_of([&] { signs.read_all<std::uint8_t>(); }),
                 "element [0, 1] of type i1 is -1, a whole number of 0 to 255 was expected"));
  const NpyView floats = view_of(npy_file("<f8", false, 1, {4}, data));
  CHECK(contains(error_of([&] { floats.read_all<std::int64_t>(); }),
                 "element 0 of type f8 is nan, a whole number of"));
}

TEST_CASE("positions and counts that are not there are refused") {
  const NpyView array = view_of(counting_file<float>("f4", false, false, 1, {3, 5}));
  float to[20];
  const auto read = [&](const std::vector<Index>& at, Index count) {
    return is_invalid([&] { array.read(at, count, to); });
  };
  CHECK_FALSE(read({2, 4}, 1));
  CHECK_FALSE(read({2, 4}, 0));
  CHECK(read({2, 4}, 2));
  CHECK(read({0, 0}, 16));
  CHECK(read({0, 0}, -1));
  CHECK(read({0, 0}, std::numeric_limits<Index>::max()));
  CHECK(read({3, 0}, 1));
  CHECK(read({0, 5}, 1));
  CHECK(read({-1, 0}, 1));
  CHECK(read({0}, 1));
  CHECK(read({0, 0, 0}, 1));
}

TEST_CASE("hostile headers are refused by the view, before anything is allocated") {
  const auto shaped = [](const std::string& shape) {
    return error_of_view("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }");
  };
  CHECK(contains(shaped("(281474976710656,)"), "bytes of data were expected by the shape, 0"));
  CHECK(contains(shaped("(99999999999, 99999999999)"), "more elements than fit"));
  CHECK(contains(shaped("(0, 99999999999999999999999)"), "larger than fits"));
  CHECK(contains(shaped("(-1, 2)"), "at least 0 was expected"));
  CHECK(contains(shaped("(1, 2"), "was expected"));
  CHECK(contains(error_of_view("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "aaaa"),
                 "Python objects cannot be read; save a.astype('float64')"));
  CHECK(contains(error_of_view("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "aaa"),
                 "4 bytes of data were expected by the shape, 3 follow"));
  const std::vector<std::uint8_t> whole = counting_file<float>("f4", false, true, 2, {2, 3});
  for (std::size_t n = 0; n < whole.size(); ++n)
    CHECK(contains(error_of([&] {
                     view_of({whole.begin(), whole.begin() + static_cast<long>(n)});
                   }),
                   "a.npy: "));
  std::vector<std::uint8_t> other = whole;
  other[0] = 'P';
  CHECK(contains(error_of([&] { view_of(other); }), "not a .npy file"));
}

TEST_CASE(
    "what is no regular file, or is not there, or is empty, gives an io_error with its path") {
  const Scratch scratch;
  const auto error = [](const std::filesystem::path& path) {
    return error_of([&] { NpyView::map(path); });
  };
  CHECK(contains(error(scratch / "no.npy"), "no.npy: cannot be opened: No such file"));
  CHECK(contains(error(scratch.folder()), "a file or a pipe was expected, this is a folder"));
  CHECK(contains(error("/dev/zero"), "a file or a pipe was expected, this is a device"));
  CHECK(contains(error_of([] { read_bytes("/dev/zero", 100); }), "this is a device"));
  write_bytes(scratch / "empty.npy", {});
  CHECK(contains(error(scratch / "empty.npy"), "empty.npy: the file ends"));
  CHECK(MappedFile(scratch / "empty.npy").bytes().empty());
}

TEST_CASE("every reader reads a pipe, whatever comes at a time, and says if it ends too early") {
  const Scratch scratch;
  const std::filesystem::path pipe = scratch / "pipe.npy";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  Array<double, 2> numbers = make_array<double>(300, 70);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers.data()[i] = static_cast<double>(i % 251);
  write_npy(scratch / "a.npy", numbers);
  const std::vector<std::uint8_t> whole = read_bytes(scratch / "a.npy", 1'000'000);
  const auto through = [&](std::size_t count, auto&& read) {
    const FifoWriter writer(
        pipe, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(count)}, 7001);
    read();
  };
  through(whole.size(), [&] { CHECK(read_npy<double, 2>(pipe) == numbers); });
  through(whole.size(),
          [&] { CHECK(NpyView::map(pipe).read_all<double>()[20'999] == 20'999 % 251); });
  through(whole.size(), [&] { CHECK(read_bytes(pipe, whole.size()) == whole); });
  through(whole.size() - 1, [&] {
    CHECK(contains(error_of([&] { read_npy<double, 2>(pipe); }), "pipe.npy: at byte 128: 168000"));
  });
  through(whole.size(), [&] {
    CHECK(contains(error_of([&] { read_bytes(pipe, 1000); }), "more bytes came than the limit"));
  });
  const std::string name = scratch / "b.npy";
  write_npy(name, Array<std::int64_t, 1>{5, 3});
  through(0,
          [&] { CHECK(contains(error_of([&] { read_index_file(pipe, 9); }), "the file ends")); });
  const int open = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  CHECK(read_index_file(sentence("/dev/fd/", open), 9) == std::vector<Index>{5, 3});
  ::close(open);
}

TEST_CASE("a mapped file holds its bytes and outlives its name") {
  const Scratch scratch;
  write_bytes(scratch / "a", bytes_of("hello"));
  const MappedFile file(scratch / "a");
  std::filesystem::remove(scratch / "a");
  CHECK(std::string(file.bytes().begin(), file.bytes().end()) == "hello");
  CHECK(file.name() == (scratch / "a").string());
}
