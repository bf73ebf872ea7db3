// SVG by gnuplot, an external program: a script goes into a temporary folder, its picture comes
// back as a string. Black becomes `currentColor`, so that a page may be dark.
#pragma once

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iomanip>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>

#include "expunge/core/check.hpp"
#include "expunge/report/text_file.hpp"

namespace expunge::report {

/// The program that draws.
struct Gnuplot {
  std::string program = "gnuplot";
};

namespace detail {

/// A folder of our own that is gone when this object is.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::random_device random;
    do path_ = std::filesystem::temp_directory_path() / sentence("expunge-", random(), random());
    while (!std::filesystem::create_directory(path_));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// For the shell: one word.
inline std::string shell_word(const std::string& text) {
  return sentence("'", replaced(text, "'", "'\\''"), "'");
}

/// For gnuplot: one string in single quotes, on one line.
inline std::string quoted(const std::string& text) {
  return sentence("'", replaced(replaced(text, "'", "''"), "\n", " "), "'");
}

/// For gnuplot's data blocks.
inline std::string number(double value) {
  return std::isfinite(value) ? sentence(std::setprecision(8), value) : std::string("NaN");
}

/// Without the titles of single curves, which a browser would show under the mouse: they are
/// commands.
inline std::string without_curve_titles(std::string svg) {
  const std::size_t first = svg.find("</title>");
  for (std::size_t begin; (begin = svg.find("<title>", first)) != std::string::npos;) {
    const std::size_t end = svg.find("</title>", begin);
    if (end == std::string::npos) break;
    svg.erase(begin, end + 8 - begin);
  }
  return svg;
}

/// What gnuplot wrote, made fit to stand inside a page beside others: no fixed size, ids of its
/// own.
inline std::string page_svg(std::string svg, const std::string& name, const std::string& title) {
  svg = without_curve_titles(svg.substr(svg.find("<svg")));
  svg =
      replaced(svg, sentence("<title>", name, "</title>"), sentence("<title>", title, "</title>"));
  const std::size_t begin = svg.find("<desc>"), end = svg.find("</desc>");
  if (begin < end && end != std::string::npos) svg.erase(begin, end + 7 - begin);
  svg = replaced(svg, "font-family=\"sans\"", "font-family=\"Helvetica, Arial, sans-serif\"");
  svg = replaced(svg, "font-size=\"12.50\"", "font-size=\"12.50\" font-weight=\"600\"");
  svg = replaced(svg, "rgb(  0,   0,   0)", "currentColor");
  svg = replaced(svg, "\"black\"", "\"currentColor\"");
  svg = replaced(svg, "'black'", "'currentColor'");
  svg = replaced(svg, "gpDot", name + "-dot");
  return replaced(svg, "gpPt", name + "-mark");
}

}  // namespace detail

/// Runs gnuplot on the commands, which draw on the SVG terminal that is set here. `name` is a short
/// word, unique in a page; the title is what a screen reader says, already escaped for XML. Throws
/// std::runtime_error with gnuplot's own words if it is missing or fails.
inline std::string gnuplot_svg(const std::string& name, const std::string& title, int width,
                               int height, const std::string& commands,
                               const Gnuplot& gnuplot = {}) {
  const detail::TemporaryFolder folder;
  const std::filesystem::path script = folder.file("figure.gp");
  const std::filesystem::path picture = folder.file("figure.svg");
  const std::filesystem::path words = folder.file("errors.txt");
  write_text_file(script,
                  sentence("set terminal svg size ", width, ",", height, " name \"", name,
                           "\" font 'sans,11' noenhanced linewidth 1\n", "set output ",
                           detail::quoted(picture.string()), "\n", commands, "unset output\n"));
  const std::string command =
      sentence(detail::shell_word(gnuplot.program), " ", detail::shell_word(script.string()), " >",
               detail::shell_word(words.string()), " 2>&1");
  const int status = std::system(command.c_str());
  const std::string said = read_text_file(words);
  if (status != 0 && said.find("not found") != std::string::npos)
    throw std::runtime_error(sentence("figure ", name, ": there is no program '", gnuplot.program,
                                      "'; install gnuplot (Debian: gnuplot-nox)"));
  if (status != 0 || !std::filesystem::exists(picture))
    throw std::runtime_error(sentence("figure ", name, ": gnuplot failed: ", said));
  return detail::page_svg(read_text_file(picture), name, title);
}

}  // namespace expunge::report
