// Text inside HTML and XML.
#pragma once

#include <string>

#include "expunge/core/platform.hpp"

namespace expunge::report {

/// The text with everything escaped that HTML or XML would read as markup, in content and in
/// attributes.
inline std::string html_text(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace expunge::report
