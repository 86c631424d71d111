#include "cli/command_line.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/suggestion.h"
#include "cli/command_text.h"

namespace spillway::cli {
namespace {

// Verbs of the product that this version does not have.
constexpr std::array<std::string_view, 5> kLaterVerbs = {"stream", "optimize", "vacuum", "serve",
                                                         "doctor"};
constexpr std::string_view kHelpFlags = "-h,--help";

Status UsageError(std::string what, std::string cure) {
  return MakeError({.code = ErrorCode::kUsage, .what = std::move(what), .cure = std::move(cure)});
}

std::string SeeHelpOf(std::string_view verb) { return fmt::format("see `spillway help {}`", verb); }

// The action of `verb`, as if it had been called with `arguments`.
Result<Action> ActionOf(std::string_view verb, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), std::string(verb));
  return ParseCommandLine(arguments);
}

// "--memory" of "--memory=1GiB".
std::string FlagName(const std::string& word) { return word.substr(0, word.find('=')); }

// A flag that stands where the command belongs.
Status FlagWithoutCommand(const std::string& word) {
  const std::string flag = FlagName(word);
  std::vector<std::string> verbs;
  for (const CommandText& command : DescribeAll()) {
    if (std::ranges::find(command.flags, flag, &ArgumentText::name) != command.flags.end()) {
      verbs.push_back(command.verb);
    }
  }
  if (!verbs.empty()) {
    return UsageError(
        fmt::format("the flag {} is in front of the command", flag),
        fmt::format("write it after the command, which may be {}", fmt::join(verbs, ", ")));
  }
  constexpr std::array<std::string_view, 2> kOwn = {"--help", "--version"};
  const std::optional<std::string> closest = Closest(flag, kOwn);
  return UsageError(fmt::format("`spillway` has no flag {}", flag),
                    closest ? fmt::format("write {}", *closest)
                            : std::string("begin with a command; `spillway help` lists them"));
}

Status UnknownFlag(const CommandText& command, const std::string& word) {
  const std::string flag = FlagName(word);
  std::vector<std::string> names;
  for (const ArgumentText& known : command.flags) names.push_back(known.name);
  const std::optional<std::string> closest = Closest(flag, std::span<const std::string>(names));
  return UsageError(fmt::format("`spillway {}` has no flag {}", command.verb, flag),
                    closest ? fmt::format("write {}", *closest) : SeeHelpOf(command.verb));
}

Status ExtraArguments(const CommandText& command, const std::vector<std::string>& extras) {
  const auto flag =
      std::ranges::find_if(extras, [](const std::string& word) { return word.starts_with("-"); });
  if (flag != extras.end()) return UnknownFlag(command, *flag);
  const size_t count = command.arguments.size();
  return UsageError(fmt::format("`spillway {}` takes {} {}: \"{}\" is too many", command.verb,
                                count == 0 ? "no" : fmt::format("{}", count),
                                count == 1 ? "argument" : "arguments", extras.front()),
                    fmt::format("write `{}`", command.Usage()));
}

// A required argument that was not given, or a flag without its value, in our words.
Status MissingArgument(const CommandText& command, const CLI::App& app,
                       const std::string& message) {
  std::vector<std::string> missing;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_required() || option->count() > 0) continue;
    const bool is_flag = option->nonpositional();
    const auto& texts = is_flag ? command.flags : command.arguments;
    const auto found = std::ranges::find_if(texts, [&](const ArgumentText& text) {
      return CLI::detail::to_lower(text.name) == CLI::detail::to_lower(option->get_name());
    });
    missing.push_back(found == texts.end() ? option->get_name() : found->Term());
  }
  return UsageError(missing.empty() ? message
                                    : fmt::format("`spillway {}` needs {}", command.verb,
                                                  fmt::join(missing, " and ")),
                    fmt::format("write `{}`", command.Usage()));
}

// The flag whose name stands in CLI11's message.
const ArgumentText* FlagIn(const CommandText& command, const std::string& message) {
  const ArgumentText* longest = nullptr;
  for (const ArgumentText& flag : command.flags) {
    if (message.find(flag.name) == std::string::npos) continue;
    if (longest == nullptr || flag.name.size() > longest->name.size()) longest = &flag;
  }
  return longest;
}

