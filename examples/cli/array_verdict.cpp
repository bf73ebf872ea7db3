#include "cli/array_verdict.hpp"

#include "expunge/report/number.hpp"

namespace expunge::cli {

namespace {

/// Classes of logits are fewer than this; more columns are points.
constexpr Index most_classes = 1000;

bool in_unit_interval(const ArrayFacts& f) {
  return f.min >= 0 && f.max <= 1;
}

bool columns_vary_most(const AxisVariances& v) {
  return v.columns > v.rows && v.columns > 0.1 * v.rest;
}

std::string mask_text(const ArrayFacts& f) {
  const double n = static_cast<double>(f.columns);
  std::string text = sentence("masks [models][examples]: ", f.rows, " models of ", f.columns,
                              " examples, ", report::fixed(100 * f.mean, 1), " % included");
  if (f.least_row_sum == f.most_row_sum)
    return text + (2 * f.least_row_sum == n ? " (each exactly half)"
                                            : sentence(" (each exactly ", f.least_row_sum, ")"));
  return text + sentence(" (", f.least_row_sum, " to ", f.most_row_sum, " a model)");
}

void warn_of_masks(const ArrayFacts& f, Verdict& v) {
  if (f.all_one_rows > 0)
    v.warnings.push_back(sentence(f.all_one_rows, " of ", f.rows,
                                  " rows of masks are all ones: models that saw "
                                  "everything."));
  if (f.all_zero_rows > 0)
    v.warnings.push_back(sentence(f.all_zero_rows, " of ", f.rows,
                                  " rows of masks are all zeros: models not drawn, or not done."));
  if (f.constant_columns > 0)
    v.warnings.push_back(sentence(f.constant_columns, " of ", f.columns,
                                  " examples are in all models or in none: nothing can be learned "
                                  "of their effect."));
}

void judge_line_of_integers(const ArrayFacts& f, Verdict& v) {
  const Index n = f.elements;
  if (f.type == "b1") {
    v.looks_like = sentence("flags: ", f.mean * static_cast<double>(n), " of ", n, " set");
  } else if (f.min < 0) {
    v.looks_like = sentence(n, " integers, some negative: neither labels nor positions");
  } else if (f.distinct && n > 1 && f.max == static_cast<double>(n - 1)) {
    v.looks_like = sentence("positions: each of 0 .. ", n - 1, " once (an order)");
  } else if (f.distinct) {
    v.looks_like = sentence("positions (a forget set): ", n, " of 0 .. ", report::fixed(f.max, 0),
                            ", each once");
  } else if (f.max < static_cast<double>(most_classes)) {
    v.looks_like =
        sentence("labels [points]: ", n, " points, classes 0 .. ", report::fixed(f.max, 0));
    if (f.zero_one) v.looks_like += ", or flags";
  } else {
    v.looks_like = sentence("positions with repeats: ", n, " of 0 .. ", report::fixed(f.max, 0));
    v.warnings.push_back("A position is listed twice.");
  }
}

/// Names of the axes of a table of floats.
std::string table_text(const ArrayFacts& f, const std::string& what, Verdict& v) {
  if (f.rows > f.columns && rows_vary_most(f.variances)) {
    v.warnings.push_back(sentence("Rows differ more than columns: this looks transposed, ", f.rows,
                                  " points of ", f.columns,
                                  " models; [models][points] is what the commands read."));
    return sentence(what, " [points][models], transposed: ", f.columns, " models, ", f.rows,
                    " points");
  }
  if (f.rows > f.columns && f.columns <= most_classes && !columns_vary_most(f.variances) &&
      what == "margins")
    return sentence("logits [points][classes] of one model with ", f.columns, " classes (or ", what,
                    " [models][points] of ", f.rows, " models)");
  return sentence(what, " [models][points]: ", f.rows, f.rows == 1 ? " model, " : " models, ",
                  f.columns, f.columns == 1 ? " point" : " points");
}

void judge_floats(const ArrayFacts& f, Verdict& v) {
  const bool spread = f.max > f.min;
  std::string what = "margins";
  if (spread && in_unit_interval(f)) {
    what = "probabilities";
    v.warnings.push_back(
        "All values lie in [0, 1]: probabilities, not margins log(p / (1 - p)) or logits.");
  } else if (spread && f.min >= 0) {
    what = "losses";
    v.warnings.push_back(
        "No value is negative: losses, not margins? A margin is negative where a model is wrong.");
  }
  if (f.axes() == 1) {
    v.looks_like = sentence(what, " [points] of one model: ", f.elements, " points");
  } else if (f.axes() == 2) {
    v.looks_like = table_text(f, what, v);
  } else if (f.axes() == 3) {
    v.looks_like =
        sentence(what == "margins" ? "logits" : what, " [models][points][classes]: ", f.shape[0],
                 " models, ", f.shape[1], " points, with ", f.shape[2], " classes");
    if (f.shape[2] > most_classes)
      v.warnings.push_back(sentence(f.shape[2], " classes are many: is the order of axes right?"));
  } else {
    v.looks_like = sentence("floating-point numbers of ", f.axes(), " axes");
  }
}

void warn_of_lines(const ArrayFacts& f, bool masks, Verdict& v) {
  if (f.axes() < 2) {
    if (f.elements > 1 && f.type != "b1" && f.min == f.max && f.nan + f.infinite == 0)
      v.warnings.push_back("All values are equal.");
    return;
  }
  if (!masks && f.constant_rows > 0)
    v.warnings.push_back(sentence(f.constant_rows, " of ", f.rows, " rows (models) are constant."));
  if (!masks && f.constant_columns > 0)
    v.warnings.push_back(
        sentence(f.constant_columns, " of ", f.columns, " columns (points) are constant."));
  if (f.duplicate_rows > 0)
    v.warnings.push_back(sentence(f.duplicate_rows,
                                  f.duplicate_rows == 1 ? " row equals" : " rows equal",
                                  " one before it, the first is row ", f.duplicate_first,
                                  ", equal to row ", f.duplicate_of, ": is it the same model?"));
}

}  // namespace

bool rows_vary_most(const AxisVariances& v) {
  return v.rows > 4 * v.columns && v.rows > 0.1 * v.rest;
}

Verdict verdict_of(const ArrayFacts& f) {
  Verdict v;
  const bool masks = f.axes() == 2 && f.zero_one;
  if (f.elements == 0) {
    v.looks_like = "nothing: the array is empty";
    return v;
  }
  if (f.nan + f.infinite > 0)
    v.warnings.push_back(sentence(f.nan, " NaN and ", f.infinite, " infinite values of ",
                                  f.elements, ": such points score as the worst."));
  if (f.nan + f.infinite == f.elements) {
    v.looks_like = "nothing: no value is finite";
    return v;
  }
  if (f.axes() == 0) {
    v.looks_like = "one number";
  } else if (masks) {
    v.looks_like = mask_text(f);
    warn_of_masks(f, v);
  } else if (f.is_float()) {
    judge_floats(f, v);
  } else if (f.axes() == 1) {
    judge_line_of_integers(f, v);
  } else {
    v.looks_like = sentence("a table of integers ", f.shape_text());
  }
  warn_of_lines(f, masks, v);
  if (f.is_float() && !masks && f.ties > 0.01)
    v.remarks.push_back(sentence(report::percent_text(f.ties),
                                 " % of the values of a point equal "
                                 "another model's (",
                                 f.type == "f2" ? "float16 ties" : "ties",
                                 "): ranks are averaged over them."));
  return v;
}

}  // namespace expunge::cli
