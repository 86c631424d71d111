// The boundary of CLI11, which reports by exceptions: the words of a command line become the action
// of a command, or a coded error that names the word and the likeliest meaning.
//
// Thread rule: free functions without state.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace spillway::cli {

// `arguments` are without the program's name. Errors: kUsage, kFeatureNotBuilt.
Result<Action> ParseCommandLine(const std::vector<std::string>& arguments);

// The command named `verb`, with a suggestion where there is none.
Result<const Command*> CommandNamed(const std::string& verb);

}  // namespace spillway::cli
