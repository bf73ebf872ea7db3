#include <doctest/doctest.h>

#include "expunge/io/npy.hpp"
#include "io/scratch.hpp"

using namespace expunge;

namespace {

std::string error_of_header(const std::string& dictionary, const std::string& data = "") {
  const std::vector<std::uint8_t> bytes = npy_bytes(dictionary, data);
  return error_of([&] { read_npy<float, 2>(bytes, "a.npy"); });
}

}  // namespace

TEST_CASE("a header by hand is read in any order of its keys") {
  const std::vector<std::uint8_t> bytes =
      npy_bytes("{\"shape\": (1, 2), 'fortran_order':False,'descr': '|u1'}  ", "\x05\x06");
  CHECK(read_npy<int, 2>(bytes, "a.npy")(0, 1) == 6);
}

TEST_CASE("hostile headers are refused with one sentence") {
  const auto shaped = [](const std::string& shape) {
    return error_of_header("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }");
  };
  CHECK(contains(shaped("(2, 2)"), "16 bytes of data were expected by the shape, 0 follow"));
  CHECK(contains(shaped("(99999999999, 99999999999)"), "more elements than fit"));
  CHECK(contains(shaped("(4294967296, 4294967296)"), "more elements than fit"));
  CHECK(contains(shaped("(0, 99999999999999999999999)"), "larger than fits"));
  CHECK(contains(shaped("(-1, 2)"), "at least 0 was expected"));
  CHECK(contains(shaped("(2, -2)"), "at least 0 was expected"));
  CHECK(contains(shaped("(2.5, 2)"), "was expected"));
  CHECK(contains(shaped("(5)"), "',' was expected"));
  CHECK(contains(shaped("[2, 2]"), "'(' was expected"));
  CHECK(contains(shaped("(2, 2"), "was expected"));
  CHECK(contains(shaped("(1000000, 1000000)"), "4000000000000 bytes of data were expected"));
  CHECK(contains(shaped("(1,)"), "4 bytes of data were expected"));
  CHECK(contains(shaped("(0,)"), "an array of 2 axes was expected, it has 1"));

  const auto typed = [](const std::string& type) {
    return error_of_header("{'descr': " + type + ", 'fortran_order': False, 'shape': (1, 1), }",
                           "aaaa");
  };
  CHECK(contains(typed("'|O'"), "Python objects cannot be read"));
  CHECK(contains(typed("'O'"), "Python objects cannot be read"));
  CHECK(contains(typed("[('x', '<f4')]"), "structured types cannot be read"));
  CHECK(contains(typed("'<c8'"), "type '<c8' cannot be read"));
  CHECK(contains(typed("'<f3'"), "cannot be read"));
  CHECK(contains(typed("'|f4'"), "cannot be read"));
  CHECK(contains(typed("'<U1'"), "cannot be read"));
  CHECK(contains(typed("f4"), "a quoted name was expected"));
  CHECK(typed("'<f4'") == "");

  CHECK(contains(error_of_header("{'descr': '<f4', 'fortran_order': 0, 'shape': (1, 1)}"),
                 "True or False was expected"));
  CHECK(contains(error_of_header("{'descr': '<f4', 'shape': (1, 1)}"), "were expected"));
  CHECK(contains(error_of_header("{'descr': '<f4', 'descr': '<f4'}"), "given twice"));
  CHECK(contains(error_of_header("{'secret': '<f4'}"), "'secret' is unknown"));
  CHECK(contains(error_of_header("{'descr': '<f4"), "a quote is not closed"));
  CHECK(contains(error_of_header("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 1)} x"),
                 "nothing but spaces"));
  CHECK(contains(error_of_header(""), "ends too early"));
}

TEST_CASE("files that are cut short, or not .npy at all, are refused") {
  const std::vector<std::uint8_t> whole =
      npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1)}", "abcd");
  CHECK(error_of([&] { read_npy<float, 2>(whole, "a.npy"); }) == "");
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const std::vector<std::uint8_t> part(whole.begin(),
                                         whole.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK(contains(error_of([&] { read_npy<float, 2>(part, "a.npy"); }), "a.npy: "));
  }
  std::vector<std::uint8_t> longer = whole;
  longer.push_back('e');
  CHECK(contains(error_of([&] { read_npy<float, 2>(longer, "a.npy"); }), "5 follow"));
  std::vector<std::uint8_t> other = whole;
  other[0] = 'P';
  CHECK(contains(error_of([&] { read_npy<float, 2>(other, "a.npy"); }), "not a .npy file"));
  other = whole;
  other[6] = 9;
  CHECK(contains(error_of([&] { read_npy<float, 2>(other, "a.npy"); }), "npy version"));
  other = whole;
  other[6] = 2;  // the header's first bytes become part of its length
  CHECK(contains(error_of([&] { read_npy<float, 2>(other, "a.npy"); }), "npy header: a length of"));
}

TEST_CASE("a file that is not there, and a folder, give an io_error with the path") {
  const Scratch scratch;
  CHECK(contains(error_of([&] { read_npy<float, 2>(scratch / "no.npy"); }), "no.npy: "));
  CHECK(error_of([&] { read_npy<float, 2>(scratch.folder()); }) != "");
}
