// What many models say at many points, as other tools left it on disk: read by blocks of points,
// never copied whole.
//
//   FILE          one array: margins [models][points] or [points] (one model),
//                 logits [models][points][classes]; .npy, or .npz, or ARCHIVE.npz:NAME
//   FOLDER, GLOB  one file a model, in natural order (id_2 before id_10): margins [points] or
//                 logits [points][classes], each with a leading axis of one if it likes; floats in
//                 all, or integers in all; _NAME.npy is none
//
// A file _completed.npy (completed.hpp) says which models are done; the others are left out.
#pragma once

#include <string>
#include <vector>

#include "cli/completed.hpp"
#include "cli/listing.hpp"
#include "cli/open_array.hpp"
#include "expunge/core/array.hpp"
#include "expunge/core/half.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/core/sample.hpp"
#include "expunge/io/npy_view.hpp"
#include "expunge/output/margin.hpp"

namespace expunge::cli {

/// What the numbers of a file are computed with: its own type for floats, double for integers.
enum class Precision { half, single, two };  // f2, f4, f8

/// Calls f with a value of the type: f(Half()), f(float()) or f(double()).
template <class F>
auto with_precision(Precision precision, F f) {
  if (precision == Precision::half) return f(Half());
  return precision == Precision::single ? f(float()) : f(double());
}

class ModelOutputs {
 public:
  /// Throws io_error where a file is not what this page says.
  explicit ModelOutputs(const std::string& name, UseCompleted use = UseCompleted::yes);
  /// These files, one for each model.
  ModelOutputs(const std::vector<std::string>& files, std::string name);

  Index models() const { return static_cast<Index>(rows_.size()); }
  Index points() const { return kept_.empty() ? file_points_ : static_cast<Index>(kept_.size()); }
  Index classes() const { return classes_; }  // 0: one number for each point
  Index columns() const { return points() * std::max<Index>(classes_, 1); }
  Precision precision() const { return has_labels() ? Precision::two : precision_; }
  bool are_floats() const { return arrays_[0].header().kind == 'f'; }
  const std::string& name() const { return name_; }
  /// Which models of the file or files are done; empty: all, or it is not known.
  const std::vector<bool>& completed() const { return completed_.done; }
  Index left_out() const { return left_out_; }  // models that _completed.npy calls unfinished
  std::string shape_text() const;               // "200 models x 60000 points, f4"
  /// What is odd about the files themselves, one sentence each.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// Labels [points] of logits, from then on read as margins.
  void set_labels(const std::string& name);
  bool has_labels() const { return !labels_.empty(); }

  /// Whether the numbers at the first points lie in [0, 1] (of logits: and add up to 1), as
  /// probabilities do and margins do not.
  bool look_like_probabilities(int threads) const;

  /// The first `count` models alone.
  void keep_models(Index count);
  /// These points alone, in this order.
  void keep_points(std::vector<Index> points);

  /// What the files call a model: "id_3.npy", or "row 3" of one array.
  std::string model_name(Index model) const;

  /// Numbers [models][count] of columns [first, first + count), a column being one point, or one
  /// class of one point.
  template <class T>
  Array<T, 2> read_columns(Index first, Index count, int threads) const;

  /// Margins [models][count] of points [first, first + count); of logits, log(p / (1 - p)) of the
  /// label. Throws io_error for logits without labels.
  template <class T>
  Array<T, 2> read_margins(Index first, Index count, int threads) const;

  /// Margins [models][points.size()] of the points listed.
  template <class T>
  Array<T, 2> read_margins_at(const std::vector<Index>& points, int threads) const;

  /// The same of some of the models, [models.size()][points.size()].
  template <class T>
  Array<T, 2> read_margins_at(const std::vector<Index>& models, const std::vector<Index>& points,
                              int threads) const;

  /// Logits [classes] of one model at one point, of files that have classes.
  std::vector<double> logits_at(Index model, Index point) const;
  Label label_of(Index point) const { return labels_[static_cast<std::size_t>(file_point(point))]; }

 private:
  static constexpr Index logits_at_a_time = 65536;  // of one model, as double

  struct Row {
    std::size_t array;
    Index row;  // along the first axis; -1: there is no such axis, the whole array is one model
  };

