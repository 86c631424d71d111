#include "delta/table_time.h"

#include <memory>

#include <arrow/type.h>
#include <arrow/util/value_parsing.h>
#include <fmt/format.h>

#include "base/error.h"

namespace spillway::delta {

Result<int64_t> ParseTableTime(std::string_view text) {
  constexpr int64_t kMicrosPerMilli = 1000;
  const std::shared_ptr<arrow::TimestampParser> parser = arrow::TimestampParser::MakeISO8601();
  int64_t micros = 0;
  bool has_offset = false;  // applied by the parser
  if (!(*parser)(text.data(), text.size(), arrow::TimeUnit::MICRO, &micros, &has_offset)) {
    return MakeError({.code = ErrorCode::kValueOutOfRange,
                      .what = fmt::format("\"{}\" is not a timestamp", text),
                      .cure = "write it as 2026-08-22, or 2026-08-22T10:00:00Z"});
  }
  const int64_t millis = micros / kMicrosPerMilli;
  return micros % kMicrosPerMilli < 0 ? millis - 1 : millis;
}

}  // namespace spillway::delta
