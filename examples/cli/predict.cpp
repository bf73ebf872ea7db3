// expunge predict: DM-Direct from files. What a model would answer had it never seen the forget
// set:
//
//   h(x) = f_x(theta0) - multiplier * sum_{i in F} effects(i, x)
//
// Reads the effects of the forget set alone, and base models block by block. In memory: three
// numbers for each target, and a block.
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>

#include "cli/commands.hpp"
#include "cli/listing.hpp"
#include "cli/model_outputs.hpp"
#include "cli/saved_results.hpp"
#include "cli/splits.hpp"
#include "expunge/report/number.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

struct PredictOptions {
  std::string effects, axes, forget, base, out;
  double multiplier = 1;
};

/// Effects on disk, [examples][targets], or turned; a target is one output of one point.
struct EffectsFile {
  NpyView array;
  Index points, outputs;
  bool turned = false;  // [targets][examples]

  Index examples() const { return array.extent(turned ? 1 : 0); }
  Index targets() const { return points * outputs; }

  /// The effects of one example on every target.
  void read(Index example, double* to) const {
    if (turned) {
      for (Index t = 0; t < targets(); ++t) array.read(std::array<Index, 2>{t, example}, 1, to + t);
      return;
    }
    std::vector<Index> at(static_cast<std::size_t>(array.axes()));
    at[0] = example;
    array.read(at, targets(), to);
  }
};

/// A whole number, at least 1, of fit.json; `otherwise` if the field is not there.
Index fit_number(const Json& fit, const std::string& file, const std::string& field,
                 Index otherwise) {
  const Json* found = nullptr;
  for (const Json* at : {&fit, fit.is_object() && fit.contains("results") ? &fit["results"] : &fit})
    if (at->is_object() && at->contains(field)) found = &(*at)[field];
  if (found == nullptr && otherwise > 0) return otherwise;
  if (found == nullptr) throw io_error(file, "the field " + field + " is missing");
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() == 0 ||
      found->get<std::uint64_t>() > (std::uint64_t{1} << 53))
    throw io_error(file, "the field " + field + ": a whole number from 1 on was expected");
  return found->get<Index>();
}

/// Points and outputs of a file that has no fit.json: by its axes, else one output a point unless
/// the base models say how many.
EffectsFile bare_effects(NpyView array, Index base_outputs, bool turned) {
  if (array.axes() == 3) return {array, array.extent(1), array.extent(2)};
  const Index targets = array.extent(turned ? 0 : 1);
  const Index k = base_outputs > 0 && targets % base_outputs == 0 ? base_outputs : 1;
  return {array, targets / k, k, turned};
}

EffectsFile open_effects(const PredictOptions& options, Index base_outputs) {
  const std::string& name = options.effects;
  const bool turned = options.axes == "targets-examples";
  std::error_code ignored;
  const bool folder = fs::is_directory(name, ignored);
  const std::string own = folder ? (fs::path(name) / "effects.npy").string() : name;
  if (folder) require_no_pipe(own);
  NpyView array = open_array(own);
  if (array.axes() != 2 && (folder || turned || array.axes() != 3))
    throw io_error(array.name(),
                   sentence("effects [examples][targets] were expected, the array is ",
                            brackets(array.header().shape)));
  if (array.elements() == 0)
    throw io_error(array.name(), "the array is empty; was the fit that wrote it stopped?");
  if (!folder) return bare_effects(std::move(array), base_outputs, turned);
  if (turned)
    throw usage_error(
        "--effects-axes is for a bare array: what expunge fit wrote is "
        "examples-targets");
  const std::string file = (fs::path(name) / "fit.json").string();
  const Json fit = read_json(file);
  const Index points = fit_number(fit, file, "points", 0);
  const Index outputs = fit_number(fit, file, "outputs", 1);
  if (array.extent(1) % outputs != 0 || array.extent(1) / outputs != points)
    throw io_error(file, sentence(points, " points of ", outputs, " outputs, ", array.name(),
                                  " has ", array.extent(1), " targets"));
  return {std::move(array), points, outputs};
}

