// The pieces of a page: its beginning with the style, paragraphs, lists, terms. Text is escaped.
#pragma once

#include <string>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/report/html_style.hpp"
#include "expunge/report/html_text.hpp"

namespace expunge::report {

/// Everything up to the heading, style included.
inline std::string html_page_begin(const std::string& title) {
  return sentence(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
      html_text(title), "</title>\n<style>", detail::page_style, "</style>\n</head>\n<body>\n<h1>",
      html_text(title), "</h1>\n");
}

inline std::string html_paragraph(const std::string& text) {
  return sentence("<p>", html_text(text), "</p>\n");
}

inline std::string html_list(const std::vector<std::string>& sentences) {
  if (sentences.empty()) return "";
  std::string html = "<ul>\n";
  for (const std::string& item : sentences) html += sentence("<li>", html_text(item), "</li>\n");
  return html + "</ul>\n";
}

inline std::string html_term(const std::string& name, const std::string& value) {
  if (value.empty()) return "";
  return sentence("<dt>", html_text(name), "</dt><dd>", html_text(value), "</dd>\n");
}

inline std::string html_page_end() {
  return "</body>\n</html>\n";
}

}  // namespace expunge::report
