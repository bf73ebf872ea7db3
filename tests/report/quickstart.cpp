// What the quickstart writes with: results.json and the progress bars.
#include <doctest/doctest.h>

#include <cmath>

#include "example_results.hpp"
#include "expunge/report/gnuplot.hpp"
#include "quickstart/results_json.hpp"
#include "support/progress_bar.hpp"

using namespace expunge::report;

namespace {

/// What the bars say in a temporary file.
std::string said(bool terminal, int calls) {
  std::FILE* file = std::tmpfile();
  {
    StageBars bars(file, terminal);
    const expunge::Progress progress = bars.start("train");
    for (int i = 1; i <= calls; ++i) progress(i, calls);
    bars.start("score");
  }
  std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
  std::rewind(file);
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("results.json can be read back and holds the numbers of the results") {
  const detail::TemporaryFolder folder;
  const Results results = example::results();
  write_results_json(folder.file("results.json"), results);
  const Json json = Json::parse(read_text_file(folder.file("results.json")));
  CHECK(json["run"]["seed"] == 1);
  CHECK(json["run"]["settings"]["subset models"] == "2000");
  const Json& row = json["forget_sets"][1]["rows"][0];
  CHECK(row["method"] == "do nothing");
  CHECK(row["scores"]["forget"]["forward"]["p95"] == 9.1);
  CHECK(row["scores"]["retain"]["forward"]["p95_interval"][1] == 1.2 * 1.9);
  CHECK(json["forget_sets"][0]["floor"]["validation"]["accuracy"] == 0.832);
  CHECK(json["missing_targets"][0]["percent"].size() == 9);
  CHECK(json["missing_targets"][0]["overshoots"][0] == true);
  CHECK(json["models_curves"][2]["points"][3]["models"] == 2000);
  CHECK(json["histograms"][3]["series"][1]["margins"].size() == 100);
}

TEST_CASE("what was not measured or diverged is null in results.json, never a number") {
  const Json json = results_json(example::results());
  const Json& rows = json["forget_sets"][0]["rows"];
  CHECK(rows[3]["scores"]["forget"]["forward"]["p95"].is_null());
  CHECK(rows.back()["scores"]["forget"]["forward"]["p95"].is_null());
  CHECK(rows.back()["diverged"] == true);
}

TEST_CASE("text that is no UTF-8 does not stop results.json") {
  const detail::TemporaryFolder folder;
  Results results;
  results.title = "\xff";
  write_results_json(folder.file("results.json"), results);
  CHECK(Json::parse(read_text_file(folder.file("results.json")))["title"] == "\xef\xbf\xbd");
}

TEST_CASE("without a terminal a stage is one line, whatever its progress") {
  const std::string text = said(false, 1000);
  CHECK(text.find('\r') == std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  CHECK(text.rfind("train", 0) == 0);
}

TEST_CASE("on a terminal a stage has a bar, and its line ends with its time") {
  const std::string text = said(true, 1000);
  CHECK(text.find("[....") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
}

TEST_CASE("the stages and their seconds are kept in order") {
  StageBars bars(std::tmpfile(), false);
  bars.start("a");
  bars.start("b");
  bars.finish();
  bars.finish();
  REQUIRE(bars.stages().size() == 2);
  CHECK(bars.stages()[0].name == "a");
  CHECK(bars.stages()[1].name == "b");
  CHECK(bars.stages()[1].seconds >= 0);
}
