// The commands of docs/score_your_models.md and of every --help, run on the files that
// examples/cli/example_data.py makes (tests/golden/example); easydub's is in easydub.cpp.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "cli/run.hpp"

using namespace expunge;
namespace fs = std::filesystem;

namespace {

/// One "$ expunge ..." of a console block and the lines that the page shows after it.
struct Shown {
  std::string command;
  std::vector<std::string> output;
};

std::vector<Shown> console_blocks(const fs::path& page) {
  std::istringstream in(report::read_text_file(page));
  std::vector<Shown> blocks;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```"))
      inside = line == "```console";
    else if (inside && line.starts_with("$ expunge "))
      blocks.push_back({line.substr(10), {}});
    else if (inside && !blocks.empty())
      blocks.back().output.push_back(line);
  }
  return blocks;
}

/// The same word, or two numbers that rounding may tell apart (other processors sum in another
/// order).
bool same_word(std::string a, std::string b) {
  const auto strip = [](std::string& s) {
    std::erase_if(s, [](char c) { return c == '[' || c == ']' || c == ','; });
  };
  if (a == b) return true;
  strip(a);
  strip(b);
  char *end_a = nullptr, *end_b = nullptr;
  const double x = std::strtod(a.c_str(), &end_a), y = std::strtod(b.c_str(), &end_b);
  if (*end_a != 0 || *end_b != 0 || a.empty() || b.empty()) return false;
  return std::abs(x - y) <= .02 * std::max(std::abs(x), std::abs(y)) + .002;
}

bool same_line(const std::string& a, const std::string& b) {
  std::istringstream x(a), y(b);
  std::string word, other;
  while (x >> word) {
    if (!(y >> other) ||
        (!same_word(word, other) && word.find_first_not_of('-') != std::string::npos))
      return false;
  }
  return !(y >> other);
}

/// The first shown line that the output lacks; "..." stands for any lines. Empty: all are there.
std::string first_lacking(const std::vector<std::string>& shown, const std::string& output) {
  std::istringstream in(output);
  std::string line;
  bool skip = false;
  for (const std::string& expected : shown) {
    if (expected == "...") {
      skip = true;
      continue;
    }
    bool found = false;
    while (!found && std::getline(in, line)) {
      found = same_line(expected, line);
      if (!found && !skip) return expected + "   (the output has: " + line + ")";
    }
    if (!found) return expected;
    skip = false;
  }
  return "";
}

void copy_example(const Scratch& at) {
  for (const fs::directory_entry& file : fs::directory_iterator(EXPUNGE_GOLDEN_DIR "/example"))
    fs::copy_file(file.path(), at / file.path().filename().string());
}

}  // namespace

TEST_CASE("tutorial: every command works and prints what the page shows") {
  const Scratch at;
  copy_example(at);
  const std::vector<Shown> blocks = console_blocks(EXPUNGE_DOCS_DIR "/score_your_models.md");
  CHECK(blocks.size() >= 9);
  for (const Shown& block : blocks) {
    const Ran ran = run(at, block.command);
    INFO(block.command << "\n" << ran.err << ran.out);
    CHECK(ran.status == 0);
    CHECK(ran.err.empty());
    CHECK(!block.output.empty());
    CHECK(first_lacking(block.output, ran.out) == "");
  }
}

TEST_CASE("tutorial: the comparison itself can fail") {
  CHECK(same_line("retain  1.00  [0.5, 0.7]", "retain   1.01 [0.5, 0.7]"));
  CHECK(!same_line("retain  1.00", "retain  1.10"));
  CHECK(!same_line("retain  1.00", "forget  1.00"));
  CHECK(!same_line("retain  1.00", "retain  1.00  2"));
  CHECK(first_lacking({"a", "...", "c"}, "a\nb\nb\nc\n") == "");
  CHECK(first_lacking({"a", "c"}, "a\nb\nc\n") != "");
  CHECK(first_lacking({"...", "d"}, "a\nb\n") == "d");
}

TEST_CASE("help: the example of every command works") {
  const Scratch at;
  copy_example(at);
  // in an order in which each finds what it reads
  const std::string splits = " --split forget=forget.npy";
  for (const char* name : {"nothing", "method"})
    REQUIRE(run(at, sentence("klom --oracle oracle.npy --unlearned unlearned.npy --split "
                             "forget=forget.npy --json ",
                             name, ".json"))
                .status == 0);
  for (const std::string command :
       {"klom", "inspect", "fit", "lds", "predict", "compare", "ulira", "epsilon"}) {
    const Ran help = run(at, command + " --help");
    CHECK(help.status == 0);
    const std::string example = example_of(help.out);
    CHECK(example.starts_with("expunge " + command + " "));
    const Ran ran = run(at, example.substr(8));
    INFO(example << "\n" << ran.err);
    CHECK(ran.status == 0);
  }
}
