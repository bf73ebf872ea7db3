#include <doctest/doctest.h>

#include <sstream>

#include "example_results.hpp"
#include "expunge/report/table_text.hpp"

using namespace expunge::report;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> found;
  for (std::string line; std::getline(in, line);) found.push_back(line);
  return found;
}

std::string line_of(const std::string& text, const std::string& method) {
  for (const std::string& line : lines(text))
    if (line.rfind(method, 0) == 0) return line;
  return "";
}

}  // namespace

TEST_CASE("no line of the text table is wider than 120 columns") {
  const Results results = example::results();
  Results wide = results;
  wide.forget_sets[0].rows[0].method = "a method with quite a long name, and settings in it";
  wide.forget_sets[0].rows[0].settings = std::string(90, 'x') + " " + std::string(90, 'y');
  for (const Results& r : {results, wide})
    for (const std::string& line : lines(text_table(r))) {
      CAPTURE(line);
      CHECK(detail::width(line) <= 120);
    }
}

TEST_CASE("a table that is too wide is cut into blocks that repeat the methods") {
  Table table{"t", {{"", "m", true}, {"a", "x"}, {"b", "y"}, {"c", "z"}}, {}, 0};
  table.rows = {{{"m"}, {std::string(50, '1')}, {std::string(50, '2')}, {std::string(50, '3')}}};
  const std::string text = table_text(table);
  CHECK(contains(text, "m  " + std::string(50, '1') + "  " + std::string(50, '2') + "\n"));
  CHECK(contains(text, "m  " + std::string(50, '3') + "\n"));
}

TEST_CASE("a diverged method says so and shows no score") {
  const std::string text = table_text(klom_table(example::results().forget_sets[0]));
  const std::string line = line_of(text, "GA, rate x10");
  CHECK(contains(line, "diverged"));
  CHECK(!contains(line, "11.51"));
  CHECK(!contains(line, "inf"));
}

TEST_CASE("a missing or infinite number is a word, never a number") {
  const std::string text = text_table(example::results());
  CHECK(contains(line_of(text, "GDA"), "no value"));
  CHECK(!contains(text, "nan"));
  CHECK(!contains(text, "-nan"));
  CHECK(score_text(not_measured) == "no value");
  CHECK(score_text(INFINITY) == "infinite");
  CHECK(compute_text(not_measured) == "no value");
  CHECK(interval_text({not_measured, 1}).empty());
}

TEST_CASE("the floor is the first row, beside the scores it bounds") {
  const Table table = klom_table(example::results().forget_sets[0]);
  CHECK(table.floor_rows == 1);
  CHECK(table.rows[0][0].text == "floor (oracles)");
  CHECK(table.rows[0][3].text == "0.62");
  CHECK(table.rows[0][6].text == "0.67");
  CHECK(table.rows[0][8].text == "0.70");
}

TEST_CASE("both directions, the Gaussian and the accuracy are in the second table") {
  const Table table = check_table(example::results().forget_sets[0]);
  const std::vector<Cell>& nothing = table.rows[1];
  CHECK(nothing[1].text == "11.83");  // 1.3 * 9.1
  CHECK(nothing[4].text == "8.28");   // 0.1 * 9.1 * 9.1
  CHECK(nothing[7].text == "81.0");
  CHECK(table.rows.back().back().text == "100");
}

TEST_CASE("every row of a table has one cell per column") {
  const Results results = example::results();
  for (const Table& table : {klom_table(results.forget_sets[0]),
                             check_table(results.forget_sets[0]), stage_table(results.run)})
    for (const std::vector<Cell>& row : table.rows) CHECK(row.size() == table.columns.size());
}

TEST_CASE("times, shares and memory read as a person would write them") {
  CHECK(seconds_text(0.314) == "0.31 s");
  CHECK(seconds_text(59.97) == "1 min 0 s");
  CHECK(seconds_text(125.2) == "2 min 5 s");
  CHECK(compute_text(0) == "0");
  CHECK(compute_text(0.001) == "0.10 %");
  CHECK(compute_text(0.041) == "4.1 %");
  CHECK(percent_text(0.8333) == "83.3");
  CHECK(bytes_text(512.0 * 1024 * 1024) == "512 MiB");
}

TEST_CASE("the total of the stages is their sum") {
  const Table table = stage_table(example::results().run);
  CHECK(table.rows.back()[1].text == "47.0 s");
}
