#include "cli/model_outputs.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cli/suggest.hpp"

namespace expunge::cli {

namespace {

Precision precision_of(const NpyHeader& header) {
  if (header.kind != 'f' || header.item_bytes == 8) return Precision::two;
  return header.item_bytes == 2 ? Precision::half : Precision::single;
}

}  // namespace

ModelOutputs::ModelOutputs(const std::string& name, UseCompleted use) : name_(name) {
  if (stands_for_files(name)) {
    const std::vector<std::string> files = list_files(name);
    *this = ModelOutputs(files, name);
    if (std::string epochs = epochs_warning(name, files); !epochs.empty())
      warnings_.push_back(std::move(epochs));
    if (use == UseCompleted::yes) leave_out_unfinished(completed_files(name, files));
  } else {
    add_models(open_array(name));
    if (use == UseCompleted::yes && arrays_[0].axes() > 1)
      leave_out_unfinished(completed_rows(name, models()));
  }
}

ModelOutputs::ModelOutputs(const std::vector<std::string>& files, std::string name)
    : name_(std::move(name)) {
  for (const std::string& file : files) {
    NpyView array = open_array(file);
    const std::vector<Index>& shape = array.header().shape;
    // [1][points] and [1][points][classes], what numpy.save(name, tensor of a batch of one) gives
    const Index skip = array.axes() > 1 && shape[0] == 1 ? 1 : 0, axes = array.axes() - skip;
    if (axes != 1 && axes != 2)
      throw io_error(file, sentence("one file a model was expected: [points], or "
                                    "[points][classes] of logits; this array is ",
                                    brackets(shape)));
    check_same_points(array, array.extent(skip), axes == 2 ? array.extent(skip + 1) : 0);
    check_same_kind(array);
    rows_.push_back({arrays_.size(), skip == 1 ? 0 : -1});
    arrays_.push_back(std::move(array));
  }
}

void ModelOutputs::add_models(NpyView array) {
  const Index axes = array.axes();
  if (axes < 1 || axes > 3)
    throw io_error(array.name(), sentence("[models][points], or [models][points][classes] of "
                                          "logits was expected; this array is ",
                                          brackets(array.header().shape)));
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
    throw io_error(array.name(), sentence(brackets(array.header().shape), ": ", what));
  };
  if (array.elements() == 0) refuse("the array is empty; was the program that wrote it stopped?");
  if (array.axes() > 1 && classes == 1)
    refuse("logits of one class have no margin; if these are margins, drop the last axis");
  const auto text = [](Index count, Index k) {
    return k > 0 ? sentence(count, " points of ", k, " classes") : sentence(count, " points");
  };
  if (file_points_ >= 0 && (points != file_points_ || classes != classes_))
    throw io_error(array.name(),
                   sentence(text(points, classes), ", ", arrays_[0].name(), " has ",
                            text(file_points_, classes_), "; all models need the same points"));
  file_points_ = points;
  classes_ = classes;
  precision_ = std::max(precision_, precision_of(array.header()));
}

void ModelOutputs::check_same_kind(const NpyView& array) const {
  if (arrays_.empty()) return;
  const NpyView& first = arrays_[0];
  if ((array.header().kind == 'f') == (first.header().kind == 'f')) return;
  throw io_error(array.name(),
                 sentence("numbers of type ", array.header().type(), ", those of ", first.name(),
                          " are ", first.header().type(),
                          ": both are no outputs of models; put one of them elsewhere"));
}

void ModelOutputs::leave_out_unfinished(Completed completed) {
  if (!completed.warning.empty()) warnings_.push_back(completed.warning);
  completed_ = std::move(completed);
  if (completed_.done.empty()) return;
  std::vector<Row> kept;
  for (std::size_t m = 0; m < completed_.done.size(); ++m)
    if (completed_.done[m]) kept.push_back(rows_[m]);
  left_out_ = models() - static_cast<Index>(kept.size());
  rows_ = std::move(kept);
}

std::string ModelOutputs::shape_text() const {
  std::string text = sentence(models(), models() == 1 ? " model x " : " models x ", points(),
                              points() == 1 ? " point" : " points");
  if (classes_ > 0) text += sentence(" x ", classes_, " classes");
  text += ", " + arrays_[0].header().type();
  if (left_out_ > 0)
    text += sentence(" (", left_out_, " unfinished left out, as ", completed_.file, " says)");
  return text;
}

void ModelOutputs::set_labels(const std::string& name) {
  if (classes_ == 0)
    throw io_error(name_,
                   "labels make margins of logits, and this file has no axis of classes; leave "
                   "--labels out if these are margins");
  const NpyView array = open_array(name);
  if (array.elements() == file_points_ * classes_ && array.elements() > file_points_)
    throw io_error(array.name(),
                   sentence("one label for each of the ", file_points_, " points of ", name_,
                            " was expected, this is ", brackets(array.header().shape),
                            ", one-hot it seems; labels.argmax(1) makes labels"));
  const std::vector<std::int64_t> labels = read_integers(array, "labels [points]");
  if (static_cast<Index>(labels.size()) != file_points_)
    throw io_error(array.name(), sentence("one label for each of the ", file_points_, " points of ",
                                          name_, " was expected, there are ", labels.size(),
                                          where_points_may_be(labels.size())));
  const auto [least, most] = std::minmax_element(labels.begin(), labels.end());
  const bool from_one = *least == 1 && *most == classes_;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes_)
      throw io_error(
          array.name(),
          sentence("label ", labels[i], " of point ", i, ", not in 0 .. ", classes_ - 1,
                   from_one        ? "; these labels count from 1, subtract 1"
                   : labels[i] < 0 ? "; leave points without a label out, of the outputs too"
                                   : sentence("; are these the labels of ", name_,
                                              ", whose "
                                              "logits are of ",
                                              classes_, " classes?")));
    labels_.push_back(static_cast<Label>(labels[i]));
  }
}

std::string ModelOutputs::where_points_may_be(std::size_t labels) const {
  const std::vector<Index>& shape = arrays_[0].header().shape;
  const char* const names[] = {"first", "second", "third"};
  for (std::size_t a = 0; a < std::min<std::size_t>(3, shape.size()); ++a)
    if (shape[a] == static_cast<Index>(labels) && rows_[0].row >= 0)
      return sentence("; the ", names[a], " axis of ", brackets(shape), " has as many, and ",
                      "[models][points][classes] is what is read: numpy.transpose turns it");
  return "; give those of the same points, in the same order";
}

std::vector<double> ModelOutputs::logits_at(Index model, Index point) const {
  std::vector<double> logits(static_cast<std::size_t>(classes_));
  read_points(rows_[static_cast<std::size_t>(model)], point, 1, logits.data());
  return logits;
}

void ModelOutputs::require_margins() const {
  if (classes_ > 0 && !has_labels())
    throw io_error(name_,
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
