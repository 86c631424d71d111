#include "cli/help.h"

#include <algorithm>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "cli/wrapped_text.h"

namespace spillway::cli {
namespace {

constexpr std::string_view kAbout =
    "Spillway runs a bronze -> silver job on Delta Lake tables under a hard memory limit.";

struct Entry {
  std::string_view term;
  std::string_view text;
};

constexpr Entry kExitCodes[] = {
    {"0", "done"},
    {"1", "a check failed: validate found a difference, or rows do not meet an expectation"},
    {"2", "the command line or the pipeline file is wrong"},
    {"3", "an input, a table or its protocol"},
    {"4", "a commit conflict, or another run of the pipeline"},
    {"5", "the memory budget is too small"},
    {"6", "storage: a disk, a permission, an address"},
    {"70", "an internal error; please report it"},
    {"130, 143", "stopped by Ctrl-C (SIGINT), by SIGTERM"},
};

constexpr Entry kEnvironment[] = {
    {"SPILLWAY_MEMORY", "the memory limit, if --memory is not given"},
    {"SPILLWAY_PROCESSING_CHUNK_SIZE, ..", "any key of the pipeline file that is not in a list"},
    {"SPILLWAY_STATE_DIRECTORY",
     "the folder of the run history; default $XDG_STATE_HOME/spillway or ~/.local/state/spillway"},
    {"NO_COLOR", "no colors on the terminal"},
};

constexpr std::string_view kExamples[] = {
    "spillway generate --rows 1000000 --out lake",
    ("spillway init --source lake/bronze_accident --lookup lake/predictions --target lake/silver "
     "--out silver.yaml"),
    "spillway plan silver.yaml --memory 512MiB",
    "spillway run silver.yaml --memory 512MiB",
    "spillway validate silver.yaml",
};

constexpr int kMostTermColumns = 30;

// The column where texts stand beside terms of these widths.
int TextColumn(int widest) { return std::min(widest, kMostTermColumns) + 4; }

std::string Entries(std::string_view title, std::span<const Entry> entries, int columns) {
  int widest = 0;
  for (const Entry& entry : entries) widest = std::max(widest, Width(entry.term));
  std::string text = fmt::format("\n{}:\n", title);
  for (const Entry& entry : entries) {
    text += TermAndText(entry.term, entry.text, columns, TextColumn(widest));
  }
  return text;
}

std::string Arguments(std::string_view title, const std::vector<ArgumentText>& arguments,
                      int columns) {
  if (arguments.empty()) return "";
  int widest = 0;
  for (const ArgumentText& argument : arguments) widest = std::max(widest, Width(argument.Term()));
  std::string text = fmt::format("\n{}:\n", title);
  for (const ArgumentText& argument : arguments) {
    text += TermAndText(argument.Term(), argument.description, columns, TextColumn(widest));
  }
  return text;
}

// Text for roff: a backslash begins an escape, a hyphen may become a dash, and a point or a quote
// at the beginning of a line is a request.
std::string Roff(std::string_view text) {
  std::string escaped;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins_line = i == 0 || text[i - 1] == '\n';
    if (begins_line && (text[i] == '.' || text[i] == '\'')) escaped += "\\&";
    if (text[i] == '\\') {
      escaped += "\\e";
    } else if (text[i] == '-') {
      escaped += "\\-";
    } else {
      escaped += text[i];
    }
  }
  return escaped;
}

std::string RoffEntry(std::string_view term, std::string_view text) {
  return fmt::format(".TP\n\\fB{}\\fR\n{}\n", Roff(term), Roff(text));
}

std::string RoffLines(std::string_view text) {
  std::string lines = Roff(text);
  for (size_t at = 0; (at = lines.find('\n', at)) != std::string::npos; at += 5) {
    lines.replace(at, 1, "\n.br\n");
  }
  return lines;
}

std::string RoffCommand(const CommandText& command) {
  std::string text = fmt::format(".SS {}\n{}\n.PP\n{}.\n", Roff(command.verb),
                                 Roff(command.Usage()), Roff(command.summary));
  if (!command.details.empty()) text += fmt::format(".PP\n{}\n", RoffLines(command.details));
  for (const auto* arguments : {&command.arguments, &command.flags}) {
    for (const ArgumentText& argument : *arguments) {
      text += RoffEntry(argument.Term(), argument.description);
    }
  }
  return text;
}

}  // namespace

std::string ProgramHelp(int columns) {
  std::string text = Wrapped(kAbout, columns);
  text += "\n" + Wrapped("Usage: spillway COMMAND [FLAGS] [ARGUMENTS]", columns);
  std::vector<Entry> commands;
  for (const Command& command : Commands()) commands.push_back({command.verb, command.summary});
  text += Entries("Commands", commands, columns);
  text += "\n" + Wrapped("`spillway help COMMAND` has a command's flags.", columns);
  text += Entries("Exit codes", kExitCodes, columns);
  text += Entries("Environment", kEnvironment, columns);
  text += "\nExamples:\n";
  for (const std::string_view example : kExamples) text += Wrapped(example, columns, 2);
  return text;
}

std::string CommandHelp(const CommandText& command, int columns) {
  std::string text = Wrapped("Usage: " + command.Usage(), columns);
  text += "\n" + Wrapped(command.summary, columns);
  if (!command.details.empty()) text += "\n" + Wrapped(command.details, columns);
  text += Arguments("Arguments", command.arguments, columns);
  text += Arguments("Flags", command.flags, columns);
  return text;
}

std::string ManPage() {
  std::string text = fmt::format(
      ".TH SPILLWAY 1 \"\" \"spillway {}\" \"User Commands\"\n"
      ".SH NAME\nspillway \\- bronze to silver jobs on Delta Lake tables under a memory limit\n"
      ".SH SYNOPSIS\n.B spillway\nCOMMAND [FLAGS] [ARGUMENTS]\n"
      ".SH DESCRIPTION\n{}\n.SH COMMANDS\n",
      SPILLWAY_VERSION, Roff(kAbout));
  for (const CommandText& command : DescribeAll()) text += RoffCommand(command);
  text += ".SH EXIT STATUS\n";
  for (const Entry& entry : kExitCodes) text += RoffEntry(entry.term, entry.text);
  text += ".SH ENVIRONMENT\n";
  for (const Entry& entry : kEnvironment) text += RoffEntry(entry.term, entry.text);
  text +=
      ".SH ERRORS\n.TP\n\\fBcode\\fR\nWhat each code means is shown by `spillway explain "
      "CODE`.\n";
  for (const CatalogEntry& entry : ErrorCatalog()) {
    text += RoffEntry(CodeName(entry.code), entry.title);
  }
  text += ".SH EXAMPLES\n.nf\n";
  for (const std::string_view example : kExamples) text += Roff(example) + "\n";
  return text + ".fi\n";
}

}  // namespace spillway::cli
