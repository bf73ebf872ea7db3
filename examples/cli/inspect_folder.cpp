#include "cli/inspect_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "cli/inspect_file.hpp"
#include "cli/listing.hpp"
#include "cli/saved_results.hpp"
#include "cli/suggest.hpp"
#include "expunge/report/number.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

bool has(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  return fs::exists(folder / name, ignored);
}

/// The arrays of these files of the folder, a damaged one as a warning.
std::vector<InspectedArray> inspect_all(Document& document, const fs::path& folder,
                                        const std::vector<std::string>& names) {
  std::vector<InspectedArray> arrays;
  for (const std::string& name : names) {
    try {
      require_no_pipe(folder / name);
      for (InspectedArray& array : inspect_arrays((folder / name).string()))
        arrays.push_back(std::move(array));
    } catch (const io_error& error) {
      document.warnings.push_back(error.what());
    }
  }
  return arrays;
}

const InspectedArray* find(const std::vector<InspectedArray>& arrays, const std::string& label) {
  for (const InspectedArray& array : arrays)
    if (array.label == label) return &array;
  return nullptr;
}

/// Says so if the first axis of one array is not the same number as that of another.
void compare_models(Document& document, const std::vector<InspectedArray>& arrays,
                    const std::string& name, const std::string& other) {
  const InspectedArray *a = find(arrays, name), *b = find(arrays, other);
  if (a != nullptr && b != nullptr && a->facts.rows != b->facts.rows)
    document.warnings.push_back(
        sentence(name, " has ", a->facts.rows, " models, ", other, " has ", b->facts.rows, "."));
}

void inspect_store(Document& document, const fs::path& folder) {
  const std::vector<InspectedArray> arrays = inspect_all(document, folder, npy_names_in(folder));
  document.results["is"] = "datamodels store";
  document.facts.emplace_back("is", "a datamodels store: one row a model in every array");
  if (!arrays.empty()) add_arrays(document, arrays);
  for (const char* name : {"margins.npy", "_completed.npy"})
    compare_models(document, arrays, name, "masks.npy");
  if (const InspectedArray* done = find(arrays, "_completed.npy")) {
    const Index models = done->facts.rows;
    const Index completed = std::llround(done->facts.mean * static_cast<double>(models));
    document.facts.emplace_back("completed", sentence(completed, " of ", models, " models"));
    document.results["completed"] = completed;
    if (completed < models)
      document.warnings.push_back(sentence(models - completed, " of ", models,
                                           " models are not done; commands leave them out."));
  }
  document.results["arrays"] = arrays_json(arrays);
}

void inspect_fit(Document& document, const fs::path& folder) {
  std::vector<InspectedArray> arrays = inspect_all(document, folder, npy_names_in(folder));
  for (InspectedArray& array : arrays) {
    const bool effects = array.label == "effects.npy";
    array.verdict.looks_like = effects ? sentence("effects [examples][targets]: ", array.facts.rows,
                                                  " examples, ", array.facts.columns, " targets")
                                       : sentence(fs::path(array.label).stem().string(),
                                                  " [targets]: ", array.facts.elements, " targets");
    array.verdict.remarks.clear();
    array.verdict.warnings.clear();  // signs and constant columns mean nothing odd here
    if (array.facts.nan + array.facts.infinite > 0)
      array.verdict.warnings.push_back(
          sentence(array.facts.nan + array.facts.infinite, " values are NaN or infinite."));
  }
  document.results["is"] = "fit";
  document.facts.emplace_back("is", "effects that expunge fit wrote (for expunge predict)");
  if (!arrays.empty()) add_arrays(document, arrays);
  document.results["arrays"] = arrays_json(arrays);
  try {
    const Json fit = read_json((folder / "fit.json").string());
    if (fit.is_object() && fit.contains("command") && fit["command"].is_string())
      document.facts.emplace_back("made by", fit["command"].get<std::string>());
    document.results["fit"] = fit;
  } catch (const io_error& error) {
    document.warnings.push_back(error.what());
  }
}

