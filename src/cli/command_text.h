// What a command's arguments are, as help, completion and the man page show them.
//
// Thread rule: plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace spillway::cli {

// The type names of options whose value is a path: a pipeline file, or a folder.
inline constexpr std::string_view kFile = "FILE";
inline constexpr std::string_view kFolder = "FOLDER";

struct ArgumentText {
  std::string name;   // "--memory"; of an argument without a flag "PIPELINE"
  char letter = 0;    // 'h' of -h; 0: none
  std::string value;  // "SIZE", "auto|standard|chunked"; empty: a flag without a value
  std::string description;
  bool required = false;

  bool is_flag() const { return name.starts_with("--"); }
  // All values that it takes, where they can be listed.
  std::vector<std::string> choices() const;
  // "-h, --help", "--memory SIZE", "PIPELINE".
  std::string Term() const;
};

struct CommandText {
  std::string verb;
  std::string summary;
  std::string details;
  std::vector<ArgumentText> arguments;  // without a flag
  std::vector<ArgumentText> flags;

  // "spillway run [FLAGS] PIPELINE".
  std::string Usage() const;
};

CommandText Describe(const Command& command);
std::vector<CommandText> DescribeAll();

}  // namespace spillway::cli