Status WrongNumberOfValues(const CommandText& command, const std::string& message) {
  if (message.ends_with("was given a disallowed flag override")) {  // CLI11 leaves the dashes out
    const std::string flag = "--" + message.substr(0, message.find(' '));
    return UsageError(fmt::format("the flag {} takes no value", flag), "write " + flag);
  }
  const ArgumentText* flag = FlagIn(command, message);
  if (flag == nullptr) return UsageError(message, SeeHelpOf(command.verb));
  if (flag->value.empty()) {
    return UsageError(fmt::format("the flag {} takes no value", flag->name),
                      fmt::format("write {}", flag->name));
  }
  const bool is_missing = message.find("missing") != std::string::npos ||
                          message.find("required but received 0") != std::string::npos;
  return UsageError(is_missing ? fmt::format("the flag {} has no value", flag->name)
                               : fmt::format("the flag {} is given twice", flag->name),
                    fmt::format("write {} once, as {}", flag->name, flag->Term()));
}

Status UnreadableValue(const CommandText& command, const std::string& message) {
  const ArgumentText* flag = FlagIn(command, message);
  if (flag == nullptr) return UsageError(message, SeeHelpOf(command.verb));
  if (flag->value.empty()) {
    return UsageError(fmt::format("the flag {} takes no value", flag->name),
                      fmt::format("write {}", flag->name));
  }
  const size_t equals = message.find(" = ");
  const std::string value =
      equals == std::string::npos ? std::string("that") : '"' + message.substr(equals + 3) + '"';
  return UsageError(fmt::format("{} is no value for {}", value, flag->name),
                    fmt::format("write {}; {}", flag->Term(), SeeHelpOf(command.verb)));
}

// Two flags of which only one can be meant.
Status FlagsThatExclude(const CommandText& command, const std::string& message) {
  std::string what = message;
  const size_t at = what.find(" excludes ");
  if (at != std::string::npos) what.replace(at, std::string(" excludes ").size(), " and ");
  return UsageError(fmt::format("{} cannot be given together", what),
                    fmt::format("keep one of them; {}", SeeHelpOf(command.verb)));
}

Result<Action> ParseFlags(const Command& command, std::vector<std::string> words) {
  CLI::App app;
  app.set_help_flag(std::string(kHelpFlags));
  const Action action = command.declare(app);
  try {
    std::ranges::reverse(words);  // CLI11 takes them from the back
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    return ActionOf("help", {std::string(command.verb)});
  } catch (const CLI::ExtrasError&) {
    return ExtraArguments(Describe(command), app.remaining());
  } catch (const CLI::RequiredError& error) {
    // An unknown flag is what is wrong first.
    const std::vector<std::string> extras = app.remaining();
    const auto flag =
        std::ranges::find_if(extras, [](const std::string& word) { return word.starts_with("-"); });
    if (flag != extras.end()) return UnknownFlag(Describe(command), *flag);
    return MissingArgument(Describe(command), app, error.what());
  } catch (const CLI::ArgumentMismatch& error) {
    return WrongNumberOfValues(Describe(command), error.what());
  } catch (const CLI::ConversionError& error) {
    return UnreadableValue(Describe(command), error.what());
  } catch (const CLI::ExcludesError& error) {
    return FlagsThatExclude(Describe(command), error.what());
  } catch (const CLI::ParseError& error) {
    return UsageError(error.what(), SeeHelpOf(command.verb));
  }
  return action;
}

}  // namespace

Result<const Command*> CommandNamed(const std::string& verb) {
  if (const Command* command = FindCommand(verb)) return command;
  if (std::ranges::find(kLaterVerbs, verb) != kLaterVerbs.end()) {
    return MakeError({.code = ErrorCode::kFeatureNotBuilt,
                      .what = fmt::format("the command \"{}\" is not supported yet", verb),
                      .cure = fmt::format("the commands are {}", fmt::join(Verbs(), ", "))});
  }
  return UsageError(fmt::format("unknown command \"{}\"", verb), Suggest(verb, Verbs(), 20));
}

Result<Action> ParseCommandLine(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    return UsageError(
        "no command was given",
        fmt::format("the commands are {}; see `spillway help`", fmt::join(Verbs(), ", ")));
  }
  const std::string& first = arguments.front();
  std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (first == "-h" || first == "--help") return ActionOf("help", std::move(rest));
  if (first == "-V" || first == "--version") return ActionOf("version", std::move(rest));
  if (first.starts_with("-")) return FlagWithoutCommand(first);
  ARROW_ASSIGN_OR_RAISE(const Command* command, CommandNamed(first));
  return ParseFlags(*command, std::move(rest));
}

}  // namespace spillway::cli
