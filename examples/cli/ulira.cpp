// expunge ulira: can an attacker tell points that models unlearned from points that they never saw?
// From files: margins or logits [models][points], what each model's base was trained on and what
// the model unlearned, both 0/1 [models][points], and which base it came from, [models].
//
// Everything is in memory: margins, and 15 bytes more for each model and point.
#include <unistd.h>

#include <set>
#include <string_view>

#include "cli/commands.hpp"
#include "cli/input_checks.hpp"
#include "cli/masks.hpp"
#include "cli/model_outputs.hpp"
#include "cli/runaway_report.hpp"
#include "expunge/evaluation/ulira.hpp"
#include "expunge/report/number.hpp"

namespace expunge::cli {

namespace {

struct UliraOptions {
  std::string margins, labels, trained, forgotten, group_by, per_query;
  UliraConfig ulira;
};

/// Who saw and who unlearned what, and from which base: the models of the margins file that are
/// done.
struct Design {
  Array<std::uint8_t, 2> trained, forgotten;  // [models][points]
  std::vector<Index> base;                    // [models], or empty: each model is its own
  std::vector<Index> row;                     // [models], of the files
};

void check_memory(const ModelOutputs& margins) {
  const double a_number = margins.precision() == Precision::two      ? 8
                          : margins.precision() == Precision::single ? 4
                                                                     : 2;
  const double bytes = (a_number + 15) * static_cast<double>(margins.models()) *
                       static_cast<double>(margins.points());
  const double memory =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  if (bytes > memory)
    throw io_error(margins.name(),
                   sentence(margins.models(), " models x ", margins.points(), " points need about ",
                            report::bytes_text(bytes), " of memory, this machine has ",
                            report::bytes_text(memory), ": give fewer points or models"));
}

Array<std::uint8_t, 2> read_design(const std::string& name, const std::vector<bool>& completed,
                                   const ModelOutputs& margins) {
  const SubsetMasks masks = read_masks(name, completed);
  if (masks.models() != margins.models() || masks.examples() != margins.points())
    throw io_error(
        name, sentence(masks.models(), " models x ", masks.examples(), " points, ", margins.name(),
                       " has ", margins.models(), " x ", margins.points()));
  Array<std::uint8_t, 2> bytes = make_array<std::uint8_t>(masks.models(), masks.examples());
  for (Index m = 0; m < masks.models(); ++m)
    for (Index x = 0; x < masks.examples(); ++x)
      bytes.data()[m * masks.examples() + x] = masks.contains(m, x);
  return bytes;
}

/// Rows of the files that the models are.
std::vector<Index> rows_of(const std::vector<bool>& completed, Index models) {
  if (completed.empty()) return all_indices(models);
  std::vector<Index> rows;
  for (std::size_t m = 0; m < completed.size(); ++m)
    if (completed[m]) rows.push_back(static_cast<Index>(m));
  return rows;
}

/// The bases of these rows of a file with `models` entries.
std::vector<Index> read_bases(const std::string& name, const std::vector<Index>& rows,
                              std::size_t models) {
  if (name.empty()) return {};
  const NpyView array = open_array(name);
  if (array.header().kind == 'b')
    throw io_error(name,
                   "flags; the number of each model's base was expected: models that were "
                   "unlearned from one base have one number");
  const std::vector<std::int64_t> all = read_integers(array, "bases [models]");
  if (all.size() != models)
    throw io_error(name, sentence("one base for each of ", models, " models was expected, there ",
                                  all.size() == 1 ? "is " : "are ", all.size(),
                                  "; give one number a row of the margins, in their order"));
  std::vector<Index> bases;
  for (const Index row : rows) bases.push_back(all[static_cast<std::size_t>(row)]);
  return bases;
}

Design read_design(const UliraOptions& options, const ModelOutputs& margins) {
  const std::vector<bool>& completed = margins.completed();
  Design design;
  design.row = rows_of(completed, margins.models());
  design.trained = read_design(options.trained, completed, margins);
  design.forgotten = read_design(options.forgotten, completed, margins);
  design.base = read_bases(options.group_by, design.row,
                           completed.empty() ? design.row.size() : completed.size());
  return design;
}

/// Contradictions of the design are the files' fault, and named with them.
UliraResult attack(const ModelOutputs& margins, const Design& design, const UliraOptions& options) {
  try {
    return with_precision(margins.precision(), [&]<class T>(T) {
      return ulira(margins.read_margins<T>(0, margins.points(), options.ulira.threads),
                   design.trained, design.forgotten, design.base, options.ulira);
    });
  } catch (const std::invalid_argument& error) {
    std::string files = options.trained + ", " + options.forgotten;
    if (!options.group_by.empty()) files += ", " + options.group_by;
    throw io_error(
        files,
        error.what() +
            std::string(margins.left_out() > 0 ? " (models counted without the unfinished)" : ""));
  }
}

/// How many models have the training set of another one.
Index sharing_models(const Array<std::uint8_t, 2>& trained) {
  const std::size_t models = trained.shape()[0], points = trained.shape()[1];
  std::multiset<std::string_view> rows;
  for (std::size_t m = 0; m < models; ++m)
    rows.emplace(reinterpret_cast<const char*>(trained.data() + m * points), points);
  Index sharing = 0;
  for (const std::string_view& row : rows) sharing += rows.count(row) > 1;
  return sharing;
}

struct Figure {
  const char* name;
  const char* key;
  const UliraFigure& figure;
  double perfect;
  bool percent;
};

std::vector<Figure> figures_of(const UliraResult& r) {
  return {{"accuracy, %", "accuracy", r.accuracy, 0.5, true},
          {"AUC", "auc", r.auc, 0.5, false},
          {"TPR at 1 % FPR, %", "tpr_at_1_percent", r.tpr_at_1_percent, 0.01, true},
          {"TPR at 0.1 % FPR, %", "tpr_at_0_1_percent", r.tpr_at_0_1_percent, 0.001, true}};
}

report::Table ulira_table(const UliraResult& result, double level) {
  report::Table table;
  table.title = "U-LiRA: what the attack finds, and what is left of it by perfect unlearning";
  table.columns = {{"", "figure", true},
                   {"", "value"},
                   {"", report::fixed(100 * level, 0) + " % CI"},
                   {"", "sd over targets"},
                   {"", "perfect"}};
  for (const Figure& f : figures_of(result)) {
    const auto text = [&](double value) {
      return f.percent ? report::fixed(100 * value, 2) : report::fixed(value, 4);
    };
    const Interval& i = f.figure.interval;
    table.rows.push_back(
        {{f.name},
         {text(f.figure.value)},
         {result.bases > 1 ? sentence("[", text(i.low), ", ", text(i.high), "]") : ""},
         {f.key == std::string_view("accuracy") ? text(result.sd) : ""},
         {text(f.perfect)}});
  }
  return table;
}

RunawayReport runaway_report(const UliraResult& r, const ModelOutputs& margins) {
  return {r.runaways, {}, margins};
}

Json results_json(const UliraResult& r, const ModelOutputs& margins, const UliraOptions& options) {
  const UliraConfig& config = options.ulira;
  Json json;
  for (const Figure& f : figures_of(r)) {
    const bool some = r.bases > 1;  // one base has no interval
    const Interval& i = f.figure.interval;
    json[f.key] = {{"value", report::number_json(f.figure.value)},
                   {"interval",
                    {report::number_json(some ? i.low : report::not_measured),
                     report::number_json(some ? i.high : report::not_measured)}},
                   {"perfect", f.perfect}};
  }
  json["accuracy"]["sd"] = report::number_json(r.sd);
  json.update({{"models", margins.models()},
               {"points", margins.points()},
               {"bases", r.bases},
               {"targets", r.targets},
               {"queries", r.queries.size()},
               {"skipped", r.skipped},
               {"bad", r.bad},
               {"bad_shadows", r.bad_shadows},
               {"runaway_shadows", r.runaway_shadows},
               {"runaways", runaway_report(r, margins).json()},
               {"grouped", !options.group_by.empty()},
               {"max_shadows", config.max_shadows},
               {"min_shadows", config.min_shadows},
               {"pooled_variance", config.pooled_variance},
               {"interval_level", config.bootstrap.level},
               {"interval_replicates", config.bootstrap.replicates}});
  return json;
}

void add_facts(Document& document, const UliraResult& r, const ModelOutputs& margins,
               const UliraOptions& options) {
  document.facts = {
      {"margins", margins.name() + ": " + margins.shape_text()},
      {"trained", options.trained},
      {"forgotten", options.forgotten},
      {"bases", options.group_by.empty()
                    ? std::string("every model its own")
                    : sentence(options.group_by, ": ", r.bases, " with a model that is attacked")},
      {"targets", sentence(r.targets, " of ", margins.models(), " models")},
      {"queries", sentence(r.queries.size(), ", half of them unlearned points; ", r.skipped,
                           " unlearned points not asked about")},
      {"shadows",
       sentence(options.ulira.min_shadows, " to ", options.ulira.max_shadows, " of each kind, ",
                options.ulira.pooled_variance ? "one variance for both kinds"
                                              : "a variance for each kind")},
      {"bad", sentence(r.bad, " queries, ", r.bad_shadows, " shadow margins")}};
}

void add_remarks(Document& document, const UliraResult& r, const UliraOptions& options) {
  document.remarks = {
      "50 % accuracy is perfect unlearning: the attack answers \"unlearned\" or \"never seen\" for "
      "as many points of each kind.",
      "A few points that are given away hide in the accuracy: read TPR at low FPR, too. 50 % means "
      "that this attack fails on these margins, not that every attack does.",
      sentence("CI: bootstrap over bases, ", options.ulira.bootstrap.replicates,
               " replicates; shadows are kept, so it does not hold the noise of their fits.")};
  if (r.queries.size() < 2000)
    document.remarks.push_back(
        sentence("With ", r.queries.size() / 2,
                 " points never seen, TPR at 0.1 % FPR is the one without a false positive."));
}

void add_warnings(Document& document, const UliraResult& r, const Design& design,
                  const ModelOutputs& margins, const UliraOptions& options) {
  std::vector<std::string>& warnings = document.warnings;
  if (r.bases < 20)
    warnings.push_back(sentence("Only ", r.bases, r.bases == 1 ? " base" : " bases",
                                ": even exact unlearning strays from 50 %; have dozens."));
  const Index sharing = design.base.empty() ? sharing_models(design.trained) : 0;
  if (sharing > 0)
    warnings.push_back(sentence(sharing, " of ", margins.models(),
                                " models have the training set of another: if they come from one "
                                "base, name the bases (--group-by), or near copies give the "
                                "answers away."));
  const Index asked = static_cast<Index>(r.queries.size()) / 2;
  if (r.skipped > (asked + r.skipped) / 10)
    warnings.push_back(sentence(r.skipped, " of ", asked + r.skipped,
                                " unlearned points were not asked about: fewer than ",
                                options.ulira.min_shadows,
                                " shadows of a kind, or fewer points never seen than unlearned."));
  if (r.bad > 0)
    warnings.push_back(sentence(r.bad, " of ", r.queries.size(),
                                " queries have no score (margins that are NaN or infinite, or ran "
                                "away) and count as correct attacks."));
  if (r.bad_shadows > 0)
    warnings.push_back(
        sentence(r.bad_shadows, " margins are NaN or infinite and were left out of the shadows."));
  runaway_report(r, margins)
      .warn(document, "",
            sentence(r.runaway_shadows, " such margins were left out of the shadows."));
}

NamedArrays query_arrays(const UliraResult& r, const Design& design) {
  const Index n = static_cast<Index>(r.queries.size());
  NamedArrays arrays;
  const auto add = [&](const char* name, auto value) {
    Array<double, 1> values = make_array<double>(n);
    for (std::size_t q = 0; q < r.queries.size(); ++q)
      values(q) = static_cast<double>(value(r.queries[q]));
    arrays.emplace_back(name, std::move(values));
  };
  add("model", [&](const UliraQuery& q) { return design.row[q.model]; });
  add("point", [](const UliraQuery& q) { return q.point; });
  add("member", [](const UliraQuery& q) { return q.member; });
  add("score", [](const UliraQuery& q) { return q.score; });
  add("bad", [](const UliraQuery& q) { return q.bad; });
  return arrays;
}

Document run_ulira(Session& session, UliraOptions& options) {
  require_npz("--per-query", options.per_query);
  UliraConfig& config = options.ulira;
  if (config.min_shadows > config.max_shadows)
    throw usage_error(sentence("--min-shadows ", config.min_shadows, " is more than --max-shadows ",
                               config.max_shadows));
  config.threads = session.threads;
  config.seed = config.bootstrap.seed = session.seed;
  checked_usage([&] { config.validate(); });
  ModelOutputs margins(options.margins, session.completed);
  if (!options.labels.empty()) margins.set_labels(options.labels);
  check_memory(margins);
  const Design design = read_design(options, margins);
  const UliraResult result = attack(margins, design, options);
  if (!options.per_query.empty()) write_npz(options.per_query, query_arrays(result, design));
  Document document;
  document.kind = "ulira";
  document.title = "U-LiRA: can unlearned points be told from points never seen?";
  document.tables.push_back(ulira_table(result, config.bootstrap.level));
  document.results = results_json(result, margins, options);
  add_facts(document, result, margins, options);
  add_remarks(document, result, options);
  warn_of_outputs(document, margins, session.threads);
  add_warnings(document, result, design, margins, options);
  return document;
}

void add_files(CLI::App& command, UliraOptions& options, Session& session) {
  session
      .reads(command.add_option(
          "--margins", options.margins,
          "margins [models][points] after unlearning: a file, or one file a model"))
      ->required();
  session
      .reads(command.add_option("--trained", options.trained,
                                "0/1 [models][points]: the model's base was trained on the point"))
      ->required();
  session
      .reads(command.add_option("--forgotten", options.forgotten,
                                "0/1 [models][points]: this model unlearned the point"))
      ->required();
  session.reads(command.add_option(
      "--group-by", options.group_by,
      "integers [models]: the base it was unlearned from; if not given, each model "
      "is its own base"));
  session.reads(
      command.add_option("--labels", options.labels,
                         "labels [points]: the margins are logits [models][points][classes]"));
  session.writes(
      command.add_option("--per-query", options.per_query,
                         "write OUT.npz: model, point, member, score, bad of every query"));
  add_completed_option(command, session);
}

void add_settings(CLI::App& command, UliraConfig& config) {
  command.add_option("--max-shadows", config.max_shadows, "of each kind")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000000));
  command
      .add_option("--min-shadows", config.min_shadows,
                  "of each kind: a point with fewer is not asked about")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000000));
  command.add_flag("--pooled-variance", config.pooled_variance,
                   "one variance for both kinds: steadier with few shadows");
  add_bootstrap_options(command, config.bootstrap, "bases");
}

}  // namespace

void add_ulira_command(CLI::App& app, Session& session) {
  const auto options = std::make_shared<UliraOptions>();
  CLI::App* command = add_command(
      app, session, "ulira",
      "Membership attack on unlearned models: a likelihood ratio of models that unlearned a point "
      "and models that never saw it. 50 % is perfect unlearning.",
      "expunge ulira --margins shadow_margins.npy --trained shadow_trained.npy --forgotten "
      "shadow_forgotten.npy --group-by shadow_base.npy",
      [&session, options] { return run_ulira(session, *options); });
  add_files(*command, *options, session);
  add_settings(*command, options->ulira);
}

}  // namespace expunge::cli
