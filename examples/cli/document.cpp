#include "cli/document.hpp"

#include "expunge/report/html_page.hpp"
#include "expunge/report/table_html.hpp"
#include "expunge/report/table_text.hpp"
#include "support/version.hpp"

namespace expunge::cli {

namespace {

std::string coloured(const std::string& text, const char* code, bool colours) {
  return colours ? sentence("\033[", code, "m", text, "\033[0m") : text;
}

}  // namespace

std::string document_text(const Document& document, bool colours) {
  std::string text = coloured(document.title, "1", colours) + "\n";
  std::size_t widest = 0;
  for (const auto& [name, value] : document.facts)
    widest = std::max(widest, report::detail::width(name));
  for (const auto& [name, value] : document.facts)
    text +=
        "  " + report::wrapped(report::detail::padded(name, widest + 2, true) + value, widest + 4);
  for (const report::Table& table : document.tables) text += "\n" + report::table_text(table);
  if (!document.warnings.empty() || !document.remarks.empty()) text += "\n";
  for (const std::string& warning : document.warnings)
    text += coloured(report::wrapped("! " + warning, 2), "33", colours);
  for (const std::string& remark : document.remarks) text += report::wrapped("- " + remark, 2);
  return text;
}

Json document_json(const Document& document, const std::string& command) {
  Json facts = Json::object();
  for (const auto& [name, value] : document.facts) facts[name] = value;
  return {{"expunge", support::version_text()},
          {"command", command},
          {"kind", document.kind},
          {"facts", facts},
          {"results", document.results},
          {"warnings", document.warnings},
          {"remarks", document.remarks}};
}

std::string document_html(const Document& document, const std::string& command) {
  std::string html = report::html_page_begin(document.title);
  html += report::html_list(document.warnings);
  for (const report::Table& table : document.tables) html += report::table_html(table);
  html += report::html_list(document.remarks) + "<dl>\n";
  for (const auto& [name, value] : document.facts) html += report::html_term(name, value);
  html +=
      report::html_term("expunge", support::version_text()) + report::html_term("command", command);
  return html + "</dl>\n" + report::html_page_end();
}

}  // namespace expunge::cli
