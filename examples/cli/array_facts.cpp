#include "cli/array_facts.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace expunge::cli {

namespace {

constexpr Index piece = 65536;
constexpr Index most_tracked = Index{1} << 24;  // rows or columns of which something is kept
constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

/// A number for each position, taken in by one word at a time.
std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
  return hash ^ (hash >> 29);
}

/// The values of one row or column so far.
struct Line {
  double sum = 0, first = 0;
  Index finite = 0;
  bool same = true;

  void add(double value, bool is_first) {
    if (is_first) first = value;
    same = same && value == first;  // never of NaN
    if (!std::isfinite(value)) return;
    sum += value;
    ++finite;
  }
  double mean() const { return finite > 0 ? sum / static_cast<double>(finite) : no_value; }
};

/// Variance of the means that exist.
double variance_of(const std::vector<double>& means) {
  double n = 0, sum = 0, squares = 0;
  for (const double m : means)
    if (std::isfinite(m)) {
      n += 1;
      sum += m;
    }
  for (const double m : means)
    if (std::isfinite(m)) squares += (m - sum / n) * (m - sum / n);
  return n > 1 ? squares / (n - 1) : 0;
}

/// Of value = row + column + rest, from the means that exist and the variance `all` of all values.
/// The means of rows scatter by the rest too, by 1 / columns of its variance, and those of columns
/// by 1 / rows: that is taken off.
AxisVariances variances_of(const std::vector<double>& row_means,
                           const std::vector<double>& column_means, double all) {
  const double of_rows = variance_of(row_means), of_columns = variance_of(column_means);
  const double a_row = 1 / static_cast<double>(column_means.size());
  const double a_column = 1 / static_cast<double>(row_means.size());
  const double rest = std::max(0.0, all - of_rows - of_columns);
  AxisVariances found;
  found.rest = a_row + a_column < 1 ? rest / (1 - a_row - a_column) : rest;
  found.rows = std::max(0.0, of_rows - found.rest * a_row);
  found.columns = std::max(0.0, of_columns - found.rest * a_column);
  return found;
}

class Pass {
 public:
  explicit Pass(const NpyView& array) : array_(array) {
    facts_.shape = array.header().shape;
    facts_.elements = array.elements();
    facts_.rows = facts_.shape.empty() ? 1 : facts_.shape[0];
    facts_.columns = facts_.rows == 0 ? 0 : facts_.elements / facts_.rows;
    facts_.columns_known = facts_.rows > 1 && facts_.columns <= most_tracked;
    if (facts_.columns_known) columns_.resize(static_cast<std::size_t>(facts_.columns));
    facts_.min = std::numeric_limits<double>::infinity();
    facts_.max = -facts_.min;
    facts_.least_row_sum = facts_.min;
    facts_.most_row_sum = facts_.max;
  }

  ArrayFacts run() {
    for (Index r = 0; r < facts_.rows && facts_.columns > 0; ++r) read_row(r);
    finish();
    return std::move(facts_);
  }

 private:
  void read_row(Index row) {
    Line line;
    std::uint64_t hash = 1;
    values_.resize(static_cast<std::size_t>(std::min(piece, facts_.columns)));
    for (Index first = 0; first < facts_.columns; first += piece) {
      const Index count = std::min(piece, facts_.columns - first);
      read(row, first, count);
      for (Index i = 0; i < count; ++i) {
        const double value = values_[static_cast<std::size_t>(i)];
        take(value);
        line.add(value, first + i == 0);
        hash = mixed(hash, std::bit_cast<std::uint64_t>(value));
        if (facts_.columns_known)
          columns_[static_cast<std::size_t>(first + i)].add(value, row == 0);
      }
    }
    end_row(row, line, hash);
  }

  void read(Index row, Index first, Index count) {
    std::vector<Index> at(facts_.shape.size());
    Index rest = first;
    for (std::size_t a = at.size(); a-- > 1;) {
      at[a] = rest % facts_.shape[a];
      rest /= facts_.shape[a];
    }
    if (!at.empty()) at[0] = row;
    array_.read(at, count, values_.data());
  }

  void take(double value) {
    if (std::isnan(value)) {
      ++facts_.nan;
    } else if (std::isinf(value)) {
      ++facts_.infinite;
    } else {
      facts_.min = std::min(facts_.min, value);
      facts_.max = std::max(facts_.max, value);
    }
    facts_.zero_one = facts_.zero_one && (value == 0 || value == 1);
    facts_.whole = facts_.whole && std::isfinite(value) && value == std::floor(value);
    if (!std::isfinite(value)) return;
    if (finite_++ == 0) shift_ = value;
    sum_ += value - shift_;
    squares_ += (value - shift_) * (value - shift_);
  }

