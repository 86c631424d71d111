#include <algorithm>
#include <csignal>

#include "base/error.h"
#include "base/uncaught.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/output.h"
#include "cli/signals.h"

namespace spillway::cli {
namespace {

constexpr std::string_view kPlanDetails =
    "Nothing is written. The exit code is 5 if the job does not fit the budget; the plan says how "
    "much memory it needs.";
constexpr std::string_view kRunDetails =
    "A run that was stopped or killed resumes after its last commit when it is started again. "
    "Ctrl-C finishes the chunk and stops; a second Ctrl-C stops at once.";
constexpr std::string_view kValidateDetails =
    "Nothing is written. The exit code is 1 if the target does not match its inputs, or if rows do "
    "not meet an expectation with action: fail.";
constexpr std::string_view kInitDetails =
    "The tables are only read. The file names their columns, joins by the key, and renames lookup "
    "columns that the source has, too. It plans and runs as it is.";
constexpr std::string_view kCompletionDetails =
    "bash: put `eval \"$(spillway completion bash)\"` into ~/.bashrc.\n"
    "zsh: write it to a file named _spillway in a folder of $fpath.\n"
    "fish: write it to ~/.config/fish/completions/spillway.fish.";

}  // namespace

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands = {
      {"init", "write a pipeline file by looking at the tables", DeclareInit, kInitDetails},
      {"generate", "write sample tables: bronze_accident and predictions", DeclareGenerate},
      {"plan", "show what a run would do and how much memory it needs", DeclarePlan, kPlanDetails},
      {"run", "run a pipeline", DeclareRun, kRunDetails},
      {"validate", "compare the target with its inputs", DeclareValidate, kValidateDetails},
      {"inspect", "show a table's schema, protocol, files and row groups", DeclareInspect},
      {"status", "show the latest runs: when, how far, why they failed", DeclareStatus},
      {"functions", "list the functions that expressions can call", DeclareFunctions},
      {"schema", "print the JSON Schema of the pipeline file, or of a command's JSON",
       DeclareSchema},
      {"explain", "explain an error code and what to do", DeclareExplain},
      {"completion", "print a script that completes commands and flags in a shell",
       DeclareCompletion, kCompletionDetails},
      {"help", "show this help, or a command's", DeclareHelp},
      {"version", "print the version", DeclareVersion},
  };
  return commands;
}

const Command* FindCommand(std::string_view verb) {
  const auto found = std::ranges::find(Commands(), verb, &Command::verb);
  return found == Commands().end() ? nullptr : &*found;
}

std::vector<std::string> Verbs() {
  std::vector<std::string> verbs;
  for (const Command& command : Commands()) verbs.emplace_back(command.verb);
  return verbs;
}

int Main(const std::vector<std::string>& arguments) {
  // A limit of the size of files is to be an error of the write, which says so, and no signal.
  std::signal(SIGXFSZ, SIG_IGN);
  const StopOnSignals signals(FirstSignal::kEnds);  // a command that writes has its own
  const bool as_json = std::ranges::find(arguments, "--json") != arguments.end();
  WriteUncaughtErrorsAsJson(as_json);
  const Result<Action> action = ParseCommandLine(arguments);
  const Result<int> exit_code = action.ok() ? (*action)() : action.status();
  const Status flushed = FlushResults();
  const Status& status = exit_code.ok() ? flushed : exit_code.status();
  if (status.ok()) return *exit_code;
  as_json ? PrintErrorJson(status) : PrintError(status);
  return ExitCode(status);
}

}  // namespace spillway::cli
