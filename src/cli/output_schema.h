// What --json prints, field by field, as a JSON Schema for each command. A test holds the commands'
// output against it, and docs/json.md.
//
// Thread rule: immutable.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace spillway::cli {

// The commands that print JSON, and "error" for what they print where they fail.
std::vector<std::string> OutputNames();

// The JSON Schema (draft 7) of the output called `name`, which is one of OutputNames.
std::string OutputSchemaJson(std::string_view name);

}  // namespace spillway::cli