/// -multiplier * sum of the rows of the forget set, [targets].
std::vector<double> predicted_change(const EffectsFile& effects, const std::vector<Index>& forget,
                                     double multiplier, const Progress& progress) {
  std::vector<double> change(static_cast<std::size_t>(effects.targets())), row(change.size());
  for (std::size_t f = 0; f < forget.size(); ++f) {
    effects.read(forget[f], row.data());
    for (std::size_t t = 0; t < row.size(); ++t) change[t] += row[t];
    if (progress) progress(static_cast<Index>(f + 1), static_cast<Index>(forget.size()));
  }
  for (double& value : change) value = value == 0 ? 0 : -multiplier * value;
  return change;
}

/// Outputs of the models to change: rows of one array, or one array each.
struct Base {
  std::vector<NpyView> arrays;
  std::vector<Index> rows;  // of the only array; empty: every array is one model
  std::vector<std::string> files;
  bool one_file_a_model = false;
  bool leading_axis = false;  // of one, in files of one model: [1][points]
  Completed completed;

  Index models() const { return static_cast<Index>(rows.empty() ? arrays.size() : rows.size()); }

  /// Outputs [first, first + count) of model m, in the order of the targets.
  void read(Index m, Index first, Index count, double* to) const {
    const std::size_t i = static_cast<std::size_t>(m);
    const NpyView& array = rows.empty() ? arrays[i] : arrays[0];
    std::vector<Index> at(static_cast<std::size_t>(array.axes()));
    const Index axes_of_models = rows.empty() ? 0 : 1;
    if (!rows.empty()) at[0] = rows[i];
    for (Index a = array.axes(), rest = first; a-- > axes_of_models;) {
      at[static_cast<std::size_t>(a)] = rest % array.extent(a);
      rest /= array.extent(a);
    }
    array.read(at, count, to);
  }
};

/// How many axes stand before those of one model's outputs, [points] or [points][k]: 0 or 1. Throws
/// io_error for another shape.
Index axes_of_models(const NpyView& array, const EffectsFile& effects) {
  const std::vector<Index>& shape = array.header().shape;
  std::vector<Index> one{effects.points, effects.outputs};
  if (effects.outputs == 1 && (shape.empty() || shape.back() != 1 || effects.points == 1))
    one.pop_back();
  const bool ends = shape.size() >= one.size() && shape.size() <= one.size() + 1 &&
                    std::equal(one.rbegin(), one.rend(), shape.rbegin());
  if (ends && array.elements() > 0) return static_cast<Index>(shape.size() - one.size());
  const bool other_way = effects.outputs == 1 && !shape.empty() &&
                         (shape.back() == effects.examples() || shape[0] == effects.examples());
  throw io_error(
      array.name(),
      sentence("a shape of ", brackets(shape), ", the effects are of ", effects.points,
               " points and ", effects.outputs, " outputs",
               other_way && !effects.turned
                   ? sentence("; it has as many points as the effects have rows: if they are "
                              "[targets][examples], say --effects-axes targets-examples")
                   : ""));
}

/// One file a model, of a folder or a pattern, or one file of one model or of many.
Base open_base(const std::string& name) {
  Base base;
  if (name.empty()) return base;
  base.one_file_a_model = stands_for_files(name);
  base.files = base.one_file_a_model ? list_files(name) : std::vector<std::string>{name};
  for (const std::string& file : base.files) base.arrays.push_back(open_array(file));
  return base;
}

/// Outputs of a point in an array [models][points][outputs]; 0 where the axes do not say.
Index outputs_of(const Base& base) {
  const bool says = base.arrays.size() == 1 && !base.one_file_a_model && base.arrays[0].axes() == 3;
  return says ? base.arrays[0].extent(2) : 0;
}

