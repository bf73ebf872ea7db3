// Runs the built command in a folder of its own and keeps what it said.
//
//   const Scratch scratch;
//   const Ran ran = run(scratch, "klom --oracle o.npy --unlearned u.npy");  // words part at spaces
//   CHECK(ran.status == 0);
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "expunge/report/text_file.hpp"
#include "io/scratch.hpp"
#include "support/json.hpp"

namespace expunge {

struct Ran {
  int status = -1;  // the exit status; -1 if a signal ended it
  std::string out, err;
};

namespace detail {

inline void redirect(const std::string& file, int descriptor) {
  const int to = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (to < 0 || ::dup2(to, descriptor) < 0) ::_exit(127);
  ::close(to);
}

}  // namespace detail

/// Words that part at spaces.
inline std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// Starts the command with these arguments, its working directory the scratch folder; what it says
/// goes to the two files.
inline pid_t start(const Scratch& scratch, const std::vector<std::string>& arguments,
                   const std::string& out = "/dev/null", const std::string& err = "/dev/null") {
  const std::string folder = scratch.folder().string();
  std::vector<std::string> words{EXPUNGE_COMMAND};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    detail::redirect(out, STDOUT_FILENO);
    detail::redirect(err, STDERR_FILENO);
    if (::chdir(folder.c_str()) == 0) ::execv(EXPUNGE_COMMAND, pointers.data());
    ::_exit(127);
  }
  return child;
}
inline pid_t start(const Scratch& scratch, const std::string& line) {
  return start(scratch, words_of(line));
}

/// The exit status of a started command; -1 if a signal ended it.
inline int wait_for(pid_t child) {
  int status = 0;
  const bool ended = child > 0 && ::waitpid(child, &status, 0) == child;
  return ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Runs the command with these arguments, its working directory the scratch folder.
inline Ran run(const Scratch& scratch, const std::vector<std::string>& arguments) {
  const Scratch said;
  const std::string out = said / "out", err = said / "err";
  Ran ran;
  ran.status = wait_for(start(scratch, arguments, out, err));
  ran.out = report::read_text_file(out);
  ran.err = report::read_text_file(err);
  return ran;
}

/// The same of one line, whose words part at spaces.
inline Ran run(const Scratch& scratch, const std::string& line) {
  return run(scratch, words_of(line));
}

/// Whether a failure is what the command promises: this status, nothing on stdout, and one line on
/// stderr that begins with the command's name and holds `part`.
inline bool refused(const Ran& ran, int status, const std::string& part) {
  const bool one_line = !ran.err.empty() && ran.err.find('\n') == ran.err.size() - 1;
  return ran.status == status && ran.out.empty() && one_line && ran.err.starts_with("expunge") &&
         contains(ran.err, part);
}

/// The line after the last "Example:" of a help, or "" if the help does not end with one.
inline std::string example_of(std::string help) {
  while (!help.empty() && help.back() == '\n') help.pop_back();
  const std::string heading = "Example:\n  ";
  const std::size_t at = help.rfind(heading);
  if (at == std::string::npos) return "";
  const std::string example = help.substr(at + heading.size());
  return contains(example, "\n") ? "" : example;
}

/// A JSON file that the command wrote.
inline report::Json json_of(const std::filesystem::path& file) {
  return report::Json::parse(report::read_text_file(file));
}

/// What the command printed without its last line, which holds time and memory.
inline std::string without_time(const std::string& out) {
  const std::size_t end = out.find_last_of('\n', out.size() - 2);
  return out.substr(0, end);
}

}  // namespace expunge
