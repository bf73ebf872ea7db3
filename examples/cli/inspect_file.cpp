#include "cli/inspect_file.hpp"

#include <array>
#include <filesystem>

#include "cli/open_array.hpp"
#include "expunge/report/number.hpp"

namespace expunge::cli {

namespace {

/// Version of a .npy file: the byte after its magic.
int version_of(const std::string& file) {
  FileSource source(file);
  std::array<unsigned char, 8> start{};
  source.read(start.data(), start.size());
  return start[6];
}

std::string number_text(double value) {
  if (!std::isfinite(value)) return "-";
  char text[64];
  std::snprintf(text, sizeof text, "%.5g", value);
  return text;
}

/// "f4, big, Fortran"
std::string type_text(const ArrayFacts& f) {
  return f.type + (f.byte_order == "big" ? ", big-endian" : "") +
         (f.fortran_order ? ", Fortran" : "");
}

InspectedArray inspect_array(std::string label, const NpyView& array) {
  InspectedArray found{std::move(label), {}, array_facts(array), {}};
  found.verdict = verdict_of(found.facts);
  return found;
}

}  // namespace

std::vector<InspectedArray> inspect_arrays(const std::string& file) {
  std::vector<InspectedArray> arrays;
  std::error_code ignored;
  const bool regular = std::filesystem::is_regular_file(file_of(file), ignored);
  if (is_archive_member(file) || !regular) {  // a pipe, or nothing, which open_array says
    const std::string label =
        is_archive_member(file) ? file.substr(file_of(file).size() + 1) : file;
    arrays.push_back(inspect_array(label, open_array(file)));
    return arrays;
  }
  if (file.ends_with(".npz") || is_archive(file)) {
    const NpzFile archive{std::filesystem::path(file)};
    for (const std::string& name : archive.names())
      arrays.push_back(inspect_array(name, archive.array(name)));
    return arrays;
  }
  require_npy(file);
  arrays.push_back(
      inspect_array(std::filesystem::path(file).filename().string(), NpyView::map(file)));
  arrays[0].version = version_of(file);
  return arrays;
}

void add_arrays(Document& document, const std::vector<InspectedArray>& arrays) {
  report::Table table;
  table.title = arrays.size() == 1 ? "The array" : sentence(arrays.size(), " arrays");
  table.columns = {{"", "array", true}, {"", "shape", true}, {"", "type", true},
                   {"", "version"},     {"", "NaN"},         {"", "infinite"},
                   {"", "min"},         {"", "max"},         {"", "mean"}};
  for (const InspectedArray& a : arrays) {
    const ArrayFacts& f = a.facts;
    table.rows.push_back({{a.label},
                          {f.shape_text()},
                          {type_text(f)},
                          {a.version ? std::to_string(*a.version) : ""},
                          {std::to_string(f.nan)},
                          {std::to_string(f.infinite)},
                          {number_text(f.min)},
                          {number_text(f.max)},
                          {number_text(f.mean)}});
    const std::string who = arrays.size() == 1 ? "" : a.label + ": ";
    document.facts.emplace_back(arrays.size() == 1 ? "looks like" : a.label, a.verdict.looks_like);
    for (const std::string& warning : a.verdict.warnings)
      document.warnings.push_back(who + warning);
    for (const std::string& remark : a.verdict.remarks) document.remarks.push_back(who + remark);
  }
  document.tables.push_back(std::move(table));
}

Json arrays_json(const std::vector<InspectedArray>& arrays) {
  Json list = Json::array();
  for (const InspectedArray& a : arrays) {
    const ArrayFacts& f = a.facts;
    list.push_back({{"name", a.label},
                    {"shape", f.shape},
                    {"type", f.type},
                    {"byte_order", f.byte_order},
                    {"axis_order", f.fortran_order ? "Fortran" : "C"},
                    {"version", a.version ? Json(*a.version) : Json(nullptr)},
                    {"nan", f.nan},
                    {"infinite", f.infinite},
                    {"min", report::number_json(f.min)},
                    {"max", report::number_json(f.max)},
                    {"mean", report::number_json(f.mean)},
                    {"constant_rows", f.constant_rows},
                    {"constant_columns", f.constant_columns},
                    {"duplicate_rows", f.duplicate_rows},
                    {"share_of_ties", f.ties},
                    {"looks_like", a.verdict.looks_like},
                    {"warnings", a.verdict.warnings}});
  }
  return list;
}

}  // namespace expunge::cli