  void add_models(NpyView array);
  void check_same_kind(const NpyView& array) const;
  void leave_out_unfinished(Completed completed);
  void check_same_points(const NpyView& array, Index points, Index classes);
  void require_margins() const;
  /// Of so many labels: which axis has as many, where that is not the points'.
  std::string where_points_may_be(std::size_t labels) const;
  Index file_point(Index point) const {
    return kept_.empty() ? point : kept_[static_cast<std::size_t>(point)];
  }

  /// Everything that the file says of points [first, first + count), [count][classes or 1].
  template <class T>
  void read_points(const Row& row, Index first, Index count, T* to) const;
  template <class T>
  void read_margins_of(const Row& row, Index first, Index count, T* to) const;

  std::string name_;
  std::vector<NpyView> arrays_;
  std::vector<Row> rows_;
  std::vector<Index> kept_;    // points of the files, or empty: all
  std::vector<Label> labels_;  // of the files' points
  Index file_points_ = -1;
  Index classes_ = 0;
  Index left_out_ = 0;
  Completed completed_;
  std::vector<std::string> warnings_;
  Precision precision_ = Precision::half;
};

template <class T>
void ModelOutputs::read_points(const Row& row, Index first, Index count, T* to) const {
  const Index k = std::max<Index>(classes_, 1);
  for (Index done = 0; done < count;) {
    const Index point = file_point(first + done);
    Index run = 1;  // points that lie one after the other in the file
    while (done + run < count && file_point(first + done + run) == point + run) ++run;
    std::array<Index, 3> at{row.row, point, 0};
    const std::size_t skip = row.row < 0 ? 1 : 0, axes = classes_ > 0 ? 3 : 2;
    arrays_[row.array].read(std::span<const Index>(at).subspan(skip, axes - skip), run * k,
                            to + done * k);
    done += run;
  }
}

template <class T>
void ModelOutputs::read_margins_of(const Row& row, Index first, Index count, T* to) const {
  if (!has_labels()) return read_points(row, first, count, to);
  const Index piece = std::max<Index>(1, logits_at_a_time / classes_);
  std::vector<double> logits(static_cast<std::size_t>(std::min(piece, count) * classes_));
  for (Index done = 0; done < count; done += piece) {
    const Index points = std::min(piece, count - done);
    read_points(row, first + done, points, logits.data());
    for (Index i = 0; i < points; ++i) {
      const Label label = labels_[static_cast<std::size_t>(file_point(first + done + i))];
      double value = 0;
      Margin().value(logits.data() + i * classes_, classes_, label, &value);
      to[done + i] = static_cast<T>(value);
    }
  }
}

template <class T>
Array<T, 2> ModelOutputs::read_margins(Index first, Index count, int threads) const {
  require_margins();
  Array<T, 2> margins = make_array<T>(models(), count);
  parallel_for(threads, models(), [&](int, Index m) {
    read_margins_of(rows_[static_cast<std::size_t>(m)], first, count, margins.data() + m * count);
  });
  return margins;
}

template <class T>
Array<T, 2> ModelOutputs::read_margins_at(const std::vector<Index>& models,
                                          const std::vector<Index>& points, int threads) const {
  require_margins();
  const Index count = static_cast<Index>(points.size());
  const Index rows = static_cast<Index>(models.size());
  Array<T, 2> margins = make_array<T>(rows, count);
  parallel_for(threads, rows, [&](int, Index m) {
    const Row& row = rows_[static_cast<std::size_t>(models[static_cast<std::size_t>(m)])];
    for (Index i = 0; i < count; ++i)
      read_margins_of(row, points[static_cast<std::size_t>(i)], 1, margins.data() + m * count + i);
  });
  return margins;
}

template <class T>
Array<T, 2> ModelOutputs::read_margins_at(const std::vector<Index>& points, int threads) const {
  return read_margins_at<T>(all_indices(models()), points, threads);
}

template <class T>
Array<T, 2> ModelOutputs::read_columns(Index first, Index count, int threads) const {
  const Index k = std::max<Index>(classes_, 1);
  const Index first_point = first / k, end_point = (first + count + k - 1) / k;
  Array<T, 2> columns = make_array<T>(models(), count);
  parallel_for(threads, models(), [&](int, Index m) {
    std::vector<T> row(static_cast<std::size_t>((end_point - first_point) * k));
    read_points(rows_[static_cast<std::size_t>(m)], first_point, end_point - first_point,
                row.data());
    std::copy_n(row.data() + first - first_point * k, count, columns.data() + m * count);
  });
  return columns;
}

}  // namespace expunge::cli