/// Leaves out the models that are not done: rows of the only array, or files.
void leave_out(const Completed& completed, Base& base) {
  base.completed = completed;
  if (completed.done.empty()) return;
  const auto done = [&](std::size_t m) { return completed.done[m]; };
  if (!base.one_file_a_model) {
    std::erase_if(base.rows, [&](Index m) { return !done(static_cast<std::size_t>(m)); });
    return;
  }
  std::vector<NpyView> kept;
  for (std::size_t m = 0; m < base.arrays.size(); ++m)
    if (done(m)) kept.push_back(base.arrays[m]);
  base.arrays = std::move(kept);
}

/// Checks the shapes against the effects, and leaves out the models that _completed.npy calls
/// unfinished.
void fit_base(const std::string& name, const EffectsFile& effects, UseCompleted use, Base& base) {
  for (const NpyView& array : base.arrays) {
    if (axes_of_models(array, effects) == 0) continue;
    if (base.one_file_a_model && array.extent(0) != 1)
      throw io_error(array.name(),
                     sentence("one model a file was expected, this array is ",
                              brackets(array.header().shape), ", with an axis of models"));
    if (!base.one_file_a_model) base.rows = all_indices(array.extent(0));
  }
  if (use == UseCompleted::yes && base.one_file_a_model)
    leave_out(completed_files(name, base.files), base);
  else if (use == UseCompleted::yes && !base.rows.empty())
    leave_out(completed_rows(name, base.models()), base);
  base.leading_axis = base.one_file_a_model && axes_of_models(base.arrays[0], effects) == 1;
}

/// Of the numbers written.
struct Written {
  std::vector<Index> shape;
  Index not_finite = 0;
};

void write_numbers(AtomicFile& file, const std::vector<double>& values, Written& written) {
  for (const double value : values) written.not_finite += !std::isfinite(value);
  file.write(values.data(), values.size() * sizeof(double));
}

/// The change alone.
Written write_change(const std::string& out, const EffectsFile& effects,
                     const std::vector<double>& change) {
  Written written;
  written.shape = {effects.points};
  if (effects.outputs > 1) written.shape.push_back(effects.outputs);
  make_folder_of(out);
  AtomicFile file(out);
  file.write(npy_header_bytes<double>(written.shape));
  write_numbers(file, change, written);
  file.commit();
  return written;
}

/// Every base model, changed, by blocks of a model's outputs: in the shape of the file, or
/// [models] of that where each model has a file.
Written write_changed_models(const std::string& out, const Base& base,
                             const std::vector<double>& change, const Progress& progress) {
  constexpr Index most = Index{1} << 20;
  const Index targets = static_cast<Index>(change.size());
  Written written;
  written.shape = base.arrays[0].header().shape;
  if (!base.rows.empty()) written.shape[0] = base.models();
  if (base.leading_axis) written.shape.erase(written.shape.begin());
  if (base.one_file_a_model && base.files.size() > 1)
    written.shape.insert(written.shape.begin(), base.models());
  make_folder_of(out);
  AtomicFile file(out);
  file.write(npy_header_bytes<double>(written.shape));
  for (Index m = 0; m < base.models(); ++m) {
    for (Index first = 0; first < targets; first += most) {
      std::vector<double> values(static_cast<std::size_t>(std::min(most, targets - first)));
      base.read(m, first, static_cast<Index>(values.size()), values.data());
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] += change[static_cast<std::size_t>(first) + i];
      write_numbers(file, values, written);
    }
    if (progress) progress(m + 1, base.models());
  }
  file.commit();
  return written;
}

/// The output of a point that changes most.
struct PointChange {
  Index point, output;
  double change;
};

