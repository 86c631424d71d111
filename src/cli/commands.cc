#include <algorithm>
#include <array>
#include <csignal>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/suggestion.h"
#include "cli/command.h"
#include "cli/output.h"

namespace spillway::cli {
namespace {

constexpr std::string_view kAbout =
    "Spillway runs a bronze -> silver job on Delta Lake tables under a hard memory limit.";

constexpr std::string_view kFooter =
    R"(Exit codes: 0 done; 1 a check failed; 2 usage or pipeline file; 3 input, table or protocol;
4 commit conflict; 5 the memory budget is too small; 6 storage; 130/143 stopped by a signal.

Examples:
  spillway generate --rows 1000000 --out lake
  spillway plan silver.yaml --memory 512MiB
  spillway run silver.yaml --memory 512MiB
  spillway validate silver.yaml)";

// Verbs of the product that this version does not have.
constexpr std::array<std::string_view, 7> kLaterVerbs = {
    "init", "stream", "optimize", "vacuum", "serve", "completion", "doctor"};

std::vector<std::string> Verbs() {
  std::vector<std::string> verbs;
  for (const Command& command : Commands()) verbs.emplace_back(command.verb);
  return verbs;
}

Status UnknownVerb(const std::string& verb) {
  if (std::ranges::find(kLaterVerbs, verb) != kLaterVerbs.end()) {
    return MakeError({.code = ErrorCode::kFeatureNotBuilt,
                      .what = fmt::format("the command \"{}\" is not supported yet", verb),
                      .cure = fmt::format("the commands are {}", fmt::join(Verbs(), ", "))});
  }
  return MakeError({.code = ErrorCode::kUsage,
                    .what = fmt::format("unknown command \"{}\"", verb),
                    .cure = Suggest(verb, Verbs())});
}

// The flag of `arguments` that `command` does not have, with its likeliest meaning.
Status UsageError(const CLI::App& command, const std::vector<std::string>& extras,
                  const std::string& message) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    if (option->nonpositional()) flags.push_back("--" + option->get_lnames().front());
  }
  const std::string help = fmt::format("see `spillway {} --help`", command.get_name());
  const auto flag =
      std::ranges::find_if(extras, [](const std::string& text) { return text.starts_with("-"); });
  if (flag == extras.end()) {
    return MakeError({.code = ErrorCode::kUsage, .what = message, .cure = help});
  }
  const std::string name = flag->substr(0, flag->find('='));
  const std::optional<std::string> closest = Closest(name, std::span<const std::string>(flags));
  return MakeError({.code = ErrorCode::kUsage,
                    .what = fmt::format("`spillway {}` has no flag {}", command.get_name(), name),
                    .cure = closest ? fmt::format("write {}", *closest) : help});
}

// The boundary of CLI11, which reports by exceptions. Returns the chosen command's action, or none
// where the help text was all that was wanted.
Result<Action> ParseArguments(std::vector<std::string> arguments) {
  CLI::App app{std::string(kAbout), "spillway"};
  app.footer(std::string(kFooter));
  app.require_subcommand(1);
  if (!arguments.empty() && arguments.front() == "--version") arguments.front() = "version";
  if (!arguments.empty() && !arguments.front().starts_with("-")) {
    const bool known = std::ranges::any_of(
        Commands(), [&](const Command& command) { return command.verb == arguments.front(); });
    if (!known) return UnknownVerb(arguments.front());
  }
  Action action;
  CLI::App* chosen = &app;
  for (const Command& command : Commands()) {
    CLI::App* verb = app.add_subcommand(std::string(command.verb), std::string(command.summary));
    Action candidate = command.declare(*verb);
    verb->parse_complete_callback([verb, candidate, &action, &chosen] {
      action = candidate;
      chosen = verb;
    });
    if (!arguments.empty() && arguments.front() == command.verb) chosen = verb;
  }
  try {
    std::ranges::reverse(arguments);  // CLI11 takes them from the back
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    PrintResult(chosen->help());
    return Action([]() -> Result<int> { return 0; });
  } catch (const CLI::ExtrasError& error) {
    return UsageError(*chosen, chosen->remaining(), error.what());
  } catch (const CLI::ParseError& error) {
    if (chosen == &app) {
      return MakeError({.code = ErrorCode::kUsage,
                        .what = "no command was given",
                        .cure = fmt::format("the commands are {}; see `spillway --help`",
                                            fmt::join(Verbs(), ", "))});
    }
    return UsageError(*chosen, {}, error.what());
  }
  return action;
}

}  // namespace

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands = {
      {"generate", "write sample tables: bronze_accident and predictions", DeclareGenerate},
      {"plan", "show what a run would do and how much memory it needs", DeclarePlan},
      {"run", "run a pipeline", DeclareRun},
      {"validate", "compare the target with its inputs", DeclareValidate},
      {"inspect", "show a table's schema, protocol, files and row groups", DeclareInspect},
      {"status", "show the latest runs: when, how far, why they failed", DeclareStatus},
      {"schema", "print the JSON Schema of the pipeline file", DeclareSchema},
      {"explain", "explain an error code and what to do", DeclareExplain},
      {"version", "print the version", DeclareVersion},
  };
  return commands;
}

int Main(const std::vector<std::string>& arguments) {
  // A limit of the size of files is to be an error of the write, which says so, and no signal.
  std::signal(SIGXFSZ, SIG_IGN);
  const Result<Action> action = ParseArguments(arguments);
  const Result<int> exit_code = action.ok() ? (*action)() : action.status();
  const Status flushed = FlushResults();
  const Status& status = exit_code.ok() ? flushed : exit_code.status();
  if (status.ok()) return *exit_code;
  PrintNote(RenderError(status));
  return ExitCode(status);
}

}  // namespace spillway::cli
