// What a command found: one value that becomes text, JSON or a page.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "expunge/report/table.hpp"
#include "support/json.hpp"

namespace expunge::cli {

using report::Json;

struct Document {
  std::string kind;                                        // the command: "klom"
  std::string title;                                       // one line
  std::vector<std::pair<std::string, std::string>> facts;  // what was read and how
  std::vector<report::Table> tables;
  std::vector<std::string> warnings;
  std::vector<std::string> remarks;  // what a reader of the numbers must know
  Json results = Json::object();     // the same for programs
};

/// For a terminal; with colours if `colours`.
std::string document_text(const Document& document, bool colours);

/// {"expunge": version, "command": line, "kind": ..., facts, results, warnings, remarks}.
Json document_json(const Document& document, const std::string& command);

/// One page that needs no other file.
std::string document_html(const Document& document, const std::string& command);

}  // namespace expunge::cli
