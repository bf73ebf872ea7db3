#include "expunge/report/html.hpp"

#include <doctest/doctest.h>

#include "example_results.hpp"

using namespace expunge::report;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

const std::vector<Figure> two_figures = {{"klom_2", "K", "see <this>", "<svg id=\"k2\"></svg>"},
                                         {"models", "M", "c", "<svg id=\"m\"></svg>"}};

}  // namespace

TEST_CASE("the page needs nothing but itself") {
  const std::string page = html_report(example::results(), two_figures);
  CHECK(page.rfind("<!doctype html>", 0) == 0);
  CHECK(!contains(page, "<script"));
  CHECK(!contains(page, "<link"));
  CHECK(!contains(page, "src="));
  CHECK(!contains(page, "url("));
  for (const char* tag : {"table", "section", "figure", "tr", "td", "dl", "ul"}) {
    CAPTURE(tag);
    const std::string name = tag;
    CHECK(count(page, "<" + name + ">") + count(page, "<" + name + " ") ==
          count(page, "</" + name + ">"));
  }
}

TEST_CASE("all text is escaped") {
  Results results = example::results();
  const std::string evil = "<img src=x onerror='a'>&\"";
  results.title = results.run.machine = results.run.date = evil;
  results.summary = results.remarks = {evil};
  results.run.settings = {{evil, evil}};
  results.run.stages = {{evil, 1}};
  ForgetSetResult& set = results.forget_sets[0];
  set.name = set.description = set.rows[0].method = set.rows[0].settings = evil;
  set.remarks = {evil};
  const std::string page = html_report(results, two_figures);
  CHECK(!contains(page, "<img"));
  CHECK(contains(page, "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;"));
  CHECK(contains(page, "see &lt;this&gt;"));
}

TEST_CASE("a diverged method and a missing number are words on the page") {
  const std::string page = html_report(example::results(), {});
  CHECK(contains(page, "<td class=\"bad\">diverged</td>"));
  CHECK(contains(page, "<td class=\"none\">no value</td>"));
  CHECK(!contains(page, ">nan<"));
  CHECK(!contains(page, ">inf<"));
  CHECK(!contains(page, "--share:nan"));
}

TEST_CASE("the figure of a forget set stands in its section, the others after the last") {
  const std::string page = html_report(example::results(), two_figures);
  const std::size_t second_set = page.find("Forget set: 50 of class Shirt");
  CHECK(page.find("id=\"k2\"") > second_set);
  CHECK(page.find("id=\"k2\"") < page.find("A closer look"));
  CHECK(page.find("id=\"m\"") > page.find("A closer look"));
  CHECK(count(page, "<svg") == 2);
}

TEST_CASE("the floor is marked, and a score is shaded by its share of the ceiling") {
  const std::string html = table_html(klom_table(example::results().forget_sets[0]));
  CHECK(count(html, "<tr class=\"floor\">") == 1);
  CHECK(contains(html, "<td class=\"score\" style=\"--share:0.790\">9.10</td>"));
  CHECK(contains(html, "<small>SGD 5e-3, 3 epochs &lt;small&gt;</small>"));
}

TEST_CASE("seed, machine, stages and command are on the page, so that a run can be repeated") {
  const std::string page = html_report(example::results(), {});
  for (const char* text : {"Xeon, 2 cores, g++ 12.2", "./demo --seed 1 &lt;x&gt;", "subset models",
                           "31.2 s", "47.0 s", "512 MiB", "2025-01-01T12:00:00Z"}) {
    CAPTURE(text);
    CHECK(contains(page, text));
  }
}
