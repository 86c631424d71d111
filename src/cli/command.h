// A command: a verb of the program with its flags, and what it does. Each *_command.cc defines one
// and the table in commands.cc lists them, so that adding a verb is one file and one line. Help,
// completion and the man page read the same table.
//
// Thread rule: one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace CLI {
class App;
}

namespace spillway::cli {

// The work of a command once its flags are read; returns the exit code of a command that did not
// fail.
using Action = std::function<Result<int>()>;

struct Command {
  std::string_view verb;
  std::string_view summary;  // a line for the list of commands
  // Adds flags to `app` and returns the action that uses them. The type name of an option says what
  // its value is: kFile, kFolder, or all values that there are, as "a|b|c"; command_text.h.
  Action (*declare)(CLI::App& app);
  std::string_view details = {};  // what a line cannot say, for the command's own help
};

Action DeclareInit(CLI::App& app);
Action DeclareGenerate(CLI::App& app);
Action DeclarePlan(CLI::App& app);
Action DeclareRun(CLI::App& app);
Action DeclareValidate(CLI::App& app);
Action DeclareInspect(CLI::App& app);
Action DeclareStatus(CLI::App& app);
Action DeclareFunctions(CLI::App& app);
Action DeclareSchema(CLI::App& app);
Action DeclareExplain(CLI::App& app);
Action DeclareCompletion(CLI::App& app);
Action DeclareHelp(CLI::App& app);
Action DeclareVersion(CLI::App& app);

// All commands, in the order of the help text.
const std::vector<Command>& Commands();

// Null where there is none.
const Command* FindCommand(std::string_view verb);

std::vector<std::string> Verbs();

// Reads the arguments (without the program's name), runs the command, prints errors to standard
// error, and returns the process's exit code.
int Main(const std::vector<std::string>& arguments);

}  // namespace spillway::cli
