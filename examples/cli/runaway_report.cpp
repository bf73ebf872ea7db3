#include "cli/runaway_report.hpp"

#include "expunge/report/number.hpp"

namespace expunge::cli {

namespace {

/// A model that ran away, and at how many points.
struct Culprit {
  std::string side, name;
  Index model = 0, points = 0;
};

void add_culprits(const std::vector<Index>& points_of_model, const ModelOutputs& models,
                  std::string_view side, std::vector<Culprit>& culprits) {
  for (const Index m : runaway_models(points_of_model))
    culprits.push_back(
        {std::string(side), models.model_name(m), m, points_of_model[static_cast<std::size_t>(m)]});
}

std::vector<Culprit> culprits_of(const RunawayReport& report) {
  std::vector<Culprit> culprits;
  add_culprits(report.found.first, report.first, report.words.first, culprits);
  if (report.second)
    add_culprits(report.found.second, *report.second, report.words.second, culprits);
  return culprits;
}

}  // namespace

std::string RunawayReport::text(const std::string& consequence) const {
  if (!found.any()) return {};
  constexpr std::size_t most = 5;
  const std::vector<Culprit> culprits = culprits_of(*this);
  std::string list;
  for (std::size_t i = 0; i < std::min(most, culprits.size()); ++i) {
    const Culprit& c = culprits[i];
    list += sentence(i == 0 ? "" : ", ", c.side, c.side.empty() ? "" : " ", "model ", c.model, " (",
                     c.name, ", ", c.points, " ", words.point, c.points == 1 ? ")" : "s)");
  }
  if (culprits.size() > most) list += sentence(" and ", culprits.size() - most, " more");
  return sentence(runaway_sentence(found, words), ": ", list, ". ", consequence,
                  " Train such models again, or leave them out.");
}

Json RunawayReport::json() const {
  if (!found.any()) return Json();
  Json models = Json::array();
  for (const Culprit& c : culprits_of(*this))
    models.push_back(
        {{"side", c.side}, {"model", c.model}, {"name", c.name}, {"points", c.points}});
  const Runaway& worst = found.worst;
  const ModelOutputs& of = worst.of_second ? *second : first;
  return {{"points", found.runaway_points},
          {"models", models},
          {"farthest",
           {{"side", worst.of_second ? words.second : words.first},
            {"model", worst.model},
            {"name", of.model_name(worst.model)},
            {"point", worst.point},
            {"value", report::number_json(worst.value)},
            {"centre", report::number_json(worst.centre())},
            {"spread", report::number_json(worst.reach.spread)}}}};
}

void RunawayReport::warn(Document& document, const std::string& where,
                         const std::string& consequence) const {
  if (found.any())
    document.warnings.push_back((where.empty() ? "" : where + ": ") + text(consequence));
}

}  // namespace expunge::cli