/// The label of the shape that most arrays have.
std::string commonest_shape(const std::vector<InspectedArray>& arrays) {
  std::map<std::string, Index> counts;
  for (const InspectedArray& a : arrays) ++counts[a.facts.shape_text()];
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

/// One warning for all files that hold the numbers of another.
void warn_of_twins(Document& document, const std::vector<InspectedArray>& arrays) {
  std::map<std::uint64_t, std::string> seen;
  std::vector<std::string> twins;
  for (const InspectedArray& a : arrays) {
    const auto [found, is_new] = seen.try_emplace(a.facts.fingerprint, a.label);
    if (!is_new && a.facts.elements > 0)
      twins.push_back(sentence(a.label, " holds the same numbers as ", found->second));
  }
  if (twins.size() == 1) document.warnings.push_back(twins[0] + ".");
  if (twins.size() > 1)
    document.warnings.push_back(
        sentence(twins.size(), " files hold the numbers of another: ", listed(twins, 3), "."));
}

/// The same of files of which all numbers are equal.
void warn_of_constants(Document& document, const std::vector<InspectedArray>& models) {
  std::vector<std::string> constant;
  for (const InspectedArray& a : models)
    if (a.facts.elements > 1 && a.facts.min == a.facts.max && a.facts.nan + a.facts.infinite == 0)
      constant.push_back(a.label);
  if (!constant.empty())
    document.warnings.push_back(sentence(constant.size(), " of ", models.size(),
                                         " files hold one number throughout (", listed(constant, 3),
                                         "): models that were never trained?"));
}

/// What _completed.npy says of `models` files.
void add_completed(Document& document, const fs::path& folder, std::size_t models) {
  if (!has(folder, "_completed.npy")) return;
  try {
    const ArrayFacts facts = inspect_arrays((folder / "_completed.npy").string())[0].facts;
    const Index completed = std::llround(facts.mean * static_cast<double>(facts.elements));
    document.facts.emplace_back("completed",
                                sentence(completed, " of ", facts.elements, " models"));
    document.results["completed"] = completed;
    if (static_cast<std::size_t>(facts.elements) != models)
      document.warnings.push_back(sentence("_completed.npy has ", facts.elements, " entries for ",
                                           models, " files: commands do not use it."));
    else if (completed < facts.elements)
      document.warnings.push_back(sentence(facts.elements - completed, " of ", facts.elements,
                                           " models are not done; commands leave them out."));
  } catch (const io_error& error) {
    document.warnings.push_back(error.what());
  }
}

/// One row for all models of the common shape.
report::Table models_table(const std::vector<InspectedArray>& models, Json& results) {
  Index nan = 0, infinite = 0;
  double least = models[0].facts.min, most = models[0].facts.max;
  for (const InspectedArray& m : models) {
    nan += m.facts.nan;
    infinite += m.facts.infinite;
    least = std::fmin(least, m.facts.min);
    most = std::fmax(most, m.facts.max);
  }
  results["nan"] = nan;
  results["infinite"] = infinite;
  results["min"] = report::number_json(least);
  results["max"] = report::number_json(most);
  return {"All models of the common shape",
          {{"", "models", true},
           {"", "shape", true},
           {"", "NaN"},
           {"", "infinite"},
           {"", "min"},
           {"", "max"}},
          {{{std::to_string(models.size())},
            {models[0].facts.shape_text()},
            {std::to_string(nan)},
            {std::to_string(infinite)},
            {report::fixed(least, 3)},
            {report::fixed(most, 3)}}}};
}

void inspect_models(Document& document, const fs::path& folder,
                    const std::vector<std::string>& names) {
  const std::vector<InspectedArray> arrays = inspect_all(document, folder, names);
  document.results["is"] = "one file a model";
  document.results["files"] = names.size();
  if (arrays.empty()) return;
  const std::string shape = commonest_shape(arrays);
  std::vector<InspectedArray> models;
  Json others = Json::array();
  for (const InspectedArray& a : arrays) {
    if (a.facts.shape_text() == shape) {
      models.push_back(a);
      if (a.facts.nan + a.facts.infinite > 0)
        document.warnings.push_back(
            sentence(a.label, ": ", a.facts.nan + a.facts.infinite, " NaN or infinite values."));
      continue;
    }
    others.push_back({{"name", a.label}, {"shape", a.facts.shape}});
    document.warnings.push_back(sentence(a.label, " has the shape ", a.facts.shape_text(),
                                         ", most files have ", shape, "."));
  }
  document.facts.emplace_back(
      "is", sentence("a folder of one file a model: ", models.size(), " files of ", shape));
  document.facts.emplace_back("first looks like", models[0].verdict.looks_like);
  document.results["models"] = models.size();
  document.results["shape"] = models[0].facts.shape;
  document.results["other_shapes"] = others;
  document.tables.push_back(models_table(models, document.results));
  add_completed(document, folder, models.size());
  warn_of_constants(document, models);
  warn_of_twins(document, arrays);
  const std::vector<std::string> epochs = epochs_of_a_model(names);
  if (!epochs.empty())
    document.warnings.push_back(sentence("Several epochs (", listed(epochs),
                                         ") of the same models: name one epoch by a pattern in "
                                         "quotes, '*epoch_",
                                         epochs.back(), ".npy'."));
}

/// Shape and type by the header, or size in bytes.
std::string entry_text(const fs::path& path) {
  std::error_code failure;
  const fs::file_status status = fs::status(path, failure);
  if (fs::is_directory(status)) return "folder";
  if (fs::exists(status) && !fs::is_regular_file(status)) return "no file: a pipe or a device";
  if (path.extension() == ".npy") {
    try {
      const NpyHeader header = read_npy_header(path);
      std::string text;
      for (const Index extent : header.shape) text += sentence(text.empty() ? "" : " x ", extent);
      return (text.empty() ? "one number" : text) + ", " + header.type();
    } catch (const io_error&) {
      return "damaged .npy";
    }
  }
  const std::uintmax_t bytes = fs::file_size(path, failure);
  return failure ? "" : sentence(bytes, " bytes");
}

void list_folder(Document& document, const fs::path& folder,
                 const std::vector<std::string>& names) {
  constexpr std::size_t most = 1000;
  document.results["is"] = "folder";
  document.facts.emplace_back(
      "is", sentence("a folder of ", names.size(), " entries that make no known data set"));
  report::Table table{"Entries", {{"", "name", true}, {"", "what", true}}, {}};
  Json list = Json::array();
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) {
    const std::string text = entry_text(folder / names[i]);
    table.rows.push_back({{names[i]}, {text}});
    list.push_back({{"name", names[i]}, {"what", text}});
  }
  document.results["entries"] = list;
  if (names.size() > most)
    document.remarks.push_back(sentence("The first ", most, " of ", names.size(), " entries."));
  if (!names.empty()) document.tables.push_back(std::move(table));
}

}  // namespace

void inspect_folder(Document& document, const std::string& folder) {
  const fs::path path = folder;
  if (has(path, "fit.json") && has(path, "effects.npy")) return inspect_fit(document, path);
  if (has(path, "masks.npy") && (has(path, "margins.npy") || has(path, "_completed.npy")))
    return inspect_store(document, path);
  if (has(path, "forget_sets") || has(path, "margins")) return inspect_easydub(document, folder);
  const std::vector<std::string> names = names_in(path);
  std::vector<std::string> arrays = npy_names_in(path);
  std::erase_if(arrays, [](const std::string& name) { return name.starts_with('_'); });
  if (arrays.size() >= 2 && 2 * arrays.size() > names.size()) {
    std::map<std::string, std::size_t> shapes;  // one file a model: most are alike
    std::size_t commonest = 0;
    for (const std::string& name : arrays)
      commonest = std::max(commonest, ++shapes[entry_text(path / name)]);
    if (2 * commonest > arrays.size()) return inspect_models(document, path, arrays);
  }
  list_folder(document, path, names);
}

}  // namespace expunge::cli
