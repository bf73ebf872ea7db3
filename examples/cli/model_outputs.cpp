#include "cli/model_outputs.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "cli/completed.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

std::string list_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

NpyView only_array(const NpzFile& archive, const std::string& name) {
  const std::vector<std::string> names = archive.names();
  if (names.size() != 1)
    throw io_error(name, 0,
                   names.empty()
                       ? std::string("the archive holds no array")
                       : sentence("the archive holds ", names.size(), " arrays (",
                                  list_names(names), "): name one as ", name, ":", names[0]));
  return archive.array(names[0]);
}

Precision precision_of(const NpyHeader& header) {
  if (header.kind != 'f' || header.item_bytes == 8) return Precision::two;
  return header.item_bytes == 2 ? Precision::half : Precision::single;
}

}  // namespace

bool is_archive_member(const std::string& name) {
  std::error_code ignored;
  return name.find(".npz:") != std::string::npos && !fs::exists(name, ignored);
}

NpyView open_array(const std::string& name) {
  std::error_code ignored;
  if (is_archive_member(name)) {
    const std::size_t colon = name.find(".npz:");
    return NpzFile(name.substr(0, colon + 4)).array(name.substr(colon + 5));
  }
  if (name.ends_with(".npz")) return only_array(NpzFile(name), name);
  if (fs::is_directory(name, ignored))
    throw io_error(name, 0, "a .npy or .npz file was expected, this is a folder");
  return NpyView::map(name);
}

ModelOutputs::ModelOutputs(const std::string& name) : name_(name) {
  if (stands_for_files(name)) {
    *this = ModelOutputs(list_files(name), name);
  } else {
    add_models(open_array(name));
    leave_out_unfinished(name);
  }
}

ModelOutputs::ModelOutputs(const std::vector<std::string>& files, std::string name)
    : name_(std::move(name)) {
  for (const std::string& file : files) {
    NpyView array = open_array(file);
    if (array.axes() != 1 && array.axes() != 2)
      throw io_error(file, array.header().data_offset,
                     sentence("one file a model was expected: [points], or [points][classes] of "
                              "logits; this array has ",
                              array.axes(), " axes"));
    check_same_points(array, array.extent(0), array.axes() == 2 ? array.extent(1) : 0);
    check_same_kind(array);
    rows_.push_back({arrays_.size(), -1});
    arrays_.push_back(std::move(array));
  }
}

void ModelOutputs::add_models(NpyView array) {
  const Index axes = array.axes();
  if (axes < 1 || axes > 3)
    throw io_error(array.name(), array.header().data_offset,
                   sentence("[models][points], or [models][points][classes] of logits was "
                            "expected; this array has ",
                            axes, " axes"));
  check_same_points(array, array.extent(axes == 1 ? 0 : 1), axes == 3 ? array.extent(2) : 0);
  if (axes == 1) {
    rows_.push_back({arrays_.size(), -1});
  } else {
    for (Index m = 0; m < array.extent(0); ++m) rows_.push_back({arrays_.size(), m});
  }
  arrays_.push_back(std::move(array));
}

void ModelOutputs::check_same_points(const NpyView& array, Index points, Index classes) {
  const auto refuse = [&](const std::string& what) {
    throw io_error(array.name(), array.header().data_offset, what);
  };
  if (array.elements() == 0) refuse("the array is empty");
  if (array.axes() > 1 && classes == 1) refuse("logits of one class have no margin");
  if (file_points_ >= 0 && (points != file_points_ || classes != classes_))
    refuse(sentence(points, " points of ", std::max<Index>(classes, 1), " numbers, ",
                    arrays_[0].name(), " has ", file_points_, " of ",
                    std::max<Index>(classes_, 1)));
  file_points_ = points;
  classes_ = classes;
  precision_ = std::max(precision_, precision_of(array.header()));
}

void ModelOutputs::check_same_kind(const NpyView& array) const {
  if (arrays_.empty()) return;
  const NpyView& first = arrays_[0];
  if ((array.header().kind == 'f') == (first.header().kind == 'f')) return;
  throw io_error(array.name(), array.header().data_offset,
                 sentence("numbers of type ", array.header().type(), ", those of ", first.name(),
                          " are ", first.header().type(), ": both are no outputs of models"));
}

void ModelOutputs::leave_out_unfinished(const std::string& file) {
  const std::vector<bool> completed = completed_models(arrays_[0], file);
  if (completed.empty()) return;
  std::vector<Row> kept;
  for (std::size_t m = 0; m < completed.size(); ++m)
    if (completed[m]) kept.push_back(rows_[m]);
  left_out_ = models() - static_cast<Index>(kept.size());
  rows_ = std::move(kept);
}

std::string ModelOutputs::shape_text() const {
  std::string text = sentence(models(), models() == 1 ? " model x " : " models x ", points(),
                              points() == 1 ? " point" : " points");
  if (classes_ > 0) text += sentence(" x ", classes_, " classes");
  text += ", " + arrays_[0].header().type();
  if (left_out_ > 0) text += sentence(" (", left_out_, " unfinished left out)");
  return text;
}

void ModelOutputs::set_labels(const std::string& name) {
  if (classes_ == 0)
    throw io_error(name_, 0, "labels make margins of logits, and this file has no axis of classes");
  const NpyView array = open_array(name);
  if (array.axes() != 1 || array.extent(0) != file_points_)
    throw io_error(array.name(), array.header().data_offset,
                   sentence("one label for each of the ", file_points_, " points of ", name_,
                            " was expected, [", file_points_, "]; the array has ", array.axes(),
                            " axes and ", array.elements(), " entries"));
  const std::vector<std::int64_t> labels = array.read_all<std::int64_t>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes_)
      throw io_error(
          array.name(), array.header().data_offset,
          sentence("label ", labels[i], " of point ", i, ", not in 0 .. ", classes_ - 1));
    labels_.push_back(static_cast<Label>(labels[i]));
  }
}

void ModelOutputs::require_margins() const {
  if (classes_ > 0 && !has_labels())
    throw io_error(name_, 0,
                   sentence("these are logits of ", classes_,
                            " classes: give the labels of the points (--labels) to make margins "
                            "of them"));
}

void ModelOutputs::keep_models(Index count) {
  require(count >= 1 && count <= models(), name_, ": ", count, " models were asked for, it has ",
          models());
  rows_.resize(static_cast<std::size_t>(count));
}

void ModelOutputs::keep_points(std::vector<Index> points) {
  for (const Index x : points)
    require(x >= 0 && x < file_points_, name_, ": point ", x, " of ", file_points_);
  require(!points.empty(), name_, ": no point is left");
  kept_ = std::move(points);
}

bool ModelOutputs::look_like_probabilities(int threads) const {
  const Index k = std::max<Index>(classes_, 1), count = std::min<Index>(points(), 64);
  const Array<double, 2> values = read_columns<double>(0, count * k, threads);
  for (const double value : values)
    if (!(value >= 0 && value <= 1)) return false;
  if (classes_ == 0) return true;
  for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(k)) {
    const double sum = std::accumulate(values.data() + i, values.data() + i + k, 0.0);
    if (std::abs(sum - 1) > 1e-2) return false;
  }
  return true;
}

std::string ModelOutputs::model_name(Index model) const {
  const Row& row = rows_[static_cast<std::size_t>(model)];
  if (row.row >= 0 && arrays_.size() == 1) return sentence("row ", row.row);
  return std::filesystem::path(arrays_[row.array].name()).filename().string();
}

}  // namespace expunge::cli