/// Of every point, the largest change first; what is no number comes before all.
std::vector<PointChange> largest_changes(const EffectsFile& effects,
                                         const std::vector<double>& change, std::size_t most) {
  const auto size = [](double value) {
    return std::isnan(value) ? std::numeric_limits<double>::infinity() : std::abs(value);
  };
  std::vector<PointChange> points;
  for (Index x = 0; x < effects.points; ++x) {
    PointChange largest{x, 0, change[static_cast<std::size_t>(x * effects.outputs)]};
    for (Index j = 1; j < effects.outputs; ++j) {
      const double value = change[static_cast<std::size_t>(x * effects.outputs + j)];
      if (size(value) > size(largest.change)) largest = {x, j, value};
    }
    points.push_back(largest);
  }
  most = std::min(most, points.size());
  std::partial_sort(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(most),
                    points.end(), [&](const PointChange& a, const PointChange& b) {
                      const double x = size(a.change), y = size(b.change);
                      return x != y ? x > y : a.point < b.point;
                    });
  points.resize(most);
  return points;
}

void add_changes(Document& document, const EffectsFile& effects, const std::vector<double>& change,
                 Index forget) {
  double mean = 0;
  for (const double value : change) mean += std::abs(value) / static_cast<double>(change.size());
  const std::vector<PointChange> largest = largest_changes(effects, change, 10);
  const double most = std::abs(largest.front().change);
  document.tables.push_back({"Predicted change of outputs, model without the forget set minus with",
                             {{"", "forget set", true},
                              {"", "points"},
                              {"", "outputs"},
                              {"absolute change", "mean"},
                              {"absolute change", "largest"}},
                             {{{std::to_string(forget)},
                               {std::to_string(effects.points)},
                               {std::to_string(effects.outputs)},
                               {report::fixed(mean, 5)},
                               {report::fixed(most, 5)}}}});
  report::Table table{
      "Points that change most", {{"", "point", true}, {"", "output"}, {"", "change"}}, {}};
  Json list = Json::array();
  for (const PointChange& p : largest) {
    table.rows.push_back(
        {{std::to_string(p.point)}, {std::to_string(p.output)}, {report::fixed(p.change, 5)}});
    list.push_back(
        {{"point", p.point}, {"output", p.output}, {"change", report::number_json(p.change)}});
  }
  document.tables.push_back(table);
  document.results = {{"forget_set", forget},
                      {"points", effects.points},
                      {"outputs", effects.outputs},
                      {"mean_absolute_change", report::number_json(mean)},
                      {"largest_absolute_change", report::number_json(most)},
                      {"largest", list}};
}

void add_written(Document& document, const Written& written, const PredictOptions& options) {
  std::string shape;
  for (const Index extent : written.shape) shape += sentence("[", extent, "]");
  document.facts.emplace_back("written", options.out + ": " + shape + ", f8");
  document.results["multiplier"] = options.multiplier;
  document.results["out"] = options.out;
  document.results["shape"] = written.shape;
  document.results["not_finite"] = written.not_finite;
  if (written.not_finite > 0)
    document.warnings.push_back(
        sentence(written.not_finite, " of the numbers written are NaN or infinite."));
  document.remarks.push_back(
      options.base.empty()
          ? "The file holds the change alone; add it to a model's outputs, or name them by --base."
          : "The file holds the base models' outputs plus the change, the same for every model.");
}

/// The positions of the forget set. One that is no row of the effects, but would be a column, says
/// that the array is turned round.
std::vector<Index> read_forget(const PredictOptions& options, const EffectsFile& effects) {
  try {
    return read_positions(options.forget, effects.examples());
  } catch (const io_error& error) {
    const std::string outside = sentence(", not in 0 .. ", effects.examples() - 1),
                      said = error.what();
    const std::size_t at = said.find(outside);
    if (effects.turned || effects.targets() <= effects.examples() || at == std::string::npos) throw;
    throw io_error(said.substr(0, at + outside.size()),
                   sentence("the effects of ", effects.array.name(), " are ",
                            brackets(effects.array.header().shape),
                            ", taken as [examples][targets]; if they are "
                            "[targets][examples], say --effects-axes "
                            "targets-examples"));
  }
}

