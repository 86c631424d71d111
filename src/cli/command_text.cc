#include "cli/command_text.h"

#include <algorithm>
#include <cctype>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

namespace spillway::cli {
namespace {

std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

ArgumentText DescribeOption(const CLI::Option& option) {
  ArgumentText argument{.description = option.get_description(), .required = option.get_required()};
  if (option.nonpositional()) {
    argument.name = "--" + option.get_lnames().front();
    if (!option.get_snames().empty()) argument.letter = option.get_snames().front().front();
  } else {
    argument.name = Upper(option.get_name());
  }
  if (option.get_items_expected_max() > 0) argument.value = option.get_type_name();
  if (!option.get_default_str().empty()) {
    argument.description += fmt::format(" (default {})", option.get_default_str());
  }
  return argument;
}

}  // namespace

std::vector<std::string> ArgumentText::choices() const {
  std::vector<std::string> names;
  if (value.find('|') == std::string::npos) return names;
  for (size_t at = 0; at <= value.size();) {
    const size_t end = std::min(value.find('|', at), value.size());
    names.push_back(value.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

std::string ArgumentText::Term() const {
  if (!is_flag()) return name;
  const std::string letters = letter == 0 ? std::string() : fmt::format("-{}, ", letter);
  return value.empty() ? letters + name : fmt::format("{}{} {}", letters, name, value);
}

std::string CommandText::Usage() const {
  std::string usage = "spillway " + verb;
  for (const ArgumentText& flag : flags) {
    if (flag.required) usage += " " + flag.Term();
  }
  usage += " [FLAGS]";
  for (const ArgumentText& argument : arguments) {
    usage += argument.required ? " " + argument.name : " [" + argument.name + "]";
  }
  return usage;
}

CommandText Describe(const Command& command) {
  CLI::App app;
  app.set_help_flag("-h,--help", "show this help");
  static_cast<void>(command.declare(app));
  CommandText text{.verb = std::string(command.verb),
                   .summary = std::string(command.summary),
                   .details = std::string(command.details)};
  for (const CLI::Option* option : app.get_options()) {
    ArgumentText argument = DescribeOption(*option);
    (argument.is_flag() ? text.flags : text.arguments).push_back(std::move(argument));
  }
  // Help is the first that CLI11 knows, and the last that is looked for.
  std::ranges::rotate(text.flags, text.flags.begin() + 1);
  return text;
}

std::vector<CommandText> DescribeAll() {
  std::vector<CommandText> texts;
  for (const Command& command : Commands()) texts.push_back(Describe(command));
  return texts;
}

}  // namespace spillway::cli
