#include "cli/completion.h"

#include <fmt/format.h>

#include "cli/command_text.h"

namespace spillway::cli {
namespace {

// In single quotes, for any of the shells: fish reads \' in them, the others end them first.
std::string Quoted(std::string_view text, std::string_view escaped_quote) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += escaped_quote;
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string FlagNames(const CommandText& command) {
  std::string names;
  for (const ArgumentText& flag : command.flags) names += (names.empty() ? "" : " ") + flag.name;
  return names;
}

std::string BashWords(std::string_view words) {
  return fmt::format("_spillway_words '{}' \"$current\"", words);
}

// The bash that completes a value: words, or paths.
std::string BashValues(const ArgumentText& argument) {
  const std::vector<std::string> choices = argument.choices();
  if (!choices.empty()) return BashWords(fmt::format("{}", fmt::join(choices, " ")));
  if (argument.value == kFile) return "_spillway_files \"$current\"";
  if (argument.value == kFolder) return "_spillway_folders \"$current\"";
  return ":";  // nothing can be known of it
}

constexpr std::string_view kBashHead = R"(# Completes spillway's commands, flags and values in bash.
_spillway_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2"); }
_spillway_folders() {
  compopt -o filenames 2> /dev/null
  mapfile -t COMPREPLY < <(compgen -d -- "$1")
}
_spillway_files() {
  compopt -o filenames 2> /dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$1")
}
_spillway() {
  local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD - 1]}"
  # bash takes --mode=auto for three words.
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $before == "=" ]]; then
    before="${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  local command="${COMP_WORDS[1]}"
  COMPREPLY=()
)";

std::string BashScript() {
  std::string script(kBashHead);
  script += fmt::format("  if ((COMP_CWORD == 1)); then\n    {}\n    return\n  fi\n",
                        BashWords(fmt::format("{}", fmt::join(Verbs(), " "))));
  script += "  case \"$command $before\" in\n";
  const std::vector<CommandText> commands = DescribeAll();
  for (const CommandText& command : commands) {
    for (const ArgumentText& flag : command.flags) {
      if (flag.value.empty()) continue;
      script += fmt::format("    '{} {}')\n      {}\n      return\n      ;;\n", command.verb,
                            flag.name, BashValues(flag));
    }
  }
  script += "  esac\n  case \"$command $current\" in\n";
  for (const CommandText& command : commands) {
    script += fmt::format("    '{} -'*) {} ;;\n", command.verb, BashWords(FlagNames(command)));
  }
  for (const CommandText& command : commands) {
    if (command.arguments.empty()) continue;
    script +=
        fmt::format("    '{} '*) {} ;;\n", command.verb, BashValues(command.arguments.front()));
  }
  return script + "  esac\n}\ncomplete -F _spillway spillway\n";
}

std::string ZshValues(const ArgumentText& argument) {
  const std::vector<std::string> choices = argument.choices();
  if (!choices.empty()) return fmt::format(":value:({})", fmt::join(choices, " "));
  if (argument.value == kFile) return ":file:_files";
  if (argument.value == kFolder) return ":folder:_files -/";
  return argument.value.empty() ? "" : ":value: ";
}

// What _arguments takes for a description: brackets and colons end it.
std::string ZshText(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string ZshFlag(const ArgumentText& flag) {
  const std::string equals = flag.value.empty() ? "" : "=";
  return Quoted(
      fmt::format("*{}{}[{}]{}", flag.name, equals, ZshText(flag.description), ZshValues(flag)),
      "'\\''");
}

std::string ZshScript() {
  std::string script =
      "#compdef spillway\n# Completes spillway's commands, flags and values in zsh.\n"
      "_spillway() {\n  local -a commands\n  commands=(\n";
  const std::vector<CommandText> commands = DescribeAll();
  for (const CommandText& command : commands) {
    script += "    " + Quoted(command.verb + ":" + ZshText(command.summary), "'\\''") + "\n";
  }
  script +=
      "  )\n  if ((CURRENT == 2)); then\n    _describe command commands\n    return\n  fi\n"
      "  local command=$words[2]\n  shift words\n  ((CURRENT--))\n  case $command in\n";
  for (const CommandText& command : commands) {
    script += fmt::format("    {})\n      _arguments", command.verb);
    for (const ArgumentText& flag : command.flags) script += " \\\n        " + ZshFlag(flag);
    for (const ArgumentText& argument : command.arguments) {
      const std::string values = ZshValues(argument);
      script += " \\\n        " + Quoted("1" + (values.empty() ? ":value: " : values), "'\\''");
    }
    script += "\n      ;;\n";
  }
  return script +
         "  esac\n}\n"
         "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n  _spillway \"$@\"\n"
         "else\n  compdef _spillway spillway\nfi\n";
}

std::string FishValues(const ArgumentText& argument) {
  const std::vector<std::string> choices = argument.choices();
  if (!choices.empty()) return fmt::format(" -f -a '{}'", fmt::join(choices, " "));
  if (argument.value == kFile) return " -F";
  if (argument.value == kFolder) return " -f -a '(__fish_complete_directories)'";
  return " -f";
}

std::string FishScript() {
  std::string script =
      "# Completes spillway's commands, flags and values in fish.\ncomplete -c spillway -f\n";
  for (const CommandText& command : DescribeAll()) {
    script += fmt::format("complete -c spillway -n __fish_use_subcommand -a {} -d {}\n",
                          command.verb, Quoted(command.summary, "\\'"));
    const std::string condition =
        fmt::format("complete -c spillway -n '__fish_seen_subcommand_from {}'", command.verb);
    for (const ArgumentText& flag : command.flags) {
      script += fmt::format("{} -l {}{} -d {}{}\n", condition, flag.name.substr(2),
                            flag.letter == 0 ? "" : fmt::format(" -s {}", flag.letter),
                            Quoted(flag.description, "\\'"),
                            flag.value.empty() ? "" : " -r" + FishValues(flag));
    }
    for (const ArgumentText& argument : command.arguments) {
      script += condition + FishValues(argument) + "\n";
    }
  }
  return script;
}

}  // namespace

std::string CompletionScript(std::string_view shell) {
  if (shell == "bash") return BashScript();
  return shell == "zsh" ? ZshScript() : FishScript();
}

}  // namespace spillway::cli
