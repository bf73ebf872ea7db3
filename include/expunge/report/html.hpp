// The report as one page that needs nothing else: no scripts, no other files. Light or dark as the
// reader prefers, readable on a phone and on paper.
#pragma once

#include <string>
#include <vector>

#include "expunge/report/figure.hpp"
#include "expunge/report/html_page.hpp"
#include "expunge/report/table_html.hpp"

namespace expunge::report {

namespace detail {

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
  std::string html =
      sentence("<section>\n<h2>Forget set: ", html_text(set.name), "</h2>\n",
               html_paragraph(sentence(set.description, " (", set.size, " examples).")));
  html += html_list(set.remarks) + table_html(klom_table(set)) + table_html(check_table(set));
  for (const Figure& figure : figures)
    if (figure.name == sentence("klom_", number)) html += figure_html(figure);
  return html + "</section>\n";
}

inline std::string settings_html(const Results& results) {
  std::string html = "<section>\n<h2>Settings, and how to read the numbers</h2>\n";
  html += html_list(results.remarks) + "<dl>\n";
  for (const auto& [name, value] : results.run.settings) html += html_term(name, value);
  return html + "</dl>\n</section>\n";
}

inline std::string run_html(const Run& run) {
  std::string html = "<section>\n<h2>Time and machine</h2>\n";
  if (!run.stages.empty()) html += table_html(stage_table(run));
  html += "<dl>\n" + html_term("machine", run.machine) +
          html_term("threads", std::to_string(run.threads)) +
          html_term("peak memory", bytes_text(run.peak_memory_bytes)) +
          html_term("expunge", run.version) + html_term("seed", std::to_string(run.seed)) +
          html_term("date", run.date) + html_term("command", run.command);
  return html + "</dl>\n</section>\n";
}

}  // namespace detail

/// The whole page; `figures` as figures() made them.
inline std::string html_report(const Results& results, const std::vector<Figure>& figures) {
  std::string html = html_page_begin(results.title);
  html += "<p class=\"summary\">";
  for (const std::string& words : results.summary) html += html_text(words) + " ";
  html += "</p>\n";
  html += html_paragraph(
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
  return html + html_page_end();
}

}  // namespace expunge::report
