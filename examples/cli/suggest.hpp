// What somebody may have meant who typed a name that there is not.
#pragma once

#include <string>
#include <vector>

namespace expunge::cli {

/// How many single letters must be added, left out, changed, or swapped with their neighbour to
/// make one word the other (optimal string alignment).
std::size_t edits_between(const std::string& a, const std::string& b);

/// The candidate that the fewest edits make of `word`, the first of equals; "" if every one needs
/// more than a third of the word's letters (at least one edit is always allowed).
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

/// " (did you mean NAME?)", or "" if no candidate is near.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates);

/// "a, b, c and 7 more"; "nothing" for an empty list.
std::string listed(const std::vector<std::string>& names, std::size_t most = 8);

}  // namespace expunge::cli
