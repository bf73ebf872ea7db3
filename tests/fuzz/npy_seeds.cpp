// .npy files for every reader of arrays.
#include <algorithm>
#include <set>

#include "fuzz/packed_files.hpp"
#include "fuzz/seed_bytes.hpp"
#include "fuzz/seeds.hpp"

namespace expunge::fuzz {

namespace {

ByteVector npy(const std::string& type, const std::string& shape, const std::string& data,
               const std::string& order = "False") {
  return npy_bytes(
      "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }", data);
}

/// The same bytes for each reader of one .npy file; npy_view takes four bytes of positions before
/// it.
void add(std::vector<Seed>& seeds, const std::string& name, const ByteVector& bytes,
         const std::vector<std::string>& read_by = {}) {
  for (const char* reader : {"npy", "npy_view", "index_file", "command_arrays"}) {
    const bool is_read = std::find(read_by.begin(), read_by.end(), reader) != read_by.end();
    seeds.push_back({reader, name, bytes, is_read});
  }
  for (Seed& seed : seeds)
    if (seed.reader == "npy_view" && seed.name == name)
      seed.bytes = joined({1, 1, 1, 2}, seed.bytes);
}

const std::vector<std::string> an_array{"npy", "npy_view", "command_arrays"};

void add_kinds(std::vector<Seed>& seeds) {
  add(seeds, "masks_bool", npy("|b1", "(3, 4)", counted<std::uint8_t>(2) + std::string(10, '\1')),
      an_array);
  add(seeds, "positions", npy("<i8", "(4,)", counted<std::int64_t>(4)),
      {"npy", "npy_view", "index_file", "command_arrays"});
  add(seeds, "positions_u2", npy("<u2", "(4,)", counted<std::uint16_t>(4)), {"index_file"});
  add(seeds, "labels_of_floats", npy("<f8", "(4,)", counted<double>(4)),
      {"npy", "npy_view", "index_file"});
  add(seeds, "fractions",
      npy("<f8", "(2,)", std::string("\0\0\0\0\0\0\xe0?\0\0\0\0\0\0\xf8?", 16)));
  add(seeds, "negative", npy("<i4", "(2,)", std::string("\xff\xff\xff\xff\1\0\0\0", 8)));
  add(seeds, "twice", npy("<i4", "(2,)", std::string("\1\0\0\0\1\0\0\0", 8)));
  add(seeds, "completed", npy("|b1", "(6,)", std::string("\1\1\0\1\1\0", 6)), {"command_arrays"});
  add(seeds, "completed_floats", npy("<f4", "(6,)", std::string(24, '\0')));
  add(seeds, "completed_counts", npy("<i8", "(6,)", counted<std::int64_t>(6)));
  add(seeds, "completed_column", npy("|b1", "(6, 1)", std::string(6, '\1')));
  add(seeds, "completed_short", npy("|b1", "(5,)", std::string(5, '\1')));
  add(seeds, "positions_of_where", npy("<i8", "(1, 4)", counted<std::int64_t>(4)), {"index_file"});
  add(seeds, "mask_as_positions", npy("|b1", "(9,)", std::string(9, '\1')));
  add(seeds, "one_hot", npy("<f8", "(4, 3)", counted<double>(12)));
  add(seeds, "leading_axis", npy("<f4", "(1, 5)", counted<float>(5)), {"npy_view"});
  add(seeds, "column", npy("<i8", "(5, 1)", counted<std::int64_t>(5)), {"index_file"});
  add(seeds, "logits", npy("<f4", "(2, 3, 4)", counted<float>(24)), {"npy_view", "command_arrays"});
  add(seeds, "not_finite", npy("<f4", "(2,)", std::string("\0\0\x80\x7f\0\0\xc0\x7f", 8)));
  add(seeds, "no_number_of_float", npy("<f8", "(1,)", std::string(7, '\xff') + '\x7f'));
}

void add_headers(std::vector<Seed>& seeds) {
  add(seeds, "python_2", npy("<f4", "(2L, 3L)", counted<float>(6)), an_array);
  add(seeds, "python_2_one_axis", npy("<i8", "(4L,)", counted<std::int64_t>(4)), {"index_file"});
  add(seeds, "tabs",
      npy_bytes("{'descr':\t'<f4',\t'fortran_order': False, 'shape': (2,),}\t", counted<float>(2)),
      {"npy", "npy_view"});
  add(seeds, "double_quotes",
      npy_bytes(R"({"descr": "<f4", "fortran_order": False, "shape": (2,)})", counted<float>(2)),
      {"npy", "npy_view"});
  add(seeds, "other_order",
      npy_bytes("{'shape': (2,), 'fortran_order': True, 'descr': '>f4'}", std::string(8, '\0')),
      {"npy", "npy_view"});
  add(seeds, "bfloat16", npy("<V2", "(2,)", counted<std::uint16_t>(2)));
  add(seeds, "objects", npy("|O", "(2,)", "\x80\x04K\x01."));
  add(seeds, "structured",
      npy_bytes("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': "
                "(2,), }",
                counted<float>(2)));
  add(seeds, "complex", npy("<c8", "(2,)", counted<float>(4)));
  add(seeds, "long_double", npy("<f16", "(1,)", std::string(16, '\0')));
  add(seeds, "text", npy("<U1", "(2,)", std::string(8, 'a')));
  add(seeds, "huge", npy("<f8", "(4294967296, 4294967296)", ""));
  add(seeds, "negative_extent", npy("<f8", "(-1,)", ""));
  add(seeds, "no_elements", npy("<f8", "(0, 5)", ""));
  add(seeds, "no_axes", npy("<f8", "()", counted<double>(1)));
  add(seeds, "nine_axes", npy("|u1", "(1, 1, 1, 1, 1, 1, 1, 1, 1)", "a"));
  add(seeds, "too_short", npy("<f4", "(5,)", counted<float>(4)));
  add(seeds, "too_long", npy("<f4", "(3,)", counted<float>(4)));
  add(seeds, "key_twice",
      npy_bytes("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, "
                "'shape': (1,), }",
                counted<float>(1)));
  add(seeds, "pickle", bytes_of("\x80\x04\x95"));
  add(seeds, "empty", {});
}

void add_folder(std::vector<Seed>& seeds, const std::string& name, const NamedBytes& files,
                bool is_read = false) {
  seeds.push_back({"folder", name, pack(files), is_read});
}

void add_folders(std::vector<Seed>& seeds) {
  const ByteVector flat = npy("<f4", "(5,)", counted<float>(5)),
                   row = npy("<f4", "(1, 5)", counted<float>(5)),
                   column = npy("<f4", "(5, 1)", counted<float>(5)),
                   whole = npy("<i4", "(5,)", counted<std::int32_t>(5)),
                   logits = npy("<f4", "(5, 3)", counted<float>(15)),
                   models = npy("<f4", "(2, 5)", counted<float>(10)),
                   done = npy("|b1", "(2,)", std::string("\1\0", 2)),
                   double_click = bytes_of(std::string("\0\5\x16\7\0\2\0\0Mac OS X", 16)),
                   archive = zip_archive({{"a.npy", models}});
  add_folder(seeds, "two_models", {{"id_0.npy", flat}, {"id_1.npy", flat}}, true);
  add_folder(seeds, "logits", {{"id_0.npy", logits}, {"id_10.npy", logits}}, true);
  add_folder(seeds, "hidden",
             {{"id_0.npy", flat}, {"._id_0.npy", double_click}, {".DS_Store", double_click}}, true);
  add_folder(seeds, "completed", {{"id_0.npy", flat}, {"id_1.npy", flat}, {"_completed.npy", done}},
             true);
  add_folder(seeds, "rows", {{"id_0.npy", row}, {"id_1.npy", row}}, true);
  // refused: margins with an axis too many, or logits of one class
  add_folder(seeds, "columns", {{"id_0.npy", column}, {"id_1.npy", column}});
  add_folder(seeds, "mixed_kinds", {{"id_0.npy", flat}, {"id_1.npy", whole}});
  add_folder(seeds, "mixed_shapes", {{"id_0.npy", flat}, {"id_1.npy", logits}});
  add_folder(seeds, "two_epochs", {{"id_0.npy", flat}, {"id_0_epoch_1.npy", flat}});
  add_folder(seeds, "archive_beside",
             {{"id_0.npy", flat}, {"a.npz", archive}, {"notes.txt", flat}});
  add_folder(seeds, "store",
             {{"id_0.npy", models}, {"masks.npy", models}, {"_completed.npy", done}});
  add_folder(seeds, "easydub",
             {{"forget_sets/cifar10/forget_set_1.npy", whole},
              {"margins/cifar10/oracle/forget_1/retain/resnet9/id_0_epoch_23.npy", flat}});
  add_folder(seeds, "nothing", {});
}

}  // namespace

void add_npy_seeds(std::vector<Seed>& seeds) {
  for_each_golden("npy", ".npy", [&](const std::string& name, const ByteVector& bytes) {
    add(seeds, "numpy_" + name, bytes, {"npy_view"});
  });
  add_kinds(seeds);
  add_headers(seeds);
  add_folders(seeds);
}

void add_archive_seeds(std::vector<Seed>& seeds) {
  const auto add_archive = [&](const std::string& name, const ByteVector& bytes,
                               bool is_read = false) {
    seeds.push_back({"npz", name, bytes, is_read});
  };
  // bzip2 is read where libzip can, the others are damaged, empty, too large, or no arrays
  const std::set<std::string> read{"stored", "deflated", "zip64", "mac",   "no_suffix", "one",
                                   "store",  "streamed", "tail",  "twice", "with_text"};
  for_each_golden("npz", ".npz", [&](const std::string& name, const ByteVector& bytes) {
    add_archive("numpy_" + name, bytes, read.contains(name));
  });
  const ByteVector a = npy("<f4", "(2, 3)", counted<float>(6)),
                   b = npy("<f4", "(2, 3)", std::string(24, '\0')),
                   icon = bytes_of(std::string("\0\5\x16\7\0\2\0\0Mac OS X", 16));
  add_archive("one", zip_archive({{"a.npy", a}}), true);
  add_archive("two", zip_archive({{"a.npy", a}, {"b.npy", b}}), true);
  add_archive("twice", zip_archive({{"a.npy", a}, {"a.npy", b}}), true);
  add_archive("no_suffix", zip_archive({{"a", a}}), true);
  add_archive("hidden", zip_archive({{"a.npy", a}, {"__MACOSX/._a.npy", icon}}), true);
  add_archive("folder", zip_archive({{"run/", {}}, {"run/a.npy", a}}), true);
  add_archive("beside", zip_archive({{"a.npy", a}, {"notes.json", bytes_of("{}")}}), true);
  add_archive("comment", zip_archive({{"a.npy", a}}, "made by hand"), true);
  add_archive("zeros_after", joined(zip_archive({{"a.npy", a}}), ByteVector(64, 0)), true);
  add_archive("no_name", zip_archive({{".npy", a}}));
  add_archive("upwards", zip_archive({{"../a.npy", a}}));
  add_archive("pickle", zip_archive({{"a.npy", npy("|O", "(2,)", "\x80\x04K\x01.")}}));
  add_archive("no_member", zip_archive({}));
  ByteVector cut = zip_archive({{"a.npy", a}});
  cut.resize(cut.size() - 40);
  add_archive("cut", cut);
}

}  // namespace expunge::fuzz
