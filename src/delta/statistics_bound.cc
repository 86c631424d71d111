#include "delta/statistics_bound.h"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <string_view>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include "delta/json_text.h"

namespace spillway::delta {
namespace {

constexpr int kMaxCharacters = 32;
constexpr int kMaxCharactersExtended = 2 * kMaxCharacters;  // how far a cut may move to the right

// Where a string is cut: a code point's start, length and value. `text` is UTF-8.
struct CodePoint {
  size_t length = 0;
  uint32_t value = 0;
};

CodePoint CodePointAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return {1, first};
  const size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  uint32_t value = first & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) value = value << 6 | (byte(i) & 0x3Fu);
  return {length, value};
}

// The byte at which `count` characters end, or none if `text` has no more than that.
std::optional<size_t> CutAfter(std::string_view text, int count) {
  size_t at = 0;
  for (int i = 0; i < count && at < text.size(); ++i) at += CodePointAt(text, at).length;
  return at < text.size() ? std::optional<size_t>(at) : std::nullopt;
}

// A text above `text` and above all that starts with what is kept of it: the cut is followed by a
// character above the one that was cut off, DEL where that is above it, else the last of Unicode.
// Where the cut would fall before that last one, it moves to the right.
std::optional<std::string> CutMaximum(std::string_view text) {
  constexpr uint32_t kDelete = 0x7F;
  constexpr uint32_t kLastCodePoint = 0x10FFFF;
  constexpr std::string_view kLastCharacter = "\xF4\x8F\xBF\xBF";
  for (int count = kMaxCharacters; count <= kMaxCharactersExtended; ++count) {
    const std::optional<size_t> cut = CutAfter(text, count);
    if (!cut) return std::string(text);
    const uint32_t next = CodePointAt(text, *cut).value;
    if (next == kLastCodePoint) continue;
    std::string kept(text.substr(0, *cut));
    if (next < kDelete) {
      kept.push_back(static_cast<char>(kDelete));
    } else {
      kept += kLastCharacter;
    }
    return kept;
  }
  return std::nullopt;
}

std::optional<std::string> StringBound(std::string_view text, Bound bound) {
  arrow::util::InitializeUTF8();
  if (!arrow::util::ValidateUTF8(text)) return std::nullopt;
  if (bound == Bound::kMinimum) {
    return JsonString(text.substr(0, CutAfter(text, kMaxCharacters).value_or(text.size())));
  }
  const std::optional<std::string> cut = CutMaximum(text);
  return cut ? std::optional<std::string>(JsonString(*cut)) : std::nullopt;
}

template <typename Floating>
std::optional<std::string> FloatingBound(Floating value, Bound bound) {
  if (!std::isfinite(value)) return std::nullopt;
  if (value == 0) return bound == Bound::kMinimum ? "-0.0" : "0.0";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

// Digits with a decimal point, never an exponent, as Spark reads decimals back.
std::string DecimalText(const arrow::Decimal128& value, int32_t scale) {
  std::string digits = value.ToIntegerString();
  const bool is_negative = digits.front() == '-';
  if (is_negative) digits.erase(0, 1);
  const size_t places = static_cast<size_t>(scale);
  if (scale > 0) {
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, '.');
  }
  return is_negative ? "-" + digits : digits;
}

std::optional<std::string> DateText(int64_t days_since_1970) {
  constexpr int64_t kFirstDay = -719162;  // 0001-01-01
  constexpr int64_t kLastDay = 2932896;   // 9999-12-31
  if (days_since_1970 < kFirstDay || days_since_1970 > kLastDay) return std::nullopt;
  const std::chrono::sys_days day{std::chrono::days(static_cast<int>(days_since_1970))};
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

int64_t DivideDown(int64_t value, int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

// None where an int64 does not hold it.
std::optional<int64_t> ToMillis(int64_t value, arrow::TimeUnit::type unit, Bound bound) {
  const auto rounded = [&](int64_t divisor) {
    const int64_t down = DivideDown(value, divisor);
    return bound == Bound::kMaximum && value % divisor != 0 ? down + 1 : down;
  };
  switch (unit) {
    case arrow::TimeUnit::SECOND: {
      int64_t millis = 0;
      if (__builtin_mul_overflow(value, 1000, &millis)) return std::nullopt;
      return millis;
    }
    case arrow::TimeUnit::MILLI:
      return value;
    case arrow::TimeUnit::MICRO:
      return rounded(1000);
    default:
      return rounded(1000000);
  }
}

std::optional<std::string> TimestampBound(const arrow::TimestampScalar& scalar, Bound bound) {
  constexpr int64_t kMillisPerDay = 24LL * 60 * 60 * 1000;
  const auto& type = static_cast<const arrow::TimestampType&>(*scalar.type);
  const std::optional<int64_t> millis = ToMillis(scalar.value, type.unit(), bound);
  if (!millis) return std::nullopt;
  const int64_t day = DivideDown(*millis, kMillisPerDay);
  const std::optional<std::string> date = DateText(day);
  if (!date) return std::nullopt;
  const int64_t in_day = *millis - day * kMillisPerDay;
  return fmt::format("\"{}T{:02}:{:02}:{:02}.{:03}{}\"", *date, in_day / 3600000,
                     in_day / 60000 % 60, in_day / 1000 % 60, in_day % 1000,
                     type.timezone().empty() ? "" : "Z");
}

template <typename ScalarType>
std::string IntegerText(const arrow::Scalar& value) {
  return fmt::format("{}", static_cast<const ScalarType&>(value).value);
}

}  // namespace

std::optional<std::string> BoundJson(const arrow::Scalar& value, Bound bound) {
  if (!value.is_valid) return std::nullopt;
  switch (value.type->id()) {
    case arrow::Type::INT8:
      return IntegerText<arrow::Int8Scalar>(value);
    case arrow::Type::INT16:
      return IntegerText<arrow::Int16Scalar>(value);
    case arrow::Type::INT32:
      return IntegerText<arrow::Int32Scalar>(value);
    case arrow::Type::INT64:
      return IntegerText<arrow::Int64Scalar>(value);
    case arrow::Type::FLOAT:
      return FloatingBound(static_cast<const arrow::FloatScalar&>(value).value, bound);
    case arrow::Type::DOUBLE:
      return FloatingBound(static_cast<const arrow::DoubleScalar&>(value).value, bound);
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return StringBound(static_cast<const arrow::BaseBinaryScalar&>(value).view(), bound);
    case arrow::Type::DECIMAL128: {
      const auto& type = static_cast<const arrow::Decimal128Type&>(*value.type);
      return DecimalText(static_cast<const arrow::Decimal128Scalar&>(value).value, type.scale());
    }
    case arrow::Type::DATE32: {
      const auto text = DateText(static_cast<const arrow::Date32Scalar&>(value).value);
      return text ? std::optional<std::string>(JsonString(*text)) : std::nullopt;
    }
    case arrow::Type::TIMESTAMP:
      return TimestampBound(static_cast<const arrow::TimestampScalar&>(value), bound);
    default:
      return std::nullopt;
  }
}

}  // namespace spillway::delta
