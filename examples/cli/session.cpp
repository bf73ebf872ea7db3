#include "cli/session.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <new>

#include "cli/output_checks.hpp"
#include "cli/suggest.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/report/number.hpp"
#include "expunge/report/text_file.hpp"

namespace expunge::cli {

namespace {

/// As a POSIX shell reads it back.
std::string shell_quoted(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_-+=./:,@%") == std::string::npos;
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

bool is_terminal(int descriptor) {
  return isatty(descriptor) == 1 && std::getenv("NO_COLOR") == nullptr;
}

double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

/// The sentence of an error, on one line.
int fail(const std::string& who, std::string what, int status) {
  std::replace(what.begin(), what.end(), '\n', ' ');
  std::cerr << who << ": " << what << "\n";
  return status;
}

/// Long names of a command's options, with their dashes.
std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

/// Of a line that was not understood: the first option that the command does not have, if a name is
/// near to it.
std::string unknown_option(const CLI::App& command, int count, char** arguments) {
  const std::vector<std::string> names = option_names(command);
  for (int i = 1; i < count; ++i) {
    const std::string word = arguments[i], name = word.substr(0, word.find('='));
    if (name == "--") return "";
    if (!name.starts_with("--") || std::find(names.begin(), names.end(), name) != names.end())
      continue;
    const std::string hint = did_you_mean(name, names);
    if (!hint.empty()) return "there is no option " + name + hint;
  }
  return "";
}

/// What the parsed command's options of `known` name, in the order of its options.
std::vector<NamedFile> named_files(
    const CLI::App& command, const std::map<const CLI::Option*, std::vector<std::string>>& known) {
  std::vector<NamedFile> files;
  for (const CLI::Option* option : command.get_options()) {
    const auto found = known.find(option);
    if (found == known.end()) continue;
    for (const std::string& text : option->results()) {
      if (found->second.empty()) files.push_back({option->get_name(), text});
      for (const std::string& name : found->second)
        files.push_back({option->get_name(), text + "/" + name});
    }
  }
  return files;
}

}  // namespace

CLI::Option* Session::reads(CLI::Option* option, std::vector<std::string> names) {
  inputs_[option] = std::move(names);
  return option;
}

CLI::Option* Session::writes(CLI::Option* option) {
  outputs_[option];
  return option;
}

CLI::Option* Session::writes_in(CLI::Option* option, std::vector<std::string> names) {
  outputs_[option] = std::move(names);
  return option;
}

void Session::check_files(const CLI::App& command) const {
  check_outputs(named_files(command, inputs_), named_files(command, outputs_));
}

Session::Session(int count, char** arguments)
    : command_("expunge"), start_(std::chrono::steady_clock::now()) {
  for (int i = 1; i < count; ++i) command_ += " " + shell_quoted(arguments[i]);
}

Progress Session::progress(const std::string& stage) {
  if (isatty(STDERR_FILENO) != 1) return {};
  if (!bars_) bars_ = std::make_unique<StageBars>(stderr);
  return bars_->start(stage);
}

void Session::publish(const Document& document) {
  if (bars_) bars_->finish();
  std::cout << document_text(document, is_terminal(STDOUT_FILENO)) << std::flush;
  if (!json_file.empty())
    report::write_text_file(json_file, report::json_text(document_json(document, command_)));
  if (!html_file.empty()) report::write_text_file(html_file, document_html(document, command_));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  std::cout << "\n"
            << report::seconds_text(seconds) << " on " << thread_count(threads)
            << " threads, peak memory " << report::bytes_text(peak_memory()) << std::endl;
  if (!std::cout) throw io_error("standard output", "cannot be written: is the disk full?");
}

CLI::App* add_command(CLI::App& app, Session& session, const std::string& name,
                      const std::string& description, const std::string& example,
                      std::function<Document()> run) {
  CLI::App* command = app.add_subcommand(name, description);
  command->footer("Example:\n  " + example);
  const auto common = [command](CLI::Option* option) { return option->group("Common options"); };
  common(session.writes(
      command->add_option("--json", session.json_file, "write the results here as JSON")));
  common(session.writes(
      command->add_option("--html", session.html_file, "write the results here as a page")));
  common(command->add_option("--seed", session.seed, "of every random choice"))
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 53));  // -1 would wrap around
  common(command->add_option("--threads", session.threads, "0 = all; never changes a result"))
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
  command->callback([&session, command, run = std::move(run)] {
    session.check_files(*command);
    session.publish(run());
  });
  return command;
}

void add_completed_option(CLI::App& command, Session& session) {
  command.add_flag_callback(
      "--ignore-completed", [&session] { session.completed = UseCompleted::no; },
      "use every model, also those that _completed.npy beside the files calls unfinished");
}

CLI::Validator one_of(std::vector<std::string> words) {
  const std::string all = listed(words, words.size());
  return CLI::Validator(
      [words = std::move(words), all](const std::string& word) {
        if (std::find(words.begin(), words.end(), word) != words.end()) return std::string();
        return "'" + word + "' is none of " + all + did_you_mean(word, words);
      },
      all);
}

void require_npz(const std::string& option, const std::string& value) {
  if (!value.empty() && !value.ends_with(".npz"))
    throw usage_error(option + " " + value + ": a name in .npz was expected");
}

void add_bootstrap_options(CLI::App& command, BootstrapConfig& bootstrap, const std::string& what) {
  command.add_option("--replicates", bootstrap.replicates, "of the bootstrap over " + what)
      ->capture_default_str()
      ->check(CLI::Range(2, 999999));
  command.add_option("--level", bootstrap.level, "of the intervals")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 0.9999));
}

int run_commands(CLI::App& app, int count, char** arguments) {
  std::string who = "expunge";
  const std::string first = count > 1 ? arguments[1] : "";
  std::vector<std::string> commands;
  const CLI::App* command = &app;
  for (const CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(one->get_name());
    if (one->get_name() == first) command = one;
  }
  if (command != &app)
    who += " " + first;
  else if (!first.empty() && first[0] != '-')
    return fail(who,
                "there is no command '" + first + "'" + did_you_mean(first, commands) +
                    " (see expunge --help)",
                2);
  try {
    app.parse(count, arguments);
    return 0;
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ParseError& error) {
    const std::string unknown = unknown_option(*command, count, arguments);
    return fail(who, (unknown.empty() ? error.what() : unknown) + " (see " + who + " --help)", 2);
  } catch (const usage_error& error) {
    return fail(who, std::string(error.what()) + " (see " + who + " --help)", 2);
  } catch (const std::bad_alloc&) {
    return fail(who, "there is not enough memory for this", 3);
  } catch (const std::exception& error) {
    return fail(who, error.what(), 3);
  }
}

}  // namespace expunge::cli
