// What all commands share: their common options, how results leave the program, and its errors.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/completed.hpp"
#include "cli/document.hpp"
#include "expunge/core/progress.hpp"
#include "expunge/evaluation/bootstrap.hpp"
#include "support/progress_bar.hpp"

namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI

namespace expunge::cli {

/// A mistake in the command line that its parser cannot see: exit status 2.
class usage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// f(); what it finds wrong (std::invalid_argument) is a mistake in the command line, said after
/// `name` if there is one.
template <class F>
auto checked_usage(F f, const std::string& name = "") {
  try {
    return f();
  } catch (const std::invalid_argument& error) {
    throw usage_error((name.empty() ? "" : name + ": ") + error.what());
  }
}

/// Options that every command takes, and the state of one run.
class Session {
 public:
  Session(int count, char** arguments);

  int threads = 0;
  std::uint64_t seed = 0;
  std::string json_file, html_file;
  UseCompleted completed = UseCompleted::yes;

  /// The command line as it was typed, quoted where a shell needs it.
  const std::string& command() const { return command_; }

  /// A bar on stderr for the stage of this name, if that is a terminal.
  Progress progress(const std::string& stage);

  /// Says that the option names what the command reads: files, or a folder of which it reads files
  /// of these names. Returns the option.
  CLI::Option* reads(CLI::Option* option, std::vector<std::string> names = {});
  /// The same of a file that it writes. The values of other options are no paths.
  CLI::Option* writes(CLI::Option* option);
  /// The same of a folder in which the command writes files of these names.
  CLI::Option* writes_in(CLI::Option* option, std::vector<std::string> names);

  /// Throws usage_error or io_error where an output of the parsed command is no place to write to
  /// (output_checks.hpp).
  void check_files(const CLI::App& command) const;

  /// Prints to stdout and writes the files asked for, then a line with time and memory.
  void publish(const Document& document);

 private:
  std::string command_;
  std::chrono::steady_clock::time_point start_;
  std::unique_ptr<StageBars> bars_;
  // names in the option's folder; none: the option names the file itself
  std::map<const CLI::Option*, std::vector<std::string>> inputs_, outputs_;
};

/// Adds a command that makes a document: `run` is called once the whole line is parsed. `example`
/// is a line that works, shown at the end of the command's help.
CLI::App* add_command(CLI::App& app, Session& session, const std::string& name,
                      const std::string& description, const std::string& example,
                      std::function<Document()> run);

/// --ignore-completed, of commands that read outputs of models.
void add_completed_option(CLI::App& command, Session& session);

/// One of these words; another is refused with the nearest of them.
CLI::Validator one_of(std::vector<std::string> words);

/// Throws usage_error unless the option has no value or one that ends in .npz.
void require_npz(const std::string& option, const std::string& value);

/// --replicates and --level of a bootstrap over `what`. The config must outlive the parsing.
void add_bootstrap_options(CLI::App& command, BootstrapConfig& bootstrap, const std::string& what);

/// Parses and runs; the exit status: 0, 2 for bad usage, 3 for bad input. Every failure is one
/// sentence on stderr.
int run_commands(CLI::App& app, int count, char** arguments);

}  // namespace expunge::cli
