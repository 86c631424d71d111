// Flags that several commands have.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/status.h"

namespace CLI {
class App;
}

namespace spillway::cli {

struct OutputFlags {
  bool json = false;
  bool quiet = false;  // no progress and no notes beside errors and warnings
};

enum class ShowsProgress { kNo, kYes };  // only a command that does can be told to be quiet

// Adds --json, and --quiet. They are filled when the command line is parsed.
std::shared_ptr<OutputFlags> AddOutputFlags(CLI::App& app, ShowsProgress shows_progress);

// kValueOutOfRange where the value of `flag` is not one of `smallest` to `largest`.
Status CheckFlagRange(std::string_view flag, int64_t value, int64_t smallest, int64_t largest);

}  // namespace spillway::cli
