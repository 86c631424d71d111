#include "cli/output.h"

#include <cstdio>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/printable.h"

namespace spillway::cli {
namespace {

// fmt::print throws where a stream is closed or full; stdio remembers it for ferror.
void Print(std::string_view text, std::FILE* stream) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stream));
}

}  // namespace

void PrintResult(std::string_view text) { Print(Printable(text), stdout); }

void PrintJson(const nlohmann::ordered_json& json) {
  using Handler = nlohmann::ordered_json::error_handler_t;
  PrintResult(json.dump(2, ' ', /*ensure_ascii=*/false, Handler::replace) + "\n");
}

void PrintNote(std::string_view text) { Print(text, stderr); }

void PrintWarning(std::string_view what, const Status& status) {
  const std::optional<ErrorInfo> error = FindError(status);
  const std::string why = error ? fmt::format("{}: {} ({}): {}", CodeName(error->code), error->what,
                                              error->where, error->why)
                                : status.ToString();
  PrintNote(Printable(fmt::format("warning: {}: {}\n", what, why)));
}

Status FlushResults() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return Status::OK();
  return MakeError({.code = ErrorCode::kStorage,
                    .what = "the results cannot be written to standard output",
                    .why = "it is closed, or its disk is full",
                    .cure = "redirect the output to another place"});
}

}  // namespace spillway::cli
