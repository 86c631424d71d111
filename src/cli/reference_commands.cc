// The commands that print what the program knows of itself.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/suggestion.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/command_text.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/output_schema.h"
#include "cli/terminal.h"
#include "cli/wrapped_text.h"
#include "expression/function_reference.h"
#include "spec/spec_schema.h"

namespace spillway::cli {
namespace {

using expression::FunctionReference;
using expression::FunctionReferences;

// Names as the type of an option that takes one of them.
std::string Choices(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, "|"));
}

std::vector<std::string> CodeNames() {
  std::vector<std::string> names;
  for (const CatalogEntry& entry : ErrorCatalog()) names.push_back(CodeName(entry.code));
  return names;
}

std::vector<std::string> FunctionNames() {
  std::vector<std::string> names;
  for (const FunctionReference& function : FunctionReferences()) names.emplace_back(function.name);
  return names;
}

Result<int> Explain(const std::string& name) {
  const int columns = TextColumns();
  if (name.empty()) {
    for (const CatalogEntry& entry : ErrorCatalog()) {
      PrintResult(fmt::format("{}  {}\n", CodeName(entry.code), entry.title));
    }
    return 0;
  }
  const std::optional<CatalogEntry> entry = FindCatalogEntry(name);
  if (!entry) {
    return MakeError({.code = ErrorCode::kUnknownName,
                      .what = fmt::format("there is no error code \"{}\"", name),
                      .cure = "`spillway explain` lists all of them"});
  }
  PrintResult(Wrapped(
      fmt::format("{}: {}\n\n{}\n\nWhat to do: {}\n\nExit code: {}\n", CodeName(entry->code),
                  entry->title, entry->meaning, entry->cure, ExitCodeOf(entry->code)),
      columns));
  return 0;
}

Result<int> Help(const std::string& verb, bool as_man_page) {
  if (as_man_page) {
    PrintResult(ManPage());
    return 0;
  }
  if (verb.empty()) {
    PrintResult(ProgramHelp(TextColumns()));
    return 0;
  }
  ARROW_ASSIGN_OR_RAISE(const Command* command, CommandNamed(verb));
  PrintResult(CommandHelp(Describe(*command), TextColumns()));
  return 0;
}

Result<int> Complete(const std::string& shell) {
  const std::vector<std::string> shells = {"bash", "zsh", "fish"};
  if (std::ranges::find(shells, shell) == shells.end()) {
    return MakeError({.code = ErrorCode::kUsage,
                      .what = fmt::format("there is no completion for \"{}\"", shell),
                      .cure = Suggest(shell, shells)});
  }
  PrintResult(CompletionScript(shell));
  return 0;
}

void PrintFunctions() {
  std::string_view group;
  for (const FunctionReference& function : FunctionReferences()) {
    if (function.group != group) {
      PrintResult(fmt::format("{}{}:\n", group.empty() ? "" : "\n", function.group));
      group = function.group;
    }
    PrintResult(TermAndText(function.signature, function.meaning, TextColumns(), 40));
  }
}

Result<int> Functions(std::string name) {
  if (name.empty()) {
    PrintFunctions();
    return 0;
  }
  name = CLI::detail::to_lower(name);
  const FunctionReference* function = expression::FindFunctionReference(name);
  if (function == nullptr) {
    return MakeError({.code = ErrorCode::kUnknownFunction,
                      .what = fmt::format("there is no function \"{}\"", name),
                      .cure = Suggest(name, FunctionNames())});
  }
  PrintResult(Wrapped(fmt::format("{}\n\n{}\n\n  {}\n  gives {}\n", function->signature,
                                  function->meaning, function->example, function->result),
                      TextColumns()));
  return 0;
}

Result<int> PrintSchema(const std::string& output) {
  const std::vector<std::string> names = OutputNames();
  if (!output.empty() && std::ranges::find(names, output) == names.end()) {
    return MakeError({.code = ErrorCode::kUsage,
                      .what = fmt::format("no command \"{}\" prints JSON", output),
                      .cure = Suggest(output, names)});
  }
  PrintResult((output.empty() ? spec::SchemaJson() : OutputSchemaJson(output)) + "\n");
  return 0;
}

}  // namespace

Action DeclareSchema(CLI::App& app) {
  const auto output = std::make_shared<std::string>();
  app.add_option("--output", *output,
                 "the schema of what this command prints with --json, instead of the pipeline "
                 "file's; error: of what all print where they fail")
      ->type_name(Choices(OutputNames()));
  return [output] { return PrintSchema(*output); };
}

Action DeclareExplain(CLI::App& app) {
  const auto name = std::make_shared<std::string>();
  app.add_option("code", *name, "such as SPW-1103; without it all codes are listed")
      ->type_name(Choices(CodeNames()));
  return [name] { return Explain(*name); };
}

Action DeclareFunctions(CLI::App& app) {
  const auto name = std::make_shared<std::string>();
  app.add_option("name", *name, "a function; without it all are listed")
      ->type_name(Choices(FunctionNames()));
  return [name] { return Functions(*name); };
}

Action DeclareCompletion(CLI::App& app) {
  const auto shell = std::make_shared<std::string>();
  app.add_option("shell", *shell, "bash, zsh or fish")->type_name(std::string(kShells))->required();
  return [shell] { return Complete(*shell); };
}

Action DeclareHelp(CLI::App& app) {
  const auto verb = std::make_shared<std::string>();
  const auto as_man_page = std::make_shared<bool>(false);
  app.add_option("command", *verb, "the command; without it all are listed")
      ->type_name(Choices(Verbs()));
  app.add_flag("--man", *as_man_page, "print the manual page, for `man -l`");
  return [verb, as_man_page] { return Help(*verb, *as_man_page); };
}

Action DeclareVersion(CLI::App&) {
  return []() -> Result<int> {
    PrintResult(fmt::format("spillway {}\n", SPILLWAY_VERSION));
    return 0;
  };
}

}  // namespace spillway::cli
