// Where a command's text goes: results to standard output, notes to standard error. Neither throws
// or fails where nobody listens; Main looks at the end whether the results were written.
//
// Thread rule: thread-safe.
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/status.h"

namespace spillway::cli {

void PrintResult(std::string_view text);
// Indented; bytes that are not UTF-8 become U+FFFD.
void PrintJson(const nlohmann::ordered_json& json);
void PrintNote(std::string_view text);

// To standard error: RenderError, its label in red where there is colour; or one line with a JSON
// object {"code", "what", "where", "why", "do", "exit_code"}, all of them always there.
void PrintError(const Status& status);
void PrintErrorJson(const Status& status);

// One line: what went wrong beside the command's work, and `status`, which has a code.
void PrintWarning(std::string_view what, const Status& status);

// kStorage where a result could not be written, for example to a full disk.
Status FlushResults();

}  // namespace spillway::cli
