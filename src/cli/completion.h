// Scripts that complete commands, flags and their values in a shell. Each has the table of commands
// in it, so that pressing Tab starts no program.
//
// Thread rule: free functions without state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spillway::cli {

inline constexpr std::string_view kShells = "bash|zsh|fish";

// `shell` is one of kShells.
std::string CompletionScript(std::string_view shell);

}  // namespace spillway::cli
