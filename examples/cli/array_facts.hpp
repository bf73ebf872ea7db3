// What one array holds, found in one pass by blocks: counts, range, means, and what its rows and
// columns have in common. A row is everything under one position of the first axis (a model), a
// column everything under one position of the others (a point, a class).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/io/npy_view.hpp"

namespace expunge::cli {

/// Components of variance: of the means of rows, of the means of columns, and the rest.
struct AxisVariances {
  double rows = 0, columns = 0, rest = 0;
};

/// Of an array [rows][columns] of finite numbers.
AxisVariances axis_variances(const Array<double, 2>& values);

struct ArrayFacts {
  std::string name;
  std::vector<Index> shape;
  std::string type;            // "f4"
  std::string byte_order;      // "little", "big", "-" for one byte
  bool fortran_order = false;  // the first axis runs fastest

  Index elements = 0, nan = 0, infinite = 0;
  double min = 0, max = 0, mean = 0;  // of finite values; NaN if there are none
  bool whole = true;                  // every value is a whole number
  bool zero_one = true;               // every value is 0 or 1

  Index rows = 0, columns = 0;
  Index constant_rows = 0, constant_columns = 0;  // of at least two values, all equal
  Index all_one_rows = 0, all_zero_rows = 0;
  Index duplicate_rows = 0;                       // equal to a row before
  Index duplicate_first = -1, duplicate_of = -1;  // the first such row and the row it equals
  double least_row_sum = 0, most_row_sum = 0;     // of masks: how many examples a model saw
  std::uint64_t fingerprint = 0;                  // of all values

  AxisVariances variances;
  double ties = 0;             // share of values of a column that another row has too, in a sample
  bool distinct = false;       // one axis, whole numbers, no value twice
  bool columns_known = false;  // there is more than one row, and not too many columns

  Index axes() const { return static_cast<Index>(shape.size()); }
  bool is_float() const { return type[0] == 'f'; }
  std::string shape_text() const;  // "200 x 60000"
};

/// Reads all of the array. Memory: some numbers for each row and each column (of at most 2^24).
ArrayFacts array_facts(const NpyView& array);

}  // namespace expunge::cli
