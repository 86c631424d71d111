// date_format, and to_timestamp and to_date with a pattern. A pattern is compiled once per batch
// where it is a constant, else once per run of rows with the same one.
#include <optional>
#include <string>

#include "base/error.h"
#include "expression/datetime_pattern.h"
#include "expression/functions/evaluation_error.h"
#include "expression/functions/kernels.h"
#include "expression/map.h"

namespace spillway::expression::functions {
namespace {

// A letter that is not computed here is the expression's fault where the pattern stands in it,
// which Bind finds; in a row's pattern it is the row's.
Status RowsFault(const Status& status) {
  std::optional<ErrorInfo> error = FindError(status);
  if (!error || error->code != ErrorCode::kExpressionUnsupported) return status;
  error->code = ErrorCode::kEvaluation;
  return MakeError(*std::move(error));
}

// Keeps the last pattern that was asked for.
class PatternCache {
 public:
  explicit PatternCache(PatternUse use) : use_(use) {}

  Result<const DatetimePattern*> Get(std::string_view text) {
    if (!pattern_ || text != text_) {
      Result<DatetimePattern> pattern = DatetimePattern::Make(text, use_);
      if (!pattern.ok()) return RowsFault(pattern.status());
      pattern_ = *std::move(pattern);
      text_ = text;
    }
    return &*pattern_;
  }

 private:
  PatternUse use_;
  std::string text_;
  std::optional<DatetimePattern> pattern_;
};

}  // namespace

Status CheckPattern(std::string_view pattern, bool parsing) {
  return DatetimePattern::Make(pattern, parsing ? PatternUse::kParsing : PatternUse::kFormatting)
      .status();
}

Result<Value> FormatTimestamps(const KernelInput& input) {
  const FixedReader<int64_t> micros(input.arguments[0]);
  const TextReader patterns(input.arguments[1]);
  PatternCache cache(PatternUse::kFormatting);
  std::string text;
  return MapToText(input, input.rows * 10, [&](int64_t row, TextWriter* writer) -> Status {
    ARROW_ASSIGN_OR_RAISE(const DatetimePattern* pattern, cache.Get(patterns[row]));
    text.clear();
    pattern->Format(micros[row], &text);
    return writer->Append(text);
  });
}

Result<Value> ParseTimestamps(const KernelInput& input) {
  const TextReader texts(input.arguments[0]);
  const TextReader patterns(input.arguments[1]);
  PatternCache cache(PatternUse::kParsing);
  ZoneDatabase zones;
  Status invalid;
  Result<Value> result = TryMapValidRows<int64_t>(
      input,
      [&](int64_t row, int64_t* out) {
        const Result<const DatetimePattern*> pattern = cache.Get(patterns[row]);
        if (!pattern.ok()) {
          invalid = pattern.status();
          return false;
        }
        const std::optional<int64_t> micros = (*pattern)->Parse(texts[row], &zones);
        *out = micros.value_or(0);
        return micros.has_value();
      },
      [&](int64_t row) -> Status {
        ARROW_RETURN_NOT_OK(invalid);
        return EvaluationError(fmt::format("{} does not have the form {}", ShowValue(input, 0, row),
                                           ShowValue(input, 1, row)),
                               "correct the value or the pattern");
      });
  ARROW_RETURN_NOT_OK(invalid);
  return result;
}

}  // namespace spillway::expression::functions
