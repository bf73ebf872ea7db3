// The EasyDUB data set: which forget sets there are, how many models of each kind, what is missing
// or odd (the layout is in easydub.cpp).
#include <algorithm>
#include <filesystem>
#include <map>

#include "cli/inspect_folder.hpp"
#include "cli/listing.hpp"
#include "cli/open_array.hpp"
#include "cli/splits.hpp"
#include "expunge/io/npy_header.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

/// The models of one split, by the headers of their files.
struct Group {
  std::string folder;  // "oracle/forget_2/retain"
  Index files = 0, models = 0, points = -1;
  std::string type;
};

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

std::vector<std::string> folders_in(const fs::path& folder) {
  if (!is_folder(folder)) return {};
  std::vector<std::string> names = names_in(folder);
  std::erase_if(names, [&](const std::string& name) { return !is_folder(folder / name); });
  return names;
}

/// Paths of the .npy files of a folder, which need not be there.
std::vector<std::string> arrays_in(const fs::path& folder) {
  std::vector<std::string> files;
  if (!is_folder(folder)) return files;
  for (const std::string& name : npy_names_in(folder)) files.push_back((folder / name).string());
  return files;
}

/// Points of most files; files with others, or damaged ones, are warnings.
Group read_group(Document& document, const fs::path& folder, const std::string& name) {
  Group group{name, 0, 0, -1, ""};
  std::map<std::string, Index> models;
  std::map<Index, Index> lengths;
  std::vector<std::pair<std::string, Index>> files;
  for (const std::string& file : arrays_in(folder)) {
    const std::string stem = fs::path(file).filename().string();
    ++models[stem.substr(0, stem.find("_epoch_"))];
    ++group.files;
    try {
      require_no_pipe(file);
      const NpyHeader header = read_npy_header(file);
      const Index points = header.shape.size() == 1 ? header.shape[0] : -1;
      if (points < 0)
        document.warnings.push_back(
            sentence(name, "/", stem, " is ", brackets(header.shape), ", [points] was expected."));
      if (group.type.empty()) group.type = header.type();
      if (group.type != header.type() && group.type != "mixed") group.type = "mixed";
      ++lengths[points];
      files.emplace_back(stem, points);
    } catch (const io_error& error) {
      document.warnings.push_back(error.what());
    }
  }
  group.models = static_cast<Index>(models.size());
  Index most = 0;
  for (const auto& [points, count] : lengths)
    if (points >= 0 && count > most) {
      most = count;
      group.points = points;
    }
  for (const auto& [stem, points] : files)
    if (points >= 0 && points != group.points)
      document.warnings.push_back(sentence(name, "/", stem, " has ", points,
                                           " points, most files have ", group.points, "."));
  if (group.models < group.files)
    document.remarks.push_back(
        sentence(name, ": ", group.files, " files of ", group.models,
                 " models (several epochs; easydub takes that of --epoch)."));
  return group;
}

/// A split's files lie in a folder of the network's name, or directly in it.
Group read_split(Document& document, const fs::path& folder, const std::string& name) {
  const std::vector<std::string> networks = folders_in(folder);
  if (!arrays_in(folder).empty() || networks.empty()) return read_group(document, folder, name);
  if (networks.size() > 1)
    document.warnings.push_back(
        sentence(name, " holds ", networks.size(), " networks; the first is ", networks[0], "."));
  return read_group(document, folder / networks[0], name);
}

/// Sizes of the forget sets by number.
std::map<Index, Index> read_forget_sets(Document& document, const fs::path& folder) {
  std::map<Index, Index> sizes;
  for (const std::string& file : arrays_in(folder)) {
    const std::string stem = fs::path(file).stem().string();
    const std::string digits = stem.substr(stem.find_last_of('_') + 1);
    if (!stem.starts_with("forget_set_") || digits.empty() || digits.size() > 9 ||
        digits.find_first_not_of("0123456789") != std::string::npos) {
      document.warnings.push_back(file + " is not named forget_set_K.npy.");
      continue;
    }
    try {
      require_no_pipe(file);
      sizes[std::stoll(digits)] = static_cast<Index>(read_positions(file, Index{1} << 27).size());
    } catch (const io_error& error) {
      document.warnings.push_back(error.what());
    }
  }
  return sizes;
}

