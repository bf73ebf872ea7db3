// Numbers in JSON: what was not measured is null.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

namespace expunge::report {

using Json = nlohmann::ordered_json;

inline Json number_json(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

inline Json numbers_json(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(number_json(value));
  return list;
}

/// As text, one space of indentation. Text that is no UTF-8 is replaced rather than fatal.
inline std::string json_text(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace expunge::report
