// The help of the program and of its commands, and the man page, from one table of commands.
//
// Thread rule: free functions without state.
#pragma once

#include <string>

#include "cli/command_text.h"

namespace spillway::cli {

// In lines of at most `columns` characters, but for words that are longer.
std::string ProgramHelp(int columns);
std::string CommandHelp(const CommandText& command, int columns);

// spillway.1, for man.
std::string ManPage();

}  // namespace spillway::cli