/// Says so where nothing tells whether an array is [examples][targets] or turned.
void warn_of_axes(Document& document, const PredictOptions& options, const EffectsFile& effects) {
  std::error_code ignored;
  const bool known = !options.axes.empty() || fs::is_directory(options.effects, ignored) ||
                     effects.array.axes() != 2;
  const Index rows = effects.array.extent(0), columns = effects.array.extent(1);
  if (known || rows > columns || (!options.base.empty() && rows != columns)) return;
  document.warnings.push_back(
      sentence(effects.array.name(), " is ", brackets(effects.array.header().shape),
               rows == columns ? ", square" : ", more columns than rows",
               ": its rows were taken as the training examples. If they are the targets, say "
               "--effects-axes targets-examples; if not, examples-targets."));
}

Document run_predict(Session& session, const PredictOptions& options) {
  if (!std::isfinite(options.multiplier))
    throw usage_error("--multiplier: a finite number was expected");
  if (!options.out.ends_with(".npy"))
    throw usage_error("--out " + options.out + ": a name in .npy was expected");
  Base base = open_base(options.base);
  const EffectsFile effects = open_effects(options, outputs_of(base));
  const std::vector<Index> forget = read_forget(options, effects);
  const std::vector<double> change =
      predicted_change(effects, forget, options.multiplier, session.progress("rows"));
  Document document;
  document.kind = "predict";
  document.title = "DM-Direct: what models would answer had they never seen the forget set";
  document.facts = {
      {"effects", sentence(effects.array.name(), ": ", effects.examples(), " examples, ",
                           effects.points, " points x ", effects.outputs, " outputs, ",
                           effects.array.header().type(), effects.turned ? ", targets first" : "")},
      {"forget set", sentence(options.forget, ": ", forget.size(), " examples")},
      {"multiplier", sentence(options.multiplier)}};
  add_changes(document, effects, change, static_cast<Index>(forget.size()));
  warn_of_axes(document, options, effects);
  if (options.base.empty()) {
    add_written(document, write_change(options.out, effects, change), options);
    return document;
  }
  fit_base(options.base, effects, session.completed, base);
  const Index left_out = std::count(base.completed.done.begin(), base.completed.done.end(), false);
  document.facts.emplace_back(
      "base",
      sentence(options.base, ": ", base.models(), base.models() == 1 ? " model, " : " models, ",
               base.arrays[0].header().type(),
               left_out == 0 ? std::string()
                             : sentence(" (", left_out, " unfinished left out, as ",
                                        base.completed.file, " says)")));
  const std::string epochs = base.one_file_a_model ? epochs_warning(options.base, base.files) : "";
  if (!epochs.empty()) document.warnings.push_back(epochs);
  if (!base.completed.warning.empty()) document.warnings.push_back(base.completed.warning);
  document.results["models"] = base.models();
  add_written(document, write_changed_models(options.out, base, change, session.progress("models")),
              options);
  return document;
}

}  // namespace

void add_predict_command(CLI::App& app, Session& session) {
  const auto options = std::make_shared<PredictOptions>();
  CLI::App* command = add_command(
      app, session, "predict",
      "DM-Direct: predicts, by fitted effects, what models would answer had they never seen the "
      "forget set.",
      "expunge predict --effects fitted --forget forget.npy --base pretrained.npy --out "
      "predicted.npy",
      [&session, options] { return run_predict(session, *options); });
  session
      .reads(command->add_option(
          "--effects", options->effects,
          "a folder of effects.npy and fit.json, or effects [examples][targets]"))
      ->required();
  session
      .reads(command->add_option("--forget", options->forget,
                                 "positions of the forget set's examples"))
      ->required();
  command
      ->add_option("--effects-axes", options->axes,
                   "of a bare array: examples-targets (if not given) or targets-examples")
      ->check(one_of({"examples-targets", "targets-examples"}));
  session.reads(
      command->add_option("--base", options->base,
                          "outputs to change: [points] or [points][outputs], or of many models "
                          "[models][points][outputs]"));
  command->add_option("--multiplier", options->multiplier, "of the sum of effects")
      ->capture_default_str();
  session.writes(command->add_option("--out", options->out, "the prediction, as .npy in float64"))
      ->required();
  add_completed_option(*command, session);
}

}  // namespace expunge::cli
