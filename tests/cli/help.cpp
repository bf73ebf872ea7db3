#include <doctest/doctest.h>

#include "cli/run.hpp"

using namespace expunge;

namespace {

/// The names under "Subcommands:".
std::vector<std::string> subcommands(const std::string& help) {
  std::istringstream lines(help.substr(help.find("Subcommands:")));
  std::vector<std::string> names;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && line.starts_with("  "))
    if (line[2] != ' ') names.push_back(line.substr(2, line.find(' ', 2) - 2));
  return names;
}

}  // namespace

TEST_CASE("help names every command and ends with an example") {
  const Scratch scratch;
  const Ran help = run(scratch, "--help");
  CHECK(help.status == 0);
  CHECK(help.err == "");
  CHECK(example_of(help.out).starts_with("expunge "));
  const std::vector<std::string> names = subcommands(help.out);
  CHECK(names == std::vector<std::string>{"klom", "easydub", "fit", "inspect", "lds", "compare",
                                          "predict", "ulira", "epsilon"});
}

TEST_CASE("the help of every command ends with an example whose options all parse") {
  const Scratch scratch;
  for (const std::string& name : subcommands(run(scratch, "--help").out)) {
    INFO(name);
    const Ran help = run(scratch, name + " --help");
    CHECK(help.status == 0);
    const std::string example = example_of(help.out);
    REQUIRE(example.starts_with("expunge " + name + " "));
    const Ran ran = run(scratch, example.substr(std::string("expunge ").size()));
    INFO(example << " gave " << ran.status << ": " << ran.err);
    CHECK(refused(ran, 3, ""));  // its files are not here, but nothing of the line is wrong
  }
}

TEST_CASE("every command refuses an unknown option in one line, and the version is one line") {
  const Scratch scratch;
  for (const std::string& name : subcommands(run(scratch, "--help").out)) {
    const Ran ran = run(scratch, name + " --frobnicate 3");
    INFO(name << ": " << ran.err);
    CHECK(refused(ran, 2, "--help"));
  }
  const Ran version = run(scratch, "--version");
  CHECK(version.status == 0);
  CHECK(version.out.starts_with("expunge "));
  CHECK(version.out.find('\n') == version.out.size() - 1);
}
