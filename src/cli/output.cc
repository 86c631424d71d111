#include "cli/output.h"

#include <cerrno>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "storage/durable_file.h"

namespace spillway::cli {
namespace {

// fmt::print throws where a stream is closed or full; stdio remembers it for ferror.
void Print(std::string_view text, std::FILE* stream) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stream));
}

}  // namespace

void PrintResult(std::string_view text) { Print(text, stdout); }

void PrintJson(const nlohmann::ordered_json& json) {
  using Handler = nlohmann::ordered_json::error_handler_t;
  PrintResult(json.dump(2, ' ', /*ensure_ascii=*/false, Handler::replace) + "\n");
}

void PrintNote(std::string_view text) { Print(text, stderr); }

Status FlushResults() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return Status::OK();
  return storage::StorageError(errno, "write the results to", "standard output");
}

}  // namespace spillway::cli
