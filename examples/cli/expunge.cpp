// expunge: scores, fits and audits other people's models from their files (docs/command.md).
#include <csignal>

#include "cli/commands.hpp"
#include "support/version.hpp"

int main(int count, char** arguments) {
  using namespace expunge::cli;
  std::signal(SIGXFSZ, SIG_IGN);  // a file that grows beyond ulimit -f is an error with a sentence
  Session session(count, arguments);
  CLI::App app(
      "Scores, fits and audits models from files of their outputs (.npy, .npz); expunge COMMAND "
      "--help says more.",
      "expunge");
  app.set_version_flag("--version", "expunge " + support::version_text());
  app.footer("Example:\n  expunge klom --oracle oracle.npy --unlearned unlearned.npy");
  app.require_subcommand(1);
  add_klom_command(app, session);
  add_easydub_command(app, session);
  add_fit_command(app, session);
  add_inspect_command(app, session);
  add_lds_command(app, session);
  add_compare_command(app, session);
  add_predict_command(app, session);
  add_ulira_command(app, session);
  add_epsilon_command(app, session);
  return run_commands(app, count, arguments);
}
