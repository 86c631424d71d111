#include "expression/functions/evaluation_error.h"

#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/scalar.h>

#include "expression/datetime_text.h"
#include "expression/floating_text.h"
#include "expression/utf8.h"

namespace spillway::expression::functions {
namespace {

constexpr size_t kShownBytes = 60;

std::string Shorten(std::string_view text) {
  if (text.size() <= kShownBytes) return std::string(text);
  size_t end = kShownBytes;
  while (end > 0 && utf8::IsContinuation(text[end])) --end;
  return fmt::format("{}..", text.substr(0, end));
}

}  // namespace

std::string ShowValue(const KernelInput& input, size_t argument, int64_t row) {
  const Value& value = input.arguments[argument];
  if (Validity(value).IsNull(row)) return "NULL";
  char buffer[64];
  switch (input.types[argument].kind) {
    case Kind::kString:
      return fmt::format("'{}'", Shorten(TextReader(value)[row]));
    case Kind::kBinary:
      return fmt::format("{} bytes of binary", TextReader(value)[row].size());
    case Kind::kDouble:
      return FormatDouble(FixedReader<double>(value)[row]);
    case Kind::kFloat:
      return std::string(buffer, FormatFloat(FixedReader<float>(value)[row], buffer));
    case Kind::kDate:
      return fmt::format(
          "DATE '{}'",
          std::string_view(
              buffer,
              static_cast<size_t>(FormatDate(FixedReader<int32_t>(value)[row], buffer) - buffer)));
    case Kind::kTimestamp:
    case Kind::kTimestampNtz:
      return fmt::format(
          "TIMESTAMP '{}'",
          std::string_view(
              buffer, static_cast<size_t>(
                          FormatTimestamp(FixedReader<int64_t>(value)[row], buffer) - buffer)));
    default: {
      const auto scalar = arrow::MakeArray(value.data)->GetScalar(row & value.mask());
      return scalar.ok() ? (*scalar)->ToString() : "a value";
    }
  }
}

Status EvaluationError(std::string what, std::string cure) {
  return MakeError(
      {.code = ErrorCode::kEvaluation, .what = std::move(what), .cure = std::move(cure)});
}

Status Overflow(std::string_view computation, std::string_view type) {
  return EvaluationError(fmt::format("{} does not fit into {}", computation, type),
                         "CAST an operand to a wider type, or guard the row with CASE");
}

Status DivisionByZero(std::string_view computation) {
  return EvaluationError(fmt::format("division by zero: {}", computation),
                         "guard it: CASE WHEN divisor <> 0 THEN .., or / nullif(divisor, 0)");
}

Status CastFailure(const KernelInput& input, int64_t row, std::string_view reason) {
  return EvaluationError(fmt::format("{} ({}) cannot be cast to {}: {}", ShowValue(input, 0, row),
                                     TypeName(input.types[0]), TypeName(input.result), reason),
                         "correct the value, or use try_cast, which returns NULL instead");
}

}  // namespace spillway::expression::functions