/// The groups of models below margins/DATA, those without a file left out.
std::vector<Group> read_groups(Document& document, const fs::path& margins) {
  std::vector<Group> groups;
  const auto add = [&](const fs::path& folder, const std::string& name) {
    Group group = read_split(document, folder, name);
    if (group.files > 0) groups.push_back(std::move(group));
  };
  for (const std::string& split : folders_in(margins / "pretrain"))
    add(margins / "pretrain" / split, "pretrain/" + split);
  for (const std::string& forget : folders_in(margins / "oracle"))
    for (const std::string& split : folders_in(margins / "oracle" / forget))
      add(margins / "oracle" / forget / split, "oracle/" + forget + "/" + split);
  return groups;
}

/// What each forget set needs and what lengths its files must have.
void check_forget_set(Document& document, const std::vector<Group>& groups, Index number,
                      Index size) {
  const std::string forget = sentence("forget_", number);
  const auto points_of = [&](const std::string& name) -> Index {
    for (const Group& g : groups)
      if (g.folder == name) return g.points;
    document.warnings.push_back(sentence("Forget set ", number, ": no files in ", name, "."));
    return -1;
  };
  const auto expect = [&](const std::string& name, Index points) {
    const Index found = points_of(name);
    if (found >= 0 && points >= 0 && found != points)
      document.warnings.push_back(
          sentence(name, " has ", found, " points, ", points, " were expected."));
  };
  Index all = -1, val = -1;
  for (const Group& g : groups) {
    if (g.folder == "pretrain/retain") all = g.points;
    if (g.folder == "pretrain/val") val = g.points;
  }
  expect("pretrain/" + forget, size);
  expect("oracle/" + forget + "/forget", size);
  expect("oracle/" + forget + "/retain", all < 0 ? -1 : all - size);
  expect("oracle/" + forget + "/val", val);
}

void add_tables(Document& document, const std::string& data, const std::map<Index, Index>& sets,
                const std::vector<Group>& groups) {
  report::Table table{
      data + ": models by split",
      {{"", "folder", true}, {"", "models"}, {"", "files"}, {"", "points"}, {"", "type", true}},
      {}};
  Json list = Json::array(), forget_sets = Json::array();
  for (const Group& g : groups) {
    table.rows.push_back({{g.folder},
                          {std::to_string(g.models)},
                          {std::to_string(g.files)},
                          {g.points < 0 ? "?" : std::to_string(g.points)},
                          {g.type}});
    list.push_back({{"folder", g.folder},
                    {"models", g.models},
                    {"files", g.files},
                    {"points", g.points},
                    {"type", g.type}});
  }
  std::string text;
  for (const auto& [number, size] : sets) {
    text += sentence(text.empty() ? "" : ", ", number, " (", size, ")");
    forget_sets.push_back({{"number", number}, {"size", size}});
  }
  document.facts.emplace_back(data + " forget sets", text.empty() ? "none" : text);
  document.results["data"][data] = {{"forget_sets", forget_sets}, {"groups", list}};
  if (!groups.empty()) document.tables.push_back(std::move(table));
}

}  // namespace

void inspect_easydub(Document& document, const std::string& folder) {
  const fs::path root = folder;
  document.results["is"] = "EasyDUB data set";
  document.facts.emplace_back("is", "an EasyDUB data set (for expunge easydub)");
  std::vector<std::string> names = folders_in(root / "margins");
  for (const std::string& name : folders_in(root / "forget_sets"))
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  for (const std::string part : {"forget_sets", "margins"})
    if (!is_folder(root / part)) document.warnings.push_back("The folder " + part + " is missing.");
  for (const std::string& data : names) {
    const std::map<Index, Index> sets = read_forget_sets(document, root / "forget_sets" / data);
    const std::vector<Group> groups = read_groups(document, root / "margins" / data);
    add_tables(document, data, sets, groups);
    for (const auto& [number, size] : sets) check_forget_set(document, groups, number, size);
  }
}

}  // namespace expunge::cli
