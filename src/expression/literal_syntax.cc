#include "expression/literal_syntax.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <arrow/util/string.h>
#include <fmt/format.h>

#include "expression/datetime_text.h"
#include "expression/decimal_text.h"
#include "expression/floating_text.h"

namespace spillway::expression {
namespace {

SyntaxPointer MakeLiteral(Span span, ValueType type, std::string text) {
  return std::make_unique<SyntaxNode>(SyntaxNode{.kind = SyntaxKind::kLiteral,
                                                 .span = span,
                                                 .text = std::move(text),
                                                 .type = std::move(type)});
}

Status OutOfRange(const TokenCursor& cursor, const Token& token, std::string_view type) {
  return cursor.Fail(token.span, ErrorCode::kExpressionSyntax,
                     fmt::format("the number {} is outside the range of {}", token.text, type),
                     "use a wider type");
}

std::optional<int64_t> ToInt64(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<SyntaxPointer> DecimalLiteral(const TokenCursor& cursor, const Token& token,
                                     std::string text) {
  const std::optional<ParsedDecimal> parsed = ParseDecimal(text);
  if (!parsed || parsed->precision > kMaximumPrecision || parsed->scale > kMaximumPrecision) {
    return cursor.Fail(token.span, ErrorCode::kExpressionSyntax,
                       fmt::format("the number {} has more than 38 digits", token.text),
                       "write fewer digits, or a double: 1.5e40");
  }
  return MakeLiteral(token.span, DecimalType(parsed->precision, static_cast<int>(parsed->scale)),
                     std::move(text));
}

Result<SyntaxPointer> IntegerLiteral(const TokenCursor& cursor, const Token& token,
                                     std::string text) {
  const std::optional<int64_t> value = ToInt64(text);
  const auto fits = [&value](int64_t low, int64_t high) {
    return value && *value >= low && *value <= high;
  };
  if (token.suffix == "Y") {
    if (!fits(-128, 127)) return OutOfRange(cursor, token, "TINYINT");
    return MakeLiteral(token.span, {.kind = Kind::kByte}, std::move(text));
  }
  if (token.suffix == "S") {
    if (!fits(-32768, 32767)) return OutOfRange(cursor, token, "SMALLINT");
    return MakeLiteral(token.span, {.kind = Kind::kShort}, std::move(text));
  }
  if (token.suffix == "L" && !value) return OutOfRange(cursor, token, "BIGINT");
  if (!value) return DecimalLiteral(cursor, token, std::move(text));
  const bool is_int = token.suffix.empty() && fits(std::numeric_limits<int32_t>::min(),
                                                   std::numeric_limits<int32_t>::max());
  return MakeLiteral(token.span, {.kind = is_int ? Kind::kInt : Kind::kLong}, std::move(text));
}

Result<SyntaxPointer> HexLiteral(const TokenCursor& cursor, const Token& value, Span span) {
  const std::string digits = value.text.size() % 2 == 0 ? value.text : "0" + value.text;
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    unsigned byte = 0;
    const char* begin = digits.data() + i;
    const auto [end, error] = std::from_chars(begin, begin + 2, byte, 16);
    if (error != std::errc{} || end != begin + 2) {
      return cursor.Fail(value.span, ErrorCode::kExpressionSyntax,
                         fmt::format("X'{}' is not hexadecimal", value.text),
                         "use the digits 0-9 and A-F");
    }
    bytes.push_back(static_cast<char>(byte));
  }
  return MakeLiteral(span, {.kind = Kind::kBinary}, std::move(bytes));
}

bool IsMovingDay(std::string_view text) {
  const std::string word =
      arrow::internal::AsciiToLower(arrow::internal::TrimString(std::string(text)));
  for (const std::string_view prefix : {"now", "today", "tomorrow", "yesterday"}) {
    if (word.starts_with(prefix)) return true;
  }
  return false;
}

bool IsDatetimeText(Kind kind, std::string_view text) {
  ZoneDatabase zones;
  if (kind == Kind::kDate) return ParseDate(text).has_value();
  if (kind == Kind::kTimestamp) return ParseTimestamp(text, 0, &zones).has_value();
  return ParseTimestampNtz(text, &zones).has_value();
}

}  // namespace

Result<SyntaxPointer> NumberLiteral(const TokenCursor& cursor, const Token& token, bool negative) {
  std::string text = (negative ? "-" : "") + token.text;
  if (token.kind == TokenKind::kInteger) return IntegerLiteral(cursor, token, std::move(text));
  if (token.kind == TokenKind::kDecimal) return DecimalLiteral(cursor, token, std::move(text));
  const bool is_float = token.suffix == "F";
  const std::optional<double> value = ParseDouble(text);
  // Spark compares with the largest float's exact value, before it rounds.
  const double largest =
      is_float ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
  if (!value || std::fabs(*value) > largest) {
    return OutOfRange(cursor, token, is_float ? "FLOAT" : "DOUBLE");
  }
  return MakeLiteral(token.span, {.kind = is_float ? Kind::kFloat : Kind::kDouble},
                     std::move(text));
}

Result<SyntaxPointer> TypedLiteral(const TokenCursor& cursor, const Token& type_word,
                                   const Token& value) {
  const std::string word = arrow::internal::AsciiToUpper(type_word.text);
  const Span span = {type_word.span.begin, value.span.end};
  if (word == "X") return HexLiteral(cursor, value, span);
  if (word == "TIME" || word == "INTERVAL") {
    return cursor.Unsupported(span, fmt::format("the type {}", word));
  }
  if (word != "DATE" && word != "TIMESTAMP" && word != "TIMESTAMP_LTZ" && word != "TIMESTAMP_NTZ") {
    return nullptr;
  }
  const std::optional<ValueType> type = TypeByName(word, -1, -1);
  if (type->kind == Kind::kTimestamp && IsTimeAlone(value.text) &&
      IsDatetimeText(type->kind, value.text)) {
    // A time of today: a cast, which is not constant.
    auto cast = std::make_unique<SyntaxNode>(
        SyntaxNode{.kind = SyntaxKind::kCast, .span = span, .type = *type});
    cast->children.push_back(MakeLiteral(value.span, {.kind = Kind::kString}, value.text));
    return cast;
  }
  if (IsMovingDay(value.text)) {
    return cursor.Unsupported(span, fmt::format("{} '{}'", word, value.text));
  }
  if (arrow::internal::AsciiEqualsCaseInsensitive(value.text, "epoch")) {
    return MakeLiteral(span, *type, "1970-01-01");
  }
  if (!IsDatetimeText(type->kind, value.text)) {
    return cursor.Fail(value.span, ErrorCode::kExpressionSyntax,
                       fmt::format("'{}' is not a {}", value.text, word),
                       "write it as 2024-12-31, or 2024-12-31 23:59:59.123");
  }
  return MakeLiteral(span, *type, value.text);
}

}  // namespace spillway::expression