  void end_row(Index row, const Line& line, std::uint64_t hash) {
    const bool many = facts_.columns > 1;
    facts_.constant_rows += many && line.same;
    facts_.all_one_rows += many && line.same && line.first == 1;
    facts_.all_zero_rows += many && line.same && line.first == 0;
    facts_.least_row_sum = std::min(facts_.least_row_sum, line.sum);
    facts_.most_row_sum = std::max(facts_.most_row_sum, line.sum);
    facts_.fingerprint = mixed(facts_.fingerprint, hash);
    if (facts_.rows > most_tracked) return;
    row_means_.push_back(line.mean());
    if (facts_.columns < 8) return;  // short rows are equal by chance
    const auto [found, is_new] = seen_.try_emplace(hash, row);
    if (is_new) return;
    ++facts_.duplicate_rows;
    if (facts_.duplicate_first >= 0) return;
    facts_.duplicate_first = row;
    facts_.duplicate_of = found->second;
  }

  void finish() {
    facts_.mean = finite_ > 0 ? shift_ + sum_ / static_cast<double>(finite_) : no_value;
    if (finite_ == 0) facts_.min = facts_.max = no_value;
    if (facts_.elements == 0) facts_.least_row_sum = facts_.most_row_sum = no_value;
    if (facts_.elements == 0) facts_.whole = facts_.zero_one = false;
    for (const Line& column : columns_) facts_.constant_columns += column.same;
    if (facts_.columns_known && facts_.columns > 1 && !row_means_.empty()) find_variances();
  }

  void find_variances() {
    std::vector<double> column_means;
    for (const Line& column : columns_) column_means.push_back(column.mean());
    const double n = static_cast<double>(std::max<Index>(finite_, 2));
    facts_.variances =
        variances_of(row_means_, column_means, (squares_ - sum_ * sum_ / n) / (n - 1));
  }

  const NpyView& array_;
  ArrayFacts facts_;
  std::vector<double> values_;
  std::vector<Line> columns_;
  std::vector<double> row_means_;
  std::unordered_map<std::uint64_t, Index> seen_;
  Index finite_ = 0;
  double shift_ = 0, sum_ = 0, squares_ = 0;  // of value - shift, shift the first finite value
};

/// Share of values that another row has too, in 16 columns and 4096 rows at most.
double share_of_ties(const NpyView& array, const ArrayFacts& facts) {
  if (facts.rows < 2 || facts.columns < 1 || facts.axes() < 2) return 0;
  const Index rows = std::min<Index>(facts.rows, 4096),
              columns = std::min<Index>(facts.columns, 16);
  Index tied = 0;
  for (Index c = 0; c < columns; ++c) {
    std::vector<Index> at(facts.shape.size());
    Index rest = facts.columns / columns * c;
    for (std::size_t a = at.size(); a-- > 1;) {
      at[a] = rest % facts.shape[a];
      rest /= facts.shape[a];
    }
    std::vector<double> values(static_cast<std::size_t>(rows));
    for (at[0] = 0; at[0] < rows; ++at[0])
      array.read(at, 1, &values[static_cast<std::size_t>(at[0])]);
    std::sort(values.begin(), values.end());
    for (std::size_t i = 0; i < values.size(); ++i)
      tied += (i > 0 && values[i] == values[i - 1]) ||
              (i + 1 < values.size() && values[i] == values[i + 1]);
  }
  return static_cast<double>(tied) / static_cast<double>(rows * columns);
}

bool all_distinct(const NpyView& array, const ArrayFacts& facts) {
  if (facts.axes() != 1 || facts.elements == 0 || !facts.whole || facts.elements > most_tracked)
    return false;
  std::vector<double> values = array.read_all<double>();
  std::sort(values.begin(), values.end());
  return std::adjacent_find(values.begin(), values.end()) == values.end();
}

}  // namespace

AxisVariances axis_variances(const Array<double, 2>& values) {
  const std::size_t rows = values.shape()[0], columns = values.shape()[1];
  std::vector<double> row_means(rows), column_means(columns);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) {
      row_means[r] += values(r, c) / static_cast<double>(columns);
      column_means[c] += values(r, c) / static_cast<double>(rows);
    }
  return variances_of(row_means, column_means, variance_of({values.begin(), values.end()}));
}

std::string ArrayFacts::shape_text() const {
  if (shape.empty()) return "one number";
  std::string text;
  for (const Index extent : shape) text += sentence(text.empty() ? "" : " x ", extent);
  return text;
}

ArrayFacts array_facts(const NpyView& array) {
  ArrayFacts facts = Pass(array).run();
  const NpyHeader& header = array.header();
  facts.name = array.name();
  facts.type = header.type();
  facts.fortran_order = header.fortran_order;
  const bool little = (std::endian::native == std::endian::little) != header.swapped;
  facts.byte_order = header.item_bytes == 1 ? "-" : little ? "little" : "big";
  // A column of NaN sorts nowhere: no ties are sought where there are any.
  if (facts.is_float() && facts.nan == 0) facts.ties = share_of_ties(array, facts);
  facts.distinct = all_distinct(array, facts);
  return facts;
}

}  // namespace expunge::cli
