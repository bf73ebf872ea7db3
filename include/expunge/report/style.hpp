// One colour and one mark per method, the same in every figure of a report. Colours keep their
// contrast on white and on black.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "expunge/core/platform.hpp"

namespace expunge::report {

struct MethodStyle {
  std::string_view colour;  // #rrggbb
  int mark = 7;  // gnuplot's point type: 5 square, 7 disc, 9 and 11 triangles, 13 diamond
};

namespace detail {

struct NamedStyle {
  std::string_view begins_with;
  MethodStyle style;
};

/// The first entry that a name begins with decides, so longer names stand first.
inline constexpr std::array<NamedStyle, 16> named_styles{{
    {"do nothing", {"#8a8a8a", 4}},
    {"full", {"#8a8a8a", 4}},
    {"DMM, Gauss-Newton", {"#8e5bd0", 7}},
    {"OM, Gauss-Newton", {"#8aa33a", 7}},
    {"DMM", {"#2f7fd1", 5}},
    {"DM-Direct", {"#45b5e6", 13}},
    {"OM", {"#12a594", 9}},
    {"oracle", {"#2fa04e", 6}},
    {"GDA", {"#e07bb5", 11}},
    {"GD", {"#e0a100", 9}},
    {"GA", {"#e0701a", 8}},
    {"SCRUB", {"#d5423c", 13}},
    {"retrain", {"#9a7b3f", 12}},
    {"LASSO", {"#8e5bd0", 7}},
    {"difference of means, thresholded", {"#c2527a", 11}},
    {"difference", {"#e0a100", 9}},
}};

inline constexpr std::array<MethodStyle, 6> other_styles{{{"#2f7fd1", 7},
                                                          {"#12a594", 5},
                                                          {"#e0701a", 9},
                                                          {"#d5423c", 11},
                                                          {"#8aa33a", 13},
                                                          {"#b35fa8", 12}}};

}  // namespace detail

/// The style of a method's name; an unknown name always gets the same one.
inline MethodStyle method_style(std::string_view method) {
  for (const detail::NamedStyle& named : detail::named_styles)
    if (method.substr(0, named.begins_with.size()) == named.begins_with) return named.style;
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : method) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return detail::other_styles[hash % detail::other_styles.size()];
}

}  // namespace expunge::report
