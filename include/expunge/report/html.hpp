// The report as one page that needs nothing else: no scripts, no other files. Light or dark as the
// reader prefers, readable on a phone and on paper.
#pragma once

#include <string>
#include <vector>

#include "expunge/report/figure.hpp"
#include "expunge/report/html_style.hpp"
#include "expunge/report/html_text.hpp"
#include "expunge/report/table_html.hpp"

namespace expunge::report {

namespace detail {

inline std::string paragraph(const std::string& text) {
  return sentence("<p>", html_text(text), "</p>\n");
}

inline std::string list(const std::vector<std::string>& sentences) {
  if (sentences.empty()) return "";
  std::string html = "<ul>\n";
  for (const std::string& item : sentences) html += sentence("<li>", html_text(item), "</li>\n");
  return html + "</ul>\n";
}

inline std::string figure_html(const Figure& figure) {
  return sentence("<figure id=\"", html_text(figure.name), "\"><div class=\"scroll\">", figure.svg,
                  "</div>\n<figcaption><b>", html_text(figure.title), ".</b> ",
                  html_text(figure.caption), "</figcaption></figure>\n");
}

/// The figure of one forget set has the name that figures() gave it; the others follow the tables.
inline bool is_of_a_forget_set(const Figure& figure) {
  return figure.name.rfind("klom_", 0) == 0;
}

inline std::string forget_set_html(const ForgetSetResult& set, std::size_t number,
                                   const std::vector<Figure>& figures) {
  std::string html = sentence("<section>\n<h2>Forget set: ", html_text(set.name), "</h2>\n",
                              paragraph(sentence(set.description, " (", set.size, " examples).")));
  html += list(set.remarks) + table_html(klom_table(set)) + table_html(check_table(set));
  for (const Figure& figure : figures)
    if (figure.name == sentence("klom_", number)) html += figure_html(figure);
  return html + "</section>\n";
}

inline std::string term(const std::string& name, const std::string& value) {
  if (value.empty()) return "";
  return sentence("<dt>", html_text(name), "</dt><dd>", html_text(value), "</dd>\n");
}

inline std::string settings_html(const Results& results) {
  std::string html = "<section>\n<h2>Settings, and how to read the numbers</h2>\n";
  html += list(results.remarks) + "<dl>\n";
  for (const auto& [name, value] : results.run.settings) html += term(name, value);
  return html + "</dl>\n</section>\n";
}

inline std::string run_html(const Run& run) {
  std::string html = "<section>\n<h2>Time and machine</h2>\n";
  if (!run.stages.empty()) html += table_html(stage_table(run));
  html += "<dl>\n" + term("machine", run.machine) + term("threads", std::to_string(run.threads)) +
          term("peak memory", bytes_text(run.peak_memory_bytes)) + term("expunge", run.version) +
          term("seed", std::to_string(run.seed)) + term("date", run.date) +
          term("command", run.command);
  return html + "</dl>\n</section>\n";
}

inline std::string page_begin(const std::string& title) {
  return sentence(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
      html_text(title), "</title>\n<style>", page_style, "</style>\n</head>\n<body>\n<h1>",
      html_text(title), "</h1>\n");
}

}  // namespace detail

/// The whole page; `figures` as figures() made them.
inline std::string html_report(const Results& results, const std::vector<Figure>& figures) {
  std::string html = detail::page_begin(results.title);
  html += "<p class=\"summary\">";
  for (const std::string& words : results.summary) html += html_text(words) + " ";
  html += "</p>\n";
  html += detail::paragraph(
      "Scores are KLoM: the KL divergence between the margins of unlearned models and those of "
      "oracles, which "
      "were trained without the forget set. 0 would be perfect; the first row of each table, the "
      "floor, is what "
      "oracles score against other oracles and so the best that can be expected; 11.51 is the "
      "worst.");
  for (std::size_t i = 0; i < results.forget_sets.size(); ++i)
    html += detail::forget_set_html(results.forget_sets[i], i + 1, figures);
  std::string others;
  for (const Figure& figure : figures)
    if (!detail::is_of_a_forget_set(figure)) others += detail::figure_html(figure);
  if (!others.empty())
    html += sentence("<section>\n<h2>A closer look</h2>\n", others, "</section>\n");
  html += detail::settings_html(results) + detail::run_html(results.run);
  return html + "</body>\n</html>\n";
}

}  // namespace expunge::report
