// What the command printed, each sentence on one line again.
#pragma once

#include <string>

namespace expunge {

/// The text with every line break that is followed by spaces, and these, as one space.
inline std::string unwrapped(const std::string& text) {
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\n' || i + 1 == text.size() || text[i + 1] != ' ') {
      line += text[i];
      continue;
    }
    while (i + 1 < text.size() && text[i + 1] == ' ') ++i;
    line += ' ';
  }
  return line;
}

}  // namespace expunge
