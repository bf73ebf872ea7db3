#include "scores.hpp"

#include "expunge/evaluation/accuracy.hpp"
#include "expunge/report/text_file.hpp"
#include "support/json.hpp"
#include "support/machine.hpp"

namespace cifar10 {

using namespace expunge;

namespace {

using report::Cell;
using report::Json;

Json json_of(const SplitScore& split) {
  return {{"forward_p95", report::number_json(split.klom.forward.p95)},
          {"forward_mean", report::number_json(split.klom.forward.mean)},
          {"reverse_p95", report::number_json(split.klom.reverse.p95)},
          {"reverse_mean", report::number_json(split.klom.reverse.mean)},
          {"gaussian_p95", report::number_json(split.klom.gaussian.p95)},
          {"accuracy", report::number_json(split.accuracy)}};
}

Json json_of(const ScoredRun& run) {
  return {{"method", run.method},
          {"batch_norm", run.batch_norm},
          {"compute", report::number_json(run.compute)},
          {"seconds", report::number_json(run.seconds)},
          {"diverged", run.diverged},
          {"forget", json_of(run.forget)},
          {"retain", json_of(run.retain)},
          {"validation", json_of(run.validation)}};
}

}  // namespace

Array<float, 2> margins_of(const Lab& lab, const Array<float, 3>& logits) {
  return margins(logits, lab.images.points.labels.data(), lab.host.threads());
}

ScoredRun score(const Lab& lab, const Array<float, 2>& oracle_margins, const MethodRun& run) {
  KlomConfig config;
  config.threads = lab.host.threads();
  const KlomScores scores = klom_scores(oracle_margins, margins_of(lab, run.logits), config);
  const auto split = [&](const std::vector<Index>& points) {
    return SplitScore{summarise(scores, points),
                      accuracy(run.logits, lab.images.points.labels, points).mean};
  };
  return {run.method,
          run.batch_norm,
          split(lab.images.forget),
          split(lab.images.retain),
          split(lab.images.validation),
          run.compute,
          run.seconds,
          run.diverged};
}

report::Table table_of(const std::string& title, const std::vector<ScoredRun>& rows) {
  report::Table table;
  table.title = title;
  table.columns = {{"", "method", true}, {"", "batch norm", true}};
  for (const char* group : {"KLoM forget", "KLoM retain", "KLoM validation"})
    for (const char* name : {"fwd", "rev", "Gauss"}) table.columns.push_back({group, name});
  for (const char* name : {"acc. %", "compute", "time"}) table.columns.push_back({"", name});
  for (const ScoredRun& run : rows) {
    const std::string note = run.diverged > 0 ? sentence(", ", run.diverged, " diverged") : "";
    std::vector<Cell> cells = {{run.method + note}, {run.batch_norm}};
    for (const SplitScore* split : {&run.forget, &run.retain, &run.validation})
      for (const Summary* summary :
           {&split->klom.forward, &split->klom.reverse, &split->klom.gaussian})
        cells.push_back({report::score_text(summary->p95)});
    cells.push_back({report::percent_text(run.validation.accuracy)});
    cells.push_back({report::compute_text(run.compute)});
    cells.push_back({std::isfinite(run.seconds) ? report::seconds_text(run.seconds) : ""});
    table.rows.push_back(std::move(cells));
  }
  return table;
}

void write_results(const std::filesystem::path& path, const Lab& lab,
                   const std::vector<ScoredRun>& rows) {
  const Settings& s = lab.settings();
  Json list = Json::array();
  for (const ScoredRun& run : rows) list.push_back(json_of(run));
  const Json json = {{"command", lab.options.command},
                     {"machine", support::processor_name()},
                     {"threads", lab.host.threads()},
                     {"seed", lab.options.seed},
                     {"forget_seed", lab.options.forget_seed},
                     {"forget", lab.images.forget},
                     {"key", key_of(lab, lab.recipe(0), "")},
                     {"models", s.models},
                     {"subset_models", s.subset_models},
                     {"alpha", s.attribution.alpha},
                     {"standard_errors", s.attribution.standard_errors},
                     {"multiplier", s.attribution.multiplier},
                     {"rows", list}};
  report::write_text_file(path, report::json_text(json));
}

}  // namespace cifar10
