// The subcommands of expunge, one file each. Each adds its options and what to run.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/session.hpp"

namespace expunge::cli {

void add_klom_command(CLI::App& app, Session& session);
void add_easydub_command(CLI::App& app, Session& session);
void add_fit_command(CLI::App& app, Session& session);
void add_inspect_command(CLI::App& app, Session& session);
void add_lds_command(CLI::App& app, Session& session);
void add_compare_command(CLI::App& app, Session& session);
void add_predict_command(CLI::App& app, Session& session);
void add_ulira_command(CLI::App& app, Session& session);
void add_epsilon_command(CLI::App& app, Session& session);

}  // namespace expunge::cli
