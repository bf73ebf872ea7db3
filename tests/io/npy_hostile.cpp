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

TEST_CASE("headers that NumPy reads are read: blanks, Python 2, types by code and by name") {
  const auto shape = [](const std::string& dictionary) {
    const std::vector<std::uint8_t> bytes = npy_bytes(dictionary, std::string(48, '\0'));
    return read_npy<float, 2>(bytes, "a.npy").shape();
  };
  for (const std::string text :
       {"{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4L), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3L,4L)}",
        "{u'descr': u'<f4', u'fortran_order': False, u'shape': (3, 4)}",
        "\t{\t'descr'\t:\t'<f4'\t,\t'fortran_order'\t:\tFalse\t,\t'shape'\t:\t(\t3\t,\t4\t)\t}\t",
        "{'descr':\r\n'<f4',\f'fortran_order':False,'shape':(3,4,)}\r\n",
        "{'shape': (3, 4), 'fortran_order': False, 'descr': 'f4'}",
        "{'shape': (3, 4), 'fortran_order': False, 'descr': 'float32'}",
        "{'shape': (3, 4), 'fortran_order': False, 'descr': '|f4'}",
        "{'shape': (3, 4), 'fortran_order': False, 'descr': '<f'}"}) {
    INFO(text);
    CHECK(shape(text)[0] == 3);
    CHECK(shape(text)[1] == 4);
  }
  const std::string whole = "{'descr': '<q', 'fortran_order': False, 'shape': (1L,)}";
  const std::vector<std::uint8_t> bytes = npy_bytes(whole, std::string("\x07\0\0\0\0\0\0\0", 8));
  CHECK(read_npy<int, 1>(bytes, "a.npy")(0) == 7);
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
  CHECK(contains(shaped("(2LL, 2)"), "was expected"));
  CHECK(contains(shaped("(L, 2)"), "at least 0 was expected"));
  CHECK(contains(shaped("(2, 2"), "was expected"));
  CHECK(contains(shaped("(1000000, 1000000)"), "4000000000000 bytes of data were expected"));
  CHECK(contains(shaped("(1,)"), "4 bytes of data were expected"));
  CHECK(contains(shaped("(0,)"), "an array of 2 axes was expected, it has 1, [0]"));

  const auto typed = [](const std::string& type) {
    return error_of_header("{'descr': " + type + ", 'fortran_order': False, 'shape': (1, 1), }",
                           "aaaa");
  };
  CHECK(contains(typed("'|O'"), "Python objects cannot be read; save a.astype('float64')"));
  CHECK(contains(typed("'O'"), "Python objects cannot be read; save a.astype('float64')"));
  CHECK(contains(typed("[('x', '<f4')]"), "structured types cannot be read"));
  CHECK(contains(typed("'<c8'"),
                 "type '<c8' cannot be read: complex numbers; save a.real and a.imag"));
  CHECK(contains(typed("'<f3'"), "cannot be read"));
  CHECK(contains(typed("'<U1'"), "type '<U1' cannot be read: text; save numbers"));
  CHECK(contains(typed("''"), "type '' cannot be read"));
  CHECK(contains(typed("'<<f4'"), "type '<<f4' cannot be read"));
  CHECK(contains(typed("'<V2'"),
                 "type '<V2' cannot be read: two raw bytes, which is how bfloat16 of "
                 "ml_dtypes is saved; save a.astype('float32')"));
  CHECK(contains(typed("'|V1'"), "float8 of ml_dtypes"));
  CHECK(contains(typed("'<f16'"), "long double; save a.astype('float64')"));
  CHECK(contains(typed("'<M8[ns]'"), "dates"));
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
  CHECK(contains(error_of([&] { read_npy<float, 2>(other, "a.npy"); }),
                 "not a .npy file: \\x93NUMPY was expected, it begins with the bytes 50 4e 55 4d"));
  other = whole;
  other[6] = 9;
  CHECK(contains(error_of([&] { read_npy<float, 2>(other, "a.npy"); }),
                 "npy version 1.0, 2.0 or 3.0 was expected, it is 9.0"));
  other = whole;
  other[6] = 2;  // the header's first bytes become part of its length
  CHECK(contains(error_of([&] { read_npy<float, 2>(other, "a.npy"); }), "npy header: a length of"));
}

TEST_CASE("what is another kind of file is said with the way out") {
  const auto error = [](const std::string& start) {
    return error_of([&] { read_npy<float, 2>(bytes_of(start + "and more"), "a.npy"); });
  };
  CHECK(contains(error("PK\x03\x04"), "it begins like a zip archive (.npz, or .pt of PyTorch)"));
  CHECK(contains(error("\x1f\x8b"), "it begins like a gzip file; unpack it first"));
  CHECK(contains(error("\x80\x04"), "it begins like a Python pickle; save the numbers by"));
  CHECK(contains(error("<!DOCTYPE html>"), "a page of the web; was the download refused?"));
  CHECK(contains(error_of([] { read_npy<float, 2>(bytes_of("\x93NUMPY"), "a.npy"); }), "cut off"));
}

TEST_CASE("a file that is not there, and a folder, give an io_error with the path") {
  const Scratch scratch;
  CHECK(contains(error_of([&] { read_npy<float, 2>(scratch / "no.npy"); }), "no.npy: "));
  CHECK(error_of([&] { read_npy<float, 2>(scratch.folder()); }) != "");
}
