#include "cli/flags.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "base/error.h"

namespace spillway::cli {

std::shared_ptr<OutputFlags> AddOutputFlags(CLI::App& app, ShowsProgress shows_progress) {
  auto flags = std::make_shared<OutputFlags>();
  app.add_flag("--json", flags->json, "print the result, or the error, as JSON")
      ->disable_flag_override();
  if (shows_progress == ShowsProgress::kYes) {
    app.add_flag("-q,--quiet", flags->quiet, "show no progress, only errors and warnings")
        ->disable_flag_override();
  }
  return flags;
}

Status CheckFlagRange(std::string_view flag, int64_t value, int64_t smallest, int64_t largest) {
  if (value >= smallest && value <= largest) return Status::OK();
  return MakeError({.code = ErrorCode::kValueOutOfRange,
                    .what = fmt::format("{} {} is out of range", flag, value),
                    .cure = fmt::format("give a number from {} to {}", smallest, largest)});
}

}  // namespace spillway::cli
