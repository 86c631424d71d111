#include "cli/output.h"

#include <cstdio>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/printable.h"
#include "base/shown_error.h"
#include "cli/terminal.h"

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
  const std::string text = json.dump(2, ' ', /*ensure_ascii=*/false, Handler::replace);
  Print(PrintableJson(text) + "\n", stdout);
}

void PrintNote(std::string_view text) { Print(text, stderr); }

void PrintError(const Status& status) {
  const std::string text = RenderError(status);
  const size_t label_end = text.find(':');
  const std::string label = Styled(DetectTerminal(), Style::kRed, text.substr(0, label_end));
  PrintNote(label + text.substr(label_end));
}

void PrintErrorJson(const Status& status) {
  const ErrorInfo info = ShownError(status);
  const nlohmann::ordered_json json{{"code", CodeName(info.code)},
                                    {"what", info.what},
                                    {"where", info.where},
                                    {"why", info.why},
                                    {"do", info.cure},
                                    {"exit_code", ExitCode(status)}};
  using Handler = nlohmann::ordered_json::error_handler_t;
  PrintNote(PrintableJson(json.dump(-1, ' ', /*ensure_ascii=*/false, Handler::replace)) + "\n");
}

void PrintWarning(std::string_view what, const Status& status) {
  const std::optional<ErrorInfo> error = FindError(status);
  const std::string why = error ? fmt::format("{}: {} ({}): {}", CodeName(error->code), error->what,
                                              error->where, error->why)
                                : status.ToString();
  const std::string label = Styled(DetectTerminal(), Style::kYellow, "warning");
  PrintNote(label + Printable(fmt::format(": {}: {}\n", what, why)));
}

Status FlushResults() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return Status::OK();
  return MakeError({.code = ErrorCode::kStorage,
                    .what = "the results cannot be written to standard output",
                    .why = "it is closed, or its disk is full",
                    .cure = "redirect the output to another place"});
}

}  // namespace spillway::cli
